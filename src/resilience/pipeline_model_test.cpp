// Whole pipelines with random policies, and a callable that fails, hangs and asks for patience at random:
// what must hold for every call, whatever the options.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "resilience/pipeline.hpp"

using namespace std::chrono_literals;
using base::Code;
using base::Duration;
using base::SteadyTime;
using resilience::Attempt;
using resilience::CircuitBreaker;
using resilience::End;

namespace {

struct Random {
  base::Rng rng{20251123};
  base::SimulatedClock clock{base::SimulatedClock::Mode::automatic};
  std::map<End, int> ends{};
  int good = 0;

  Duration duration(std::int64_t low, std::int64_t high) { return Duration(rng.between(low, high)); }

  // One world of policies, through which many calls go.
  void round() {
    resilience::Bulkhead bulkhead({.concurrent = 1});
    resilience::Gcra limiter(
        {.calls = 1, .per = duration(1, 300), .burst = static_cast<int>(rng.between(1, 5))});
    CircuitBreaker breaker({.period = duration(100, 10'000),
                            .minimum_calls = static_cast<int>(rng.between(1, 20)),
                            .open_for = duration(1, 5000)});
    resilience::RetryBudget budget({.initial = 5, .per_call = 0.25, .cap = 20});
    const resilience::RetryOptions retry{.max_attempts = static_cast<int>(rng.between(1, 6)),
                                         .backoff = {.base = duration(0, 200), .cap = duration(0, 2000)}};
    const Duration timeout = duration(1, 1000);
    const auto guarded = resilience::pipeline(clock, rng)
                             .bulkhead(bulkhead)
                             .limit(limiter)
                             .breaker(breaker)
                             .budget(budget)
                             .retry(retry)
                             .timeout(timeout);
    const std::uint64_t bad = rng.below(10);
    for (int call = 0; call < 250; ++call) {
      clock.advance(duration(0, 400));
      const SteadyTime deadline = rng.below(5) == 0 ? SteadyTime::max() : clock.steady() + duration(0, 3000);
      const double tokens = budget.tokens();
      int attempts = 0;
      SteadyTime not_before{};
      const auto result = guarded.call(
          [&](const Attempt& attempt) -> base::Result<int> {
            const SteadyTime now = clock.steady();
            EXPECT_EQ(attempt.number, ++attempts);
            EXPECT_EQ(bulkhead.in_flight(), 1);
            EXPECT_LT(now, deadline);
            EXPECT_EQ(attempt.deadline, std::min(deadline, now + timeout));
            EXPECT_GE(now, not_before) << "earlier than the other side allowed";
            EXPECT_NE(breaker.state(now), CircuitBreaker::State::open);
            clock.advance(std::min(duration(0, 300), attempt.deadline - now));
            if (rng.below(10) >= bad) return 1;
            base::Error error{rng.below(3) == 0 ? Code::rate_limited : Code::unavailable, "no"};
            if (rng.below(40) == 0) error.code = Code::invalid_data;
            if (rng.below(4) == 0) error.retry_after = std::chrono::milliseconds(rng.below(2));
            not_before = clock.steady() + error.retry_after.value_or(0ms);
            return error;
          },
          deadline);
      EXPECT_LE(clock.steady(), deadline) << "attempts and waits together";
      EXPECT_LE(attempts, retry.max_attempts);
      EXPECT_EQ(bulkhead.in_flight(), 0);
      // What was earned at the first attempt, and one for each retry; or for one that was refused after its
      // wait.
      const double spent = std::min(20.0, tokens + (attempts > 0 ? 0.25 : 0)) - budget.tokens();
      EXPECT_GE(spent, std::max(0, attempts - 1));
      EXPECT_LE(spent, attempts);
      if (result) {
        ++good;
        continue;
      }
      ++ends[result.error().end];
      EXPECT_EQ(result.error().attempts, attempts);
      EXPECT_EQ(result.error().error.has_value(), attempts > 0);
      EXPECT_FALSE(base::Error(resilience::Failure(result.error()).to_error(clock.steady())).message.empty());
    }
  }
};

TEST(PipelineModel, RandomPoliciesAndFailures) {
  Random random;
  for (int round = 0; round < 200 && !testing::Test::HasFailure(); ++round) random.round();
  EXPECT_GT(random.good, 1000);
  for (const End end :
       {End::failed, End::attempts_spent, End::budget_spent, End::deadline, End::limited, End::circuit_open})
    EXPECT_GT(random.ends[end], 20) << "end " << static_cast<int>(end) << " was hardly seen";
}

}  // namespace
