#include "resilience/circuit_breaker.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include "base/rng.hpp"

using namespace std::chrono_literals;
using base::Duration;
using base::SteadyTime;
using resilience::CircuitBreaker;
using resilience::CircuitOptions;
using Permit = CircuitBreaker::Permit;
using Result = CircuitBreaker::CallResult;
using State = CircuitBreaker::State;

namespace {

constexpr SteadyTime start{1h};

void calls(CircuitBreaker& breaker, int number, Result result, SteadyTime now, Duration elapsed = 1ms) {
  for (int i = 0; i < number; ++i) {
    const auto permit = breaker.try_acquire(now);
    ASSERT_TRUE(permit);
    breaker.finish(*permit, result, elapsed, now);
  }
}

void open(CircuitBreaker& breaker, SteadyTime now = start) {
  calls(breaker, 10, Result::failure, now);
  ASSERT_EQ(breaker.state(now), State::open);
}

// 5 good and 5 bad of 10: the tenth makes it half of at least 10.
TEST(CircuitBreaker, OpensAtTheRateOfEnoughCalls) {
  for (const auto window : {CircuitOptions::Window::count, CircuitOptions::Window::time}) {
    CircuitBreaker breaker({.window = window});
    calls(breaker, 5, Result::failure, start);
    calls(breaker, 4, Result::success, start);
    EXPECT_EQ(breaker.state(start), State::closed) << "9 calls are too few";
    calls(breaker, 1, Result::success, start);
    EXPECT_EQ(breaker.state(start), State::open);
    EXPECT_FALSE(breaker.try_acquire(start + 29s));
    EXPECT_EQ(breaker.next_probe_at(), start + 30s);
  }
}

// 51 good, then bad ones: after 51 the window of 100 holds 49 good and 51 bad; after 50 it is 50 of 100.
TEST(CircuitBreaker, WindowOfCallsForgetsTheOldest) {
  CircuitBreaker breaker({.window = CircuitOptions::Window::count});
  calls(breaker, 500, Result::success, start);
  calls(breaker, 49, Result::failure, start);
  EXPECT_EQ(breaker.state(start), State::closed);
  calls(breaker, 1, Result::failure, start);
  EXPECT_EQ(breaker.state(start), State::open);
}

TEST(CircuitBreaker, WindowOfTimeForgetsTheOldest) {
  CircuitBreaker breaker(CircuitOptions{});
  calls(breaker, 9, Result::failure, start);
  calls(breaker, 1, Result::failure, start + 60s);
  EXPECT_EQ(breaker.state(start + 60s), State::closed) << "nine of ten are a minute old";
  calls(breaker, 9, Result::failure, start + 61s);
  EXPECT_EQ(breaker.state(start + 61s), State::open);
}

TEST(CircuitBreaker, AWindowSmallerThanTheMinimumStillOpens) {
  CircuitBreaker breaker({.window = CircuitOptions::Window::count, .calls = 4, .minimum_calls = 100});
  calls(breaker, 4, Result::failure, start);
  EXPECT_EQ(breaker.state(start), State::open);
}

TEST(CircuitBreaker, IgnoredCallsCountForNothing) {
  CircuitBreaker breaker(CircuitOptions{});
  calls(breaker, 9, Result::failure, start);
  calls(breaker, 50, Result::ignored, start);
  EXPECT_EQ(breaker.state(start), State::closed);
  calls(breaker, 1, Result::failure, start);
  EXPECT_EQ(breaker.state(start), State::open);
}

// 10 good calls of which 5 took longer than a second.
TEST(CircuitBreaker, SlowCallsCount) {
  CircuitBreaker breaker({.slow_call = 1s, .slow_rate = 0.5});
  EXPECT_TRUE(breaker.measures_time());
  calls(breaker, 5, Result::success, start, 1s);  // not longer
  calls(breaker, 4, Result::success, start, 1001ms);
  calls(breaker, 1, Result::ignored, start, 1h);
  EXPECT_EQ(breaker.state(start), State::closed);
  calls(breaker, 1, Result::success, start, 1001ms);
  EXPECT_EQ(breaker.state(start), State::open);
}

TEST(CircuitBreaker, OneProbeThenClosed) {
  CircuitBreaker breaker(CircuitOptions{});
  open(breaker);
  EXPECT_EQ(breaker.state(start + 30s), State::half_open);
  const auto probe = breaker.try_acquire(start + 30s);
  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->probe);
  EXPECT_FALSE(breaker.try_acquire(start + 30s)) << "one canary for all";
  EXPECT_EQ(breaker.next_probe_at(), start + 90s) << "when its lease ends";
  breaker.finish(*probe, Result::success, 1ms, start + 31s);
  EXPECT_EQ(breaker.state(start + 31s), State::closed);
  calls(breaker, 9, Result::failure, start + 31s);
  EXPECT_EQ(breaker.state(start + 31s), State::closed) << "the window began anew";
}

