#include "football/odds_key.hpp"

#include <gtest/gtest.h>

namespace {

std::string key(std::string_view bet, std::string_view value) {
  return football::odds_key(bet, value).value_or("-");
}

TEST(OddsKey, ResultsAndGoals) {
  EXPECT_EQ(key("Match Winner", "Home"), "home");
  EXPECT_EQ(key("match winner", " draw "), "draw");
  EXPECT_EQ(key("Double Chance", "Home/Draw"), "1x");
  EXPECT_EQ(key("Double Chance", "Home/Away"), "12");
  EXPECT_EQ(key("Double Chance", "Draw/Away"), "x2");
  EXPECT_EQ(key("Both Teams Score", "Yes"), "yes");
  EXPECT_EQ(key("Both Teams To Score", "No"), "no");
  EXPECT_EQ(key("Goals Over/Under", "Over 2.5"), "over_2.5");
  EXPECT_EQ(key("Goals Over/Under", "Under 0.5"), "under_0.5");
  EXPECT_EQ(key("Goals Over/Under", "Over 5.5"), "over_5.5");
  EXPECT_EQ(key("Goals Over/Under First Half", "Over 0.5"), "first_half_over_0.5");
}

TEST(OddsKey, OnlyClearLines) {
  for (const char* value : {"Over 2", "Over 2.25", "Over 2.75", "Over 6.5", "Over -0.5", "Over", "Over ",
                            "Over x", "Over nan", "Over inf", "Over 2.5 goals", "Exactly 2.5", "", "2.5"})
    EXPECT_EQ(key("Goals Over/Under", value), "-") << value;
}

TEST(OddsKey, DifferentBetsNeverShareAName) {
  EXPECT_EQ(key("Corners Over Under", "Over 9.5"), "corners_over_9.5");
  EXPECT_EQ(key("Home Corners Over/Under", "Over 9.5"), "corners_home_over_9.5");
  EXPECT_EQ(key("Away Corners Over/Under", "Over 9.5"), "corners_away_over_9.5");
  EXPECT_EQ(key("Cards Over/Under", "Over 4.5"), "cards_over_4.5");
  EXPECT_EQ(key("Home Team Total Cards", "Over 1.5"), "cards_home_over_1.5");
  EXPECT_EQ(key("Asian Handicap", "Home -1.5"), "handicap_home_-1.5");
  EXPECT_EQ(key("Asian Handicap", "Away +0.25"), "handicap_away_+0.25");
  EXPECT_EQ(key("Asian Handicap", "Home -0"), "handicap_home_+0");
  EXPECT_EQ(key("Handicap Result", "Draw -1"), "result_handicap_draw_-1");
  EXPECT_EQ(key("Handicap Result", "Home -1.5"), "-");
  EXPECT_EQ(key("Asian Handicap", "Draw -1"), "-");
  for (const char* bet : {"Asian Handicap First Half", "Corners Asian Handicap", "Second Half Winner",
                          "First Half Winner", "Goals Over/Under - Second Half", "Match Winner 2", ""})
    for (const char* value : {"Home", "Over 2.5", "Home -1"}) EXPECT_EQ(key(bet, value), "-") << bet;
}

}  // namespace
