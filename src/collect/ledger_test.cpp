#include "collect/ledger.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "collect/fixture_test.hpp"
#include "store/conformance_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using collect::BadRecord;
using collect::FailureType;
using collect::Ledger;
using collect::Outcome;
using collect::RunRecord;

class LedgerTest : public testing::TestWithParam<store::testing::Engine> {
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
  base::Result<void> begin(RunRecord record, std::stop_token stop = {}, bool resume = true) {
    return ledger_.begin(record, resume, std::move(stop));
  }
  base::Result<void> try_commit(const RunRecord& record, const collect::SliceRecord& slice) {
    return session_->transact(store::Access::write, {}, [&](store::Connection& connection) {
      return ledger_.commit_slice(connection, record, slice);
    });
  }
  static collect::SliceRecord slice_of(const RunRecord& record, const std::string& name) {
    collect::SliceRecord slice;
    slice.name = name;
    slice.counts = record.counts;
    return slice;
  }
  void commit_slice(const RunRecord& record, const std::string& slice) {
    ASSERT_OK(try_commit(record, slice_of(record, slice)));
  }
  // Where there are leases, by the database's clock.
  void expire_leases() {
    if (database_->dialect().is_server())
      ASSERT_OK(store::testing::execute(*session_, "UPDATE {pulse}runs SET lease_until = '2001-01-01T00:00:00Z'"));
  }
  void lose_all() {
    expire_leases();
    ASSERT_OK(ledger_.mark_lost({}));
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
  store::testing::TempFolder folder_;
  std::unique_ptr<store::Database> database_ = collect::testing::migrated(GetParam().open(folder_));
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
  Ledger ledger_{*session_, clock_};
};

TEST_P(LedgerTest, ARunFromBeginToEnd) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
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

TEST_P(LedgerTest, EveryOutcomeAndFailureTypeIsAccepted) {
  int number = 0;
  for (const Outcome outcome :
       {Outcome::success, Outcome::empty, Outcome::partial, Outcome::incomplete, Outcome::rejected,
        Outcome::rate_limited, Outcome::failed, Outcome::timeout, Outcome::cancelled, Outcome::lost})
    for (const auto& type :
         {std::optional<FailureType>(), std::optional(FailureType::transient),
          std::optional(FailureType::credentials), std::optional(FailureType::endpoint_gone),
          std::optional(FailureType::configuration), std::optional(FailureType::data)}) {
      RunRecord record = run(std::to_string(++number));
      ASSERT_OK(begin(record));
      record.outcome = outcome;
      record.failure_type = type;
      ASSERT_OK(ledger_.finish(record, {}));
      EXPECT_EQ(only(record.id).outcome, outcome);
      EXPECT_EQ(only(record.id).failure_type, type);
    }
}

TEST_P(LedgerTest, WithoutAnErrorTheColumnIsNull) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  record.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(record, {}));
  EXPECT_EQ(lines("SELECT error IS NULL, failure_type IS NULL, finished_at FROM {pulse}runs"),
            Lines{"1|1|" + base::to_iso8601(clock_.wall())});
}

TEST_P(LedgerTest, BeginningTwiceIsOnce) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  clock_.advance(1s);  // the answer to the first was lost
  RunRecord again = run("r1");
  ASSERT_OK(ledger_.begin(again, true, {}));
  EXPECT_EQ(again.started_at, record.started_at);
  EXPECT_EQ(again.cycle, "r1");
  EXPECT_EQ(ids({}), std::vector<std::string>{"r1"});
  again.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(again, {}));
  EXPECT_FAILS(Code::invalid_data, begin(record));  // it is over
}

TEST_P(LedgerTest, OneRunOfACollectorAtATime) {
  ASSERT_OK(begin(run("r1")));
  RunRecord other = run("r2");
  other.process = 4712;
  const auto refused = begin(other);
  EXPECT_FAILS(Code::conflict, refused);
  for (const char* const word : {"items", "4711", "host-1", "r1"})
    EXPECT_TRUE(store::testing::mentions(refused, word)) << refused.error().message;
  EXPECT_EQ(ids({}), std::vector<std::string>{"r1"});
  ASSERT_OK(begin(run("x1", "another")));

  RunRecord first = run("r1");
  first.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(first, {}));
  ASSERT_OK(begin(other));
}

TEST_P(LedgerTest, ARunOfOursWhoseEndWasNotRecordedMakesRoom) {
  ASSERT_OK(begin(run("r1")));
  ASSERT_OK(begin(run("r2")));  // the same process
  EXPECT_EQ(only("r1").outcome, Outcome::lost);
  EXPECT_EQ(only("r2").outcome, Outcome::running);
}

TEST_P(LedgerTest, ALostRunHoldsNothing) {
  ASSERT_OK(begin(run("r1")));
  const auto held = [&] {
    bool result = false;
    EXPECT_TRUE(session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
      result = TRY(ledger_.hold(c, run("r1")));
      return {};
    }));
    return result;
  };
  EXPECT_TRUE(held());
  lose_all();
  EXPECT_FALSE(held());
}

