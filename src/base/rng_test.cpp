#include "base/rng.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>

namespace base {
namespace {

// The sequences of the authors' C code, xoshiro256** seeded by splitmix64.
TEST(Rng, SameSeedSameSequenceEverywhere) {
  Rng zero(0), other(42);
  for (const std::uint64_t expected :
       {0x99ec5f36cb75f2b4U, 0xbf6e1f784956452aU, 0x1a5f849d4933e6e0U, 0x6aa594f1262d2d2cU})
    EXPECT_EQ(zero.next(), expected);
  for (const std::uint64_t expected :
       {0x15780b2e0c2ec716U, 0x6104d9866d113a7eU, 0xae17533239e499a1U, 0xecb8ad4703b360a1U})
    EXPECT_EQ(other.next(), expected);
}

TEST(Rng, EntropyDiffers) { EXPECT_NE(Rng::from_entropy().next(), Rng::from_entropy().next()); }

TEST(Rng, UnitIsInItsRangeAndEven) {
  Rng rng(1);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double value = rng.unit();
    ASSERT_GE(value, 0);
    ASSERT_LT(value, 1);
    sum += value;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

TEST(Rng, BelowIsEvenByChiSquare) {
  Rng rng(7);
  for (const std::uint64_t bound : {2U, 3U, 10U, 17U}) {
    std::array<int, 17> counts{};
    constexpr int draws = 170'000;
    for (int i = 0; i < draws; ++i) {
      const std::uint64_t value = rng.below(bound);
      ASSERT_LT(value, bound);
      ++counts[value];
    }
    const double expected = static_cast<double>(draws) / static_cast<double>(bound);
    double chi_square = 0;
    for (std::size_t k = 0; k < bound; ++k)
      chi_square += (counts[k] - expected) * (counts[k] - expected) / expected;
    EXPECT_LT(chi_square, 39.3) << bound;  // 0.1 % of even generators exceed it at 16 degrees of freedom
  }
}

// A bound of 3/4 of the range is where a bare remainder would be most uneven: 1/2 instead of 1/3.
TEST(Rng, BelowIsEvenForAHugeBound) {
  Rng rng(3);
  const std::uint64_t quarter = std::uint64_t{1} << 62;
  int low = 0;
  for (int i = 0; i < 30'000; ++i) low += rng.below(3 * quarter) < quarter ? 1 : 0;
  EXPECT_NEAR(low, 10'000, 300);
  EXPECT_EQ(rng.below(1), 0U);
}

TEST(Rng, BetweenHoldsBothEnds) {
  using Limits = std::numeric_limits<std::int64_t>;
  Rng rng(5);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.between(-2, 2));
  EXPECT_EQ(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2}));
  EXPECT_EQ(rng.between(Limits::min(), Limits::min()), Limits::min());
  EXPECT_EQ(rng.between(Limits::max(), Limits::max()), Limits::max());
  seen.clear();
  int negative = 0;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(rng.between(Limits::max() - 1, Limits::max()));
    seen.insert(rng.between(Limits::min(), Limits::min() + 1));
    negative += rng.between(Limits::min(), Limits::max()) < 0 ? 1 : 0;
  }
  EXPECT_EQ(seen,
            (std::set<std::int64_t>{Limits::min(), Limits::min() + 1, Limits::max() - 1, Limits::max()}));
  EXPECT_NEAR(negative, 500, 80);
}

TEST(RngDeathTest, EmptyRangesAreBugs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(Rng(1).below(0), "an empty range");
  EXPECT_DEATH(Rng(1).between(2, 1), "an empty range");
}

}  // namespace
}  // namespace base
