#include "schedule/recovery.hpp"

#include <algorithm>
#include <vector>

#include "schedule/testing.hpp"

namespace schedule {
namespace {

using namespace std::chrono_literals;

TEST(Recovery, WhoGetsWhat) {  // RT11
  using O = Outcome;
  for (const O outcome : {O::timeout, O::incomplete, O::lost, O::partial})
    EXPECT_EQ(recovery_of(outcome, std::nullopt), Recovery::ladder);
  for (const O outcome : {O::success, O::not_modified, O::empty, O::held, O::rejected, O::unverified})
    EXPECT_EQ(recovery_of(outcome, std::nullopt), Recovery::none);
  EXPECT_EQ(recovery_of(O::rate_limited, std::nullopt), Recovery::exact_instant);
  EXPECT_EQ(recovery_of(O::cancelled, std::nullopt), Recovery::at_once);
  EXPECT_EQ(recovery_of(O::failed, FailureType::transient), Recovery::ladder);
  EXPECT_EQ(recovery_of(O::failed, std::nullopt), Recovery::ladder);
  for (const FailureType type :
       {FailureType::credentials, FailureType::endpoint_gone, FailureType::configuration, FailureType::data})
    EXPECT_EQ(recovery_of(O::failed, type), Recovery::none);
}

TEST(Recovery, Ladder) {  // RT10
  base::Rng rng(1);
  const WallTime first = at("2025-01-01 00:00Z");
  const auto next = [&](base::Duration began, base::Duration now,
                        std::optional<WallTime> slot = std::nullopt) {
    const auto us = [](base::Duration d) { return std::chrono::floor<std::chrono::microseconds>(d); };
    return next_try({first, first + us(began), first + us(now)}, slot, rng);
  };
  EXPECT_EQ(next(0s, 10s), first + 30s);
  EXPECT_EQ(next(30s, 31s), first + 90s);
  EXPECT_EQ(next(90s, 95s), first + 210s);
  EXPECT_EQ(next(210s, 215s), first + 450s);
  EXPECT_EQ(next(0s, 30s), first + 90s);     // exactly on a rung: the next
  EXPECT_EQ(next(30s, 211s), first + 450s);  // two passed while the run was going
  for (int i = 0; i < 1000; ++i) {
    const auto later = next(450s, 460s);
    ASSERT_TRUE(later);
    EXPECT_GE(*later, first + 450s + 192s);
    EXPECT_LE(*later, first + 450s + longest_rung);
    EXPECT_GT(*next(450s, 1000s), first + 1000s);  // a try that took longer than a step
  }
  EXPECT_EQ(next(0s, 10s, first + 30s), std::nullopt);
  EXPECT_EQ(next(0s, 10s, first + 31s), first + 30s);
  // Clocks set back and set forward.
  EXPECT_EQ(next(0s, -2h), first - 2h + 30s);
  EXPECT_LE(*next(0s, 2h), first + 2h + longest_rung);
  EXPECT_GT(*next(0s, 2h), first + 2h);
}

// After an outage of any length: fresh within 15 minutes, in 95 of 100 cases within 5.
TEST(Recovery, FreshSoonAfterAnyOutage) {
  base::Rng rng(2);
  std::vector<base::Duration> delays;
  for (int i = 0; i < 5000; ++i) {
    const WallTime first = at("2025-01-01 00:00Z");
    const WallTime end = first + std::chrono::seconds{rng.between(1, 4 * 3600)};
    const std::chrono::seconds run{rng.between(1, 30)};
    WallTime began = first;
    while (began < end) began = *next_try({first, began, began + run}, std::nullopt, rng);
    delays.push_back(began + run - end);
  }
  std::sort(delays.begin(), delays.end());
  EXPECT_LE(delays.back(), 15min);
  EXPECT_LE(delays[delays.size() * 95 / 100], 5min);
}

}  // namespace
}  // namespace schedule
