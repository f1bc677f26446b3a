#include "resilience/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/rng.hpp"
#include "resilience/keyed_rate_limiter.hpp"

using namespace std::chrono_literals;
using base::Duration;
using base::SteadyTime;
using resilience::Gcra;
using resilience::KeyedRateLimiter;
using resilience::RateLimiter;
using resilience::RateOptions;
using resilience::TokenBucket;

namespace {

constexpr SteadyTime start{1h};

template <class Limiter>
struct Limiters : testing::Test {};
using Both = testing::Types<TokenBucket, Gcra>;
TYPED_TEST_SUITE(Limiters, Both);

// 5 a second, 3 at once: 0, 0, 0, then one every 200 ms.
TYPED_TEST(Limiters, ABurstThenTheRate) {
  TypeParam limiter({.calls = 5, .per = 1s, .burst = 3});
  std::vector<Duration> times;
  for (int i = 0; i < 6; ++i) times.push_back(*limiter.reserve(start) - start);
  EXPECT_EQ(times, (std::vector<Duration>{0s, 0s, 0s, 200ms, 400ms, 600ms}));
  // 600 ms later the promised ones are gone, and nothing has been saved: the next is 200 ms away.
  EXPECT_FALSE(limiter.try_take(start + 600ms));
  EXPECT_TRUE(limiter.try_take(start + 800ms));
}

TYPED_TEST(Limiters, NothingIsTakenForAPlaceThatComesTooLate) {
  TypeParam limiter({.calls = 1, .per = 10s});
  EXPECT_TRUE(limiter.try_take(start));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(limiter.reserve(start, start + 10s - 1ns));
  EXPECT_EQ(limiter.reserve(start, start + 10s), start + 10s);
  EXPECT_EQ(limiter.reserve(start + 20s), start + 20s);
}

TYPED_TEST(Limiters, ARestSavesNoMoreThanABurst) {
  TypeParam limiter({.calls = 10, .per = 1s, .burst = 4});
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += limiter.try_take(start + 24h) ? 1 : 0;
  EXPECT_EQ(taken, 4);
  for (int i = 0; i < 100; ++i) taken += limiter.try_take(start + 48h) ? 1 : 0;
  EXPECT_EQ(taken, 8);
}

TYPED_TEST(Limiters, AnEarlierTimeOfAnotherThread) {
  TypeParam limiter({.calls = 1, .per = 1s});
  EXPECT_TRUE(limiter.try_take(start + 10s));
  EXPECT_FALSE(limiter.try_take(start));
  EXPECT_EQ(limiter.reserve(start), start + 11s);
}

TYPED_TEST(Limiters, OptionsThatMakeNoSense) {
  constexpr int least = std::numeric_limits<int>::min(), most = std::numeric_limits<int>::max();
  for (const RateOptions& options :
       {RateOptions{least, Duration::min(), least}, RateOptions{most, Duration::max(), most},
        RateOptions{1, Duration::max(), most}, RateOptions{most, 1ns, most}, RateOptions{1, 1ns, most}}) {
    TypeParam limiter(options);
    for (int i = 0; i < 1000; ++i) {
      const auto at = limiter.reserve(start + Duration(i));
      ASSERT_TRUE(at || i > 30) << "a promise for the next decades";
      ASSERT_GE(at.value_or(SteadyTime::max()), start + Duration(i));
    }
  }
}

// No window holds more than burst + W · calls / per, however the callers come; and nobody waits who need not:
// the model grants at the first time at which that still holds for all windows that end then.
TYPED_TEST(Limiters, LikeAListOfAllStarts) {
  base::Rng rng(31);
  for (int round = 0; round < 12; ++round) {
    const auto calls = static_cast<int>(rng.between(1, 9));
    const Duration interval{rng.between(1, 1000)};
    const auto burst = static_cast<int>(rng.between(1, 6));
    TypeParam limiter({.calls = calls, .per = interval * calls, .burst = burst});
    std::vector<SteadyTime> begun;  // in order
    SteadyTime now = start;
    for (int step = 0; step < 1000; ++step) {
      now += Duration(rng.between(0, interval.count() * 2));
      SteadyTime expected =
          now;  // the k-th newest start before this one allows it (k − burst + 1) intervals later
      for (std::size_t k = static_cast<std::size_t>(burst); k <= begun.size(); ++k)
        expected = std::max(expected, begun[begun.size() - k] + interval * static_cast<int>(k - burst + 1));
      const SteadyTime latest = now + Duration(rng.between(0, interval.count() * 3));
      const auto at = limiter.reserve(now, latest);
      ASSERT_EQ(at.has_value(), expected <= latest) << "round " << round << ", step " << step;
      if (at) {
        ASSERT_EQ(*at, expected) << "round " << round << ", step " << step;
        begun.push_back(*at);
      }
    }
  }
}

TYPED_TEST(Limiters, ThreadsGetNoMoreThanTheRate) {
  TypeParam limiter({.calls = 1, .per = 1us, .burst = 7});
  std::atomic<std::int64_t> time = 0;
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i)
      workers.emplace_back([&] {
        for (int call = 0; call < 10'000; ++call)
          taken += limiter.try_take(start + Duration(time.fetch_add(100))) ? 1 : 0;
      });
  }
  EXPECT_LE(taken, 4000 + 7);  // 4 ms
  EXPECT_GE(taken, 3000);
}

