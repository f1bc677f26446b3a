#include "football/quota.hpp"

#include <gtest/gtest.h>

#include "football/fixture_test.hpp"

namespace {

using football::Quota;
using football::testing::instant;
using namespace std::chrono_literals;

const base::WallTime noon = instant(2025, 11, 21, 12h);

TEST(Quota, WhatIsNotKnownIsAllowed) {
  Quota quota(100);
  EXPECT_FALSE(quota.refuse(noon));
  EXPECT_FALSE(quota.state(noon).limit);
  quota.told({}, {}, noon);
  quota.told(7500, {}, noon);
  EXPECT_FALSE(quota.refuse(noon));
}

TEST(Quota, DownToTheReserveUntilTheDayEnds) {
  Quota quota(100);
  quota.told(7500, 101, noon);
  EXPECT_FALSE(quota.refuse(noon));
  quota.told(7500, 100, noon);
  const auto refused = quota.refuse(noon);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, base::Code::rate_limited);
  EXPECT_EQ(refused->retry_after, 12h);
  EXPECT_NE(refused->message.find("100 calls"), std::string::npos);
  EXPECT_TRUE(quota.refuse(noon + 12h - 1ms));
  EXPECT_FALSE(quota.refuse(noon + 12h)) << "a new day";
  EXPECT_EQ(quota.state(noon + 12h).limit, 7500);
  EXPECT_FALSE(quota.state(noon + 12h).remaining);
}

TEST(Quota, OfASmallPlanATenthIsReserved) {
  Quota quota(100);
  quota.told(100, 11, noon);
  EXPECT_FALSE(quota.refuse(noon));
  quota.told(100, 10, noon);
  EXPECT_TRUE(quota.refuse(noon));
}

TEST(Quota, SpentUntilALargerPlanIsBought) {
  Quota quota(0);
  quota.told(100, 1, noon);
  EXPECT_FALSE(quota.refuse(noon));
  quota.spent(noon);
  EXPECT_TRUE(quota.state(noon).spent);
  EXPECT_EQ(quota.state(noon).remaining, 0);
  quota.told(7500, 7400, noon);
  EXPECT_FALSE(quota.refuse(noon));
}

TEST(Quota, ALateAnswerOfYesterdayIsIgnored) {
  Quota quota(10);
  quota.told(100, 99, noon + 12h);
  quota.told(100, 0, noon + 11h);
  quota.spent(noon + 11h);
  EXPECT_FALSE(quota.refuse(noon + 12h));
  EXPECT_EQ(quota.state(noon + 12h).remaining, 99);
}

TEST(Quota, UntilTheNextDay) {
  EXPECT_EQ(football::until_next_day(noon), 12h);
  EXPECT_EQ(football::until_next_day(instant(2025, 11, 21, 0s)), 24h);
  EXPECT_EQ(football::until_next_day(instant(2025, 11, 22, -1us)), 1ms);
}

}  // namespace
