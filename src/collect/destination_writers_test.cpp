// PostgreSQL lets many write at once, and its tables are of more kinds: counts stay exact, nobody waits in a
// ring, nobody's rights or readers suffer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/rng.hpp"
#include "collect/destination_fixture_test.hpp"

namespace {

using base::Code;
using collect::Counts;
using collect::Destination;
using collect::testing::collector_into;
using collect::testing::Lines;
using collect::testing::Row;
using collect::testing::Staged;
using store::testing::mentions;
using store::testing::message_of;

const char* const fields = "{id: {path: i, type: integer}, a: a}";

class WritersTest : public collect::testing::DestinationTest {
 protected:
  WritersTest() { collector_ = collector_into(fields, "primary_key: [id]"); }

  // A run of its own session; callable from many threads.
  base::Result<Staged> run(const std::string& name, const std::vector<Row>& rows) {
    return run_of(collector_, name, rows);
  }
  base::Result<Staged> run_of(const config::Collector& collector, const std::string& name,
                              const std::vector<Row>& rows) {
    const auto session = TRY(database_->session({}));
    Destination destination(collector, name, *database_, *session);
    TRY(destination.verify({}));
    TRY(destination.stage(collect::testing::rows_of(rows), {}));
    Counts counts;
    TRY(destination.fold(counts, {}));
    TRY(session->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
      TRY(destination.shrunk(c, counts));
      return destination.merge(c, clock_.wall(), counts);
    }));
    return collect::testing::staged(counts);
  }
  // Each in a thread of its own, all at once; what they returned.
  static void at_once(int threads, const std::function<void(int)>& work) {
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i) running.emplace_back([&work, i] { work(i); });
  }
  // Runs of random rows, all at once: what they say they inserted is what is there.
  void count_exactly() {
    constexpr int threads = 3, rounds = 15, keys = 400;
    std::atomic<std::int64_t> inserted = 0;
    at_once(threads, [&](int thread) {
      base::Rng rng(static_cast<std::uint64_t>(thread) + 1);
      for (int round = 0; round < rounds; ++round) {
        const std::string text = fmt::format("{} {}", thread, round);
        std::vector<Row> rows(60);
        for (Row& row : rows) row = {rng.between(1, keys), text};
        const auto counts = run(fmt::format("t{}r{}", thread, round), rows);
        ASSERT_TRUE(counts) << message_of(counts);
        EXPECT_EQ(counts->inserted + counts->updated + counts->unchanged, counts->staged);
        EXPECT_EQ(counts->unchanged, 0) << "each brings a text of its own";
        inserted += counts->inserted;
      }
    });
    EXPECT_EQ(lines("SELECT count(*) FROM items"), Lines{std::to_string(inserted)});
  }
};

TEST_P(WritersTest, CountsAreExactWhoeverElseWrites) { count_exactly(); }

TEST_P(WritersTest, CountsAreExactInAPartitionedTable) {
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT) PARTITION BY RANGE (id)");
  execute("CREATE TABLE items_low PARTITION OF items FOR VALUES FROM (0) TO (200)");
  execute("CREATE TABLE items_high PARTITION OF items FOR VALUES FROM (200) TO (1000)");
  EXPECT_TRUE(describe("items").is_partitioned);
  count_exactly();
}

TEST_P(WritersTest, APartitionedTableIsMergedAppendedToAndReplaced) {
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT) PARTITION BY RANGE (id)");
  execute("CREATE TABLE items_low PARTITION OF items FOR VALUES FROM (0) TO (10)");
  execute("CREATE TABLE items_high PARTITION OF items FOR VALUES FROM (10) TO (20)");
  EXPECT_EQ(load({{1, "a"}, {11, "b"}}), (Staged{2, 0, 0, 2, 0}));
  EXPECT_EQ(load({{1, "A"}, {11, "b"}, {12, "c"}}), (Staged{1, 1, 1, 3, 0}));
  collector_ = collector_into(fields, "primary_key: [id], write_disposition: append");
  EXPECT_EQ(load({{1, "x"}, {2, "d"}}), (Staged{1, 0, 1, 2, 0}));
  collector_ = collector_into(fields, "primary_key: [id], write_disposition: replace");
  EXPECT_EQ(load({{1, "A"}, {2, "D"}, {13, "e"}}), (Staged{1, 1, 1, 3, 0, 2}));
  EXPECT_EQ(lines("SELECT id, a FROM items ORDER BY id"), (Lines{"1|A", "2|D", "13|e"}));
  EXPECT_EQ(lines("SELECT count(*) FROM _prev_items"), Lines{"4"});
  // A row that no partition takes.
  collector_ = collector_into(fields, "primary_key: [id]");
  const auto outside = load_pages({{{99, "x"}}});
  EXPECT_FAILS(Code::invalid_data, outside);
  EXPECT_TRUE(mentions(outside, R"(merging into "items")")) << message_of(outside);
}

