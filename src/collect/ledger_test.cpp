#include "collect/ledger.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "collect/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using collect::BadRecord;
using collect::FailureType;
using collect::Ledger;
using collect::Outcome;
using collect::RunRecord;

class LedgerTest : public testing::Test {
 protected:
  RunRecord run(const std::string& id, const std::string& collector = "items") {
    RunRecord record;
    record.id = id;
    record.collector = collector;
    record.started_at = clock_.wall();
    record.host = "host-1";
    record.process = 4711;
    record.definition = "d41d";
    return record;
  }
  static collect::Counts counts(std::int64_t from) {
    return {.requests = from,
            .pages = from + 1,
            .received_bytes = from + 2,
            .records = from + 3,
            .staged = from + 4,
            .inserted = from + 5,
            .updated = from + 6,
            .unchanged = from + 7,
            .deleted = from + 8,
            .quarantined = from + 9,
            .conflicts = from + 10};
  }
  static std::vector<std::int64_t> all(const collect::Counts& it) {
    return {it.requests, it.pages,     it.received_bytes, it.records,     it.staged,   it.inserted,
            it.updated,  it.unchanged, it.deleted,        it.quarantined, it.conflicts};
  }
  RunRecord only(const std::string& id) {
    const auto runs = ledger_.list({.collector = {}, .started_since = {}, .limit = 1000}, {});
    EXPECT_TRUE(runs);
    for (const RunRecord& record : *runs)
      if (record.id == id) return record;
    ADD_FAILURE() << id << " is not on record";
    return {};
  }
  void commit_slice(const RunRecord& record, const std::string& slice) {
    ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
      return ledger_.commit_slice(connection, record, slice);
    }));
  }
  void quarantine(const RunRecord& record, const std::vector<BadRecord>& bad) {
    ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
      return ledger_.quarantine(connection, record, bad);
    }));
  }
  std::vector<std::string> ids(const collect::RunFilter& filter) {
    std::vector<std::string> list;
    const auto runs = ledger_.list(filter, {});
    EXPECT_TRUE(runs);
    for (const RunRecord& record : *runs) list.push_back(record.id);
    return list;
  }
  std::vector<std::string> lines(const std::string& sql) {
    return collect::testing::lines_of(*session_, sql);
  }
  using Lines = std::vector<std::string>;

  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  std::unique_ptr<store::Database> database_ = collect::testing::migrated_database();
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
  Ledger ledger_{*session_, clock_};
};

TEST_F(LedgerTest, ARunFromBeginToEnd) {
  RunRecord record = run("r1");
  ASSERT_OK(ledger_.begin(record, {}));
  RunRecord read = only("r1");
  EXPECT_EQ(read.outcome, Outcome::running);
  EXPECT_EQ(read.collector, "items");
  EXPECT_EQ(read.started_at, record.started_at);
  EXPECT_FALSE(read.finished_at);
  EXPECT_FALSE(read.failure_type);
  EXPECT_EQ(read.host, "host-1");
  EXPECT_EQ(read.process, 4711);
  EXPECT_EQ(read.definition, "d41d");
  EXPECT_EQ(all(read.counts), std::vector<std::int64_t>(11, 0));

  record.outcome = Outcome::failed;
  record.failure_type = FailureType::credentials;
  record.error = "it's \"refused\"";
  record.finished_at = record.started_at + 1234567us;
  record.counts = counts(100);
  ASSERT_OK(ledger_.finish(record, {}));
  read = only("r1");
  EXPECT_EQ(read.outcome, Outcome::failed);
  EXPECT_EQ(read.failure_type, FailureType::credentials);
  EXPECT_EQ(read.error, "it's \"refused\"");
  EXPECT_EQ(read.started_at, record.started_at);
  EXPECT_EQ(read.finished_at, record.finished_at);
  EXPECT_EQ(all(read.counts), all(record.counts));
}

