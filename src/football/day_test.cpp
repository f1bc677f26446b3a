#include "football/day.hpp"

#include "football/season_fixture_test.hpp"

namespace football {
namespace {

using namespace testing;
using namespace std::chrono;

TEST(Day, FromHalfPastEightInTheEveningTomorrowToo) {
  const auto zone = schedule::Zone::find("America/Sao_Paulo");
  ASSERT_TRUE(zone);
  const year_month_day today = 2025y / November / 30, tomorrow = 2025y / December / 1;
  const std::vector one{today}, two{today, tomorrow};
  EXPECT_EQ(days_shown(at("2025-11-30T03:00:00Z"), *zone), one);  // midnight there
  EXPECT_EQ(days_shown(at("2025-11-30T23:29:59.999999Z"), *zone), one);
  EXPECT_EQ(days_shown(at("2025-11-30T23:30:00Z"), *zone), two);
  EXPECT_EQ(days_shown(at("2025-12-01T02:59:59Z"), *zone), two);  // where it is already tomorrow in UTC
  EXPECT_EQ(days_shown(at("2025-12-01T03:00:00Z"), *zone), std::vector{tomorrow});
}

TEST(Day, OnlyWhatIsToCome) {
  Fixture live = next_game(1, 2), off = next_game(3, 4), late = next_game(5, 6), next = next_game(7, 8);
  live.phase = Phase::live;
  off.phase = Phase::called_off;
  late.kickoff -= hours{3};  // should have begun; nobody has told yet
  const std::vector<Fixture> all{live, off, late, next};
  const auto games = to_come(all, next.kickoff - hours{1});
  ASSERT_EQ(games.size(), 1u);
  EXPECT_EQ(games[0].id, next.id);
}

TEST(Day, LeaguesByWeightThenGamesThenName) {
  const auto in = [](Fixture fixture, std::int64_t id, std::string name, std::string country) {
    fixture.league = {id, std::move(name), std::move(country), 2025};
    return fixture;
  };
  Fixture early = next_game(9, 10);
  early.kickoff -= hours{2};
  const std::vector<Fixture> games{in(next_game(1, 2), 3, "Zwei", "Nirgendwo"),
                                   in(next_game(2, 3), 2, "Alpha", "Nirgendwo"),
                                   in(next_game(3, 4), 1, "Beta", "Nirgendwo"),
                                   in(next_game(4, 5), 3, "Zwei", "Nirgendwo"),
                                   in(next_game(5, 6), 39, "Premier League", "England"),
                                   in(early, 39, "Premier League", "England"),
                                   in(early, 39, "Premier League", "England")};  // told twice
  const auto leagues = by_league(games, default_ratings());
  ASSERT_EQ(leagues.size(), 4u);
  EXPECT_EQ(leagues[0].league.id, 39);
  ASSERT_EQ(leagues[0].games.size(), 2u);
  EXPECT_EQ(leagues[0].games[0].id, early.id);
  EXPECT_EQ(leagues[1].league.id, 3);
  EXPECT_EQ(leagues[2].league.name, "Alpha");
  EXPECT_EQ(leagues[3].league.name, "Beta");
}

}  // namespace
}  // namespace football
