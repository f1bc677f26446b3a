#include "football/analysis.hpp"

#include "football/season_fixture_test.hpp"

namespace football {
namespace {

using namespace testing;

bool warned(const Analysis& analysis, std::string_view words) {
  return std::any_of(analysis.warnings.begin(), analysis.warnings.end(),
                     [&](const std::string& warning) { return warning.find(words) != std::string::npos; });
}

TEST(Analysis, OfAWholeSeason) {
  const auto season = whole_season();
  const Standings standings = table();
  const Analysis analysis =
      analyse(next_game(1, 9), {.season = &season, .standings = &standings}, default_ratings());
  EXPECT_TRUE(analysis.sound);
  EXPECT_EQ(analysis.home.position, 1);
  EXPECT_EQ(analysis.away.position, 9);
  EXPECT_EQ(analysis.home.teams, 10);
  EXPECT_GT(analysis.home.quality, analysis.away.quality);
  EXPECT_EQ(analysis.home.form.size(), 5u);
  ASSERT_EQ(analysis.home.last.size(), 4u);
  EXPECT_GT(analysis.home.last[0].kickoff, analysis.home.last[3].kickoff);
  EXPECT_GT(analysis.home.goals_expected, analysis.away.goals_expected);
  ASSERT_FALSE(analysis.picks.empty());
  for (const Pick& pick : analysis.picks) {
    EXPECT_GE(pick.confidence, 5.5);
    EXPECT_FALSE(pick.words.empty());
    EXPECT_NE(pick.reason.find("Time 9"), std::string::npos);
    EXPECT_NEAR(pick.probability, analysis.matrix.probability([&](int home, int away) {
      return find_statement(pick.market, pick.outcome)->holds(home, away);
    }),
                1e-12);
  }
  EXPECT_TRUE(warned(analysis, "Odds indisponíveis para este jogo"));
}

TEST(Analysis, EvidenceHasTheRealScores) {
  const auto season = whole_season();
  const Analysis analysis = analyse(next_game(1, 2), {.season = &season}, {});
  for (const Evidence& game : analysis.home.last) {
    const auto found = std::find_if(season.begin(), season.end(), [&](const Fixture& one) {
      return one.kickoff == game.kickoff && (game.at_home ? one.home.id : one.away.id) == 101;
    });
    ASSERT_NE(found, season.end());
    EXPECT_EQ(game.opponent, game.at_home ? found->away.name : found->home.name);
    EXPECT_EQ(game.goals_for, game.at_home ? found->goals.home : found->goals.away);
    EXPECT_EQ(game.goals_against, game.at_home ? found->goals.away : found->goals.home);
  }
}

TEST(Analysis, OddsAreTakenAndTheMissingOnesNamed) {
  const auto season = whole_season();
  const Odds odds{{"home", 1.45}, {"over_1.5", 1.30}};
  const Analysis analysis = analyse(next_game(1, 9), {.season = &season, .odds = &odds}, {});
  const auto home = std::find_if(analysis.picks.begin(), analysis.picks.end(),
                                 [](const Pick& pick) { return pick.outcome == "home"; });
  ASSERT_NE(home, analysis.picks.end());
  EXPECT_EQ(home->odd, 1.45);
  EXPECT_TRUE(warned(analysis, "Odds indisponíveis: "));
  EXPECT_FALSE(warned(analysis, "Resultado"));
}

TEST(Analysis, SaysWhyThereIsNone) {
  auto season = whole_season();
  season.resize(10);
  const Analysis few = analyse(next_game(1, 2), {.season = &season}, {});
  EXPECT_FALSE(few.sound);
  EXPECT_TRUE(few.picks.empty());
  EXPECT_TRUE(warned(few, "10 jogos na temporada desta liga (mínimo: 20)"));
  EXPECT_TRUE(warned(few, "2 jogos de Time 1 na temporada (mínimo: 3)"));

  const Analysis unknown = analyse(next_game(1, 2), {}, {});
  EXPECT_FALSE(unknown.sound);
  EXPECT_TRUE(warned(unknown, "não estão disponíveis"));

  const auto whole = whole_season();
  Fixture off = next_game(1, 2);
  off.phase = Phase::called_off;
  EXPECT_TRUE(warned(analyse(off, {.season = &whole}, {}), "adiado ou cancelado"));
  off.phase = Phase::live;
  const Analysis live = analyse(off, {.season = &whole}, {});
  EXPECT_TRUE(live.sound);
  EXPECT_TRUE(warned(live, "já começou"));
}

TEST(Analysis, ACupWithoutATable) {
  auto season = whole_season();
  for (Fixture& one : season) one.round = "Quarter-finals";
  Fixture fixture = next_game(2, 7);
  fixture.round = "Semi-finals";
  const Standings none;
  const Analysis analysis = analyse(fixture, {.season = &season, .standings = &none}, {});
  EXPECT_TRUE(analysis.sound);
  EXPECT_FALSE(analysis.home.position);
  EXPECT_FALSE(analysis.picks.empty());
}

TEST(Analysis, OfSeveralTablesTheOneWithBoth) {
  Standings groups = table();
  groups.insert(groups.begin(), {groups[0][4], groups[0][8]});  // another group that holds one of them
  groups[0][1].rank = 2;
  const auto season = whole_season();
  const Analysis analysis = analyse(next_game(9, 1), {.season = &season, .standings = &groups}, {});
  EXPECT_EQ(analysis.home.position, 9);
  EXPECT_EQ(analysis.away.position, 1);
}

TEST(Analysis, TheUsersMinimumHolds) {
  const auto season = whole_season();
  for (int away = 2; away <= season_teams; ++away)
    for (const Pick& pick : analyse(next_game(1, away), {.season = &season}, {}, 8.0).picks)
      EXPECT_GE(pick.confidence, 8.0);
}

}  // namespace
}  // namespace football