TEST(CircuitBreaker, AFailedProbeOpensAgainFromThatTime) {
  CircuitBreaker breaker({.slow_call = 2s});
  open(breaker);
  auto probe = breaker.try_acquire(start + 40s);
  breaker.finish(*probe, Result::failure, 1ms, start + 45s);
  EXPECT_EQ(breaker.next_probe_at(), start + 75s);
  EXPECT_FALSE(breaker.try_acquire(start + 74s));
  probe = breaker.try_acquire(start + 75s);
  breaker.finish(*probe, Result::success, 3s, start + 78s);
  EXPECT_EQ(breaker.next_probe_at(), start + 108s) << "a slow probe has not shown that it is well";
}

TEST(CircuitBreaker, ALostProbeGivesUpItsPlace) {
  CircuitBreaker breaker({.probe_lease = 20s});
  open(breaker);
  const auto lost = breaker.try_acquire(start + 30s);
  EXPECT_FALSE(breaker.try_acquire(start + 50s - 1ns));
  const auto second = breaker.try_acquire(start + 50s);
  ASSERT_TRUE(second);
  breaker.finish(*lost, Result::failure, 21s, start + 51s);
  EXPECT_EQ(breaker.state(start + 51s), State::half_open) << "it comes back after its place was given away";
  breaker.finish(*lost, Result::success, 21s, start + 51s);
  EXPECT_EQ(breaker.state(start + 51s), State::half_open);
  breaker.finish(*second, Result::success, 1s, start + 51s);
  EXPECT_EQ(breaker.state(start + 51s), State::closed);
}

TEST(CircuitBreaker, ALateProbeWhosePlaceNobodyTookStillCounts) {
  CircuitBreaker breaker({.probe_lease = 20s});
  open(breaker);
  const auto late = breaker.try_acquire(start + 30s);
  breaker.finish(*late, Result::success, 1h, start + 1h);
  EXPECT_EQ(breaker.state(start + 1h), State::closed);
  breaker.finish(*late, Result::failure, 1h, start + 1h);  // a second time
}

TEST(CircuitBreaker, ACancelledProbeFreesItsPlace) {
  CircuitBreaker breaker(CircuitOptions{});
  open(breaker);
  const auto cancelled = breaker.try_acquire(start + 30s);
  breaker.finish(*cancelled, Result::ignored, 1s, start + 31s);
  EXPECT_EQ(breaker.state(start + 31s), State::half_open);
  const auto next = breaker.try_acquire(start + 31s);
  ASSERT_TRUE(next);
  breaker.finish(*cancelled, Result::failure, 1s, start + 31s);  // twice: without effect
  EXPECT_EQ(breaker.state(start + 31s), State::half_open);
  breaker.finish(*next, Result::success, 1s, start + 31s);
  EXPECT_EQ(breaker.state(start + 31s), State::closed);
}

TEST(CircuitBreaker, SeveralProbesAndSuccesses) {
  CircuitBreaker breaker({.probes = 2, .successes_to_close = 3});
  open(breaker);
  const SteadyTime later = start + 30s;
  const auto first = breaker.try_acquire(later), second = breaker.try_acquire(later);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(breaker.try_acquire(later));
  breaker.finish(*first, Result::success, 1ms, later);
  breaker.finish(*second, Result::success, 1ms, later);
  EXPECT_EQ(breaker.state(later), State::half_open);
  calls(breaker, 1, Result::success, later);
  EXPECT_EQ(breaker.state(later), State::closed);
}

