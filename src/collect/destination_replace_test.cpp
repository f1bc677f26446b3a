// Replace, the generation before, and columns that the table lacks.
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
using store::testing::mentions;

const char* const fields = "{id: {path: i, type: integer}, a: a, n: {path: n, type: number}}";

Row item(std::int64_t id, const char* a, store::Param n = null) { return {id, a, n}; }

class ReplaceTest : public collect::testing::DestinationTest {
 protected:
  void with_key() { collector_ = collector_into(fields, "write_disposition: replace, primary_key: [id]"); }
  void without_key() { collector_ = collector_into(fields, "write_disposition: replace"); }
  Lines items() { return lines("SELECT id, a, n FROM items ORDER BY id NULLS FIRST, a"); }
  Lines before() {
    return lines("SELECT id, a, n, _replaced_by FROM _prev_items ORDER BY id NULLS FIRST, a");
  }
  bool has_before() { return has_table("_prev_items"); }

  // As the run asks; the rows are staged and then forgotten.
  std::optional<Destination::Shrunk> shrunk(const std::vector<Row>& rows) {
    std::optional<Destination::Shrunk> verdict;
    const auto asked = [&]() -> base::Result<void> {
      Destination destination(collector_, "asking", *database_, *session_);
      TRY(destination.verify({}));
      TRY(destination.stage(collect::testing::rows_of(rows), {}));
      Counts counts;
      TRY(destination.fold(counts, {}));
      TRY(session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
        verdict = TRY(destination.shrunk(c, counts));
        return {};
      }));
      return destination.reset({});
    }();
    EXPECT_TRUE(asked) << store::testing::message_of(asked);
    return verdict;
  }
};

TEST_P(ReplaceTest, WithAKeyCountsWhatBecameOfEachRow) {
  with_key();
  EXPECT_EQ(load({item(1, "a", "1.10"), item(2, "b"), item(3, "c")}), (Staged{3, 0, 0, 3, 0, 0}));
  EXPECT_FALSE(has_before());
  EXPECT_EQ(load({item(1, "a", "1.1"), item(2, "B"), item(4, "d"), item(4, "D")}),
            (Staged{1, 1, 1, 3, 1, 1}));
  EXPECT_EQ(items(), (Lines{"1|a|1.10", "2|B|NULL", "4|D|NULL"}));
  EXPECT_EQ(lines("SELECT id, _run_id FROM items ORDER BY id"), (Lines{"1|run1", "2|run2", "4|run2"}));
  EXPECT_EQ(before(), (Lines{"1|a|1.10|run2", "2|b|NULL|run2", "3|c|NULL|run2"}));
}

