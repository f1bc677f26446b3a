#include "football/ratings.hpp"

#include <gtest/gtest.h>

#include <string>

namespace football {
namespace {

std::string faults(std::string_view yaml) {
  const auto read = read_ratings(yaml, "r.yaml");
  if (read) return "";
  EXPECT_EQ(read.error().code, base::Code::invalid_config);
  return read.error().message;
}

TEST(Ratings, NamesWithoutCaseAndAccents) {
  const auto read = read_ratings(
      "leagues:\n  Brazil: {Série A: 0.9}\nclubs:\n  Brazil: {Grêmio: 81, Atlético-MG: 82}\n", "r.yaml");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->base_score("BRAZIL", "gremio"), 81);
  EXPECT_EQ(read->base_score("Brazil", "Atletico MG"), 82);
  EXPECT_DOUBLE_EQ(read->league_weight("brazil", "Serie A"), 0.9);
}

TEST(Ratings, DefaultsForTheUnknown) {
  const Ratings none;
  EXPECT_EQ(none.base_score("Brazil", "Grêmio"), 70);
  EXPECT_DOUBLE_EQ(none.league_weight("Brazil", "Série Z"), 0.70);
  Ratings some;
  some.set_club("England", "Liverpool", 94);
  some.set_league("England", "Premier League", 1);
  EXPECT_EQ(some.base_score("Uruguay", "Liverpool"), 70);  // another club
  EXPECT_DOUBLE_EQ(some.league_weight("Ukraine", "Premier League"), 0.70);
}

TEST(Ratings, BetweenCountriesAUniqueNameIsEnough) {
  Ratings ratings;
  ratings.set_club("England", "Arsenal", 93);
  ratings.set_club("England", "Everton", 78);
  ratings.set_club("Chile", "Everton", 71);
  EXPECT_EQ(ratings.base_score("World", "Arsenal"), 93);
  EXPECT_EQ(ratings.base_score("World", "Everton"), 70);
}

TEST(Ratings, TheEmbeddedOnesAreRead) {
  const Ratings& ratings = default_ratings();
  EXPECT_DOUBLE_EQ(ratings.league_weight("England", "Premier League"), 1.0);
  EXPECT_DOUBLE_EQ(ratings.league_weight("Brazil", "Serie A"), 0.90);
  EXPECT_DOUBLE_EQ(ratings.league_weight("World", "CONMEBOL Libertadores"), 0.95);
  EXPECT_DOUBLE_EQ(ratings.league_weight("China", "Super League"), 0.60);
  EXPECT_DOUBLE_EQ(ratings.league_weight("Saudi Arabia", "Pro League"), 0.78);
  EXPECT_GT(ratings.base_score("Germany", "Bayern Munchen"), 90);
}

TEST(Ratings, FaultsWithTheirPlace) {
  EXPECT_EQ(
      faults("leagues:\n  Brazil:\n    Serie A: 1.5\n    Serie B: high\nclubs:\n  Spain: {Sevilla: 101}\n"),
      "r.yaml:3:14: leagues.Brazil.Serie A: \"1.5\" is not such a number; write a number from 0.1 to 1\n"
      "r.yaml:4:14: leagues.Brazil.Serie B: \"high\" is not such a number; write a number from 0.1 to 1\n"
      "r.yaml:6:20: clubs.Spain.Sevilla: \"101\" is not such a number; write a whole number from 0 to "
      "100\n");
  EXPECT_EQ(
      faults("clubs:\n  Spain:\n    Cádiz: 70\n    cadiz: 71\n"),
      "r.yaml:4:5: clubs.Spain.cadiz: stands here twice, but for case, accents or punctuation; remove one "
      "of them\n");
  EXPECT_EQ(faults("clubs:\n  Spain: {'...': 70}\n"),
            "r.yaml:2:11: clubs.Spain....: holds no letter; write the name as the API does\n");
  EXPECT_EQ(faults("teams: {}\n").find("r.yaml:1:1: teams: unknown key"), 0u);
  EXPECT_NE(faults("leagues: {Brazil: {Serie A: nan}}"), "");
  EXPECT_NE(faults("leagues: {Brazil: {Serie A: 0.5x}}"), "");
  EXPECT_NE(faults("leagues: [1"), "");
  EXPECT_NE(faults("- 1"), "");
}

}  // namespace
}  // namespace football
