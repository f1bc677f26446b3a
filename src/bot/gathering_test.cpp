#include "bot/gathering.hpp"

#include <gtest/gtest.h>

#include "bot/football_fixture_test.hpp"

namespace bot {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using base::Code;
using football::LeagueGames;

struct Desk {
  Gathering gathering() {
    return {world.client, football::default_ratings(), world.deadline(), stop.get_token()};
  }
  std::vector<LeagueGames> leagues() {
    const auto list = world.client.fixtures_of(
        std::chrono::year{2025} / std::chrono::month{11} / std::chrono::day{21}, world.deadline(), {});
    EXPECT_TRUE(list);
    return football::by_league(list->value, football::default_ratings());
  }
  std::size_t count(const std::string& part) const {
    std::size_t found = 0;
    for (const std::string& path : invented.asked()) found += path.find(part) != path.npos ? 1 : 0;
    return found;
  }
  football::testing::World world;
  InventedFootball invented{world};
  std::stop_source stop;
};

TEST(Gathering, ALeagueIsAskedForOnce) {
  Desk desk;
  const auto leagues = desk.leagues();
  Gathering gathering = desk.gathering();
  std::vector<std::size_t> done;
  const auto analyses =
      gathering.analyse_all(leagues, {}, [&](std::size_t some, std::size_t) { done.push_back(some); });
  ASSERT_TRUE(analyses);
  EXPECT_EQ(analyses->size(), 3U);
  EXPECT_EQ(gathering.analysed(), 3U);
  EXPECT_EQ(done, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(desk.count("/fixtures?league="), 2U);
  EXPECT_EQ(desk.count("/standings"), 2U);
  EXPECT_EQ(desk.count("/leagues"), 1U);
  EXPECT_EQ(desk.count("/odds"), 0U);
  EXPECT_TRUE(gathering.warnings().empty());
  gathering.with_odds(analyses->front(), 5);
  EXPECT_EQ(desk.count("/odds"), 1U);
  EXPECT_EQ(desk.count("/fixtures?league="), 2U) << "kept for the job";
}

TEST(Gathering, AtMostAsManyGamesAsAllowed) {
  Desk desk;
  const auto leagues = desk.leagues();
  Gathering gathering = desk.gathering();
  const auto analyses = gathering.analyse_all(leagues, {.max_games = 2}, {});
  ASSERT_TRUE(analyses);
  EXPECT_EQ(analyses->size(), 2U);
  EXPECT_EQ(desk.count("/fixtures?league="), 1U) << "the other league is not needed";
}

TEST(Gathering, ATableThatDoesNotExistIsNotAskedFor) {
  Desk desk;
  desk.invented.instead = {
      {"/leagues",
       told(envelope({R"({"league":{"id":39,"name":"Liga 39","type":"Cup"},"country":{"name":"Land"},)"
                      R"("seasons":[{"year":2025,"current":true,"coverage":{"standings":false}}]})"}))}};
  const auto leagues = desk.leagues();
  ASSERT_TRUE(desk.gathering().analyse_all(leagues, {}, {}));
  EXPECT_EQ(desk.count("/standings?league=39"), 0U);
  EXPECT_EQ(desk.count("/standings?league=40"), 1U) << "of this one nothing is known";
}

TEST(Gathering, OneLeagueMayFail) {
  Desk desk;
  const auto leagues = desk.leagues();
  desk.invented.instead = {{"/fixtures?league=39", told("x", {}, 500)}};
  Gathering gathering = desk.gathering();
  const auto analyses = gathering.analyse_all(leagues, {}, {});
  ASSERT_TRUE(analyses);
  EXPECT_EQ(analyses->size(), 1U);
  ASSERT_EQ(gathering.warnings().size(), 1U);
  EXPECT_EQ(gathering.warnings()[0], "Dados de 1 liga não puderam ser lidos agora.");
}

// 42 is after 39 and 40 in the order of names, and would not be asked.
TEST(Gathering, LeaguesThatAreNotEvenAskedForAreMissingToo) {
  Desk desk;
  desk.invented.today[42] = {{1, 2}};
  const auto leagues = desk.leagues();
  ASSERT_EQ(leagues.size(), 3U);
  desk.invented.instead = {
      {"/fixtures?league=40", told(football::testing::failing(R"({"plan":"not in yours"})"))}};
  Gathering gathering = desk.gathering();
  const auto analyses = gathering.analyse_all(leagues, {}, {});
  ASSERT_TRUE(analyses);
  EXPECT_EQ(analyses->size(), 2U);
  EXPECT_EQ(desk.count("/fixtures?league=42"), 0U);
  ASSERT_EQ(gathering.warnings().size(), 1U);
  EXPECT_EQ(gathering.warnings()[0], "Dados de 2 ligas não puderam ser lidos agora.");
}

TEST(Gathering, WhenAllFailTheFirstErrorIsTold) {
  Desk desk;
  const auto leagues = desk.leagues();
  desk.invented.instead = {
      {"/fixtures?league=", told(football::testing::failing(R"({"token":"wrong key"})"))}};
  const auto analyses = desk.gathering().analyse_all(leagues, {}, {});
  ASSERT_FALSE(analyses);
  EXPECT_EQ(analyses.error().code, Code::permission);
  EXPECT_EQ(desk.count("/fixtures?league="), 1U) << "the other would fare the same";
}

TEST(Gathering, WhatIsOldMakesTheAnalysisOld) {
  Desk desk;
  const auto leagues = desk.leagues();
  const base::WallTime then = desk.world.clock.wall();
  ASSERT_TRUE(desk.gathering().analyse_one(leagues[0].games[0], 5, {}));
  desk.world.clock.advance(7h);
  desk.invented.instead = {{"/fixtures?league=", football::testing::not_reached()}};
  Gathering gathering = desk.gathering();
  const auto analysis = gathering.analyse_one(leagues[0].games[0], 5, {});
  ASSERT_TRUE(analysis) << analysis.error().message;
  EXPECT_EQ(analysis->stale_since, then);
  const auto older = gathering.analyse_one(leagues[0].games[0], 5, then - 1h);
  EXPECT_EQ(older->stale_since, then - 1h) << "the oldest of all";
}

TEST(Gathering, AStopIsNoFailureOfALeague) {
  Desk desk;
  const auto leagues = desk.leagues();
  desk.stop.request_stop();
  Gathering gathering = desk.gathering();
  EXPECT_EQ(gathering.analyse_all(leagues, {}, {}).error().code, Code::cancelled);
  EXPECT_EQ(gathering.analyse_one(leagues[0].games[0], 5, {}).error().code, Code::cancelled);
}

}  // namespace
}  // namespace bot