TEST_P(ReplaceTest, OnlyTheLastGenerationThatDifferedIsKept) {
  with_key();
  load({item(1, "a")});
  load({item(1, "b")});
  load({item(1, "c")});
  EXPECT_EQ(before(), Lines{"1|b|NULL|run3"});
  EXPECT_EQ(load({item(1, "c")}), (Staged{0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(before(), Lines{"1|b|NULL|run3"}) << "nothing changed: undoing run3 is still possible";
  EXPECT_EQ(lines("SELECT _run_id, CAST(_loaded_at IS NOT NULL AS INTEGER) FROM _prev_items"),
            Lines{"run2|1"});
}

TEST_P(ReplaceTest, SameNumberOfRowsButOtherKeys) {
  with_key();
  load({item(1, "a"), item(2, "b")});
  EXPECT_EQ(load({item(2, "b"), item(3, "a")}), (Staged{1, 0, 1, 2, 0, 1}));
  EXPECT_EQ(items(), (Lines{"2|b|NULL", "3|a|NULL"}));
}

TEST_P(ReplaceTest, AKeyOfSeveralColumns) {
  collector_ = collector_into("{k: k, d: {path: d, type: date}, a: a}",
                              "write_disposition: replace, primary_key: [k, d]");
  load({{"x", "2025-11-20", "1"}, {"x", "2025-11-21", "2"}, {"y", "2025-11-20", "3"}});
  EXPECT_EQ(load({{"x", "2025-11-21", "2"}, {"y", "2025-11-20", "4"}, {"y", "2025-11-21", "5"}}),
            (Staged{1, 1, 1, 3, 0, 1}));
  EXPECT_EQ(lines("SELECT a FROM items ORDER BY k, d"), (Lines{"2", "4", "5"}));
}

TEST_P(ReplaceTest, WithoutAKeyAllRowsGoAndCome) {
  without_key();
  const std::vector<Row> first{item(1, "a"), item(1, "a"), {null, null, null}};
  EXPECT_EQ(load(first), (Staged{3, 0, 0, 3, 0, 0}));
  EXPECT_EQ(load({item(1, "a"), item(2, "b")}), (Staged{2, 0, 0, 2, 0, 3}));
  EXPECT_EQ(items(), (Lines{"1|a|NULL", "2|b|NULL"}));
  EXPECT_EQ(before(), (Lines{"NULL|NULL|NULL|run2", "1|a|NULL|run2", "1|a|NULL|run2"}));
  EXPECT_EQ(load({}), (Staged{0, 0, 0, 0, 0, 2})) << "merge() itself does not ask (an approved batch)";
  EXPECT_EQ(before().size(), 2U);
}

TEST_P(ReplaceTest, ATableThatWouldShrinkIsReportedBeforeAnythingChanges) {
  for (const bool key : {true, false}) {
    key ? with_key() : without_key();
    execute("DROP TABLE IF EXISTS items");
    EXPECT_FALSE(shrunk({})) << "there is nothing yet";
    EXPECT_FALSE(shrunk({item(1, "a")}));
    load({item(1, "a"), item(2, "b"), item(3, "c"), item(4, "d")});
    const Lines rows = items();
    const auto none = shrunk({});
    ASSERT_TRUE(none);
    EXPECT_EQ(none->before, 4);
    EXPECT_EQ(none->staged, 0);
    EXPECT_TRUE(shrunk({item(1, "a")}));
    EXPECT_FALSE(shrunk({item(1, "a"), item(2, "b")})) << "half is enough";
    EXPECT_FALSE(shrunk({item(5, "a"), item(6, "b"), item(7, "c"), item(8, "d"), item(9, "e")}));
    EXPECT_EQ(items(), rows);
    EXPECT_FALSE(has_before());
  }
  execute("DROP TABLE items");
  collector_ = collector_into(fields, "primary_key: [id]");
  load({item(1, "a")});
  EXPECT_FALSE(shrunk({})) << "merge never shrinks";
}

TEST_P(ReplaceTest, TheTableKeepsItsIndexesAndTheColumnsOfOthers) {
  with_key();
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT, n " + type(Kind::number) +
          ", note TEXT DEFAULT 'new')");
  execute("CREATE INDEX by_a ON items (a)");
  execute("INSERT INTO items VALUES (1, 'a', NULL, 'mine'), (2, 'b', NULL, 'theirs')");
  EXPECT_EQ(load({item(1, "A"), item(3, "c")}), (Staged{1, 1, 0, 2, 0, 1}));
  EXPECT_EQ(lines("SELECT id, a, note FROM items ORDER BY id"), (Lines{"1|A|mine", "3|c|new"}));
  EXPECT_EQ(lines("SELECT id, note, _replaced_by FROM _prev_items ORDER BY id"),
            (Lines{"1|mine|run1", "2|theirs|run1"}));
  EXPECT_EQ(lines(is_sqlite() ? "SELECT name FROM sqlite_schema WHERE type = 'index'"
                              : "SELECT indexname FROM pg_indexes WHERE indexname = 'by_a'"),
            Lines{"by_a"});
}

// Keys compare as the table compares them, and by an index: otherwise this would take minutes.
TEST_P(ReplaceTest, KeysMayBeOfAnotherTypeThanTheirColumns) {
  const std::string id = is_sqlite() ? "{id: i, a: a}" : "{id: {path: i, type: 'number(5,0)'}, a: a}";
  collector_ = collector_into(id, "write_disposition: replace, primary_key: [id]");
  execute("CREATE TABLE items (id INTEGER UNIQUE, a TEXT)");
  execute(
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50000) INSERT INTO items "
      "SELECT x, 'a' FROM n");
  execute("INSERT INTO items VALUES (NULL, 'no key')");
  std::vector<std::string> ids;
  for (int i = 2; i <= 50'001; ++i) ids.push_back(std::to_string(i));
  std::vector<Row> rows;
  for (const std::string& id : ids) rows.push_back({id, "a"});
  EXPECT_EQ(load(rows), (Staged{1, 0, 49'999, 50'000, 0, 2}));
  EXPECT_EQ(lines("SELECT count(*), min(id), max(id) FROM items"), Lines{"50000|2|50001"});
}

TEST_P(ReplaceTest, ATableOfAnotherWithThatNameIsNotDropped) {
  without_key();
  execute("CREATE TABLE _prev_items (id INTEGER, a TEXT)");
  const auto verified = verify();
  EXPECT_FAILS(Code::invalid_config, verified);
  EXPECT_TRUE(mentions(verified, R"(ALTER TABLE "_prev_items" RENAME TO "items_saved")"))
      << store::testing::message_of(verified);
  execute("DROP TABLE _prev_items");
  execute("CREATE VIEW _prev_items AS SELECT 1 AS _replaced_by");
  EXPECT_FAILS(Code::invalid_config, verify());
  execute("DROP VIEW _prev_items");
  ASSERT_OK(verify());
  collector_.destination.table = std::string(58, 'x');
  EXPECT_FAILS(Code::invalid_config, verify());
  collector_.destination.table.pop_back();
  ASSERT_OK(verify());
}

// ---- schema_contract ----

class ContractTest : public collect::testing::DestinationTest {
 protected:
  static config::Collector with(const std::string& more, const std::string& destination) {
    return collector_into("{id: {path: i, type: integer}, a: a" + more + "}", destination);
  }
  void made_by_pulse() {
    collector_ = with("", "primary_key: [id]");
    load({{std::int64_t{1}, "a"}});
  }
  void made_by_others() {
    execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT)");
    execute("INSERT INTO items VALUES (1, 'a')");
  }
  static inline const std::string two_more = ", b: {path: b, required: true}, n: {path: n, type: number}";
};

TEST_P(ContractTest, EvolveAddsColumnsToATableOfOurs) {
  made_by_pulse();
  for (const char* const disposition : {"merge", "append", "replace"}) {
    execute("DROP TABLE items");
    made_by_pulse();
    collector_ = with(two_more, fmt::format("primary_key: [id], write_disposition: {}", disposition));
    Destination destination(collector_, "r", *database_, *session_);
    ASSERT_OK(destination.verify({}));
    EXPECT_TRUE(destination.lacking().empty());
    EXPECT_EQ(width("items"), 4U) << "not before the rows";
    EXPECT_EQ(load({{std::int64_t{1}, "a", null, null}, {std::int64_t{2}, "x", "b", "1.10"}}),
              (Staged{1, 0, 1, 2, 0}));
    EXPECT_EQ(lines("SELECT id, a, b, n FROM items ORDER BY id"), (Lines{"1|a|NULL|NULL", "2|x|b|1.10"}));
  }
  EXPECT_EQ(load({{std::int64_t{1}, "a", "b", null}, {std::int64_t{2}, "x", "b", "1.1"}}),
            (Staged{0, 1, 1, 2, 0}));
}

TEST_P(ContractTest, AddedColumnsGoWithTheTransactionThatAddedThem) {
  made_by_pulse();
  collector_ = with(two_more, "primary_key: [id]");
  Destination destination(collector_, "r", *database_, *session_);
  ASSERT_OK(destination.verify({}));
  const std::vector<Row> rows{{std::int64_t{2}, "x", "b", "1.10"}};
  ASSERT_OK(destination.stage(collect::testing::rows_of(rows), {}));
  Counts counts;
  ASSERT_OK(destination.fold(counts, {}));
  EXPECT_FAILS(Code::conflict,
               session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
                 TRY(destination.merge(c, clock_.wall(), counts));
                 return base::error(Code::conflict, "undone");
               }));
  EXPECT_EQ(width("items"), 4U);
  ASSERT_OK(merge(*session_, destination, counts));
  EXPECT_EQ(counts.inserted, 1);
  EXPECT_EQ(width("items"), 6U);
}

