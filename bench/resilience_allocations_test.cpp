// A guarded call that succeeds, one that is rejected, and one that is tried again take no memory but what the
// callable's own error holds.
#include <gtest/gtest.h>

#include "count_allocations.hpp"
#include "resilience/pipeline.hpp"

using namespace std::chrono_literals;
using resilience::Attempt;
using resilience::CircuitBreaker;
using resilience::CircuitOptions;

namespace {

struct ResilienceAllocations : testing::Test {
  base::SimulatedClock clock{base::SimulatedClock::Mode::automatic};
  base::Rng rng{1};
  resilience::Bulkhead bulkhead{{}};
  resilience::TokenBucket limiter{{.calls = 1000, .per = 1s, .burst = 1000}};
  CircuitBreaker breaker{CircuitOptions{.probes = 2}};
  resilience::RetryBudget budget;

  auto guarded() {
    return resilience::pipeline(clock, rng)
        .bulkhead(bulkhead)
        .limit(limiter)
        .breaker(breaker)
        .budget(budget)
        .retry({.max_attempts = 5, .backoff = {}})
        .timeout(5s);
  }
  // Of 100 calls; the pipeline itself is made inside, too.
  template <class Callable>
  std::size_t allocations_of(Callable callable) {
    const std::size_t before = count_allocations();
    for (int i = 0; i < 100; ++i) (void)guarded().call(callable);
    return count_allocations() - before;
  }
};

TEST_F(ResilienceAllocations, NoneOnSuccess) {
  EXPECT_EQ(allocations_of([](const Attempt& attempt) -> base::Result<int> { return attempt.number; }), 0U);
}

TEST_F(ResilienceAllocations, NoneForARejection) {
  breaker.force(CircuitBreaker::State::forced_open);
  EXPECT_EQ(allocations_of([](const Attempt& attempt) -> base::Result<int> { return attempt.number; }), 0U);
}

// Messages short enough to lie in the string itself. Failures open the breaker, whose probes fail in turn.
TEST_F(ResilienceAllocations, NoneForRetries) {
  EXPECT_EQ(allocations_of([](const Attempt&) -> base::Result<int> {
              return base::Error{base::Code::unavailable, "503"};
            }),
            0U);
  EXPECT_EQ(allocations_of([this](const Attempt& attempt) -> base::Result<int> {
              clock.advance(31s);
              if (attempt.number < 3) return base::Error{base::Code::rate_limited, "429"};
              return 1;
            }),
            0U);
}

}  // namespace
