#include "resilience/pipeline.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using base::Code;
using base::Duration;
using base::Error;
using base::Result;
using base::SimulatedClock;
using base::SteadyTime;
using resilience::after;
using resilience::Attempt;
using resilience::Bulkhead;
using resilience::CircuitBreaker;
using resilience::CircuitOptions;
using resilience::End;
using resilience::Gcra;
using resilience::Jitter;
using resilience::pipeline;
using resilience::RetryBudget;
using resilience::RetryOptions;
using resilience::Stage;
using resilience::Verdict;

namespace {

const RetryOptions r1{.max_attempts = 5, .backoff = {.base = 1s, .cap = 8s, .jitter = Jitter::none}};

// Automatic time: a sleep is over at once, at its end.
struct Pipeline : testing::Test {
  SimulatedClock clock{SimulatedClock::Mode::automatic};
  base::Rng rng{1};
  const SteadyTime start = clock.steady();
  std::vector<Duration> times;  // of the attempts, since the start

  // Fails so often, then returns the number of the attempt.
  auto flaky(int failures, const Error& error = {Code::unavailable, "503"}, Duration takes = 0s) {
    return [this, failures, error, takes](const Attempt& attempt) -> Result<int> {
      times.push_back(clock.steady() - start);
      clock.advance(takes);
      if (attempt.number <= failures) return error;
      return attempt.number;
    };
  }
};

TEST_F(Pipeline, WithoutPoliciesItOnlyCalls) {
  const auto bare = pipeline(clock, rng);
  EXPECT_EQ(bare.call(flaky(0)).value(), 1);
  const auto result = bare.call(flaky(1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().end, End::attempts_spent);
  EXPECT_EQ(result.error().error->message, "503");
  EXPECT_FALSE(result.error().rejected());
}

TEST_F(Pipeline, NothingAndWhatOnlyMoves) {
  const auto bare = pipeline(clock, rng);
  EXPECT_TRUE(bare.call([](const Attempt&) -> Result<void> { return {}; }));
  auto moved =
      bare.call([](const Attempt&) -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); });
  EXPECT_EQ(**moved, 7);
}

// Fails at once four times: attempts at 0, 1, 1 + 2, 3 + 4 and 7 + 8 s; the fifth is good.
TEST_F(Pipeline, RetriesOnTheHour) {
  const auto guarded = pipeline(clock, rng).retry(r1);
  EXPECT_EQ(guarded.call(flaky(4)).value(), 5);
  EXPECT_EQ(times, (std::vector<Duration>{0s, 1s, 3s, 7s, 15s}));
}

TEST_F(Pipeline, FinalErrorsAreNotTriedAgain) {
  const auto guarded = pipeline(clock, rng).retry(r1);
  for (const Code code : {Code::cancelled, Code::endpoint_gone, Code::permission, Code::invalid_config,
                          Code::invalid_data, Code::conflict, Code::no_space, Code::internal}) {
    const auto result = guarded.call(flaky(9, {code, "no"}));
    EXPECT_EQ(result.error().end, End::failed);
    EXPECT_EQ(result.error().attempts, 1);
    EXPECT_EQ(result.error().error->code, code);
  }
}

// Asked for 3 s after the first failure, whose own delay would be 1 s.
TEST_F(Pipeline, WaitsAsLongAsTheOtherSideAskedFor) {
  const auto guarded = pipeline(clock, rng).retry(r1);
  EXPECT_EQ(guarded.call(flaky(2, {Code::rate_limited, "429", 3s})).value(), 3);
  EXPECT_EQ(times, (std::vector<Duration>{0s, 3s, 6s}));
  const auto late = guarded.call(flaky(9, {Code::rate_limited, "429", 1h}), after(clock.steady(), 10s));
  EXPECT_EQ(late.error().end, End::deadline);
  EXPECT_EQ(late.error().retry_at, clock.steady() + 1h) << "it did not sleep";
  auto endless = guarded.call(flaky(9, {Code::rate_limited, "429", std::chrono::milliseconds::max()}));
  EXPECT_EQ(endless.error().end, End::deadline);
}

// Attempts of 2 s with 5 s to live: 0–2, wait 1 s, 3–5 which is the deadline; the next is not begun.
TEST_F(Pipeline, NeverBeyondTheDeadline) {
  const auto guarded = pipeline(clock, rng).retry(r1).timeout(30s);
  std::vector<Duration> allowed;
  const auto result = guarded.call(
      [&](const Attempt& attempt) -> Result<int> {
        allowed.push_back(attempt.deadline - clock.steady());
        clock.advance(2s);
        return base::error(Code::timeout, "slow");
      },
      start + 5s);
  EXPECT_EQ(allowed, (std::vector<Duration>{5s, 2s}));
  EXPECT_EQ(clock.steady(), start + 5s);
  EXPECT_EQ(result.error().end, End::deadline);
  EXPECT_EQ(guarded.call(flaky(0), start + 5s).error().end, End::deadline);
  EXPECT_TRUE(guarded.call(flaky(0), start + 5s).error().rejected());
}