// Three calls in 10 ns: at 4, 7, 10, 14, 17, 20 …; an interval rounded to 4 ns would lose one in six.
TEST(TokenBucket, DoesNotRound) {
  TokenBucket bucket({.calls = 3, .per = 10ns});
  SteadyTime at = *bucket.reserve(start);
  for (int i = 0; i < 3000; ++i) at = *bucket.reserve(start);
  EXPECT_EQ(at, start + 10'000ns);
  EXPECT_DOUBLE_EQ(bucket.tokens(start), -3000);
  EXPECT_DOUBLE_EQ(bucket.tokens(start + 10'000ns), 0);
}

TEST(KeyedRateLimiter, EachKeyHasItsOwn) {
  KeyedRateLimiter<std::string> limiter({.calls = 1, .per = 1s}, 10);
  EXPECT_TRUE(limiter.try_take("a", start));
  EXPECT_FALSE(limiter.try_take("a", start));
  EXPECT_TRUE(limiter.try_take("b", start));
  EXPECT_EQ(limiter.reserve("a", start), start + 1s);
  EXPECT_EQ(limiter.reserve("a", start), start + 2s);
}

TEST(KeyedRateLimiter, OneKeyIsALimiterOfItsOwn) {
  KeyedRateLimiter<std::string> limiter({.calls = 1, .per = 1s}, 10);
  auto a = limiter.of("a");
  RateLimiter& one = a;
  EXPECT_TRUE(one.try_take(start));
  EXPECT_FALSE(limiter.try_take("a", start));
  EXPECT_TRUE(limiter.try_take("b", start));
}

TEST(KeyedRateLimiter, ForgetsOnlyWhatIsFullAgain) {
  KeyedRateLimiter<int> limiter({.calls = 1, .per = 1s}, 2);
  EXPECT_TRUE(limiter.try_take(1, start));
  EXPECT_TRUE(limiter.try_take(2, start + 500ms));
  // Both are in use, so 3 and 4 share one.
  EXPECT_TRUE(limiter.try_take(3, start + 600ms));
  EXPECT_FALSE(limiter.try_take(4, start + 600ms));
  EXPECT_FALSE(limiter.try_take(1, start + 600ms)) << "a flood of keys does not reset it";
  EXPECT_EQ(limiter.size(), 2U);
  // 1 is full again and makes room for 4; 2 is not.
  EXPECT_TRUE(limiter.try_take(4, start + 1s));
  EXPECT_FALSE(limiter.try_take(2, start + 1s));
  EXPECT_EQ(limiter.size(), 2U);
}

// As long as not all are in use, it behaves as one limiter for each key that is never forgotten.
TEST(KeyedRateLimiter, LikeALimiterForEachKey) {
  base::Rng rng(8);
  const RateOptions options{.calls = 1, .per = 100ns, .burst = 3};
  KeyedRateLimiter<int> limiter(options,
                                400);  // a key is full again after 300 ns, in which 300 keys are used
  std::vector<std::unique_ptr<Gcra>> model(1000);
  SteadyTime now = start;
  for (int step = 0; step < 20'000; ++step, now += 1ns) {
    const auto key = static_cast<int>(rng.below(10) == 0 ? rng.below(1000) : rng.below(20));
    auto& own = model[static_cast<std::size_t>(key)];
    if (!own) own = std::make_unique<Gcra>(options);
    ASSERT_EQ(limiter.try_take(key, now), own->try_take(now)) << "step " << step;
    ASSERT_LE(limiter.size(), 400U);
  }
}

TEST(KeyedRateLimiter, ThreadsWithManyKeys) {
  KeyedRateLimiter<int> limiter({.calls = 1, .per = 1us}, 16);
  std::atomic<std::int64_t> time = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i)
      workers.emplace_back([&, i] {
        base::Rng rng(static_cast<std::uint64_t>(i));
        for (int call = 0; call < 5000; ++call)
          (void)limiter.reserve(static_cast<int>(rng.below(64)), start + Duration(time.fetch_add(50)));
      });
  }
  EXPECT_LE(limiter.size(), 16U);
}

}  // namespace