TEST_P(ContractTest, FreezeRefusesWithTheSql) {
  made_by_pulse();
  collector_ = with(two_more, "primary_key: [id], schema_contract: freeze");
  const auto verified = verify();
  EXPECT_FAILS(Code::invalid_config, verified);
  EXPECT_TRUE(mentions(verified, "lacks 2 of the collector's columns"));
  EXPECT_TRUE(mentions(verified, "schema_contract is freeze"));
  EXPECT_TRUE(mentions(verified, R"(ALTER TABLE "items" ADD COLUMN "n" )" + type(Kind::number) + ";"));
  execute("DROP TABLE items");
  made_by_others();
  EXPECT_FAILS(Code::invalid_config, verify());
  execute("DROP TABLE items");
  EXPECT_EQ(load({{std::int64_t{1}, "a", "b", null}}), (Staged{1, 0, 0, 1, 0})) << "no table, nothing frozen";
}

TEST_P(ContractTest, LackingColumnsAreNamedAndLeftOut) {
  for (const char* const contract : {"discard_value", "discard_row", "quarantine_row"})
    for (const char* const disposition : {"merge", "append", "replace"})
      for (const bool ours : {true, false}) {
        SCOPED_TRACE(fmt::format("{} {} {}", contract, disposition, ours));
        ours ? made_by_pulse() : made_by_others();
        collector_ = with(two_more, fmt::format("primary_key: [id], schema_contract: {}, "
                                                "write_disposition: {}, dedup_sort: n",
                                                contract, disposition));
        Destination destination(collector_, "r", *database_, *session_);
        ASSERT_OK(destination.verify({}));
        EXPECT_EQ(destination.lacking(), (std::vector<std::string>{"b", "n"}));
        EXPECT_EQ(destination.fields().size(), 4U);
        EXPECT_EQ(load({{std::int64_t{1}, "a", "b", "2"},
                        {std::int64_t{1}, "a", null, "1"},
                        {std::int64_t{2}, "x", "b", "1.10"}}),
                  (Staged{1, 0, 1, 2, 0}))
            << "what is left out is no difference";
        EXPECT_EQ(lines("SELECT id, a FROM items ORDER BY id"), (Lines{"1|a", "2|x"}));
        EXPECT_EQ(width("items"), ours ? 4U : 2U);
        execute("DROP TABLE items");
      }
}

TEST_P(ContractTest, WhatAMergeCannotDoWithoutMustBeThere) {
  for (const char* const contract : {"evolve", "freeze", "discard_value", "discard_row", "quarantine_row"}) {
    SCOPED_TRACE(contract);
    execute("DROP TABLE IF EXISTS items");
    made_by_pulse();
    collector_ = with(", k: k", fmt::format("primary_key: [id, k], schema_contract: {}", contract));
    const auto verified = verify();
    EXPECT_FAILS(Code::invalid_config, verified);
    EXPECT_TRUE(mentions(verified, "a column of destination.primary_key"));
    collector_ =
        with(", v: v", fmt::format("primary_key: [id], version_column: v, schema_contract: {}", contract));
    EXPECT_EQ(verify().has_value(), std::string_view(contract) == "evolve");
  }
}

ON_EVERY_ENGINE(ReplaceTest);
ON_EVERY_ENGINE(ContractTest);

}  // namespace
