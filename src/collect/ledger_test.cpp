#include "collect/ledger_fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using collect::BadRecord;
using collect::FailureType;
using collect::Ledger;
using collect::Outcome;
using collect::RunRecord;
using collect::testing::LedgerTest;

TEST_P(LedgerTest, ListsNewestFirstByCollectorTimeAndNumber) {
  for (int i = 1; i <= 6; ++i) {
    RunRecord record = run("r" + std::to_string(i), i % 2 == 0 ? "even" : "odd");
    ASSERT_OK(begin(record));
    record.outcome = Outcome::success;
    ASSERT_OK(ledger_.finish(record, {}, {}));
    if (i != 3) clock_.advance(1min);  // 3 and 4 begin at the same time
  }
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids({}), (Ids{"r6", "r5", "r4", "r3", "r2", "r1"}));
  EXPECT_EQ(ids({.collector = "odd", .started_since = {}, .limit = 20}), (Ids{"r5", "r3", "r1"}));
  EXPECT_EQ(ids({.collector = {}, .started_since = {}, .limit = 2}), (Ids{"r6", "r5"}));
  EXPECT_EQ(ids({.collector = {}, .started_since = only("r4").started_at, .limit = 20}),
            (Ids{"r6", "r5", "r4", "r3"}));
  EXPECT_EQ(ids({.collector = "even", .started_since = only("r4").started_at + 1us, .limit = 1}),
            (Ids{"r6"}));
  EXPECT_EQ(ids({.collector = "none", .started_since = {}, .limit = 20}), Ids{});
}

TEST_P(LedgerTest, SlicesCarryTheirCounts) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  record.counts = counts(0);
  commit_slice(record, "all");
  EXPECT_EQ(
      lines("SELECT run, collector, slice, state, records, staged, inserted, updated, unchanged, deleted, "
            "quarantined, conflicts, committed_at FROM {pulse}slices"),
      Lines{"r1|items|all|committed|3|4|5|6|7|8|9|10|" + base::to_iso8601(clock_.wall())});
}

TEST_P(LedgerTest, SlicesKnowTheirPartitionAndWindow) {
  ASSERT_OK(begin(run("r1")));
  const collect::SliceRecord slice{.name = "BR/2025-11",
                                   .partition = "BR",
                                   .window_start = clock_.wall() - 24h,
                                   .window_end = clock_.wall(),
                                   .counts = counts(100)};
  ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
    return ledger_.commit_slice(connection, run("r1"), slice);
  }));
  EXPECT_EQ(lines("SELECT slice, partition, window_start, window_end, staged FROM {pulse}slices"),
            Lines{fmt::format("BR/2025-11|BR|{}|{}|104", base::to_iso8601(clock_.wall() - 24h),
                              base::to_iso8601(clock_.wall()))});
  EXPECT_EQ(lines("SELECT count(*) FROM {pulse}slices WHERE partition IS NULL"), Lines{"0"});
}

TEST_P(LedgerTest, CursorsAreKeptByPartition) {
  const auto save = [&](const collect::CursorRecord& cursor) {
    ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
      return ledger_.save_cursor(connection, cursor);
    }));
  };
  const auto read = [&](const std::string& collector) {
    const auto cursors = ledger_.cursors(collector, {});
    EXPECT_TRUE(cursors);
    return cursors ? *cursors : std::vector<collect::CursorRecord>();
  };
  EXPECT_TRUE(read("items").empty());
  collect::CursorRecord cursor;
  cursor.collector = "items";
  cursor.partition = "b's";
  cursor.high_water = "2025-11-21T10:00:00Z";
  cursor.covered_until = clock_.wall();
  cursor.etag = R"(W/"abc")";
  cursor.last_modified = "Fri, 21 Nov 2025 10:00:00 GMT";
  cursor.content_hash = "c0ffee";
  cursor.definition = "d41d";
  cursor.run = "r1";
  save(cursor);
  collect::CursorRecord plain;
  plain.collector = "items";
  plain.run = "r1";
  save(plain);
  plain.collector = "other";
  save(plain);

  auto cursors = read("items");
  ASSERT_EQ(cursors.size(), 2U);
  EXPECT_EQ(cursors[0].partition, "");
  EXPECT_EQ(cursors[0].high_water, "");
  EXPECT_FALSE(cursors[0].covered_until);
  EXPECT_EQ(cursors[0].etag + cursors[0].definition, "");
  EXPECT_EQ(cursors[1].partition, "b's");
  EXPECT_EQ(cursors[1].high_water, cursor.high_water);
  EXPECT_EQ(cursors[1].covered_until, clock_.wall());
  EXPECT_EQ(cursors[1].etag, cursor.etag);
  EXPECT_EQ(cursors[1].last_modified, cursor.last_modified);
  EXPECT_EQ(cursors[1].content_hash, "c0ffee");
  EXPECT_EQ(cursors[1].definition, "d41d");
  EXPECT_EQ(cursors[1].run, "r1");
  EXPECT_EQ(cursors[1].updated_at, clock_.wall());

  clock_.advance(1h);
  cursor.high_water = "2025-11-21T11:00:00Z";
  cursor.etag = "";  // the new answer had none: the old one must not stay
  cursor.run = "r2";
  save(cursor);
  cursors = read("items");
  ASSERT_EQ(cursors.size(), 2U);
  EXPECT_EQ(cursors[1].high_water, "2025-11-21T11:00:00Z");
  EXPECT_EQ(cursors[1].etag, "");
  EXPECT_EQ(cursors[1].run, "r2");
  EXPECT_EQ(cursors[1].updated_at, clock_.wall());
  EXPECT_EQ(read("other").size(), 1U);
}