TEST_F(Pipeline, EachAttemptHasItsTimeout) {
  const auto guarded = pipeline(clock, rng).retry(r1).timeout(2s);
  std::vector<SteadyTime> deadlines;
  (void)guarded.call([&](const Attempt& attempt) -> Result<int> {
    deadlines.push_back(attempt.deadline);
    return base::error(Code::timeout, "slow");
  });
  EXPECT_EQ(deadlines,
            (std::vector<SteadyTime>{start + 2s, start + 3s, start + 5s, start + 9s, start + 17s}));
}

// 2 tokens and 0.5 a call: the first call spends two (2.5 − 2 = 0.5), the second earns 1.0 and spends it.
TEST_F(Pipeline, TheBudgetEndsWithTheOriginalError) {
  RetryBudget budget({.initial = 2, .per_call = 0.5});
  const auto guarded = pipeline(clock, rng).budget(budget).retry(r1);
  auto first = guarded.call(flaky(9, {Code::unavailable, "503 from upstream"}));
  EXPECT_EQ(first.error().end, End::budget_spent);
  EXPECT_EQ(first.error().attempts, 3);
  EXPECT_DOUBLE_EQ(budget.tokens(), 0.5);
  EXPECT_EQ(guarded.call(flaky(9)).error().attempts, 2);
  EXPECT_DOUBLE_EQ(budget.tokens(), 0);
  const Error error = std::move(first.error()).to_error(start);
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_EQ(error.message, "after 3 attempts, no retry: the retry budget is spent: 503 from upstream");
}

TEST_F(Pipeline, AnOpenBreakerRejects) {
  CircuitBreaker breaker({.minimum_calls = 3});
  RetryBudget budget;
  const auto guarded = pipeline(clock, rng).breaker(breaker).budget(budget).retry(r1);
  // The third failure opens it, and that ends the retries: two tokens were spent, at 0 and 1 s.
  auto failed = guarded.call(flaky(9));
  EXPECT_EQ(failed.error().end, End::circuit_open);
  EXPECT_EQ(failed.error().attempts, 3);
  EXPECT_EQ(failed.error().error->message, "503");
  EXPECT_DOUBLE_EQ(budget.tokens(), 8.2);
  EXPECT_EQ(failed.error().retry_at, start + 3s + 30s);
  auto rejected = guarded.call(flaky(0));
  EXPECT_EQ(rejected.error().end, End::circuit_open);
  EXPECT_TRUE(rejected.error().rejected());
  EXPECT_FALSE(rejected.error().error);
  EXPECT_DOUBLE_EQ(budget.tokens(), 8.2) << "what is not called earns nothing";
  const Error error = std::move(rejected.error()).to_error(clock.steady());
  EXPECT_EQ(error.code, Code::unavailable);
  EXPECT_EQ(error.retry_after, 30s);
  clock.advance(30s);
  EXPECT_EQ(guarded.call(flaky(0)).value(), 1);
  EXPECT_EQ(breaker.state(clock.steady()), CircuitBreaker::State::closed);
}

TEST_F(Pipeline, OnlyFaultsOfTheDependencyCount) {
  CircuitBreaker breaker({.minimum_calls = 1});
  const auto guarded = pipeline(clock, rng).breaker(breaker);
  for (const Code code : {Code::cancelled, Code::rate_limited, Code::invalid_data, Code::permission})
    EXPECT_FALSE(guarded.call(flaky(9, {code, "no"})));
  EXPECT_EQ(breaker.state(clock.steady()), CircuitBreaker::State::closed);
  EXPECT_FALSE(guarded.call(flaky(9, {Code::timeout, "slow"})));
  EXPECT_EQ(breaker.state(clock.steady()), CircuitBreaker::State::open);
}

TEST_F(Pipeline, OwnClassification) {
  CircuitBreaker breaker({.minimum_calls = 1});
  const auto guarded = pipeline(clock, rng).breaker(breaker).retry(r1).classify([](const Error& error) {
    return Verdict{.retry = error.code == Code::conflict};
  });
  EXPECT_EQ(guarded.call(flaky(2, {Code::conflict, "held"})).value(), 3);
  EXPECT_EQ(guarded.call(flaky(2, {Code::unavailable, "503"})).error().end, End::failed);
  EXPECT_EQ(breaker.state(clock.steady()), CircuitBreaker::State::closed);
}

TEST_F(Pipeline, SlowCallsAreMeasured) {
  CircuitBreaker breaker({.minimum_calls = 2, .slow_call = 1s});
  const auto guarded = pipeline(clock, rng).breaker(breaker);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(guarded.call(flaky(0, {}, 1001ms)));
  EXPECT_EQ(breaker.state(clock.steady()), CircuitBreaker::State::open);
}