TEST_F(LedgerTest, EveryOutcomeAndFailureTypeIsAccepted) {
  int number = 0;
  for (const Outcome outcome :
       {Outcome::success, Outcome::empty, Outcome::partial, Outcome::incomplete, Outcome::rejected,
        Outcome::rate_limited, Outcome::failed, Outcome::timeout, Outcome::cancelled, Outcome::lost})
    for (const auto& type :
         {std::optional<FailureType>(), std::optional(FailureType::transient),
          std::optional(FailureType::credentials), std::optional(FailureType::endpoint_gone),
          std::optional(FailureType::configuration), std::optional(FailureType::data)}) {
      RunRecord record = run(std::to_string(++number));
      ASSERT_OK(ledger_.begin(record, {}));
      record.outcome = outcome;
      record.failure_type = type;
      ASSERT_OK(ledger_.finish(record, {}));
      EXPECT_EQ(only(record.id).outcome, outcome);
      EXPECT_EQ(only(record.id).failure_type, type);
    }
}

TEST_F(LedgerTest, WithoutAnErrorTheColumnIsNull) {
  RunRecord record = run("r1");
  ASSERT_OK(ledger_.begin(record, {}));
  record.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(record, {}));
  EXPECT_EQ(lines("SELECT error IS NULL, failure_type IS NULL, finished_at FROM pulse_runs"),
            Lines{"1|1|" + base::to_iso8601(clock_.wall())});
}

TEST_F(LedgerTest, TheSameRunCannotBeginTwice) {
  ASSERT_OK(ledger_.begin(run("r1"), {}));
  EXPECT_FAILS(Code::invalid_data, ledger_.begin(run("r1"), {}));
}

TEST_F(LedgerTest, ARunThatSomebodyElseEndedIsAConflict) {
  RunRecord record = run("r1");
  ASSERT_OK(ledger_.begin(record, {}));
  ASSERT_OK(ledger_.mark_lost({}));
  record.outcome = Outcome::success;
  const auto finished = ledger_.finish(record, {});
  EXPECT_FAILS(Code::conflict, finished);
  EXPECT_TRUE(store::testing::mentions(finished, "r1"));
  EXPECT_EQ(only("r1").outcome, Outcome::lost);
  record.id = "never begun";
  EXPECT_FAILS(Code::conflict, ledger_.finish(record, {}));
}

TEST_F(LedgerTest, ListsNewestFirstByCollectorTimeAndNumber) {
  for (int i = 1; i <= 6; ++i) {
    ASSERT_OK(ledger_.begin(run("r" + std::to_string(i), i % 2 == 0 ? "even" : "odd"), {}));
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

TEST_F(LedgerTest, LostRunsGetTheCountsOfTheirCommittedSlices) {
  RunRecord crashed = run("crashed"), early = run("early"), done = run("done");
  for (const RunRecord& record : {crashed, early, done}) ASSERT_OK(ledger_.begin(record, {}));
  crashed.counts = counts(100);
  commit_slice(crashed, "a");
  crashed.counts = counts(1000);
  commit_slice(crashed, "b");
  commit_slice(done, "a");
  done.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(done, {}));
  ASSERT_OK(store::testing::execute(*session_,
                                    "INSERT INTO pulse_slices (run, collector, slice, state, staged) VALUES "
                                    "('crashed', 'items', 'c', 'held', 7)"));

  clock_.advance(1h);
  const auto lost = ledger_.mark_lost({});
  ASSERT_OK(lost);
  ASSERT_EQ(lost->size(), 2U);
  EXPECT_EQ((*lost)[0].id, "crashed");
  EXPECT_EQ((*lost)[1].id, "early");
  for (const RunRecord& told : *lost) {
    const RunRecord read = only(told.id);
    EXPECT_EQ(read.outcome, Outcome::lost);
    EXPECT_EQ(read.failure_type, FailureType::transient);
    EXPECT_EQ(read.finished_at, clock_.wall());
    EXPECT_FALSE(read.error.empty());
    EXPECT_EQ(told.outcome, read.outcome);  // what is returned is what is on record
    EXPECT_EQ(told.finished_at, read.finished_at);
    EXPECT_EQ(told.error, read.error);
    EXPECT_EQ(all(told.counts), all(read.counts));
  }
  EXPECT_EQ(all(only("crashed").counts),
            (std::vector<std::int64_t>{0, 0, 0, 1106, 1108, 1110, 1112, 1114, 1116, 1118, 1120}));
  EXPECT_EQ(all(only("early").counts), std::vector<std::int64_t>(11, 0));
  EXPECT_EQ(only("done").outcome, Outcome::success);

  const auto again = ledger_.mark_lost({});
  ASSERT_OK(again);
  EXPECT_TRUE(again->empty());
}

TEST_F(LedgerTest, SlicesCarryTheirCounts) {
  RunRecord record = run("r1");
  ASSERT_OK(ledger_.begin(record, {}));
  record.counts = counts(0);
  commit_slice(record, "all");
  EXPECT_EQ(
      lines("SELECT run, collector, slice, state, records, staged, inserted, updated, unchanged, deleted, "
            "quarantined, conflicts, committed_at FROM pulse_slices"),
      Lines{"r1|items|all|committed|3|4|5|6|7|8|9|10|" + base::to_iso8601(clock_.wall())});
}

TEST_F(LedgerTest, SlicesKnowTheirPartitionAndWindow) {
  ASSERT_OK(ledger_.begin(run("r1"), {}));
  const collect::SliceRecord slice{.name = "BR/2025-11",
                                   .partition = "BR",
                                   .window_start = clock_.wall() - 24h,
                                   .window_end = clock_.wall(),
                                   .counts = counts(100)};
  ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
    return ledger_.commit_slice(connection, run("r1"), slice);
  }));
  EXPECT_EQ(lines("SELECT slice, partition, window_start, window_end, staged FROM pulse_slices"),
            Lines{fmt::format("BR/2025-11|BR|{}|{}|104", base::to_iso8601(clock_.wall() - 24h),
                              base::to_iso8601(clock_.wall()))});
  EXPECT_EQ(lines("SELECT count(*) FROM pulse_slices WHERE partition IS NULL"), Lines{"0"});
}