TEST_P(LedgerTest, LastRecordsOfACollector) {
  const auto history = [&] {
    const auto found = ledger_.last_records("items", {});
    EXPECT_TRUE(found);
    return found ? *found : collect::RecordHistory();
  };
  EXPECT_FALSE(history().first_run);
  EXPECT_FALSE(history().last_with_records);
  const auto began = clock_.wall();
  const auto end = [&](const std::string& id, std::int64_t records, Outcome outcome) {
    RunRecord record = run(id);
    ASSERT_OK(begin(record));
    record.outcome = outcome;
    record.counts.records = records;
    ASSERT_OK(ledger_.finish(record, {}, {}));
    clock_.advance(24h);
  };
  end("r1", 0, Outcome::empty);
  EXPECT_EQ(history().first_run, began);
  EXPECT_FALSE(history().last_with_records);
  end("r2", 5, Outcome::success);
  end("r3", 2, Outcome::rejected);  // the source is not empty, whatever became of it
  end("r4", 0, Outcome::empty);
  ASSERT_OK(begin(run("r5")));
  ASSERT_OK(begin(run("x1", "other")));
  EXPECT_EQ(history().first_run, began);
  EXPECT_EQ(history().last_with_records, began + 48h);
}

TEST_P(LedgerTest, ASliceOfNoRunIsRefused) {
  EXPECT_FAILS(Code::invalid_data, try_commit(run("nobody"), slice_of(run("nobody"), "all")));
}

TEST_P(LedgerTest, TheSameBadRecordIsOneRowThatIsCounted) {
  const BadRecord bad{3, "price", "is not a number", R"({"price": "x"})"};
  quarantine(run("r1"), {bad});
  const std::string first = base::to_iso8601(clock_.wall());
  clock_.advance(1h);
  BadRecord again = bad;
  again.position = 8;  // elsewhere in the body, and in other words
  again.reason = "no number";
  quarantine(run("r2"), {again});
  EXPECT_EQ(
      lines("SELECT collector, column_name, reason, raw, first_run, last_run, first_seen, last_seen, times "
            "FROM {pulse}quarantine"),
      Lines{"items|price|no number|{\"price\": \"x\"}|r1|r2|" + first + "|" +
            base::to_iso8601(clock_.wall()) + "|2"});
}

TEST_P(LedgerTest, OtherColumnsRecordsAndCollectorsAreOtherRows) {
  quarantine(run("r1"), {{1, "", "is no object", "5"},
                         {2, "a", "is bad", "{}"},
                         {3, "b", "is bad", "{}"},
                         {4, "a", "is bad", "{ }"},
                         {5, "a", "is bad", "{}"}});
  quarantine(run("r2", "other"), {{1, "a", "is bad", "{}"}});
  EXPECT_EQ(lines("SELECT collector, column_name, raw, times FROM {pulse}quarantine ORDER BY collector, "
                  "COALESCE(column_name, ''), raw"),
            (Lines{"items|NULL|5|1", "items|a|{ }|1", "items|a|{}|2", "items|b|{}|1", "other|a|{}|1"}));
}

TEST_P(LedgerTest, ALedgerOfAnOlderProgramIsNamed) {
  ASSERT_OK(ledger_.check_present(*database_, {}));
  ASSERT_OK(store::testing::execute(*session_, "ALTER TABLE {pulse}runs DROP COLUMN slot"));
  const auto old = ledger_.check_present(*database_, {});
  EXPECT_FAILS(Code::unavailable, old);
  EXPECT_TRUE(store::testing::mentions(old, "older pulse"));
}

INSTANTIATE_TEST_SUITE_P(Engines, LedgerTest, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