TEST_P(WritersTest, ManyMayMakeOneTable) {
  for (const char* const disposition : {"merge", "replace", "append"}) {
    collector_ = collector_into(fields, fmt::format("primary_key: [id], write_disposition: {}", disposition));
    at_once(4, [&](int thread) {
      const auto counts = run(fmt::format("r{}", thread), {{thread, "a"}});
      EXPECT_TRUE(counts) << disposition << ": " << message_of(counts);
    });
    EXPECT_EQ(lines("SELECT count(*) FROM items"),
              Lines{std::string_view(disposition) == "replace" ? "1" : "4"});
    execute("DROP TABLE items");
    execute("DROP TABLE IF EXISTS _prev_items");
  }
}

TEST_P(WritersTest, ManyMayAddOneColumn) {
  for (const char* const disposition : {"merge", "replace"}) {
    const std::string destination = fmt::format("primary_key: [id], write_disposition: {}", disposition);
    load({{1, "a"}});
    const auto wider = collector_into("{id: {path: i, type: integer}, a: a, b: b, c: c}", destination);
    at_once(4, [&](int thread) {
      const auto counts =
          run_of(wider, fmt::format("r{}", thread), {{1, "a", "b", "c"}, {2 + thread, "a", "b", "c"}});
      EXPECT_TRUE(counts) << disposition << ": " << message_of(counts);
    });
    EXPECT_EQ(width("items"), 6U);
    execute("DROP TABLE items");
    execute("DROP TABLE IF EXISTS _prev_items");
  }
}

// A replace holds others who write until it ends; those who read see the rows before, and need not wait.
TEST_P(WritersTest, ReplaceLetsOthersReadAndKeepsTheirRights) {
  collector_ = collector_into(fields, "primary_key: [id], write_disposition: replace");
  load({{1, "a"}, {2, "b"}});
  execute("GRANT SELECT ON items TO stranger");
  const std::string oid = lines("SELECT 'items'::regclass::oid")[0];
  const auto replacing = store::testing::session_of(*database_);
  Destination destination(collector_, "r", *database_, *replacing);
  ASSERT_OK(destination.verify({}));
  const std::vector<Row> rows{{2, "B"}, {3, "c"}};
  ASSERT_OK(destination.stage(collect::testing::rows_of(rows), {}));
  Counts counts;
  ASSERT_OK(destination.fold(counts, {}));
  ASSERT_OK(replacing->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
    TRY(destination.shrunk(c, counts));
    TRY(destination.merge(c, clock_.wall(), counts));
    EXPECT_EQ(lines("SELECT id, a FROM items ORDER BY id"), (Lines{"1|a", "2|b"}));
    const auto writing =
        session_->transact(store::Access::write, {}, [](store::Connection& other) -> base::Result<void> {
          TRY(other.execute("SET LOCAL lock_timeout = 1"));
          TRY(other.execute("INSERT INTO items VALUES (9, 'x', 'r', now())"));
          return {};
        });
    EXPECT_FAILS(Code::conflict, writing);
    return {};
  }));
  EXPECT_EQ(lines("SELECT id, a FROM items ORDER BY id"), (Lines{"2|B", "3|c"}));
  EXPECT_EQ(lines("SELECT 'items'::regclass::oid")[0], oid);
  EXPECT_EQ(lines("SELECT has_table_privilege('stranger', 'items', 'SELECT')"), Lines{"1"});
}

