// Merge and append: what becomes of rows that are there already, and of rows with one key.
#include <gtest/gtest.h>

#include "collect/destination_fixture_test.hpp"

namespace {

using base::Code;
using collect::Counts;
using collect::Destination;
using collect::testing::collector_into;
using collect::testing::Lines;
using collect::testing::null;
using collect::testing::Row;
using collect::testing::Staged;
using store::Param;

class PoliciesTest : public collect::testing::DestinationTest {
 protected:
  Lines items(const std::string& columns = "*") { return lines("SELECT " + columns + " FROM items"); }
};

Row one(std::initializer_list<Param> values) {
  Row row{std::int64_t{1}};
  row.insert(row.end(), values);
  return row;
}

constexpr Staged unchanged{0, 0, 1, 1, 0}, updated{0, 1, 0, 1, 0};

// ---- on_conflict ----

TEST_P(PoliciesTest, KeepKeepsWhatIsStored) {
  collector_ = collector_into("{id: {path: i, type: integer}, a: a, b: b}",
                              "primary_key: [id], on_conflict: {b: keep}");
  load({one({"a", null})});
  EXPECT_EQ(load({one({"a", "b"})}), unchanged) << "also a NULL";
  EXPECT_EQ(load({one({"A", "b"})}), updated);
  EXPECT_EQ(items("a, b"), Lines{"A|NULL"});
}

TEST_P(PoliciesTest, KeepIfNullTakesEveryValueButNull) {
  collector_ = collector_into("{id: {path: i, type: integer}, a: a, b: {path: b, type: number}}",
                              "primary_key: [id], on_conflict: {b: keep_if_null}");
  load({one({"a", "1.10"})});
  EXPECT_EQ(load({one({"a", null})}), unchanged);
  EXPECT_EQ(load({one({"A", null})}), updated);
  EXPECT_EQ(items("a, b"), Lines{"A|1.10"});
  EXPECT_EQ(load({one({"A", "1.1"})}), unchanged);
  EXPECT_EQ(load({one({"A", "0"})}), updated);
  EXPECT_EQ(items("a, b"), Lines{"A|0"});
}

TEST_P(PoliciesTest, MaxAndMinFollowTheTypesOrder) {
  collector_ = collector_into(
      "{id: {path: i, type: integer}, hi: {path: h, type: number}, lo: {path: l, type: timestamp}, t: t}",
      "primary_key: [id], on_conflict: {hi: max, lo: min, t: max}");
  const char* const noon = "2025-11-21T12:00:00.000000Z";
  load({one({"9.5", noon, "b"})});
  EXPECT_EQ(load({one({"9.50", "2025-11-21T12:00:00.000001Z", "B"})}), unchanged);
  EXPECT_EQ(load({one({null, null, null})}), unchanged) << "NULL is no value";
  EXPECT_EQ(load({one({"-10", noon, "a"})}), unchanged);
  EXPECT_EQ(items("hi, lo, t"), Lines{fmt::format("9.5|{}|b", noon)});
  EXPECT_EQ(load({one({"10", noon, "b"})}), updated);
  EXPECT_EQ(load({one({"9", "2024-01-01T00:00:00.000000Z", "a"})}), updated);
  EXPECT_EQ(items("hi, lo, t"), Lines{"10|2024-01-01T00:00:00.000000Z|b"});
  execute("UPDATE items SET hi = NULL, lo = NULL");
  EXPECT_EQ(load({one({"-3", noon, "b"})}), updated);
  EXPECT_EQ(items("hi, lo, t"), Lines{fmt::format("-3|{}|b", noon)});
}

TEST_P(PoliciesTest, WhereEverythingIsKeptOnlyNewRowsComeIn) {
  collector_ =
      collector_into("{id: {path: i, type: integer}, a: a}", "primary_key: [id], on_conflict: {a: keep}");
  load({one({"a"})});
  EXPECT_EQ(load({one({"b"}), {std::int64_t{2}, "c"}}), (Staged{1, 0, 1, 2, 0}));
  EXPECT_EQ(items("id, a"), (Lines{"1|a", "2|c"}));
}

// ---- volatile, version_column ----

TEST_P(PoliciesTest, AVolatileColumnIsWrittenOnlyWithAnUpdate) {
  collector_ = collector_into("{id: {path: i, type: integer}, a: a, v: {path: v, volatile: true}}",
                              "primary_key: [id]");
  load({one({"a", "1"})});
  EXPECT_EQ(load({one({"a", "2"})}), unchanged);
  EXPECT_EQ(items("a, v, _run_id"), Lines{"a|1|run1"});
  EXPECT_EQ(load({one({"b", "3"})}), updated);
  EXPECT_EQ(items("a, v, _run_id"), Lines{"b|3|run3"});
}

TEST_P(PoliciesTest, VolatileColumnsAloneNeverUpdate) {
  collector_ =
      collector_into("{id: {path: i, type: integer}, v: {path: v, volatile: true}}", "primary_key: [id]");
  load({one({"1"})});
  EXPECT_EQ(load({one({"2"})}), unchanged);
}

TEST_P(PoliciesTest, DuplicatesThatDifferInVolatileColumnsAreNoConflict) {
  collector_ =
      collector_into("{id: {path: i, type: integer}, v: {path: v, volatile: true}}", "primary_key: [id]");
  EXPECT_EQ(load({one({"1"}), one({"2"})}), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(items("v"), Lines{"2"});
}

TEST_P(PoliciesTest, OnlyANewerVersionUpdates) {
  collector_ = collector_into("{id: {path: i, type: integer}, a: a, v: {path: v, type: number}}",
                              "primary_key: [id], version_column: v");
  load({one({"a", "9.5"})});
  EXPECT_EQ(load({one({"b", "9.5"})}), unchanged);
  EXPECT_EQ(load({one({"b", "9.50"})}), unchanged);
  EXPECT_EQ(load({one({"b", "9"})}), unchanged);
  EXPECT_EQ(load({one({"b", null})}), unchanged);
  EXPECT_EQ(items("a, v"), Lines{"a|9.5"});
  EXPECT_EQ(load({one({"b", "10"})}), updated);
  EXPECT_EQ(items("a, v"), Lines{"b|10"});
  execute("UPDATE items SET v = NULL");
  EXPECT_EQ(load({one({"c", null})}), unchanged);
  EXPECT_EQ(load({one({"c", "1"})}), updated) << "NULL is older than all";
}

// ---- append ----

TEST_P(PoliciesTest, AppendWithoutAKeyTakesAllRows) {
  collector_ = collector_into("{id: {path: i, type: integer}, a: a}", "write_disposition: append");
  const std::vector<Row> rows{one({"a"}), one({"a"}), {null, "b"}};
  EXPECT_EQ(load(rows), (Staged{3, 0, 0, 3, 0}));
  EXPECT_EQ(load({one({"c"})}), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(load({}), (Staged{0, 0, 0, 0, 0}));
  EXPECT_EQ(items("id, a, _run_id"), (Lines{"1|a|run1", "1|a|run1", "NULL|b|run1", "1|c|run2"}));
}

TEST_P(PoliciesTest, AppendWithoutAKeyNeedsNoUniqueKey) {
  collector_ = collector_into("{id: {path: i, type: integer}, a: a}", "write_disposition: append");
  execute("CREATE TABLE items (a TEXT, id INTEGER, at TEXT DEFAULT 'now')");
  EXPECT_EQ(load({one({"a"}), one({"a"})}), (Staged{2, 0, 0, 2, 0}));
  EXPECT_EQ(items(), (Lines{"a|1|now", "a|1|now"}));
}

TEST_P(PoliciesTest, AppendWithAKeyInsertsOnlyWhatIsNotThere) {
  collector_ =
      collector_into("{id: {path: i, type: integer}, a: a}", "write_disposition: append, primary_key: [id]");
  EXPECT_EQ(load({one({"a"})}), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(load({one({"b"}), {std::int64_t{2}, "x"}, {std::int64_t{2}, "y"}}), (Staged{1, 0, 1, 2, 1}));
  EXPECT_EQ(items("id, a, _run_id"), (Lines{"1|a|run1", "2|y|run2"}));
  execute("DROP TABLE items");
  execute("CREATE TABLE items (id INTEGER, a TEXT)");
  EXPECT_FAILS(Code::invalid_config, verify());
}

TEST_P(PoliciesTest, ANullInTheKeyIsRefusedWhateverTheTable) {
  for (const char* const disposition : {"merge", "append", "replace"}) {
    collector_ = collector_into("{id: {path: i, type: integer}, a: a}",
                                fmt::format("write_disposition: {}, primary_key: [id]", disposition));
    execute("CREATE TABLE items (id INTEGER UNIQUE, a TEXT)");
    EXPECT_FAILS(Code::invalid_data, load_pages({{{null, "a"}}}));
    EXPECT_EQ(items(), Lines{});
    execute("DROP TABLE items");
  }
}

// ---- dedup_sort ----

TEST_P(PoliciesTest, DedupSortDecidesWhichRowStays) {
  collector_ = collector_into("{id: {path: i, type: integer}, a: a, n: {path: n, type: number}}",
                              "primary_key: [id], dedup_sort: n");
  const auto stays = [&](const std::vector<Row>& rows) {
    execute("DROP TABLE IF EXISTS items");
    const Staged counts = load(rows);
    EXPECT_EQ(counts.inserted, 1);
    return fmt::format("{} {}", items("a")[0], counts.conflicts);
  };
  EXPECT_EQ(stays({one({"x", "10"}), one({"y", "9.5"})}), "x 1");
  EXPECT_EQ(stays({one({"x", "9.5"}), one({"y", "10"})}), "y 1");
  EXPECT_EQ(stays({one({"x", "-1"}), one({"y", null}), one({"z", "-2"})}), "x 2") << "NULL is the oldest";
  EXPECT_EQ(stays({one({"x", null}), one({"y", null})}), "y 1");
  EXPECT_EQ(stays({one({"x", "1.1"}), one({"y", "1.10"}), one({"z", "1"})}), "y 2") << "equal: the last";
  EXPECT_EQ(stays({one({"x", "2"}), one({"x", "2.0"}), one({"y", "1"})}), "x 1");
}

TEST_P(PoliciesTest, DedupSortAcrossPagesAndKeys) {
  collector_ = collector_into("{id: {path: i, type: integer}, a: a, d: {path: d, type: date}}",
                              "primary_key: [id], dedup_sort: d");
  const Row two{std::int64_t{2}, "b", "2025-01-01"};
  const auto counts = load_pages({{one({"x", "2025-11-21"}), two}, {}, {one({"y", "2025-11-20"}), two}});
  ASSERT_OK(counts);
  EXPECT_EQ(*counts, (Staged{2, 0, 0, 2, 1}));
  EXPECT_EQ(items("id, a"), (Lines{"1|x", "2|b"}));
}

// A page may repeat one key as often as it likes.
TEST_P(PoliciesTest, ManyRowsWithOneKeyCostOneSort) {
  collector_ = collector_into("{id: {path: i, type: integer}, n: {path: n, type: number}}",
                              "primary_key: [id], dedup_sort: n");
  constexpr int many = 20'000;
  std::vector<std::string> values;
  for (int i = 0; i < many; ++i) values.push_back(std::to_string((i * 7) % many));
  std::vector<Row> rows;
  for (const std::string& value : values) rows.push_back(one({value}));
  EXPECT_EQ(load(rows), (Staged{1, 0, 0, 1, many - 1}));
  EXPECT_EQ(items("n"), Lines{std::to_string(many - 1)});
}

// ---- types ----

TEST_P(PoliciesTest, EveryTypeIsKeptAndComparedByItsEquality) {
  collector_ = collector_into(
      "{id: {path: i, type: bigint}, t: t, v: {path: v, type: varchar(5)}, i: {path: i, type: integer}, "
      "n: {path: n, type: 'number(10,2)'}, r: {path: r, type: double}, b: {path: b, type: boolean}, "
      "d: {path: d, type: date}, ts: {path: ts, type: timestamp}, "
      "l: {path: l, type: timestamp_local, timezone: UTC}, u: {path: u, type: uuid}, "
      "j: {path: j, type: json}, tl: {path: tl, type: 'text[]'}, il: {path: il, type: 'integer[]'}}",
      "primary_key: [id]");
  Row row{std::int64_t{9'007'199'254'740'993},
          "1.10",
          "007",
          std::int64_t{-5},
          "1.10",
          0.1,
          std::int64_t{1},
          "2025-11-21",
          "2025-11-21T12:00:00.000000Z",
          "2025-11-21T12:00:00.000000",
          "00000000-0000-4000-8000-000000000001",
          R"({"a":1})",
          is_sqlite() ? R"(["a","b"])" : R"({"a","b"})",
          is_sqlite() ? "[1,2]" : "{1,2}"};
  EXPECT_EQ(load({row}), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(load({row}), unchanged);
  row[4] = "1.1";
  EXPECT_EQ(load({row}), unchanged);
  EXPECT_EQ(
      items("id, t, v, i, n, r, b, d, ts, l, u, j, tl, il"),
      Lines{std::string(R"(9007199254740993|1.10|007|-5|1.10|0.1|1|2025-11-21|2025-11-21T12:00:00.000000Z|)"
                        R"(2025-11-21T12:00:00.000000|00000000-0000-4000-8000-000000000001|)") +
            (is_sqlite() ? R"({"a":1}|["a","b"]|[1,2])" : R"({"a": 1}|{a,b}|{1,2})")});
  Lines types;
  for (const store::Column& column : describe("items").columns) types.push_back(column.type);
  if (is_sqlite())
    EXPECT_EQ(types, (Lines{"INTEGER", "TEXT", "TEXT", "INTEGER", "TEXT", "REAL", "INTEGER", "TEXT", "TEXT",
                            "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT"}));
  else
    EXPECT_EQ(types,
              (Lines{"bigint", "text", "character varying(5)", "integer", "numeric(10,2)", "double precision",
                     "boolean", "date", "timestamp with time zone", "timestamp without time zone", "uuid",
                     "jsonb", "text[]", "bigint[]", "text", "timestamp with time zone"}));
  const Row others{{},
                   "1.1",
                   "7",
                   std::int64_t{5},
                   "1.11",
                   0.2,
                   std::int64_t{0},
                   "2025-11-22",
                   "2025-11-21T12:00:00.000001Z",
                   "2025-11-21T12:00:00.000001",
                   "00000000-0000-4000-8000-000000000002",
                   R"({"a":"1"})",
                   is_sqlite() ? R"(["a,b"])" : R"({"a,b"})",
                   is_sqlite() ? "[12]" : "{12}"};
  for (std::size_t i = 1; i < row.size(); ++i) {
    row[i] = others[i];
    EXPECT_EQ(load({row}), updated) << i;
    row[i] = null;
    EXPECT_EQ(load({row}), updated) << i;
  }
}

TEST_P(PoliciesTest, JsonIsEqualByItsNumbersValues) {
  collector_ =
      collector_into("{id: {path: i, type: integer}, j: {path: j, type: json}}", "primary_key: [id]");
  load({one({R"({"1.10":1.10,"a":["1.10",1e2,-0.0,true,null]})"})});
  EXPECT_EQ(load({one({R"({"1.10":1.1,"a":["1.10",100,0,true,null]})"})}), unchanged);
  for (const char* const other :
       {R"({"1.1":1.1,"a":["1.10",100,0,true,null]})", R"({"1.10":1.1,"a":["1.1",100,0,true,null]})",
        R"({"1.10":1.11,"a":["1.10",100,0,true,null]})", R"({"1.10":1.1,"a":["1.10",100,0,true]})",
        R"({"1.10":1.1,"a":["1.10\"",100,0,true,null]})", R"({"1.10":1.1,"a":["1.10","100",0,true,null]})",
        "1.1", "11"})
    EXPECT_EQ(load({one({other})}), updated) << other;
}

// ---- slices ----

class SlicesTest : public PoliciesTest {
 protected:
  void stage(const std::vector<Row>& rows) {
    ASSERT_OK(destination_.stage(collect::testing::rows_of(rows), {}));
  }
  Staged finish() {
    Counts counts;
    const auto folded = destination_.fold(counts, {});
    EXPECT_TRUE(folded) << store::testing::message_of(folded);
    const auto merged = merge(*session_, destination_, counts);
    EXPECT_TRUE(merged) << store::testing::message_of(merged);
    const auto reset = destination_.reset({});
    EXPECT_TRUE(reset) << store::testing::message_of(reset);
    return collect::testing::staged(counts);
  }

  Destination destination_{collector_, "run1", *database_, *session_};
};

Row item(std::int64_t id, const char* name) { return {id, name, null}; }

TEST_P(SlicesTest, EachHasItsOwnRowsAndCounts) {
  ASSERT_OK(destination_.verify({}));
  stage({item(1, "a"), item(2, "b")});
  EXPECT_EQ(finish(), (Staged{2, 0, 0, 2, 0}));
  stage({item(2, "B"), item(2, "C")});
  stage({item(3, "c")});
  EXPECT_EQ(finish(), (Staged{1, 1, 0, 2, 1}));
  EXPECT_EQ(finish(), (Staged{0, 0, 0, 0, 0})) << "a slice without a page";
  EXPECT_EQ(items("id, name"), (Lines{"1|a", "2|C", "3|c"}));
}

TEST_P(SlicesTest, AnAbandonedOneLeavesNothing) {
  ASSERT_OK(destination_.verify({}));
  stage({item(1, "a")});
  ASSERT_OK(destination_.reset({}));
  EXPECT_FALSE(has_table("items"));
  EXPECT_EQ(staging_tables(), Lines{});
  stage({item(2, "b"), item(2, "B")});
  Counts counts;
  ASSERT_OK(destination_.fold(counts, {}));
  ASSERT_OK(destination_.reset({}));
  stage({item(3, "c")});
  EXPECT_EQ(finish(), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(items("id"), Lines{"3"});
}

TEST_P(SlicesTest, AfterARollbackTheNextOneStartsFromTheTableAsItIs) {
  ASSERT_OK(destination_.verify({}));
  stage({item(1, "a")});
  Counts counts;
  ASSERT_OK(destination_.fold(counts, {}));
  EXPECT_FAILS(Code::conflict,
               session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
                 TRY(destination_.merge(c, clock_.wall(), counts));
                 return base::error(Code::conflict, "undone");
               }));
  EXPECT_FALSE(has_table("items"));
  EXPECT_EQ(finish(), (Staged{1, 0, 0, 1, 0})) << "the same rows once more";
  stage({item(1, "a")});
  EXPECT_EQ(finish(), unchanged);
}

TEST_P(SlicesTest, TwoCollectorsMayMakeOneTable) {
  Destination other(collector_, "run2", *database_, *session_);
  ASSERT_OK(destination_.verify({}));
  ASSERT_OK(other.verify({}));
  stage({item(1, "a")});
  finish();
  const std::vector<Row> rows{item(1, "a"), item(2, "b")};
  ASSERT_OK(other.stage(collect::testing::rows_of(rows), {}));
  Counts counts;
  ASSERT_OK(other.fold(counts, {}));
  ASSERT_OK(merge(*session_, other, counts));
  EXPECT_EQ(collect::testing::staged(counts), (Staged{1, 0, 1, 2, 0}));
}

ON_EVERY_ENGINE(PoliciesTest);
ON_EVERY_ENGINE(SlicesTest);

}  // namespace
