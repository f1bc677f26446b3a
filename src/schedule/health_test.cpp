#include "schedule/health.hpp"

#include "schedule/testing.hpp"

namespace schedule {
namespace {

using namespace std::chrono_literals;

const WallTime noon = at("2025-06-02 12:00Z");  // a Monday

class HealthTest : public testing::Test {
 protected:
  HealthTest() {
    facts.known_since = noon - 100h;
    facts.state.last_slot = noon;
    facts.last_success = noon + 30s;
    end(Outcome::success, 30s);
  }
  void end(Outcome outcome, base::Duration after, std::optional<FailureType> type = {}) {
    Facts::LastRun run;
    run.outcome = outcome;
    run.failure_type = type;
    run.ended = noon + std::chrono::floor<std::chrono::microseconds>(after);
    run.first_failed = noon + 10s;
    facts.last_run = run;
  }
  void expect(base::Duration after, Condition condition, std::optional<WallTime> since = {}) {
    const WallTime now = noon + std::chrono::floor<std::chrono::microseconds>(after);
    const Health it = health(hourly, facts, now);
    EXPECT_EQ(to_string(it.condition), to_string(condition));
    EXPECT_EQ(it.since, since.value_or(it.since));
  }

  Entry hourly = entry("a", table("0 * * * *"));
  Facts facts;
};

TEST_F(HealthTest, HealthyThenLateThenStale) {
  expect(1min, Condition::healthy);
  EXPECT_EQ(next_change(hourly, facts, noon + 1min), noon + 64min);
  expect(1h + 239s, Condition::healthy);
  expect(1h + 240s, Condition::late, noon + 64min);
  expect(2h + 4min + 29s, Condition::late);
  expect(2h + 4min + 30s, Condition::stale, noon + 2h + 4min + 30s);
}

TEST_F(HealthTest, WorkingDaysAreNotStaleOnSunday) {
  hourly = entry("a", table("30 8 * * 1-5"));
  const WallTime friday = at("2025-06-06 08:30Z");
  facts.state.last_slot = friday;
  facts.last_success = friday + 1min;
  EXPECT_EQ(health(hourly, facts, friday + 48h).condition, Condition::healthy);
  EXPECT_EQ(health(hourly, facts, friday + 73h).condition, Condition::late);
  EXPECT_EQ(health(hourly, facts, friday + 96h + 5min).condition, Condition::stale);
}

TEST_F(HealthTest, WhatBeganByAClockThatWasAheadIsSoNow) {
  facts.invalid_since = noon + 87'600h;
  expect(1min, Condition::invalid, noon + 1min);
  facts.invalid_since.reset();
  end(Outcome::failed, 2h, FailureType::transient);
  facts.last_run->first_failed.reset();
  expect(1min, Condition::recovering, noon + 1min);
  facts = {};
  facts.known_since = noon + 87'600h;
  expect(1min, Condition::never_ran, noon + 1min);
  hourly.enabled = false;
  facts.paused_since = noon + 87'600h;
  expect(1min, Condition::paused, noon + 1min);
}

TEST_F(HealthTest, RecoveringThenFailing) {
  end(Outcome::failed, 20s, FailureType::transient);
  expect(1min, Condition::recovering, noon + 10s);
  expect(10s + 4min, Condition::failing, noon + 10s + 4min);
  end(Outcome::failed, 20s, FailureType::credentials);
  expect(20s, Condition::failing, noon + 20s);
  end(Outcome::held, 20s);
  expect(20s, Condition::failing);
  end(Outcome::rate_limited, 20s);
  expect(30min, Condition::recovering);
  facts.imported = true;
  facts.last_success.reset();
  end(Outcome::failed, 20s, FailureType::credentials);
  expect(20s, Condition::recovering);  // nobody is called before the first success
}

TEST_F(HealthTest, StuckPastTimeoutOrStall) {
  facts.state.running = State::Running{noon + 1h, noon + 1h};
  facts.timeout = 10min;
  expect(1h + 9min, Condition::healthy);
  expect(1h + 10min, Condition::stuck, noon + 70min);
  facts.stall_after = 2min;
  facts.last_progress = noon + 1h + 3min;
  expect(1h + 5min, Condition::stuck, noon + 65min);
  facts.last_progress = noon + 1h + 4min;
  expect(1h + 5min, Condition::healthy);
}

TEST_F(HealthTest, SuspectUnverifiedNeverRanAdopting) {
  end(Outcome::empty, 20s);
  expect(1min, Condition::suspect, noon + 20s);
  end(Outcome::unverified, 20s);
  expect(1min, Condition::unverified);
  end(Outcome::not_modified, 20s);
  facts.last_change = noon - 10h;
  facts.expected_change_every = 12h;
  expect(1min, Condition::healthy);
  facts.expected_change_every = 10h;
  expect(1min, Condition::suspect, noon);

  facts = Facts();
  facts.known_since = noon;
  expect(1min, Condition::never_ran);
  expect(4min, Condition::late);
  facts.state.last_slot = noon;
  facts.imported = true;
  expect(1min, Condition::never_ran);
  end(Outcome::success, 20s);  // of a run that was taken over
  expect(1min, Condition::adopting);
}

TEST_F(HealthTest, PausedHidesAllButInvalidAndStuck) {
  hourly.enabled = false;
  end(Outcome::failed, 20s, FailureType::credentials);
  expect(1000h, Condition::paused);
  facts.state.running = State::Running{noon, noon};
  expect(1h, Condition::stuck);
  facts.invalid_since = noon - 1h;
  expect(1h, Condition::invalid, noon - 1h);
}

TEST_F(HealthTest, WaitingForOthersIsNotLate) {
  hourly.after = {"b"};
  expect(1h + 30min, Condition::healthy);
  hourly.deadline = 13h + 10min;
  expect(1h + 13min, Condition::healthy);
  expect(1h + 14min, Condition::late);
}

TEST_F(HealthTest, AClockSetBackAlarmsNobody) { expect(-50h, Condition::healthy); }

}  // namespace
}  // namespace schedule
