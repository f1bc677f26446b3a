#include "resilience/retry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

using namespace std::chrono_literals;
using base::Duration;
using base::Rng;
using base::SteadyTime;
using resilience::Decision;
using resilience::Jitter;
using resilience::Retry;
using resilience::RetryBudget;
using resilience::RetryOptions;
using Kind = resilience::Decision::Kind;

namespace {

constexpr SteadyTime start{1h};
constexpr SteadyTime never = SteadyTime::max();
const RetryOptions r1{.max_attempts = 5, .backoff = {.base = 1s, .cap = 8s, .jitter = Jitter::none}};

// A call that always fails, each attempt after `takes`: the delays before its retries, and why it ended.
struct Course {
  std::vector<Duration> delays;
  int attempts = 0;
  Decision end;
  SteadyTime over;
};

Course fail(const RetryOptions& options, SteadyTime deadline, Duration takes, RetryBudget* budget = nullptr) {
  Rng rng(7);
  Retry retry(options, start, deadline, budget, rng);
  Course course;
  SteadyTime now = start;
  while (retry.begin_attempt(now)) {
    now += takes;
    course.end = retry.after_failure(now);
    if (course.end.kind != Kind::wait) break;
    course.delays.push_back(course.end.delay);
    EXPECT_EQ(course.end.at, now + course.end.delay);
    now = course.end.at;
  }
  course.attempts = retry.attempts();
  course.over = now;
  return course;
}

// R1: attempts at 0, 1, 3, 7 and 15 s when they fail at once.
TEST(Retry, FiveAttemptsWaitOneTwoFourEight) {
  const Course course = fail(r1, never, 0s);
  EXPECT_EQ(course.delays, (std::vector<Duration>{1s, 2s, 4s, 8s}));
  EXPECT_EQ(course.attempts, 5);
  EXPECT_EQ(course.end.kind, Kind::attempts_spent);
  EXPECT_EQ(course.over, start + 15s);
}

// R21: 2, 4, 8, 16, 32 s; each attempt takes 1 s, so the last ends at 6 · 1 + 62 s.
TEST(Retry, SixAttemptsWaitTwoToThirtyTwo) {
  const RetryOptions r21{.max_attempts = 6, .backoff = {.base = 2s, .cap = 32s, .jitter = Jitter::none}};
  const Course course = fail(r21, never, 1s);
  EXPECT_EQ(course.delays, (std::vector<Duration>{2s, 4s, 8s, 16s, 32s}));
  EXPECT_EQ(course.over, start + 68s);
}

TEST(Retry, OneAttemptAtLeast) {
  for (const int attempts : {-3, 0, 1}) {
    const Course course = fail({.max_attempts = attempts, .backoff = {}}, never, 0s);
    EXPECT_EQ(course.attempts, 1);
    EXPECT_EQ(course.end.kind, Kind::attempts_spent);
  }
}

// Attempts of 1 s, deadline at 10 s: 0–1, wait 1, 2–3, wait 2, 5–6, and the next would begin at 6 + 4 = 10.
TEST(Retry, NoWaitThatEndsAtTheDeadlineOrLater) {
  const Course course = fail(r1, start + 10s, 1s);
  EXPECT_EQ(course.delays, (std::vector<Duration>{1s, 2s}));
  EXPECT_EQ(course.end.kind, Kind::deadline);
  EXPECT_EQ(course.end.delay, 4s);
  EXPECT_EQ(course.end.at, start + 10s);
  EXPECT_EQ(course.over, start + 6s) << "it does not sleep first";
  EXPECT_EQ(fail(r1, start + 10s + 1ns, 1s).attempts, 4);
}

TEST(Retry, AnAttemptGetsTheSmallerOfItsOwnTimeAndWhatIsLeft) {
  Rng rng(1);
  const Retry retry(r1, start, start + 40s, nullptr, rng);
  EXPECT_EQ(retry.attempt_timeout(start, 30s), 30s);
  EXPECT_EQ(retry.attempt_timeout(start + 15s, 30s), 25s);
  EXPECT_EQ(retry.attempt_timeout(start + 40s, 30s), 0s);
  EXPECT_EQ(retry.attempt_timeout(start + 41s, 30s), 0s);
  EXPECT_EQ(Retry(r1, start, never, nullptr, rng).attempt_timeout(start, 30s), 30s);
}

TEST(Retry, WhatComesLateIsNotBegun) {
  Rng rng(1);
  Retry retry(r1, start, start + 10s, nullptr, rng);
  ASSERT_TRUE(retry.begin_attempt(start));
  ASSERT_EQ(retry.after_failure(start + 1s).at, start + 2s);
  EXPECT_FALSE(retry.begin_attempt(start + 10s)) << "the sleep took longer than it should";
  EXPECT_EQ(retry.attempts(), 1);
  EXPECT_EQ(retry.elapsed(start + 10s), 10s);
}

TEST(Retry, NeverSoonerThanTheOtherSideAskedFor) {
  Rng rng(1);
  Retry retry(r1, start, start + 100s, nullptr, rng);
  ASSERT_TRUE(retry.begin_attempt(start));
  EXPECT_EQ(retry.after_failure(start, 3s).delay, 3s);  // the backoff alone would be 1 s
  ASSERT_TRUE(retry.begin_attempt(start + 3s));
  EXPECT_EQ(retry.after_failure(start + 3s, 0s).delay, 2s);  // 0 is valid, and the backoff holds
  ASSERT_TRUE(retry.begin_attempt(start + 5s));
  EXPECT_EQ(retry.after_failure(start + 5s, -3s).delay, 4s);
  ASSERT_TRUE(retry.begin_attempt(start + 9s));
  const Decision late = retry.after_failure(start + 9s, 120s);
  EXPECT_EQ(late.kind, Kind::deadline);
  EXPECT_EQ(late.at, start + 129s);
  EXPECT_EQ(late.delay, 120s);
}

TEST(Retry, TheLongestWaitDoesNotOverflow) {
  Rng rng(1);
  Retry retry(r1, start, never, nullptr, rng);
  ASSERT_TRUE(retry.begin_attempt(start));
  const Decision decision = retry.after_failure(start, Duration::max());
  EXPECT_EQ(decision.kind, Kind::deadline);
  EXPECT_EQ(decision.at, never);
}

// 3 tokens, nothing earned: call A of 5 attempts spends all three, then its fourth retry is refused; call B
// gets its first attempt and no retry; the error is the one it has.
TEST(Retry, SpentBudgetEndsTheCall) {
  RetryBudget budget({.initial = 3, .per_call = 0});
  const Course a = fail(r1, never, 0s, &budget);
  EXPECT_EQ(a.delays, (std::vector<Duration>{1s, 2s, 4s}));
  EXPECT_EQ(a.end.kind, Kind::budget_spent);
  const Course b = fail(r1, never, 0s, &budget);
  EXPECT_EQ(b.attempts, 1);
  EXPECT_EQ(b.end.kind, Kind::budget_spent);
}

// 10 + 0.2 − 4 for the first call, +0.2 − 4, +0.2 − 2: the third has its third retry refused at 0.6.
TEST(Retry, BudgetOverThreeCalls) {
  RetryBudget budget;
  EXPECT_EQ(fail(r1, never, 0s, &budget).attempts, 5);
  EXPECT_DOUBLE_EQ(budget.tokens(), 6.2);
  EXPECT_EQ(fail(r1, never, 0s, &budget).attempts, 5);
  EXPECT_DOUBLE_EQ(budget.tokens(), 2.4);
  EXPECT_EQ(fail(r1, never, 0s, &budget).attempts, 3);
  EXPECT_DOUBLE_EQ(budget.tokens(), 0.6);
}

TEST(Retry, NoTokenForARetryThatDoesNotHappen) {
  RetryBudget budget({.initial = 5, .per_call = 0});
  EXPECT_EQ(fail(r1, start + 1s, 0s, &budget).end.kind, Kind::deadline);
  EXPECT_DOUBLE_EQ(budget.tokens(), 5);
  EXPECT_EQ(fail({.max_attempts = 1, .backoff = {}}, never, 0s, &budget).end.kind, Kind::attempts_spent);
  EXPECT_DOUBLE_EQ(budget.tokens(), 5);
}

// Decorrelated: each delay in [base, 3 × the one before], whatever the other side asked for in between.
TEST(Retry, DecorrelatedDelaysFollowTheirOwn) {
  const RetryOptions options{.max_attempts = 100,
                             .backoff = {.base = 1s, .cap = 60s, .jitter = Jitter::decorrelated}};
  Rng rng(3);
  Retry retry(options, start, never, nullptr, rng);
  ASSERT_TRUE(retry.begin_attempt(start));
  EXPECT_EQ(retry.after_failure(start, 1h).delay, 1h);
  ASSERT_TRUE(retry.begin_attempt(start + 1h));
  EXPECT_LE(retry.after_failure(start + 1h).delay, 9s);
}

// The obvious model: compute everything again from the numbers, for random options, times and answers.
TEST(Retry, LikeTheObviousModel) {
  Rng rng(4711);
  int steps = 0;
  while (steps < 20'000) {
    const RetryOptions options{.max_attempts = static_cast<int>(rng.between(1, 8)),
                               .backoff = {.base = Duration(rng.between(0, 5000)),
                                           .cap = Duration(rng.between(0, 20'000)),
                                           .jitter = Jitter::none}};
    const SteadyTime deadline = rng.below(4) == 0 ? never : start + Duration(rng.between(0, 60'000));
    RetryBudget budget({.initial = static_cast<double>(rng.below(4)), .per_call = 0, .cap = 100});
    auto tokens = static_cast<int>(budget.tokens());
    Retry retry(options, start, deadline, &budget, rng);
    SteadyTime now = start;
    for (int attempt = 1;; ++attempt, ++steps) {
      ASSERT_EQ(retry.begin_attempt(now), now < deadline);
      if (now >= deadline) break;
      now += Duration(rng.between(0, 5000));
      const auto asked = rng.below(2) == 0 ? std::optional<Duration>() : Duration(rng.between(-5, 30'000));
      const Decision decision = retry.after_failure(now, asked);
      const Duration wait = std::max(
          std::min(options.backoff.cap, options.backoff.base * (1 << (attempt - 1))), asked.value_or(0s));
      const Kind kind = attempt >= options.max_attempts ? Kind::attempts_spent
                        : now + wait >= deadline        ? Kind::deadline
                        : tokens == 0                   ? Kind::budget_spent
                                                        : Kind::wait;
      ASSERT_EQ(decision.kind, kind) << "step " << steps;
      if (kind != Kind::attempts_spent) {
        ASSERT_EQ(decision.at, now + wait) << "step " << steps;
      }
      if (kind != Kind::wait) break;
      --tokens;
      ASSERT_EQ(budget.tokens(), tokens);
      now = decision.at + Duration(rng.between(0, 100));
    }
  }
}

}  // namespace
