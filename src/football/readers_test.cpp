#include "football/readers.hpp"

#include <gtest/gtest.h>

#include "football/envelope.hpp"
#include "football/fixture_test.hpp"

namespace {

using base::Code;
using football::Envelope;
using football::Phase;
using football::testing::game;
using football::testing::instant;
using namespace std::chrono_literals;

Envelope open(const std::string& response) {
  auto opened = football::open_envelope(R"({"errors":[],"response":)" + response + "}");
  EXPECT_TRUE(opened) << response;
  return *std::move(opened);
}
auto fixtures(const std::string& response) { return football::read_fixtures(open(response).response); }

const base::WallTime kickoff = instant(2025, 11, 21, 22h + 30min);

TEST(ReadFixtures, AGameToComeWithNullsEverywhere) {
  const auto games = fixtures("[" + game(7, kickoff) + "]");
  ASSERT_TRUE(games);
  ASSERT_EQ(games->size(), 1U);
  const football::Fixture& it = games->front();
  EXPECT_EQ(it.id, 7);
  EXPECT_EQ(it.kickoff, kickoff);
  EXPECT_EQ(it.phase, Phase::not_begun);
  EXPECT_EQ(it.status, "NS");
  EXPECT_EQ(it.league.id, 39);
  EXPECT_EQ(it.league.season, 2025);
  EXPECT_EQ(it.round, "Regular Season - 3");
  EXPECT_EQ(it.home.name, "A & B");
  EXPECT_FALSE(it.goals.known());
  EXPECT_FALSE(it.halftime.known());
  EXPECT_EQ(it.venue + it.city + it.referee, "");
}

std::string with_scores(const std::string& status, const std::string& goals, const std::string& score) {
  return fmt::format(
      R"([{{"fixture":{{"id":1,"date":"2025-11-21T19:30:00-03:00","status":{{"short":"{}"}},)"
      R"("venue":{{"name":"Estádio","city":"Cidade"}},"referee":"R"}},"league":{{"id":1}},)"
      R"("teams":{{"home":{{"id":1,"name":"a"}},"away":{{"id":2,"name":"b"}}}},"goals":{},"score":{}}}])",
      status, goals, score);
}

TEST(ReadFixtures, AfterExtraTimeTheNinetyMinutesCount) {
  const auto games = fixtures(with_scores("AET", R"({"home":3,"away":2})",
                                          R"({"halftime":{"home":0,"away":1},"fulltime":{"home":2,"away":2},
                                              "extratime":{"home":1,"away":0}})"));
  ASSERT_TRUE(games);
  const football::Fixture& it = games->front();
  EXPECT_EQ(it.kickoff, kickoff) << "by the date, where there is no timestamp";
  EXPECT_EQ(it.phase, Phase::finished);
  EXPECT_EQ(it.goals.home, 2);
  EXPECT_EQ(it.goals.away, 2);
  EXPECT_EQ(it.halftime.away, 1);
  EXPECT_EQ(it.venue, "Estádio");
}

TEST(ReadFixtures, HalfAScoreIsNone) {
  EXPECT_FALSE(fixtures(with_scores("FT", R"({"home":3,"away":null})", "null"))->front().goals.known());
  EXPECT_FALSE(fixtures(with_scores("FT", R"({"home":-1,"away":0})", "null"))->front().goals.known());
  EXPECT_TRUE(fixtures(with_scores("1H", R"({"home":"3","away":0})", "7"))->front().goals.known());
}

TEST(ReadFixtures, Phases) {
  for (const char* status : {"TBD", "NS"}) EXPECT_EQ(football::phase_of(status), Phase::not_begun);
  for (const char* status : {"1H", "HT", "2H", "ET", "BT", "P", "SUSP", "INT", "LIVE"})
    EXPECT_EQ(football::phase_of(status), Phase::live);
  for (const char* status : {"FT", "AET", "PEN"}) EXPECT_EQ(football::phase_of(status), Phase::finished);
  for (const char* status : {"PST", "CANC", "ABD", "AWD", "WO", "?"})
    EXPECT_EQ(football::phase_of(status), Phase::called_off);
}

TEST(ReadFixtures, WhatIsNoGameIsLeftOut) {
  const auto games = fixtures("[" + game(0, kickoff) + "," + game(5, kickoff) + ",null,7,\"x\",[],{}," +
                              game(6, base::WallTime{}) + "," + game(8, kickoff, "") + "]");
  ASSERT_TRUE(games);
  ASSERT_EQ(games->size(), 1U);
  EXPECT_EQ(games->front().id, 5);
  EXPECT_TRUE(fixtures("[]")->empty());
  EXPECT_EQ(fixtures("[{},{}]").error().code, Code::invalid_data);
  EXPECT_EQ(fixtures("{}").error().code, Code::invalid_data);
}

TEST(ReadFixtures, TextsAreBounded) {
  std::string body = with_scores("NS", "null", "null");
  body.replace(body.find("\"R\""), 3, "\"" + std::string(5000, 'y') + "\"");
  body.replace(body.find("Cidade"), 6, R"(Ci\ndade\u0000)");
  const auto games = fixtures(body);
  EXPECT_LE(games->front().referee.size(), 120U);
  EXPECT_EQ(games->front().city, R"(Ci\ndade\x00)");
}

TEST(ReadStandings, AllGroups) {
  const auto row = [](int rank, int team, const char* form, const char* all) {
    return fmt::format(
        R"({{"rank":{},"team":{{"id":{},"name":"t"}},"points":9,"group":"G","form":{},"all":{}}})", rank,
        team, form, all);
  };
  const auto tables = football::read_standings(
      open(fmt::format(R"([{{"league":{{"id":1,"standings":[[{},{}],[{},null],[]]}}}}])",
                       row(1, 10, R"("WWxDL?")", R"({"played":4,"goals":{"for":8,"against":3}})"),
                       row(2, 11, "null", "null"), row(1, 12, "\"\"", "{}")))
          .response);
  ASSERT_TRUE(tables);
  ASSERT_EQ(tables->size(), 2U);
  EXPECT_EQ((*tables)[0].size(), 2U);
  EXPECT_EQ((*tables)[0][0].form, "WWDL");
  EXPECT_EQ((*tables)[0][0].goals_for, 8);
  EXPECT_EQ((*tables)[0][0].played, 4);
  EXPECT_EQ((*tables)[0][1].played, 0);
  EXPECT_EQ((*tables)[1][0].team.id, 12);
}

TEST(ReadStandings, NoneOrUnreadable) {
  const auto read = [](const char* response) { return football::read_standings(open(response).response); };
  EXPECT_TRUE(read("[]")->empty());
  EXPECT_TRUE(read(R"([{"league":{"standings":null}}])")->empty());
  EXPECT_TRUE(read(R"([{"league":{"standings":[[]]}}])")->empty());
  EXPECT_EQ(read(R"([{"league":{"standings":[[{"position":1}]]}}])").error().code, Code::invalid_data);
  EXPECT_EQ(read("{}").error().code, Code::invalid_data);
}

TEST(ReadLeagues, TheCurrentSeasonAndItsCoverage) {
  const auto leagues = football::read_leagues(
      open(R"([{"league":{"id":71,"name":"Série A","type":"League","logo":null},"country":{"name":"Brazil",
        "code":"BR","flag":null},"seasons":[{"year":2024,"current":false},{"year":2025,"current":true,"coverage":
        {"fixtures":{"events":true,"lineups":true,"statistics_fixtures":true},"standings":true,"odds":true,
        "injuries":null}},{"year":2026,"current":null}]},
        {"league":{"id":72,"name":"Old","type":"Cup"},"country":{"name":null},"seasons":[{"year":2001}]},
        {"league":{"id":73,"name":"Bare","type":null},"country":null,"seasons":[{"year":2025,"current":true}]}])")
          .response);
  ASSERT_TRUE(leagues);
  ASSERT_EQ(leagues->size(), 2U);
  const football::LeagueInfo& first = leagues->front();
  EXPECT_EQ(first.league.season, 2025);
  EXPECT_EQ(first.league.country, "Brazil");
  EXPECT_EQ(first.type, "League");
  EXPECT_TRUE(first.coverage.standings && first.coverage.odds && first.coverage.lineups &&
              first.coverage.statistics);
  EXPECT_FALSE(first.coverage.injuries);
  EXPECT_FALSE(leagues->back().coverage.standings);
  EXPECT_EQ(football::read_leagues(open("[1]").response).error().code, Code::invalid_data);
}

