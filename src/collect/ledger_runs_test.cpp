// Runs: who has a collector, who is lost, and who goes on where another left off.
#include "collect/ledger_fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using collect::BadRecord;
using collect::FailureType;
using collect::Ledger;
using collect::Outcome;
using collect::RunRecord;
class LedgerRuns : public collect::testing::LedgerTest {};

TEST_P(LedgerRuns, ARunFromBeginToEnd) {
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
  ASSERT_OK(ledger_.finish(record, {}, {}));
  read = only("r1");
  EXPECT_EQ(read.outcome, Outcome::failed);
  EXPECT_EQ(read.failure_type, FailureType::credentials);
  EXPECT_EQ(read.error, "it's \"refused\"");
  EXPECT_EQ(read.started_at, record.started_at);
  EXPECT_EQ(read.finished_at, record.finished_at);
  EXPECT_EQ(all(read.counts), all(record.counts));
}

TEST_P(LedgerRuns, EveryOutcomeAndFailureTypeIsAccepted) {
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
      ASSERT_OK(ledger_.finish(record, {}, {}));
      EXPECT_EQ(only(record.id).outcome, outcome);
      EXPECT_EQ(only(record.id).failure_type, type);
    }
}

TEST_P(LedgerRuns, WithoutAnErrorTheColumnIsNull) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  record.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(record, {}, {}));
  EXPECT_EQ(lines("SELECT error IS NULL, failure_type IS NULL, finished_at FROM {pulse}runs"),
            Lines{"1|1|" + base::to_iso8601(clock_.wall())});
}

TEST_P(LedgerRuns, BeginningTwiceIsOnce) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  clock_.advance(1s);  // the answer to the first was lost
  RunRecord again = run("r1");
  ASSERT_OK(ledger_.begin(again, base::WallTime{}, {}));
  EXPECT_EQ(again.started_at, record.started_at);
  EXPECT_EQ(again.cycle, "r1");
  EXPECT_EQ(ids({}), std::vector<std::string>{"r1"});
  again.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(again, {}, {}));
  EXPECT_FAILS(Code::invalid_data, begin(record));  // it is over
}

TEST_P(LedgerRuns, OneRunOfACollectorAtATime) {
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
  ASSERT_OK(ledger_.finish(first, {}, {}));
  ASSERT_OK(begin(other));
}

// Where one process has the database; elsewhere the lease decides.
TEST_P(LedgerRuns, ARunOfOursWhoseEndWasNotRecordedMakesRoom) {
  ASSERT_OK(begin(run("r1")));
  if (database_->dialect().is_server()) {
    EXPECT_FAILS(Code::conflict,
                 begin(run("r2")));  // a process of this number on another machine of this name
    expire_leases();
  }
  ASSERT_OK(begin(run("r2")));
  EXPECT_EQ(only("r1").outcome, Outcome::lost);
  EXPECT_EQ(only("r2").outcome, Outcome::running);
}

TEST_P(LedgerRuns, ALostRunHoldsNothing) {
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
TEST_P(LedgerRuns, ALeaseThatHoldsIsNotLost) {
  ASSERT_OK(begin(run("r1")));
  const auto lost = ledger_.mark_lost({});
  ASSERT_OK(lost);
  EXPECT_EQ(lost->size(), database_->dialect().is_server() ? 0U : 1U);
}

TEST_P(LedgerRuns, FinishingTwiceIsOnce) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  record.outcome = Outcome::success;
  record.finished_at = clock_.wall();
  ASSERT_OK(ledger_.finish(record, {}, {}));
  ASSERT_OK(ledger_.finish(record, {}, {}));
  record.outcome = Outcome::failed;
  EXPECT_FALSE(*ledger_.finish(record, {}, {}));
}

TEST_P(LedgerRuns, ARunGoesOnWithTheCycleThatIsOpen) {
  const auto end = [&](RunRecord& record, Outcome outcome) {
    record.outcome = outcome;
    ASSERT_OK(ledger_.finish(record, {}, {}));
    clock_.advance(1h);
  };
  const auto begun = [&](const std::string& id, bool resume = true, const std::string& definition = "d41d",
                         base::WallTime since = {}) {
    RunRecord record = run(id);
    record.definition = definition;
    EXPECT_TRUE(ledger_.begin(record, resume ? std::optional(since) : std::nullopt, {}));
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
  commit_slice(after, "a");
  end(after, Outcome::partial);
  // What was left open for an earlier slot is not gone on with.
  const base::WallTime alive = clock_.wall() - 1h;
  RunRecord same_slot = begun("r6b", true, "another definition", alive);
  EXPECT_EQ(same_slot.cycle, "r6");
  end(same_slot, Outcome::failed);
  RunRecord next_slot = begun("r6c", true, "another definition", alive + 2h);
  EXPECT_EQ(next_slot.cycle, "r6c");
  end(next_slot, Outcome::partial);
  clock_.advance(collect::resumable_for);
  EXPECT_EQ(begun("r7", true, "another definition").cycle, "r7");  // too long ago
}

TEST_P(LedgerRuns, ARunThatSomebodyElseEndedIsAConflict) {
  RunRecord record = run("r1");
  ASSERT_OK(begin(record));
  lose_all();
  record.outcome = Outcome::success;
  const auto finished = ledger_.finish(record, {}, {});
  ASSERT_OK(finished);
  EXPECT_FALSE(*finished);
  EXPECT_EQ(only("r1").outcome, Outcome::lost);
  record.id = "never begun";
  EXPECT_FALSE(*ledger_.finish(record, {}, {}));
}

TEST_P(LedgerRuns, LostRunsGetTheCountsOfTheirCommittedSlices) {
  RunRecord crashed = run("crashed"), early = run("early", "others"), done = run("done", "third");
  for (const RunRecord& record : {crashed, early, done}) ASSERT_OK(begin(record));
  crashed.counts = counts(100);
  commit_slice(crashed, "a");
  crashed.counts = counts(1000);
  commit_slice(crashed, "b");
  commit_slice(done, "a");
  done.outcome = Outcome::success;
  ASSERT_OK(ledger_.finish(done, {}, {}));
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

TEST_P(LedgerRuns, CallsThatAreStoppedRecordNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FAILS(Code::cancelled, begin(run("r1"), stop.get_token()));
  EXPECT_FAILS(Code::cancelled, ledger_.mark_lost(stop.get_token()));
  EXPECT_EQ(ids({}), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(Engines, LedgerRuns, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