TEST_P(WritersTest, NamesAndSchemasOfOthers) {
  execute("CREATE SCHEMA \"Other \"\"s\"");
  const std::string table = R"("Other ""s"."It's ""a"" Table {pulse}")";
  collector_ = collector_into("{Id: {path: i, type: integer}, 'a \"b\"': a}", "primary_key: [Id]");
  collector_.destination.schema = "Other \"s";
  collector_.destination.table = "It's \"a\" Table {pulse}";
  for (const char* const disposition : {"merge", "replace"}) {
    collector_.destination.write_disposition = std::string_view(disposition) == "merge"
                                                   ? config::Destination::WriteDisposition::merge
                                                   : config::Destination::WriteDisposition::replace;
    execute("DROP TABLE IF EXISTS " + table);
    EXPECT_EQ(load({{1, "a"}, {2, "b"}}), (Staged{2, 0, 0, 2, 0}));
    EXPECT_EQ(load({{1, "a"}, {2, "B"}}), (Staged{0, 1, 1, 2, 0}));
    EXPECT_EQ(lines("SELECT \"Id\", \"a \"\"b\"\"\" FROM " + table + " ORDER BY 1"), (Lines{"1|a", "2|B"}));
  }
  collector_.destination.schema = "nowhere";
  const auto nowhere = load_pages({{{1, "a"}}});
  EXPECT_FAILS(Code::invalid_config, nowhere);
  EXPECT_TRUE(mentions(nowhere, R"(make it with: CREATE SCHEMA "nowhere";)")) << message_of(nowhere);
}

// Not the texts' bytes decide which keys are one, but the table's collation, or its type.
TEST_P(WritersTest, KeysAreEqualWhereTheTableSaysSo) {
  EXPECT_EQ(store::testing::PostgresServer::instance().admin(
                "CREATE COLLATION IF NOT EXISTS public.no_case (provider = icu, locale = 'und-u-ks-level2', "
                "deterministic = false)",
                lines("SELECT current_database()")[0]),
            "");
  collector_ = collector_into("{k: k, a: a}", "primary_key: [k]");
  for (const char* const type : {"text COLLATE no_case", "text COLLATE \"C\"", "varchar(9)"}) {
    const bool no_case = std::string_view(type).ends_with("no_case");
    if (std::string_view(type) == "varchar(9)") collector_.fields[0].max_length = 9;
    for (const char* const disposition : {"merge", "replace"}) {
      SCOPED_TRACE(fmt::format("{} {}", type, disposition));
      collector_.destination.write_disposition = std::string_view(disposition) == "merge"
                                                     ? config::Destination::WriteDisposition::merge
                                                     : config::Destination::WriteDisposition::replace;
      execute(fmt::format("CREATE TABLE items (k {} PRIMARY KEY, a text COLLATE \"C\")", type));
      EXPECT_EQ(load({{"a", "1"}, {"A", "2"}}), no_case ? (Staged{1, 0, 0, 1, 1}) : (Staged{2, 0, 0, 2, 0}));
      EXPECT_EQ(load({{"A", "2"}}),
                no_case ? (Staged{0, 0, 1, 1, 0})
                        : (Staged{0, 0, 1, 1, 0, std::string_view(disposition) == "merge" ? 0 : 1}));
      execute("DROP TABLE items");
      execute("DROP TABLE IF EXISTS _prev_items");
    }
  }
}

TEST_P(WritersTest, ATriggerThatRaisesIsToldWithItsWords) {
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT)");
  execute(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.a = 'skip' THEN RETURN "
      "NULL; "
      "ELSIF NEW.a = 'bad' THEN RAISE EXCEPTION 'no % here', NEW.a; END IF; RETURN NEW; END $$");
  execute("CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION refuse()");
  EXPECT_EQ(load({{1, "a"}, {2, "skip"}}), (Staged{1, 0, 1, 2, 0}))
      << "what a trigger leaves out is not written";
  const auto raised = load_pages({{{1, "bad"}}});
  EXPECT_FAILS(Code::invalid_data, raised);
  EXPECT_TRUE(mentions(raised, R"(merging into "items" by its key ("id"): no bad here)"))
      << message_of(raised);
}

INSTANTIATE_TEST_SUITE_P(Engines, WritersTest, testing::Values(collect::testing::loading_engines[1]),
                         store::testing::name_of);

}  // namespace
