#include "schedule/decision.hpp"

#include "schedule/testing.hpp"

namespace schedule {
namespace {

using namespace std::chrono_literals;

const WallTime noon = at("2025-06-01 12:00Z");

Entry hourly() { return entry("a", table("0 * * * *")); }

State ran(WallTime slot) {
  State state;
  state.last_slot = slot;
  return state;
}

State running(WallTime slot) {
  State state = ran(slot);
  state.running = State::Running{slot, slot};
  return state;
}

Decision ask(const Entry& entry, const State& state, WallTime now) { return decide(entry, state, {}, now); }

void expect_start(const Decision& decision, WallTime slot, bool again = false) {
  ASSERT_TRUE(decision.start);
  EXPECT_EQ(decision.start->slot, slot);
  EXPECT_EQ(decision.start->again, again);
}

void expect_missed(const Decision& decision, WallTime first, WallTime last, MissedReason reason) {
  ASSERT_TRUE(decision.missed);
  EXPECT_EQ(decision.missed->first, first);
  EXPECT_EQ(decision.missed->last, last);
  EXPECT_EQ(decision.missed->reason, reason);
}

void expect_wait(const Decision& decision, std::optional<WallTime> until) {
  EXPECT_FALSE(decision.acts());
  EXPECT_EQ(decision.look_again, until);
}

// The clock was ahead when it was interrupted; what another side asked for is kept (RT4).
TEST(Decide, AnInterruptedOneDoesNotWaitForAClock) {
  State state;
  state.last_slot = noon;
  state.open = OpenSlot{noon, noon, noon + 50min, false};
  const Decision decision = ask(hourly(), state, noon + 1min);
  expect_start(decision, noon, true);
  EXPECT_EQ(decision.start->try_at, noon + 50min);  // as the ledger has it
  state.not_before = noon + 50min;
  expect_wait(ask(hourly(), state, noon + 1min), noon + 50min);
}

TEST(Decide, WhatNeverRanIsDueAtOnce) {  // SC1
  expect_start(ask(hourly(), {}, noon + 20min), noon);
  Entry splayed = hourly();
  splayed.splay = 30min;
  expect_start(ask(splayed, {}, noon), noon);
  expect_start(ask(entry("a", table("0 0 29 2 *")), {}, noon), at("2024-02-29 00:00Z"));
  expect_start(ask(entry("a", table("0 0 29 2 *")), {}, at("1971-01-01 00:00Z")), WallTime{});
  Entry late = hourly();
  late.recover_missed = RecoverMissed::none;
  late.late_maximum_delay = 1min;
  expect_start(ask(late, {}, noon + 20min), noon);
  // Only by hand, or not at all.
  Entry by_hand = hourly();
  by_hand.timetable.reset();
  expect_wait(ask(by_hand, {}, noon), std::nullopt);
  Entry paused = hourly();
  paused.enabled = false;
  expect_wait(ask(paused, {}, noon), std::nullopt);
}

TEST(Decide, ASlotIsDueAtItsTimeAndSplay) {
  Entry it = hourly();
  it.splay = 30min;
  const auto offset = std::chrono::floor<std::chrono::microseconds>(it.offset());
  ASSERT_GT(offset, 0s);
  expect_wait(ask(it, ran(noon - 1h), noon + offset - 1us), noon + offset);
  const Decision due = ask(it, ran(noon - 1h), noon + offset);
  expect_start(due, noon);
  EXPECT_FALSE(due.missed);
  expect_wait(ask(it, ran(noon), noon - 2h), noon + 1h + offset);  // the clock was set back: not again
}

TEST(Decide, AfterDowntime) {  // SC3
  Entry it = hourly();
  const State before = ran(noon - 5h);
  Decision last = ask(it, before, noon + 20min);
  expect_start(last, noon);
  expect_missed(last, noon - 4h, noon - 1h, MissedReason::superseded);

  it.late_maximum_delay = 10min;
  const Decision late = ask(it, before, noon + 20min);
  EXPECT_FALSE(late.start);
  expect_missed(late, noon - 4h, noon, MissedReason::too_late);
  expect_start(ask(it, before, noon + 10min), noon);

  it.recover_missed = RecoverMissed::all;
  it.late_maximum_delay.reset();
  const Decision all = ask(it, before, noon + 20min);
  expect_start(all, noon - 4h);
  EXPECT_FALSE(all.missed);
  it.late_maximum_delay = 150min;
  const Decision some = ask(it, before, noon + 20min);
  expect_start(some, noon - 2h);
  expect_missed(some, noon - 4h, noon - 3h, MissedReason::too_late);
  it.late_maximum_delay = 10min;
  expect_missed(ask(it, before, noon + 20min), noon - 4h, noon, MissedReason::too_late);

  it.late_maximum_delay.reset();
  it.recover_missed = RecoverMissed::none;
  const Decision none = ask(it, before, noon + 20min);
  EXPECT_FALSE(none.start);
  expect_missed(none, noon - 4h, noon, MissedReason::not_wanted);
  const Decision on_time = ask(it, before, noon + misfire_threshold);
  expect_start(on_time, noon);
  expect_missed(on_time, noon - 4h, noon - 1h, MissedReason::not_wanted);
  State seen = before;  // due in time, and kept waiting by ourselves
  seen.seen_due = noon + 1s;
  expect_start(ask(it, seen, noon + 20min), noon);
}

TEST(Decide, BesideARun) {  // SC3: overlap
  Entry it = hourly();
  State state = running(noon - 1h);
  expect_wait(ask(it, state, noon - 1s), noon);
  expect_missed(ask(it, state, noon), noon, noon, MissedReason::overlap);

  it.overlap = Overlap::queue;
  const Decision queued = ask(it, state, noon);
  expect_wait(queued, std::nullopt);
  EXPECT_TRUE(queued.waiting);
  apply(queued, state, noon);
  state.running.reset();
  it.recover_missed = RecoverMissed::none;  // waiting is not missing
  expect_start(ask(it, state, noon + 20min), noon);

  it.overlap = Overlap::cancel;
  state = running(noon - 1h);
  const Decision cancel = ask(it, state, noon);
  EXPECT_TRUE(cancel.cancel);
  apply(cancel, state, noon);
  expect_wait(ask(it, state, noon + 1s), std::nullopt);  // once
  base::Rng rng(1);
  state = after_run(it, state, {.outcome = Outcome::cancelled, .began = noon - 1h, .ended = noon + 2s}, rng);
  EXPECT_FALSE(state.open);
  expect_start(ask(it, state, noon + 2s), noon);
}

TEST(Decide, ABacklogIsNoOverlap) {
  Entry it = hourly();
  it.recover_missed = RecoverMissed::all;
  State state = ran(noon - 5h);
  for (const Overlap overlap : {Overlap::skip, Overlap::queue, Overlap::cancel}) {
    it.overlap = overlap;
    State now = state;
    apply(ask(it, now, noon), now, noon);
    ASSERT_TRUE(now.running);
    expect_wait(ask(it, now, noon), std::nullopt);
    // The newest of the backlog is due in the very moment the run begins.
    State last = ran(noon - 2h);
    apply(ask(it, last, noon), last, noon);
    EXPECT_EQ(last.running->slot, noon - 1h);
    expect_wait(ask(it, last, noon), std::nullopt);
  }
}

TEST(Decide, LadderUntilTheNextSlot) {  // RT10
  base::Rng rng(1);
  const Entry it = hourly();
  const RunEnd failure{.outcome = Outcome::failed,
                       .failure_type = FailureType::transient,
                       .first_failed = noon + 5s,
                       .began = noon,
                       .ended = noon + 10s};
  State state = after_run(it, running(noon), failure, rng);
  EXPECT_TRUE(state.failed);
  expect_wait(ask(it, state, noon + 20s), noon + 35s);
  const Decision again = ask(it, state, noon + 35s);
  expect_start(again, noon, true);
  apply(again, state, noon + 35s);
  EXPECT_EQ(state.last_slot, noon);
  RunEnd next = failure;
  next.first_failed = next.began = noon + 35s;
  next.ended = noon + 40s;
  const State second = after_run(it, state, next, rng);
  EXPECT_EQ(second.open->first_failed, noon + 5s);  // of the slot's first run
  EXPECT_EQ(second.open->try_at, noon + 95s);
  const Decision slot = ask(it, second, noon + 1h);
  expect_start(slot, noon + 1h);
  EXPECT_EQ(slot.gave_up, noon);
  // Set back by two hours: no rung lies that far ahead.
  expect_start(ask(it, second, noon - 2h), noon, true);
  // Final failures and success get nothing.
  next.failure_type = FailureType::credentials;
  EXPECT_FALSE(after_run(it, state, next, rng).open);
  next.outcome = Outcome::success;
  EXPECT_FALSE(after_run(it, state, next, rng).open);
  EXPECT_FALSE(after_run(it, state, next, rng).failed);
}

TEST(Decide, RateLimitedUntilTheInstant) {  // RT3, RT4, RT11
  base::Rng rng(1);
  const Entry it = hourly();
  RunEnd limited{
      .outcome = Outcome::rate_limited, .began = noon, .ended = noon + 5s, .retry_at = noon + 20min};
  State state = after_run(it, running(noon), limited, rng);
  expect_wait(ask(it, state, noon + 5s), noon + 20min);
  expect_start(ask(it, state, noon + 20min), noon, true);
  limited.retry_at = noon + 90min;
  state = after_run(it, running(noon), limited, rng);
  expect_wait(ask(it, state, noon + 5s), noon + 1h);
  expect_wait(ask(it, state, noon + 1h), noon + 90min);  // outranks the slot
  const Decision decision = ask(it, state, noon + 90min);
  expect_start(decision, noon + 1h);
  EXPECT_EQ(decision.gave_up, noon);
  limited.retry_at = noon + 25h;  // beyond max_retry_after: the next slot probes
  state = after_run(it, running(noon), limited, rng);
  expect_start(ask(it, state, noon + 1h), noon + 1h);
  limited.retry_at.reset();
  EXPECT_TRUE(after_run(it, running(noon), limited, rng).open->on_ladder);
}

// `Retry-After: 0` would be asked for again and again: an instant before the next rung waits for that.
TEST(Decide, AnInstantThatIsNearWaitsForTheRung) {
  base::Rng rng(1);
  const Entry it = hourly();
  RunEnd limited{.outcome = Outcome::rate_limited, .began = noon, .ended = noon + 5s, .retry_at = noon + 5s};
  for (const auto soon : {0s, 5s, 34s}) {
    limited.retry_at = noon + soon;
    const State state = after_run(it, running(noon), limited, rng);
    expect_wait(ask(it, state, noon + 5s),
                noon + 35s);  // 30 s after the first failure, which is the end here
  }
  limited.retry_at = noon + 35s;
  expect_wait(ask(it, after_run(it, running(noon), limited, rng), noon + 5s), noon + 35s);
  limited.retry_at = noon + 36s;
  expect_wait(ask(it, after_run(it, running(noon), limited, rng), noon + 5s), noon + 36s);

  limited.ended = noon + 59min + 50s;  // the next slot comes before the rung
  limited.retry_at = limited.ended + 2s;
  EXPECT_FALSE(after_run(it, running(noon), limited, rng).open);
}

TEST(Decide, WhatAStopCancelledIsDueAgain) {  // SS4
  base::Rng rng(1);
  Entry it = hourly();
  const RunEnd stopped{.outcome = Outcome::cancelled, .began = noon, .ended = noon + 5s};
  const State state = after_run(it, running(noon), stopped, rng);
  expect_start(ask(it, state, noon + 10min), noon, true);
  const Decision later = ask(it, state, noon + 3h);
  expect_start(later, noon + 3h);
  EXPECT_EQ(later.gave_up, noon);
  it.recover_missed = RecoverMissed::all;  // each in its turn
  expect_start(ask(it, state, noon + 3h), noon, true);
}

TEST(Decide, BehindOthers) {  // SC3: after
  Entry it = entry("b", table("0 6 * * *"));
  it.after = {"a"};
  const WallTime six = at("2025-06-01 06:00Z");
  const State state = ran(six - 24h);
  const auto with = [&](bool settled, bool failed, WallTime now) {
    return decide(it, state, {settled, failed}, now);
  };
  expect_start(with(true, false, six), six);
  EXPECT_TRUE(with(false, false, six).waiting);
  expect_wait(with(false, false, six), std::nullopt);
  expect_missed(with(true, true, six), six, six, MissedReason::upstream);
  it.on_upstream_failure = OnUpstreamFailure::run;
  expect_start(with(true, true, six), six);
  expect_wait(with(false, true, six), std::nullopt);

  it.deadline = 8h;  // by then in any case
  expect_wait(with(false, false, six), six + 2h);
  expect_start(with(false, false, six + 2h), six);
  it.on_upstream_failure = OnUpstreamFailure::skip;
  expect_wait(with(true, true, six), six + 2h);
  expect_start(with(true, true, six + 2h), six);
}

TEST(Decide, Settled) {
  const Entry it = hourly();
  EXPECT_FALSE(is_settled(it, {}, noon));
  EXPECT_TRUE(is_settled(it, ran(noon), noon));
  EXPECT_FALSE(is_settled(it, ran(noon - 1h), noon));
  EXPECT_TRUE(is_settled(it, ran(noon - 1h), noon - 1min));
  EXPECT_FALSE(is_settled(it, running(noon), noon));
  Entry by_hand = it;
  by_hand.timetable.reset();
  EXPECT_TRUE(is_settled(by_hand, {}, noon));
}

}  // namespace
}  // namespace schedule
