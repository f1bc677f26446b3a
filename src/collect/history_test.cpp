// What the ledger says of a collector, to those who plan its runs and judge its health.
#include "collect/history.hpp"

#include "collect/entry.hpp"
#include "collect/ledger_fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::WallTime;
using collect::FailureType;
using collect::History;
using collect::Outcome;
using collect::Past;
using collect::RunRecord;
using collect::RunSlot;
using collect::StartedBy;
using schedule::Condition;
using schedule::OpenSlot;

class HistoryTest : public collect::testing::LedgerTest {
 protected:
  Past past(const std::string& name = "items") {
    auto pasts = history_.of({name}, {});
    EXPECT_TRUE(pasts) << (pasts ? "" : pasts.error().message);
    return pasts ? pasts->at(0) : Past{};
  }
  Condition condition() {
    const Past it = past();
    return schedule::health(entry_, collect::facts_of(it, start_), clock_.wall()).condition;
  }
  RunRecord begun(StartedBy by = StartedBy::schedule, std::optional<WallTime> slot = {}) {
    RunRecord record = run(fmt::format("r{:03}", ++number_));
    record.started_by = by;
    if (slot) record.slot = RunSlot{.time = *slot};
    EXPECT_TRUE(ledger_.begin(record, std::nullopt, {}));
    return record;
  }
  void end(RunRecord record, Outcome outcome, std::optional<OpenSlot> open = {},
           std::optional<FailureType> type = {}) {
    record.outcome = outcome;
    record.failure_type = type;
    record.finished_at = clock_.wall();
    const auto ended = ledger_.finish(record, open, {});
    EXPECT_TRUE(ended && *ended);
  }
  void fail(WallTime first_failed) {
    RunRecord record = begun();
    record.first_failed = first_failed;
    end(record, Outcome::failed, {}, FailureType::transient);
  }
  void crash(StartedBy by) {
    begun(by);
    lose_all();
  }

  const WallTime start_ = clock_.wall();
  History history_{*session_, clock_};
  int number_ = 0;
  schedule::Entry entry_ = *collect::entry_of(
      collect::testing::collector_with(collect::testing::item_fields, "[id]", "schedule: {every: 1h}\n"));
};

TEST_P(HistoryTest, WhatNeverRanHasNoPast) {
  const Past it = past();
  EXPECT_FALSE(it.last || it.running || it.first_run || it.last_success || it.last_change ||
               it.first_failed || it.held_back_until);
  EXPECT_FALSE(it.state.last_slot || it.state.running || it.state.open || it.state.not_before);
  EXPECT_FALSE(it.state.failed);
  EXPECT_EQ(condition(), Condition::never_ran);
  EXPECT_EQ(collect::facts_of(it, start_).known_since, start_);
}

TEST_P(HistoryTest, ASuccessIsHealthy) {
  RunRecord record = begun(StartedBy::schedule, start_);
  Past it = past();
  ASSERT_TRUE(it.running && it.state.running);
  EXPECT_EQ(it.state.running->slot, start_);
  EXPECT_EQ(it.state.running->began, record.started_at);
  EXPECT_FALSE(it.last);
  clock_.advance(1min);
  record.counts = counts(0);
  end(record, Outcome::success);
  it = past();
  EXPECT_FALSE(it.running || it.state.running || it.state.open || it.first_failed);
  EXPECT_EQ(it.state.last_slot, start_);
  EXPECT_EQ(it.last->id, record.id);
  EXPECT_EQ(it.last_success, clock_.wall());
  EXPECT_EQ(it.last_change, clock_.wall());
  EXPECT_FALSE(it.state.failed);
  EXPECT_EQ(condition(), Condition::healthy);
  EXPECT_EQ(collect::facts_of(it, clock_.wall()).known_since, start_);  // the ledger knows it longer

  clock_.advance(1h);
  end(begun(), Outcome::success);  // all rows unchanged
  EXPECT_EQ(past().last_success, clock_.wall());
  EXPECT_EQ(past().last_change, start_ + 1min);
}

TEST_P(HistoryTest, AnEmptyAnswerThatIsAllowedIsASuccess) {
  RunRecord record = begun(StartedBy::schedule, start_);
  record.allow_empty = true;
  end(record, Outcome::empty);
  EXPECT_EQ(past().last_success, clock_.wall());
  EXPECT_EQ(condition(), Condition::healthy);
  end(begun(), Outcome::empty);
  EXPECT_EQ(past().last_success, start_);
  EXPECT_TRUE(past().state.failed);
  EXPECT_EQ(condition(), Condition::suspect);
}