TEST_F(LedgerTest, CursorsAreKeptByPartition) {
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

TEST_F(LedgerTest, LastRecordsOfACollector) {
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
    ASSERT_OK(ledger_.begin(record, {}));
    record.outcome = outcome;
    record.counts.records = records;
    ASSERT_OK(ledger_.finish(record, {}));
    clock_.advance(24h);
  };
  end("r1", 0, Outcome::empty);
  EXPECT_EQ(history().first_run, began);
  EXPECT_FALSE(history().last_with_records);
  end("r2", 5, Outcome::success);
  end("r3", 2, Outcome::rejected);  // the source is not empty, whatever became of it
  end("r4", 0, Outcome::empty);
  ASSERT_OK(ledger_.begin(run("r5"), {}));
  ASSERT_OK(ledger_.begin(run("x1", "other"), {}));
  EXPECT_EQ(history().first_run, began);
  EXPECT_EQ(history().last_with_records, began + 48h);
}

TEST_F(LedgerTest, ASliceOfNoRunIsRefused) {
  EXPECT_FAILS(Code::invalid_data,
               session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
                 return ledger_.commit_slice(connection, run("nobody"), std::string_view("all"));
               }));
}

TEST_F(LedgerTest, TheSameBadRecordIsOneRowThatIsCounted) {
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
            "FROM pulse_quarantine"),
      Lines{"items|price|no number|{\"price\": \"x\"}|r1|r2|" + first + "|" +
            base::to_iso8601(clock_.wall()) + "|2"});
}

TEST_F(LedgerTest, OtherColumnsRecordsAndCollectorsAreOtherRows) {
  quarantine(run("r1"), {{1, "", "is no object", "5"},
                         {2, "a", "is bad", "{}"},
                         {3, "b", "is bad", "{}"},
                         {4, "a", "is bad", "{ }"},
                         {5, "a", "is bad", "{}"}});
  quarantine(run("r2", "other"), {{1, "a", "is bad", "{}"}});
  EXPECT_EQ(lines("SELECT collector, column_name, raw, times FROM pulse_quarantine ORDER BY collector, "
                  "column_name, raw"),
            (Lines{"items|NULL|5|1", "items|a|{ }|1", "items|a|{}|2", "items|b|{}|1", "other|a|{}|1"}));
}

TEST_F(LedgerTest, CallsThatAreStoppedRecordNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FAILS(Code::cancelled, ledger_.begin(run("r1"), stop.get_token()));
  EXPECT_FAILS(Code::cancelled, ledger_.mark_lost(stop.get_token()));
  EXPECT_EQ(ids({}), std::vector<std::string>{});
}

}  // namespace
