#include "football/quality.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace football {
namespace {

TEST(Quality, GoldenVectors) {
  struct Case {
    Quality quality;
    int expected;
  };
  const std::vector<Case> cases{
      {{92, 1, 20, 25, "WWWWW", 1.0, 20}, 98},   {{70, 10, 20, 0, "WDLWD", 1.0, 20}, 65},
      {{70, 20, 20, -25, "LLLLL", 1.0, 20}, 32}, {{70, 10, 20, 0, "WDLWD", 0.70, 20}, 45},
      {{95, 2, 20, 4, "WWD", 1.0, 3}, 80},       {{70, {}, 0, 0, "", 0.90, 0}, 50},
      {{95, 1, 20, 100, "WWWWW", 1.0, 30}, 99},  {{70, 20, 20, -100, "LLLLL", 0.60, 30}, 20},
      {{85, 5, 20, 0, "DDDDD", 0.90, 30}, 64},   {{85, 15, 20, -8, "LLLLD", 0.90, 30}, 46},
      {{85, 2, 4, 10, "WWWDL", 0.95, 6}, 75},
  };
  ASSERT_EQ(cases.size(), 11u);
  for (std::size_t i = 0; i < cases.size(); ++i)
    EXPECT_EQ(quality_score(cases[i].quality), cases[i].expected) << "vector " << i + 1;
}

TEST(Quality, HalfIsRoundedToEven) {
  // raw 55, times 0.9 and 0.7: 49.5 and 38.5
  EXPECT_EQ(quality_score({.weight = 0.9}), 50);
  EXPECT_EQ(quality_score({.weight = 0.7}), 38);
}

TEST(Quality, EdgesOfATable) {
  const auto with_rank = [](std::optional<int> rank, int teams) {
    return quality_score({.rank = rank, .teams = teams, .weight = 1});
  };
  EXPECT_EQ(with_rank(1, 1), 62);                // 75 for the only one: raw 62.5
  EXPECT_EQ(with_rank(7, 4), with_rank({}, 0));  // a rank that cannot be counts as none
  EXPECT_EQ(with_rank(0, 4), with_rank({}, 0));
  EXPECT_GT(with_rank(1, 20), with_rank(2, 20));
}

TEST(Quality, OnlyTheLastFiveGamesAreForm) {
  EXPECT_EQ(quality_score({.form = "LLLLLLWWWWW", .weight = 1}),
            quality_score({.form = "WWWWW", .weight = 1}));
}

TEST(RoundNumber, OfALeagueOnly) {
  EXPECT_EQ(round_number("Regular Season - 12"), 12);
  EXPECT_EQ(round_number("2nd Phase - 3"), 3);
  EXPECT_EQ(round_number("Round of 16"), std::nullopt);
  EXPECT_EQ(round_number("Quarter-finals"), std::nullopt);
  EXPECT_EQ(round_number("Regular Season - 0"), std::nullopt);
  EXPECT_EQ(round_number("Regular Season - 99999999999"), std::nullopt);
  EXPECT_EQ(round_number("Semi-finals - 1st Leg"), std::nullopt);
  EXPECT_EQ(round_number(""), std::nullopt);
}

}  // namespace
}  // namespace football