TEST_P(HistoryTest, FailuresAreCountedFromTheFirstSinceTheLastSuccess) {
  fail(start_ - 1h);
  clock_.advance(1min);
  end(begun(StartedBy::schedule, start_), Outcome::success);
  EXPECT_FALSE(past().first_failed);
  clock_.advance(1min);
  fail(start_ + 90s);
  clock_.advance(3min);
  fail(start_ + 4min);
  EXPECT_EQ(past().first_failed, start_ + 90s);
  EXPECT_TRUE(past().state.failed);
  EXPECT_EQ(condition(), Condition::recovering);
  clock_.advance(30s + 1us);  // 4 minutes after the first
  EXPECT_EQ(condition(), Condition::failing);
  // What was cancelled says nothing.
  end(begun(), Outcome::cancelled);
  EXPECT_EQ(past().last->outcome, Outcome::failed);
  EXPECT_EQ(past().first_failed, start_ + 90s);
  clock_.advance(1s);
  end(begun(), Outcome::success);
  EXPECT_FALSE(past().first_failed);
  EXPECT_FALSE(past().state.failed);
  EXPECT_EQ(condition(), Condition::healthy);
}

TEST_P(HistoryTest, WhatIsPausedSaysSo) {
  end(begun(StartedBy::schedule, start_), Outcome::success);
  entry_.enabled = false;
  EXPECT_EQ(condition(), Condition::paused);
}

TEST_P(HistoryTest, ARunByHandCountsAsTheFirstSlot) {
  end(begun(StartedBy::command), Outcome::success);
  EXPECT_EQ(past().state.last_slot, start_);
  clock_.advance(1h);
  const RunRecord by_hand = begun(StartedBy::request);
  EXPECT_EQ(past().state.last_slot, start_);
  EXPECT_EQ(past().state.running->slot, by_hand.started_at);
}

TEST_P(HistoryTest, OpenSlotsAreRead) {
  RunRecord record = begun(StartedBy::schedule, start_);
  end(record, Outcome::failed, OpenSlot{start_, start_ + 1s, start_ + 31s, true}, FailureType::transient);
  Past it = past();
  ASSERT_TRUE(it.state.open);
  EXPECT_EQ(it.state.open->slot, start_);
  EXPECT_EQ(it.state.open->first_failed, start_ + 1s);
  EXPECT_EQ(it.state.open->try_at, start_ + 31s);
  EXPECT_TRUE(it.state.open->on_ladder);
  EXPECT_FALSE(it.state.not_before);

  record = begun(StartedBy::retry);
  end(record, Outcome::rate_limited, OpenSlot{start_, start_ + 1s, start_ + 20min, false});
  it = past();
  ASSERT_TRUE(it.state.open);
  EXPECT_FALSE(it.state.open->on_ladder);
  EXPECT_EQ(it.state.not_before, start_ + 20min);

  record = begun(StartedBy::retry);
  end(record, Outcome::cancelled, OpenSlot{start_, start_ + 1s, start_ + 2min, false});
  it = past();
  ASSERT_TRUE(it.state.open);
  EXPECT_FALSE(it.state.not_before);
  EXPECT_EQ(it.state.open->first_failed, start_ + 1s);
}

TEST_P(HistoryTest, MissedSlotsMoveTheLastOne) {
  end(begun(StartedBy::schedule, start_), Outcome::success);
  ASSERT_OK(ledger_.miss({{"items", start_ + 1h, start_ + 3h, schedule::MissedReason::superseded}}, {}));
  EXPECT_EQ(past().state.last_slot, start_ + 3h);
}

TEST_P(HistoryTest, ThreeCrashesInTenMinutesAndItRests) {
  crash(StartedBy::schedule);
  clock_.advance(5min);
  crash(StartedBy::retry);
  EXPECT_FALSE(past().held_back_until);
  clock_.advance(5min);
  crash(StartedBy::request);
  const WallTime until = clock_.wall() + 15min;
  EXPECT_EQ(past().held_back_until, until);
  EXPECT_EQ(past().state.not_before, until);
  EXPECT_FALSE(past("others").held_back_until);
  clock_.advance(15min - 1us);
  EXPECT_EQ(past().held_back_until, until);
  clock_.advance(1us);
  EXPECT_FALSE(past().held_back_until);
}

TEST_P(HistoryTest, CrashesFarApartAndCommandsAreExempt) {
  crash(StartedBy::schedule);
  clock_.advance(5min + 30s);
  crash(StartedBy::schedule);
  clock_.advance(5min + 30s);
  crash(StartedBy::schedule);
  EXPECT_FALSE(past().held_back_until);
  clock_.advance(1h);
  for (int i = 0; i < 3; ++i) crash(StartedBy::command);
  EXPECT_FALSE(past().held_back_until);
}

