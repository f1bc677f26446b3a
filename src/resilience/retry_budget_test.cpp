#include "resilience/retry_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "base/rng.hpp"

using resilience::RetryBudget;

namespace {

// An outage right after the start: every call fails and would like to be tried again. 10 tokens, +0.2 a call:
//   call     1     2     3   …   12    13    14    15    16    17    18    19
//   earned 10.2   9.4   8.6  …  1.4   0.6   0.8   1.0   0.2   0.4   0.6   0.8
//   spent  −1    −1    −1    …  −1     –     –    −1     –     –     –     –
//   left    9.2   8.4   7.6  …  0.4   0.6   0.8   0.0   0.2   0.4   0.6   0.8   then a retry with every fifth
TEST(RetryBudget, TenAtTheStartThenOneInFive) {
  RetryBudget budget;
  std::vector<int> retried;
  for (int call = 1; call <= 30; ++call) {
    budget.add_call();
    if (budget.take_retry()) retried.push_back(call);
    if (call == 1) {
      EXPECT_DOUBLE_EQ(budget.tokens(), 9.2);
    }
    if (call == 12) {
      EXPECT_DOUBLE_EQ(budget.tokens(), 0.4);
    }
    if (call == 19) {
      EXPECT_DOUBLE_EQ(budget.tokens(), 0.8);
    }
  }
  EXPECT_EQ(retried, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 20, 25, 30}));
}

TEST(RetryBudget, NeverAboveTheCap) {
  RetryBudget budget({.initial = 99.9, .per_call = 0.2, .cap = 100});
  budget.add_call();
  EXPECT_DOUBLE_EQ(budget.tokens(), 100);
  budget.add_call();
  EXPECT_DOUBLE_EQ(budget.tokens(), 100);
  EXPECT_DOUBLE_EQ((RetryBudget({.initial = 7, .cap = 3}).tokens()), 3);
}

TEST(RetryBudget, ARefusalTakesNothing) {
  RetryBudget budget({.initial = 0.999, .per_call = 0.001});
  EXPECT_FALSE(budget.take_retry());
  EXPECT_DOUBLE_EQ(budget.tokens(), 0.999);
  budget.add_call();
  EXPECT_TRUE(budget.take_retry());
  EXPECT_DOUBLE_EQ(budget.tokens(), 0);
}

TEST(RetryBudget, NonsenseCountsAsNothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  RetryBudget none({.initial = nan, .per_call = -1, .cap = 5});
  none.add_call();
  EXPECT_EQ(none.tokens(), 0);
  RetryBudget endless({.initial = infinity, .per_call = infinity, .cap = infinity});
  for (int i = 0; i < 3; ++i) endless.add_call();
  EXPECT_TRUE(endless.take_retry());
  EXPECT_GT(endless.tokens(), 1e11);
}

TEST(RetryBudget, LikeAPlainNumberUnderRandomCalls) {
  base::Rng rng(20251121);
  for (int round = 0; round < 20; ++round) {
    const auto per_call = static_cast<std::int64_t>(rng.below(700));
    const auto cap = static_cast<std::int64_t>(rng.below(20'000));
    RetryBudget budget({.initial = static_cast<double>(cap) / 2000,
                        .per_call = static_cast<double>(per_call) / 1000,
                        .cap = static_cast<double>(cap) / 1000});
    auto model = static_cast<std::int64_t>(std::llround(budget.tokens() * 1000));
    for (int step = 0; step < 1000; ++step) {
      if (rng.below(3) == 0) {
        const bool enough = model >= 1000;
        ASSERT_EQ(budget.take_retry(), enough) << "round " << round << ", step " << step;
        if (enough) model -= 1000;
      } else {
        budget.add_call();
        model = std::min(cap, model + per_call);
      }
      ASSERT_EQ(std::llround(budget.tokens() * 1000), model) << "round " << round << ", step " << step;
    }
  }
}

TEST(RetryBudget, ThreadsLoseAndInventNoToken) {
  constexpr int threads = 4, calls = 20'000;
  RetryBudget budget({.initial = 0, .per_call = 0.5, .cap = 1e6});
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i)
      workers.emplace_back([&] {
        for (int call = 0; call < calls; ++call) {
          budget.add_call();
          if (budget.take_retry()) ++taken;
        }
      });
  }
  EXPECT_DOUBLE_EQ(budget.tokens() + taken, threads * calls * 0.5);
  EXPECT_GT(taken, 0);
}

}  // namespace
