#include "football/strengths.hpp"

#include "football/season_fixture_test.hpp"

namespace football {
namespace {

using namespace testing;

Expectation expect(const std::vector<Fixture>& season, const Fixture& fixture,
                   const std::vector<Fixture>& meetings = {}) {
  return expected_goals(finished_before(season, fixture), fixture, finished_before(meetings, fixture));
}

TEST(Strengths, TheStrongerSideIsExpectedToScoreMore) {
  const auto season = whole_season();
  const Expectation best = expect(season, next_game(1, 10)), worst = expect(season, next_game(10, 1));
  EXPECT_TRUE(best.sound());
  EXPECT_EQ(best.league_games, 90);
  EXPECT_EQ(best.home_games, 18);
  EXPECT_GT(best.home, best.usual_home + 0.5);
  EXPECT_LT(best.away, best.usual_away);
  EXPECT_GT(worst.away, worst.home);
  for (int number = 2; number < 10; ++number)
    EXPECT_GT(expect(season, next_game(number, 10)).home + 0.35,
              expect(season, next_game(number + 1, 10)).home);
}

TEST(Strengths, ATeamNobodyKnowsIsAnAverageOne) {
  Fixture fixture = next_game(1, 2);
  fixture.home = {900, "Novo"};
  fixture.away = {901, "Outro"};
  const Expectation expected = expect(whole_season(), fixture);
  EXPECT_DOUBLE_EQ(expected.home, expected.usual_home);
  EXPECT_DOUBLE_EQ(expected.away, expected.usual_away);
  EXPECT_FALSE(expected.sound());
}

TEST(Strengths, LittleIsDrawnToTheMean) {
  auto season = whole_season();
  Fixture fixture = next_game(1, 2);
  fixture.home = {900, "Novo"};
  season.push_back(played(500, fixture.home, team(5), at("2025-12-13T15:00:00Z"), 5, 0));
  const Expectation expected = expect(season, fixture), without = expect(whole_season(), fixture);
  EXPECT_GT(expected.home, without.home);
  EXPECT_LT(expected.home, without.home * 1.6);  // five goals in its only game
}

TEST(Strengths, RecentGamesCountMore) {
  const auto with_feast = [](std::string_view day) {
    auto season = whole_season();
    season.push_back(played(500, team(1), team(5), at(day), 6, 0));
    return expect(season, next_game(1, 10)).home;
  };
  EXPECT_GT(with_feast("2025-12-12T15:00:00Z"), with_feast("2025-08-12T15:00:00Z"));
}

TEST(Strengths, NothingOfTheFutureIsUsed) {
  const auto season = whole_season();
  Fixture fixture = season[50];
  std::vector<Fixture> changed = season;
  for (Fixture& one : changed)
    if (one.kickoff >= fixture.kickoff) one.goals = {9, 9};
  const Expectation as_it_was = expect(season, fixture), later = expect(changed, fixture);
  EXPECT_EQ(as_it_was.home, later.home);
  EXPECT_EQ(as_it_was.away, later.away);
  EXPECT_EQ(as_it_was.league_games, 50);
}

TEST(Strengths, MeetingsMoveByATenthAtMost) {
  const auto season = whole_season();
  const Fixture fixture = next_game(4, 5);
  const Expectation plain = expect(season, fixture);
  std::vector<Fixture> meetings;
  for (int i = 0; i < 6; ++i) {
    const auto when = at("2024-05-01T15:00:00Z") - i * 24h * 180;
    meetings.push_back(i % 2 == 0 ? played(700 + i, team(4), team(5), when, 8, 0)
                                  : played(700 + i, team(5), team(4), when, 0, 8));
  }
  const Expectation moved = expect(season, fixture, meetings);
  EXPECT_NEAR(moved.home, plain.home * 1.10, 1e-9);
  EXPECT_NEAR(moved.away, plain.away * 0.90, 1e-9);
  meetings.resize(2);
  EXPECT_DOUBLE_EQ(expect(season, fixture, meetings).home, plain.home);  // two are chance
}

TEST(Strengths, FloorsAndCaps) {
  const auto between_two = [](int goals) {
    std::vector<Fixture> season;
    for (int i = 0; i < 120; ++i)
      season.push_back(played(i + 1, team(i % 2 + 1), team(2 - i % 2), at("2025-08-01T15:00:00Z") + i * 24h,
                              i % 2 == 0 ? goals : 0, i % 2 == 0 ? 0 : goals));
    return expect(season, next_game(1, 2));
  };
  EXPECT_DOUBLE_EQ(between_two(30).home, 5);
  EXPECT_DOUBLE_EQ(between_two(0).home, 0.2);
  EXPECT_DOUBLE_EQ(between_two(0).away, 0.2);
}

TEST(Strengths, TooFewGamesAreNotSound) {
  auto season = whole_season();
  season.resize(19);
  EXPECT_FALSE(expect(season, next_game(1, 2)).sound());
  season = whole_season();
  season.resize(30);  // six rounds
  EXPECT_TRUE(expect(season, next_game(1, 2)).sound());
}

}  // namespace
}  // namespace football