// Where many processes have the database, the others' runs are left alone as long as their lease holds.
TEST_P(LedgerTest, ALeaseThatHoldsIsNotLost) {
  ASSERT_OK(begin(run("r1")));
  const auto lost = ledger_.mark_lost({});
  ASSERT_OK(lost);
  EXPECT_EQ(lost->size(), database_->dialect().is_server() ? 0U : 1U);
}

TEST_P(LedgerTest, FinishingTwiceIsOnce) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  record.outcome = Outcome::success;
  record.finished_at = clock_.wall();
  ASSERT_OK(ledger_.finish(record, {}));
  ASSERT_OK(ledger_.finish(record, {}));
  record.outcome = Outcome::failed;
  EXPECT_FAILS(Code::conflict, ledger_.finish(record, {}));
}

TEST_P(LedgerTest, ARunGoesOnWithTheCycleThatIsOpen) {
  const auto end = [&](RunRecord& record, Outcome outcome) {
    record.outcome = outcome;
    ASSERT_OK(ledger_.finish(record, {}));
    clock_.advance(1h);
  };
  const auto begun = [&](const std::string& id, bool resume = true, const std::string& definition = "d41d") {
    RunRecord record = run(id);
    record.definition = definition;
    EXPECT_TRUE(ledger_.begin(record, resume, {}));
    EXPECT_EQ(only(id).cycle, record.cycle);
    return record;
  };
  RunRecord first = begun("r1");
  EXPECT_EQ(first.cycle, "r1");
  commit_slice(first, "a");
  collect::SliceRecord open = slice_of(first, "b");
  open.open = true;
  ASSERT_OK(try_commit(first, open));
  end(first, Outcome::partial);

  RunRecord second = begun("r2");
  EXPECT_EQ(second.cycle, "r1");
  commit_slice(second, "c");
  const auto cycle = ledger_.cycle(second, {});
  ASSERT_OK(cycle);
  EXPECT_EQ(cycle->started_at, first.started_at);
  std::vector<std::string> names;
  for (const collect::SliceRecord& it : cycle->committed) names.push_back(it.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "c"}));
  end(second, Outcome::failed);

  RunRecord changed = begun("r3", true, "another definition");
  EXPECT_EQ(changed.cycle, "r3");
  end(changed, Outcome::failed);
  RunRecord fresh = begun("r4", false, "another definition");
  EXPECT_EQ(fresh.cycle, "r4");
  end(fresh, Outcome::cancelled);
  RunRecord last = begun("r5", true, "another definition");
  EXPECT_EQ(last.cycle, "r4");
  end(last, Outcome::success);
  RunRecord after = begun("r6", true, "another definition");
  EXPECT_EQ(after.cycle, "r6");  // nothing was open
  end(after, Outcome::partial);
  clock_.advance(collect::resumable_for);
  EXPECT_EQ(begun("r7", true, "another definition").cycle, "r7");  // too long ago
}

TEST_P(LedgerTest, ARunThatSomebodyElseEndedIsAConflict) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  lose_all();
  record.outcome = Outcome::success;
  const auto finished = ledger_.finish(record, {});
  EXPECT_FAILS(Code::conflict, finished);
  EXPECT_TRUE(store::testing::mentions(finished, "r1"));
  EXPECT_EQ(only("r1").outcome, Outcome::lost);
  record.id = "never begun";
  EXPECT_FAILS(Code::conflict, ledger_.finish(record, {}));
}

TEST_P(LedgerTest, ListsNewestFirstByCollectorTimeAndNumber) {
  for (int i = 1; i <= 6; ++i) {
    ASSERT_OK(begin(run("r" + std::to_string(i), i % 2 == 0 ? "even" : "odd")));
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

TEST_P(LedgerTest, LostRunsGetTheCountsOfTheirCommittedSlices) {
  RunRecord crashed = run("crashed"), early = run("early", "others"), done = run("done", "third");
  for (const RunRecord& record : {crashed, early, done}) ASSERT_OK(begin(record));
  crashed.counts = counts(100);
  commit_slice(crashed, "a");
  crashed.counts = counts(1000);
  commit_slice(crashed, "b");
  commit_slice(done, "a");
  done.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(done, {}));
  ASSERT_OK(store::testing::execute(*session_,
                                    "INSERT INTO {pulse}slices (run, collector, slice, state, staged) VALUES "
                                    "('crashed', 'items', 'c', 'held', 7)"));

  clock_.advance(1h);
  expire_leases();
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
    ASSERT_OK(ledger_.finish(record, {}));
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

TEST_P(LedgerTest, CallsThatAreStoppedRecordNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FAILS(Code::cancelled, begin(run("r1"), stop.get_token()));
  EXPECT_FAILS(Code::cancelled, ledger_.mark_lost(stop.get_token()));
  EXPECT_EQ(ids({}), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Engines, LedgerTest, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
