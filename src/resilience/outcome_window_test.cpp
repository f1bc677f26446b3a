#include "resilience/outcome_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <utility>

#include "base/rng.hpp"

using namespace std::chrono_literals;
using base::Duration;
using base::SteadyTime;
using resilience::OutcomeWindow;

namespace {

constexpr SteadyTime start{1h};

TEST(OutcomeWindow, TheLatestCallsOnly) {
  OutcomeWindow window = OutcomeWindow::of_calls(3);
  window.add({.failed = true}, start);
  window.add({.slow = true}, start);
  EXPECT_EQ(window.counts().calls, 2);
  EXPECT_FALSE(window.unchanged_by_success());
  window.add({}, start);
  window.add({}, start);  // the failed one goes
  EXPECT_EQ(window.counts().calls, 3);
  EXPECT_EQ(window.counts().failed, 0);
  EXPECT_EQ(window.counts().slow, 1);
  window.add({}, start);
  EXPECT_TRUE(window.unchanged_by_success());
  window.clear();
  EXPECT_EQ(window.counts().calls, 0);
  EXPECT_FALSE(window.unchanged_by_success());
}

// Buckets of 2 s: what happened in [3600, 3602) is gone with the first call at or after 3660 s.
TEST(OutcomeWindow, TheLatestPeriodOnly) {
  OutcomeWindow window = OutcomeWindow::of_time(60s);
  window.add({.failed = true}, start + 1999ms);
  window.add({}, start + 59'999ms);
  EXPECT_EQ(window.counts().calls, 2);
  window.add({}, start + 60s);
  EXPECT_EQ(window.counts().calls, 2);
  EXPECT_EQ(window.counts().failed, 0);
  window.add({}, start + 1h);
  EXPECT_EQ(window.counts().calls, 1);
}

TEST(OutcomeWindow, AnEarlierTimeCountsIntoTheLatestBucket) {
  OutcomeWindow window = OutcomeWindow::of_time(60s);
  window.add({}, start + 30s);
  window.add({.failed = true}, start);
  EXPECT_EQ(window.counts().calls, 2);
  window.add({}, start + 61s);
  EXPECT_EQ(window.counts().failed, 1);
}

// The obvious model keeps everything and counts what is young enough.
TEST(OutcomeWindow, LikeAListOfAllCalls) {
  base::Rng rng(99);
  for (int round = 0; round < 20; ++round) {
    const bool timed = round % 2 == 0;
    const auto size = static_cast<int>(rng.between(1, 40));
    const Duration width{rng.between(1, 50)};
    OutcomeWindow window =
        timed ? OutcomeWindow::of_time(width * OutcomeWindow::buckets) : OutcomeWindow::of_calls(size);
    std::deque<std::pair<std::int64_t, OutcomeWindow::Outcome>> all;
    SteadyTime now = start;
    for (int step = 0; step < 2000; ++step) {
      now += Duration(rng.between(0, rng.below(50) == 0 ? 3000 : 30));
      const OutcomeWindow::Outcome outcome{.failed = rng.below(3) == 0, .slow = rng.below(4) == 0};
      window.add(outcome, now);
      const std::int64_t bucket = now.time_since_epoch() / width;
      all.emplace_back(bucket, outcome);
      while (timed ? all.front().first <= bucket - OutcomeWindow::buckets
                   : all.size() > static_cast<std::size_t>(size))
        all.pop_front();
      OutcomeWindow::Counts counts;
      for (const auto& [when, it] : all) {
        ++counts.calls;
        counts.failed += it.failed ? 1 : 0;
        counts.slow += it.slow ? 1 : 0;
      }
      ASSERT_EQ(window.counts().calls, counts.calls) << "round " << round << ", step " << step;
      ASSERT_EQ(window.counts().failed, counts.failed);
      ASSERT_EQ(window.counts().slow, counts.slow);
    }
  }
}

}  // namespace
