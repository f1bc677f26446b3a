// An outage of any length: every collector fresh within 15 minutes of its end, 95 of 100 within 5, and few
// requests to the dead host meanwhile (RT7, RT9, RT10).
//
//   SEED=1 SEEDS=20 build/dev/bin/sim_test --gtest_filter='Outage.*'      // more of them, with other numbers
#include "sim/outage.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "sim/environment.hpp"

namespace {

using namespace std::chrono_literals;
using sim::Breakage;
using sim::number_from_environment;
using sim::Story;

struct Totals {
  std::vector<base::Duration> fresh_after;
  int most_requests = 0, most_canaries = 0, most_runs = 0;

  void add(const Story& story) {
    fresh_after.insert(fresh_after.end(), story.fresh_after.begin(), story.fresh_after.end());
    most_requests = std::max(most_requests, story.requests);
    most_canaries = std::max(most_canaries, story.canaries);
    most_runs = std::max(most_runs, story.runs);
  }
  base::Duration share(double share) {
    std::sort(fresh_after.begin(), fresh_after.end());
    return fresh_after.at(static_cast<std::size_t>(share * static_cast<double>(fresh_after.size() - 1)));
  }
};

// 16 first requests with their retries, then two canaries a minute; and until a circuit opens, one request of
// each collector at each rung.
int bound(base::Duration outage) {
  return 100 + 3 * static_cast<int>(std::chrono::ceil<std::chrono::minutes>(outage).count());
}

class OutageOf : public ::testing::TestWithParam<base::Duration> {};

TEST_P(OutageOf, EveryCollectorIsFreshSoonAfterItsEnd) {
  const std::uint64_t first = number_from_environment("SEED", 1), seeds = number_from_environment("SEEDS", 1);
  Totals totals;
  for (const Breakage how : {Breakage::refuses_connections, Breakage::times_out, Breakage::answers_503})
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
      const Story story = sim::tell({.outage = GetParam(), .how = how, .seed = seed});
      EXPECT_EQ(story.fresh_after.size(), 16U) << "SEED=" << seed;
      EXPECT_EQ(story.good_too_early, 0) << "SEED=" << seed;
      EXPECT_LE(story.requests, bound(GetParam())) << "SEED=" << seed;
      totals.add(story);
    }
  EXPECT_LE(totals.share(1.0), 15min);
  EXPECT_LE(totals.share(0.95), 5min);
  GTEST_LOG_(INFO) << fmt::format(
      "outage of {}: fresh after {} (median), {} (95 %), {} (longest); at most {} requests meanwhile, {} of "
      "them canaries; {} runs failed",
      base::format_duration(GetParam()), base::format_duration(totals.share(0.5)),
      base::format_duration(totals.share(0.95)), base::format_duration(totals.share(1.0)),
      totals.most_requests, totals.most_canaries, totals.most_runs);
}

INSTANTIATE_TEST_SUITE_P(Outage, OutageOf, ::testing::Values(1min, 3min, 7min, 14min, 40min, 6h));

// One collector alone opens no circuit: its ladder has to do.
TEST(Outage, OfALonelyCollector) {
  Totals totals;
  for (const base::Duration outage : {base::Duration(3min), base::Duration(14min), base::Duration(40min)})
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const Story story =
          sim::tell({.outage = outage, .how = Breakage::answers_503, .seed = seed, .collectors = 1});
      ASSERT_EQ(story.fresh_after.size(), 1U) << "SEED=" << seed;
      EXPECT_LE(story.requests, bound(outage)) << "SEED=" << seed;
      totals.add(story);
    }
  EXPECT_LE(totals.share(1.0), 15min);
  EXPECT_LE(totals.share(0.95), 5min);
  GTEST_LOG_(INFO) << fmt::format("fresh after {} (95 %), {} (longest)",
                                  base::format_duration(totals.share(0.95)),
                                  base::format_duration(totals.share(1.0)));
}

// RT7: 10 tokens, and a fifth of one for each request.
TEST(Outage, AStormOf429CostsNoMoreThanTheRetriesOfTheBudget) {
  std::uint64_t seed = 0;
  for (const char* retry_after : {"", "", "0", "1", "5", "60"}) {
    SCOPED_TRACE(retry_after);
    const Story story =
        sim::tell({.outage = 2min, .how = Breakage::answers_429, .seed = ++seed, .retry_after = retry_after});
    EXPECT_GE(story.first_attempts, 1);
    EXPECT_LE(story.first_attempts, 16 * 4);  // the slot, and the tries 0.5 and 1.5 minutes after it
    const int tokens = 10 + (story.calls_before + story.first_attempts) / 5;
    EXPECT_LE(story.requests - story.first_attempts, tokens) << "SEED=" << seed;
    GTEST_LOG_(INFO) << fmt::format("Retry-After {}: {} requests, {} of them first attempts", retry_after,
                                    story.requests, story.first_attempts);
    EXPECT_EQ(story.fresh_after.size(), 16U);
  }
}

}  // namespace