std::string odds_of(const std::string& bookmakers) {
  return R"([{"league":{"id":1},"fixture":{"id":7},"update":null,"bookmakers":)" + bookmakers + "}]";
}

TEST(ReadOdds, TheBestOfAllBookmakers) {
  const auto odds = football::read_odds(
      open(odds_of(R"([{"id":1,"bets":[{"id":1,"name":"Match Winner","values":[{"value":"Home","odd":"1.80"},
        {"value":"Draw","odd":3.4},{"value":"Away","odd":"1001"}]},
        {"name":"Exact Goals","values":[{"value":2,"odd":"4.0"}]},
        {"name":"Corners Over Under","values":[{"value":"Over 9.5","odd":"1.9"}]},
        {"name":"Home Corners Over/Under","values":[{"value":"Over 4.5","odd":"2.1"}]}]},
        {"id":2,"bets":[{"name":"Match Winner","values":[{"value":"Home","odd":"1.95"},
        {"value":"Draw","odd":"1.00"},{"value":"Away","odd":null},{"value":null,"odd":"2"}]}]},null,{"bets":null}])"))
          .response,
      7);
  ASSERT_TRUE(odds);
  EXPECT_EQ(*odds,
            (football::Odds{
                {"home", 1.95}, {"draw", 3.4}, {"corners_over_9.5", 1.9}, {"corners_home_over_4.5", 2.1}}));
}