TEST_P(HistoryTest, TheLaterOfTwoHoldsCounts) {
  for (int i = 0; i < 2; ++i) crash(StartedBy::schedule);
  RunRecord record = begun(StartedBy::schedule, start_);
  end(record, Outcome::rate_limited, OpenSlot{start_, start_, start_ + 1h, false});
  crash(StartedBy::schedule);
  EXPECT_TRUE(past().held_back_until);  // its slot is no longer the limited one
  EXPECT_EQ(past().state.not_before, past().held_back_until);
}

// Before the machine knew the time, it was ten years ahead.
TEST_P(HistoryTest, WhatAWrongClockWroteIsNoPast) {
  const auto in_the_future = [&](Outcome outcome) {
    const WallTime now = clock_.wall();
    clock_.jump_wall(87'600h);
    RunRecord record = begun(StartedBy::schedule, clock_.wall());
    record.counts = counts(100);
    clock_.advance(1min);
    end(record, outcome);
    clock_.jump_wall(now - clock_.wall());
  };
  in_the_future(Outcome::success);
  Past it = past();
  EXPECT_FALSE(it.first_run || it.last || it.last_success || it.last_change || it.state.last_slot);
  EXPECT_EQ(condition(), Condition::never_ran);

  end(begun(StartedBy::schedule, start_), Outcome::success);
  EXPECT_EQ(past().state.last_slot, start_);
  clock_.advance(3h);
  EXPECT_EQ(condition(), Condition::stale);
  fail(clock_.wall());
  it = past();
  EXPECT_EQ(it.last->outcome, Outcome::failed);
  EXPECT_EQ(it.last_success, start_);
  EXPECT_EQ(it.first_failed, clock_.wall());

  for (int i = 0; i < 3; ++i) {
    clock_.advance(1s);
    in_the_future(Outcome::lost);
  }
  EXPECT_FALSE(past().held_back_until);
}

TEST_P(HistoryTest, ARateLimitOfAWrongClockHoldsNothingBack) {
  RunRecord record = begun(StartedBy::schedule, start_);
  end(record, Outcome::rate_limited, OpenSlot{start_, start_, start_ + 87'600h, false});
  EXPECT_FALSE(past().state.open || past().state.not_before);
  EXPECT_EQ(past().state.last_slot, start_);
}

// Set by two hours, as clocks are: no slot comes back.
TEST_P(HistoryTest, AClockThatIsSetBackABitForgetsNothing) {
  end(begun(StartedBy::schedule, start_), Outcome::success);
  clock_.jump_wall(-2h);
  EXPECT_EQ(past().state.last_slot, start_);
  EXPECT_TRUE(past().last);
}

TEST_P(HistoryTest, WhatChangedSinceThen) {
  const auto changed = [&](WallTime since) {
    const auto names = history_.changed_since(since, {});
    EXPECT_TRUE(names);
    return names ? *names : Lines{"?"};
  };
  RunRecord other = run("x", "others");
  ASSERT_OK(ledger_.begin(other, std::nullopt, {}));
  clock_.advance(1min);
  const WallTime before = clock_.wall();
  EXPECT_EQ(changed(before), Lines{});
  RunRecord record = begun(StartedBy::schedule, start_);
  EXPECT_EQ(changed(before), Lines{"items"});
  clock_.advance(1min);
  EXPECT_EQ(changed(clock_.wall()), Lines{});
  end(record, Outcome::success);
  EXPECT_EQ(changed(clock_.wall()), Lines{"items"});
  ASSERT_OK(ledger_.miss({{"third", start_, start_, schedule::MissedReason::not_wanted}}, {}));
  other.outcome = Outcome::success;
  other.finished_at = clock_.wall();
  ASSERT_OK(ledger_.finish(other, {}, {}));
  EXPECT_EQ(changed(clock_.wall()), (Lines{"items", "others", "third"}));
}

TEST_P(HistoryTest, Totals) {
  for (const Outcome outcome : {Outcome::success, Outcome::failed, Outcome::cancelled, Outcome::empty}) {
    RunRecord record = begun();
    record.counts = counts(100);  // 105 inserted, 106 updated
    record.allow_empty = outcome == Outcome::empty;
    end(record, outcome);
  }
  clock_.advance(1h);
  begun();
  const auto all = history_.totals(start_, {});
  ASSERT_OK(all);
  EXPECT_EQ(all->runs, 4);
  EXPECT_EQ(all->failed, 1);
  EXPECT_EQ(all->rows, 4 * 211);
  const auto none = history_.totals(clock_.wall(), {});
  ASSERT_OK(none);
  EXPECT_EQ(none->runs + none->failed + none->rows, 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, HistoryTest, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
