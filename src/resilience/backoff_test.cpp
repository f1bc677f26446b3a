#include "resilience/backoff.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <vector>

using namespace std::chrono_literals;
using base::Duration;
using base::Rng;
using resilience::Backoff;
using resilience::Jitter;

namespace {

std::vector<Duration> delays(const Backoff& backoff, unsigned count, Rng& rng) {
  std::vector<Duration> result;
  Duration previous{};
  for (unsigned retry = 0; retry < count; ++retry) {
    previous = backoff.delay(retry, previous, rng);
    result.push_back(previous);
  }
  return result;
}

TEST(Backoff, R1FiveAttemptsWaitOneTwoFourEight) {
  Rng rng(1);
  const Backoff backoff{.base = 1s, .cap = 8s, .jitter = Jitter::none};
  EXPECT_EQ(delays(backoff, 6, rng), (std::vector<Duration>{1s, 2s, 4s, 8s, 8s, 8s}));
}

TEST(Backoff, R21SixAttemptsWaitTwoToThirtyTwo) {
  Rng rng(1);
  const Backoff backoff{.base = 2s, .cap = 32s, .jitter = Jitter::none};
  EXPECT_EQ(delays(backoff, 6, rng), (std::vector<Duration>{2s, 4s, 8s, 16s, 32s, 32s}));
}

TEST(Backoff, CapThatIsNoPowerOfTwoTimesBase) {
  Rng rng(1);
  const Backoff backoff{.base = 3ns, .cap = 10ns, .jitter = Jitter::none};
  EXPECT_EQ(delays(backoff, 4, rng), (std::vector<Duration>{3ns, 6ns, 10ns, 10ns}));
}

TEST(Backoff, ConstantIsTheSameEveryTime) {
  Rng rng(1);
  const Backoff backoff{.base = 5s, .cap = 8s, .jitter = Jitter::none, .kind = Backoff::Kind::constant};
  EXPECT_EQ(delays(backoff, 3, rng), (std::vector<Duration>{5s, 5s, 5s}));
  EXPECT_EQ(backoff.delay(UINT_MAX, 0s, rng), 5s);
  const Backoff half{.base = 5s, .cap = 8s, .jitter = Jitter::equal, .kind = Backoff::Kind::constant};
  for (int i = 0; i < 100; ++i) EXPECT_GE(half.delay(9, 0s, rng), 2500ms);
}

TEST(Backoff, AnyRetryNumberIsSafe) {
  Rng rng(1);
  for (const Jitter jitter : {Jitter::none, Jitter::full, Jitter::equal, Jitter::decorrelated}) {
    const Backoff widest{.base = 1ns, .cap = Duration::max(), .jitter = jitter};
    for (const unsigned retry : {0U, 30U, 31U, 32U, 61U, 62U, 63U, 64U, 65U, 1000U, UINT_MAX}) {
      const Duration delay = widest.delay(retry, Duration::max(), rng);
      EXPECT_GE(delay, 0ns) << retry;
    }
  }
  const Backoff plain{.base = 1ns, .cap = Duration::max(), .jitter = Jitter::none};
  EXPECT_EQ(plain.delay(62, 0ns, rng).count(), std::int64_t{1} << 62);
  EXPECT_EQ(plain.delay(63, 0ns, rng), Duration::max());
  EXPECT_EQ(plain.delay(UINT_MAX, 0ns, rng), Duration::max());
}

TEST(Backoff, ZeroAndNegativeBoundsMeanNoDelay) {
  Rng rng(1);
  for (const Jitter jitter : {Jitter::none, Jitter::full, Jitter::equal, Jitter::decorrelated}) {
    EXPECT_EQ((Backoff{.base = 0s, .cap = 8s, .jitter = jitter}.delay(UINT_MAX, 0s, rng)), 0s);
    EXPECT_EQ((Backoff{.base = 2s, .cap = 0s, .jitter = jitter}.delay(3, 0s, rng)), 0s);
    EXPECT_EQ((Backoff{.base = -2s, .cap = -1s, .jitter = jitter}.delay(3, -5s, rng)), 0s);
  }
}

TEST(Backoff, BaseAboveCapIsCapped) {
  Rng rng(1);
  for (const Jitter jitter : {Jitter::none, Jitter::decorrelated})
    EXPECT_EQ((Backoff{.base = 60s, .cap = 8s, .jitter = jitter}.delay(0, 0s, rng)), 8s);
}

// Bounds hold, and the whole range is used: over 2,000 draws both its lowest and highest tenth are hit.
void expect_range(Jitter jitter, unsigned retry, Duration previous, Duration low, Duration high) {
  Rng rng(42);
  const Backoff backoff{.base = 2s, .cap = 32s, .jitter = jitter};
  Duration least = Duration::max(), most = Duration::min();
  for (int i = 0; i < 2000; ++i) {
    const Duration delay = backoff.delay(retry, previous, rng);
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, low);
  EXPECT_LE(most, high);
  EXPECT_LT(least, low + (high - low) / 10);
  EXPECT_GT(most, high - (high - low) / 10);
}

TEST(Backoff, FullJitterIsZeroToD) { expect_range(Jitter::full, 2, 0s, 0s, 8s); }
TEST(Backoff, EqualJitterIsHalfToAll) { expect_range(Jitter::equal, 2, 0s, 4s, 8s); }
TEST(Backoff, EqualJitterAtTheCap) { expect_range(Jitter::equal, UINT_MAX, 0s, 16s, 32s); }
TEST(Backoff, DecorrelatedStartsBetweenBaseAndThreeTimesBase) {
  expect_range(Jitter::decorrelated, 0, 0s, 2s, 6s);
}
TEST(Backoff, DecorrelatedFollowsThePreviousDelay) { expect_range(Jitter::decorrelated, 1, 5s, 2s, 15s); }
TEST(Backoff, DecorrelatedIsCapped) { expect_range(Jitter::decorrelated, 9, 32s, 2s, 32s); }

TEST(Backoff, EqualJitterOfAnOddDelayNeverFallsUnderHalf) {
  Rng rng(7);
  const Backoff backoff{.base = 3ns, .cap = 3ns, .jitter = Jitter::equal};
  for (int i = 0; i < 100; ++i) EXPECT_GE(backoff.delay(0, 0ns, rng), 2ns);
}

TEST(Backoff, SameSeedSameDelays) {
  for (const Jitter jitter : {Jitter::full, Jitter::equal, Jitter::decorrelated}) {
    const Backoff backoff{.base = 1s, .cap = 60s, .jitter = jitter};
    Rng a(99), b(99), c(100);
    const auto first = delays(backoff, 20, a);
    EXPECT_EQ(first, delays(backoff, 20, b));
    EXPECT_NE(first, delays(backoff, 20, c));
  }
}

}  // namespace
