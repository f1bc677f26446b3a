#include "football/lifetimes.hpp"

#include <gtest/gtest.h>

#include "football/fixture_test.hpp"

namespace {

using football::Fixture;
using football::Phase;
using namespace std::chrono_literals;

const base::WallTime now = football::testing::instant(2025, 11, 21, 15h);

std::vector<Fixture> one(base::Duration from_now, Phase phase) {
  return {{.id = 1,
           .kickoff = now + std::chrono::duration_cast<std::chrono::microseconds>(from_now),
           .phase = phase}};
}

TEST(Lifetimes, OfADay) {
  const auto fresh = [](base::Duration from_now, Phase phase) {
    const auto lifetime = football::lifetime_of_day(one(from_now, phase), now);
    EXPECT_EQ(lifetime.keep, 24h);
    return lifetime.fresh;
  };
  EXPECT_EQ(fresh(4h, Phase::not_begun), 1h);
  EXPECT_EQ(fresh(3h, Phase::not_begun), 10min);
  EXPECT_EQ(fresh(-1h, Phase::live), 10min);
  EXPECT_EQ(fresh(-1h, Phase::not_begun), 10min) << "the API is late";
  EXPECT_EQ(fresh(-4h, Phase::not_begun), 1h);
  EXPECT_EQ(fresh(-9h, Phase::live), 10min);
  EXPECT_EQ(fresh(-2h, Phase::finished), 1h);
  EXPECT_EQ(fresh(1h, Phase::called_off), 1h);
  EXPECT_EQ(football::lifetime_of_day({}, now).fresh, 5min);
  EXPECT_EQ(football::lifetime_of_day({}, now).keep, 5min);
}

TEST(Lifetimes, OfASeason) {
  const auto fresh = [](base::Duration from_now, Phase phase) {
    return football::lifetime_of_season(one(from_now, phase), now).fresh;
  };
  EXPECT_EQ(fresh(1h, Phase::not_begun), 6h);
  EXPECT_EQ(fresh(-1min, Phase::not_begun), 15min);
  EXPECT_EQ(fresh(-2h, Phase::finished), 15min);
  EXPECT_EQ(fresh(-4h, Phase::finished), 6h);
  EXPECT_EQ(fresh(-4h, Phase::live), 15min);
  EXPECT_EQ(fresh(-1h, Phase::called_off), 6h);
  EXPECT_EQ(football::lifetime_of_season({}, now).fresh, 1h);
}

TEST(Lifetimes, OfOdds) {
  const auto fresh = [](base::WallTime kickoff) { return football::lifetime_of_odds(kickoff, now).fresh; };
  EXPECT_EQ(fresh(now + 25h), 3h);
  EXPECT_EQ(fresh(now + 24h), 1h);
  EXPECT_EQ(fresh(now + 2h), 1h);
  EXPECT_EQ(fresh(now + 119min), 10min);
  EXPECT_EQ(fresh(now - 1h), 10min);
}

TEST(Lifetimes, WhatIsEmptyIsNotBelievedForLong) {
  EXPECT_EQ(football::lifetime_of_leagues(false).keep, 5min);
  EXPECT_EQ(football::lifetime_of_standings(false).keep, 1h);
  EXPECT_EQ(football::lifetime_of_leagues(true).fresh, 24h);
  EXPECT_EQ(football::lifetime_of_standings(true).fresh, 6h);
}

TEST(Lifetimes, AreKeptAtLeastAsLongAsTheyAreFresh) {
  for (const auto& it : {football::lifetime_of_leagues(true), football::lifetime_of_standings(true),
                         football::lifetime_of_head_to_head(), football::lifetime_of_game(true),
                         football::lifetime_of_game(false), football::lifetime_of_odds(now + 48h, now),
                         football::lifetime_of_season({}, now)})
    EXPECT_GE(it.keep, it.fresh);
}

}  // namespace