TEST(CircuitBreaker, ResultsOfCallsBegunBeforeTheLastChangeAreIgnored) {
  CircuitBreaker breaker(CircuitOptions{});
  std::vector<Permit> early;
  for (int i = 0; i < 20; ++i) early.push_back(*breaker.try_acquire(start));
  open(breaker);
  for (int i = 0; i < 10; ++i) breaker.finish(early[i], Result::success, 1ms, start + 1s);
  EXPECT_EQ(breaker.state(start + 1s), State::open) << "a good answer from before does not close it";
  const auto probe = breaker.try_acquire(start + 30s);
  breaker.finish(early[10], Result::failure, 1ms, start + 31s);
  EXPECT_EQ(breaker.state(start + 31s), State::half_open) << "nor does a bad one open it again";
  breaker.finish(*probe, Result::success, 1ms, start + 31s);
  for (const Permit& permit : early) breaker.finish(permit, Result::failure, 1ms, start + 32s);
  EXPECT_EQ(breaker.state(start + 32s), State::closed);
}

TEST(CircuitBreaker, ForcedStatesHoldUntilReset) {
  CircuitBreaker breaker(CircuitOptions{});
  breaker.force(State::forced_open);
  EXPECT_FALSE(breaker.try_acquire(start + 1000h));
  EXPECT_EQ(breaker.next_probe_at(), SteadyTime::max());
  breaker.force(State::forced_closed);
  calls(breaker, 100, Result::failure, start);
  EXPECT_EQ(breaker.state(start), State::forced_closed);
  breaker.reset();
  EXPECT_EQ(breaker.state(start), State::closed);
  EXPECT_EQ(breaker.next_probe_at(), SteadyTime::min());
  breaker.force(State::open);
  EXPECT_EQ(breaker.state(start), State::forced_open);
  breaker.force(State::half_open);
  EXPECT_EQ(breaker.next_probe_at(), SteadyTime::min());
  calls(breaker, 1, Result::success, start);
  EXPECT_EQ(breaker.state(start), State::closed);
}

TEST(CircuitBreaker, OptionsThatMakeNoSense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CircuitBreaker breaker({.calls = -1,
                          .period = -1s,
                          .minimum_calls = -5,
                          .failure_rate = nan,
                          .open_for = Duration::max(),
                          .probes = 0,
                          .probe_lease = -1s,
                          .successes_to_close = 0});
  calls(breaker, 3, Result::success, start);
  EXPECT_EQ(breaker.state(start), State::closed) << "no failure, however low the rate";
  calls(breaker, 1, Result::failure, start);
  EXPECT_EQ(breaker.state(start + 1000h), State::open);
  EXPECT_EQ(breaker.next_probe_at(), SteadyTime::max());
}

TEST(CircuitBreaker, ThreadsInEveryState) {
  CircuitBreaker breaker({.minimum_calls = 5, .open_for = 5us, .probes = 2, .probe_lease = 10us});
  std::atomic<std::int64_t> time = 0;
  std::atomic<int> admitted = 0, rejected = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i)
      workers.emplace_back([&, i] {
        base::Rng rng(static_cast<std::uint64_t>(i));
        for (int call = 0; call < 10'000; ++call) {
          const SteadyTime now = start + Duration(time.fetch_add(100));
          if (const auto permit = breaker.try_acquire(now)) {
            ++admitted;
            if (rng.below(10) != 0)
              breaker.finish(*permit, static_cast<Result>(rng.below(3)), 1ns, now + 1us);
          } else {
            ++rejected;
            (void)breaker.next_probe_at();
          }
          if (rng.below(2000) == 0) breaker.reset();
        }
      });
  }
  EXPECT_EQ(admitted + rejected, 40'000);
  EXPECT_GT(admitted, 0);
  EXPECT_GT(rejected, 0);
  const SteadyTime end = start + Duration(time) + 1s;
  EXPECT_TRUE(breaker.try_acquire(end)) << "whatever was lost, it is not wedged";
}

}  // namespace