// One call a second: the attempts, retries among them, are at least a second apart.
TEST_F(Pipeline, EveryAttemptIsUnderTheRateLimit) {
  Gcra limiter({.calls = 1, .per = 10s});
  const auto guarded = pipeline(clock, rng).limit(limiter).retry(r1);
  EXPECT_EQ(guarded.call(flaky(1)).value(), 2);
  EXPECT_EQ(guarded.call(flaky(0)).value(), 1);
  EXPECT_EQ(times, (std::vector<Duration>{0s, 10s, 20s}));
  const auto late = guarded.call(flaky(0), clock.steady() + 10s);
  EXPECT_EQ(late.error().end, End::limited);
  EXPECT_EQ(clock.steady(), start + 20s) << "refused at once";
  EXPECT_TRUE(guarded.call(flaky(0), clock.steady() + 10s + 1ns)) << "the refused one took no place";
}

TEST_F(Pipeline, AnOpenBreakerTakesNothingFromTheLimiter) {
  Gcra limiter({.calls = 1, .per = 10s});
  CircuitBreaker breaker(CircuitOptions{});
  breaker.force(CircuitBreaker::State::forced_open);
  const auto guarded = pipeline(clock, rng).limit(limiter).breaker(breaker);
  EXPECT_EQ(guarded.call(flaky(0)).error().end, End::circuit_open);
  EXPECT_TRUE(limiter.try_take(clock.steady()));
}

TEST_F(Pipeline, AFullBulkheadRefuses) {
  Bulkhead bulkhead({.concurrent = 1});
  const auto guarded = pipeline(clock, rng).bulkhead(bulkhead).retry(r1);
  const auto outer = guarded.call([&](const Attempt&) -> Result<int> {
    EXPECT_EQ(bulkhead.in_flight(), 1);
    const auto inner = guarded.call(flaky(0));
    EXPECT_EQ(inner.error().end, End::bulkhead_full);
    return 1;
  });
  EXPECT_TRUE(outer);
  EXPECT_EQ(guarded.call(flaky(2)).value(), 3);
  EXPECT_EQ(bulkhead.in_flight(), 0);
}

TEST_F(Pipeline, AnExceptionGivesBackWhatTheAttemptHad) {
  Bulkhead bulkhead({.concurrent = 1});
  CircuitBreaker breaker({.minimum_calls = 1});
  breaker.force(CircuitBreaker::State::half_open);
  const auto guarded = pipeline(clock, rng).bulkhead(bulkhead).breaker(breaker);
  EXPECT_THROW((void)guarded.call([](const Attempt&) -> Result<int> { throw std::runtime_error("x"); }),
               std::runtime_error);
  EXPECT_EQ(bulkhead.in_flight(), 0);
  EXPECT_TRUE(guarded.call(flaky(0))) << "the probe's place is free";
}

TEST_F(Pipeline, AStoppedCallIsNotMade) {
  std::stop_source stop;
  stop.request_stop();
  auto result = pipeline(clock, rng).retry(r1).call(flaky(0), SteadyTime::max(), stop.get_token());
  EXPECT_EQ(result.error().end, End::stopped);
  EXPECT_EQ(std::move(result.error()).to_error(start).code, Code::cancelled);
  EXPECT_TRUE(times.empty());
}

// The system's clock and an hour of backoff; the test would take that hour if the stop did not end it.
TEST(PipelineStop, WakesAnHourOfBackoff) {
  base::SystemClock clock;
  base::Rng rng(1);
  std::stop_source stop;
  std::atomic<int> attempts = 0;
  const auto guarded =
      pipeline(clock, rng)
          .retry({.max_attempts = 2, .backoff = {.base = 1h, .cap = 1h, .jitter = Jitter::none}});
  std::jthread stopper([&] {
    attempts.wait(0);
    stop.request_stop();
  });
  const auto result = guarded.call(
      [&](const Attempt&) -> Result<int> {
        attempts = 1;
        attempts.notify_one();
        return base::error(Code::unavailable, "503");
      },
      SteadyTime::max(), stop.get_token());
  EXPECT_EQ(result.error().end, End::stopped);
  EXPECT_EQ(result.error().error->message, "503");
}

template <class P>
constexpr bool takes_limit = requires(P it, Gcra& limiter) {
  it.limit(limiter);
};
template <class P>
constexpr bool takes_timeout = requires(P it) {
  it.timeout(1s);
};

// The order in which it reads is the order in which it works.
static_assert(takes_limit<resilience::Pipeline<Stage::bulkhead>>);
static_assert(!takes_limit<resilience::Pipeline<Stage::limit>>);
static_assert(!takes_limit<resilience::Pipeline<Stage::retry>>);
static_assert(takes_timeout<resilience::Pipeline<Stage::retry>>);
static_assert(!takes_timeout<resilience::Pipeline<Stage::timeout>>);

}  // namespace