TEST(ReadOdds, NoneOfAnotherGameAndUnreadable) {
  EXPECT_TRUE(football::read_odds(open("[]").response, 7)->empty());
  EXPECT_TRUE(football::read_odds(open(odds_of("null")).response, 7)->empty());
  const std::string one =
      odds_of(R"([{"bets":[{"name":"Match Winner","values":[{"value":"Home","odd":"2"}]}]}])");
  EXPECT_EQ(football::read_odds(open(one).response, 7)->size(), 1U);
  EXPECT_TRUE(football::read_odds(open(one).response, 8)->empty());
  const std::string strange =
      odds_of(R"([{"bets":[{"name":"Match Winner","values":[{"value":"Home","odd":"x"}]}]}])");
  EXPECT_EQ(football::read_odds(open(strange).response, 7).error().code, Code::invalid_data);
  EXPECT_FALSE(football::read_odds(open("{}").response, 7));
}

TEST(ReadAccount, WithoutTheOwner) {
  const auto account = football::read_account(
      open(R"({"account":{"firstname":"x","email":"x@example.org"},"subscription":{"plan":"Free","end":null,
        "active":true},"requests":{"current":12,"limit_day":100}})")
          .response);
  ASSERT_TRUE(account);
  EXPECT_EQ(account->plan, "Free");
  EXPECT_TRUE(account->active);
  EXPECT_EQ(account->used, 12);
  EXPECT_EQ(account->limit, 100);
  EXPECT_EQ(football::read_account(open("[]").response).error().code, Code::invalid_data);
  EXPECT_FALSE(football::read_account(open(R"({"requests":{"current":null,"limit_day":1}})").response));
}

}  // namespace
