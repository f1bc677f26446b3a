// The world of the simulated football agrees with itself, as far as a client can see.
#include <algorithm>
#include <set>

#include "simulator/api_tools.hpp"
#include "simulator/football_testing.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

Json season_of(FootballClient& football, const Competition& of) {
  return football.rows("fixtures", {{"league", of.id}, {"season", of.season}});
}

TEST(FootballWorld, every_day_of_the_year_has_games) {
  for (int week = 0; week < 53; ++week) {
    FootballClient football(static_cast<std::uint64_t>(week));
    football.now += 24h * 7 * week + 1h * week;
    std::set<std::string> leagues;
    for (int later = 0; later < 2; ++later) {
      for (const std::string& zone : {sao_paulo, std::string("UTC")}) {
        const Json games = day_list(football, local_day(football, later), zone);
        EXPECT_GE(games.size(), 8U) << local_day(football, later);
        EXPECT_LE(games.size(), 60U) << local_day(football, later);
        for (const Json& game : games) leagues.insert(game["league"]["name"]);
      }
    }
    EXPECT_GE(leagues.size(), 3U);
    const Json live = football.rows("fixtures", {{"live", "all"}});
    EXPECT_GE(live.size(), 1U);
    for (const Json& game : live) EXPECT_TRUE(game["goals"]["home"].is_number()) << game;
    for (const Json& row : football.rows("leagues", {{"current", "true"}}))
      EXPECT_EQ(row["seasons"].size(), 1U);
  }
}

TEST(FootballWorld, has_what_clients_stumble_over) {
  FootballClient football;
  EXPECT_EQ(competitions(football).size(), 14U);
  std::set<std::string> countries, missing;
  for (const Json& row : football.rows("leagues")) {
    countries.insert(row["country"]["name"]);
    EXPECT_EQ(row["seasons"].size(), 3U);
    EXPECT_EQ(row["country"]["flag"].is_null(), row["country"]["name"] == "World");
  }
  EXPECT_EQ(countries.size(), 10U) << "nine, and the world";
  std::map<std::string, std::set<std::string>> named;
  std::string all;
  for (const std::string& country : countries)
    for (const Json& row : football.rows("teams", {{"country", country}})) {
      named[row["team"]["name"]].insert(country);
      all += row["team"]["name"];
    }
  EXPECT_EQ(named.at("Nacional"), (std::set<std::string>{"Brazil", "Portugal"}));
  EXPECT_TRUE(std::any_of(named.begin(), named.end(), [](auto& one) { return one.first.size() > 90; }));
  for (const char* sign : {"&", "<", "'", "ã", "Ø", "\""}) EXPECT_NE(all.find(sign), std::string::npos);
  EXPECT_EQ(
      football.rows("standings", {{"league", "13"}, {"season", "2025"}})[0]["league"]["standings"].size(),
      4U);
  const auto thin = competitions(football);
  EXPECT_EQ(std::count_if(thin.begin(), thin.end(), [](auto& one) { return !one.odds; }), 1);
  EXPECT_EQ(std::count_if(thin.begin(), thin.end(), [](auto& one) { return !one.statistics; }), 1);
}

TEST(FootballWorld, the_seed_decides_every_byte) {
  const auto told = [](std::uint64_t seed) {
    FootballClient football(seed);
    return *football.ask("fixtures", {{"league", "39"}, {"season", "2025"}}).body +
           *football.ask("odds", {{"date", "2025-11-22"}}).body;
  };
  EXPECT_EQ(told(3), told(3));
  EXPECT_NE(told(3), told(4));
}

TEST(FootballWorld, everybody_meets_everybody_twice) {
  FootballClient football;
  for (const Competition& of : competitions(football)) {
    std::map<std::pair<int, int>, int> pairs;
    std::map<int, int> balance;
    std::map<std::string, std::set<int>> busy;
    std::size_t rounds = 0;
    for (const Json& game : season_of(football, of)) {
      if (!game["league"]["round"].get<std::string>().starts_with("Regular")) continue;
      ++rounds;
      const int home = game["teams"]["home"]["id"], away = game["teams"]["away"]["id"];
      EXPECT_EQ(++pairs[std::pair(home, away)], 1);
      ++balance[home];
      --balance[away];
      auto& playing = busy[game["league"]["round"]];
      EXPECT_TRUE(playing.insert(home).second && playing.insert(away).second);
    }
    for (const auto& [team, sum] : balance) EXPECT_EQ(sum, 0) << team;
    EXPECT_EQ(rounds, balance.empty() ? 0 : balance.size() * (balance.size() - 1)) << of.id;
  }
}

TEST(FootballWorld, standings_are_the_sum_of_the_games) {
  FootballClient football;
  for (const Competition& of : competitions(football)) {
    const Json standings = football.rows("standings", {{"league", of.id}, {"season", of.season}});
    ASSERT_EQ(standings.size(), of.standings ? 1U : 0U) << of.id;
    if (!of.standings) continue;
    std::map<int, std::array<int, 7>> wanted;  // points, played, won, drawn, lost, scored, conceded
    for (const Json& game : season_of(football, of)) {
      const std::string round = game["league"]["round"];
      if (!is_over(game) || !(round.starts_with("Regular") || round.starts_with("Group"))) continue;
      const int goals[2] = {game["goals"]["home"], game["goals"]["away"]};
      for (const int side : {0, 1}) {
        auto& row = wanted[game["teams"][side == 0 ? "home" : "away"]["id"]];
        const int own = goals[side], other = goals[1 - side];
        const std::array<int, 7> one{
            own > other ? 3 : own == other ? 1 : 0, 1, own > other, own == other, own < other, own, other};
        for (std::size_t i = 0; i < one.size(); ++i) row[i] += one[i];
      }
    }
    for (const Json& group : standings[0]["league"]["standings"]) {
      int above = 1000, rank = 0;
      for (const Json& row : group) {
        const Json& all = row["all"];
        const std::array found{row["points"].get<int>(),
                               all["played"].get<int>(),
                               all["win"].get<int>(),
                               all["draw"].get<int>(),
                               all["lose"].get<int>(),
                               all["goals"]["for"].get<int>(),
                               all["goals"]["against"].get<int>()};
        EXPECT_EQ(found, wanted[row["team"]["id"]]) << of.id << row;
        EXPECT_EQ(row["rank"], ++rank);
        EXPECT_EQ(row["goalsDiff"], found[5] - found[6]);
        EXPECT_EQ(all["played"], row["home"]["played"].get<int>() + row["away"]["played"].get<int>());
        EXPECT_LE(found[0], above);
        above = found[0];
      }
    }
  }
}

TEST(FootballWorld, statistics_of_games_agree_with_their_goals_and_cards) {
  FootballClient football;
  std::size_t nulls = 0, seen = 0;
  for (const Json& game : football.rows("fixtures", {{"league", "39"}, {"season", "2025"}})) {
    if (!is_over(game) || seen > 40) continue;
    ++seen;
    const std::string id = game["fixture"]["id"].dump();
    const Json full = football.rows("fixtures", {{"ids", id}}).at(0);
    EXPECT_EQ(full["statistics"], football.rows("fixtures/statistics", {{"fixture", id}}));
    EXPECT_EQ(full["lineups"], football.rows("fixtures/lineups", {{"fixture", id}}));
    std::map<std::string, int> values[2];
    for (const int side : {0, 1})
      for (const Json& one : full["statistics"].at(static_cast<std::size_t>(side))["statistics"]) {
        const Json& value = one["value"];
        nulls += value.is_null();
        values[side][one["type"]] = value.is_null()     ? 0
                                    : value.is_string() ? std::stoi(value.get<std::string>())
                                                        : value.get<int>();
      }
    std::map<std::string, int> events;
    for (const Json& event : full["events"])
      ++events[event["team"]["id"].dump() + event["detail"].get<std::string>()];
    for (const int side : {0, 1}) {
      const char* name = side == 0 ? "home" : "away";
      const std::string team = full["teams"][name]["id"].dump();
      EXPECT_EQ(values[side]["Shots on Goal"],
                full["goals"][name].get<int>() + values[1 - side]["Goalkeeper Saves"]);
      EXPECT_EQ(values[side]["Total Shots"], values[side]["Shots on Goal"] + values[side]["Shots off Goal"] +
                                                 values[side]["Blocked Shots"]);
      EXPECT_EQ(values[side]["Yellow Cards"], events[team + "Yellow Card"]);
      EXPECT_EQ(values[side]["Red Cards"], events[team + "Red Card"]);
      EXPECT_EQ(full["goals"][name], events[team + "Normal Goal"]);
    }
    EXPECT_EQ(values[0]["Ball Possession"] + values[1]["Ball Possession"], 100);
  }
  EXPECT_GT(nulls, 0U);
  EXPECT_EQ(football.rows("fixtures/statistics", {{"fixture", "1"}}), Json::array());
}

TEST(FootballWorld, statistics_of_teams_agree_with_standings_and_games) {
  FootballClient football;
  const Json table =
      football.rows("standings", {{"league", "71"}, {"season", "2025"}})[0]["league"]["standings"];
  for (const Json& row : table[0]) {
    const std::string team = row["team"]["id"].dump();
    const Json all =
        football.rows("teams/statistics", {{"league", "71"}, {"season", "2025"}, {"team", team}});
    EXPECT_EQ(all["fixtures"]["played"]["total"], row["all"]["played"]);
    EXPECT_EQ(all["fixtures"]["wins"]["away"], row["away"]["win"]);
    EXPECT_EQ(all["goals"]["for"]["total"]["home"], row["home"]["goals"]["for"]);
    EXPECT_EQ(all["goals"]["against"]["total"]["total"], row["all"]["goals"]["against"]);
    const std::string form = all["form"];
    EXPECT_EQ(form.substr(form.size() - 5), row["form"]);
    int by_minute = 0, yellow = 0, of_games = 0;
    for (const auto& [span, one] : all["goals"]["for"]["minute"].items())
      by_minute += one["total"].is_null() ? 0 : one["total"].get<int>();
    EXPECT_EQ(by_minute, all["goals"]["for"]["total"]["total"]);
    EXPECT_EQ(
        all["goals"]["for"]["average"]["home"],
        fmt::format("{:.1f}", row["home"]["goals"]["for"].get<double>() / row["home"]["played"].get<int>()));
    for (const auto& [span, one] : all["cards"]["yellow"].items())
      yellow += one["total"].is_null() ? 0 : one["total"].get<int>();
    if (row["rank"] != 1) continue;
    for (const Json& game :
         football.rows("fixtures", {{"team", team}, {"season", "2025"}, {"league", "71"}})) {
      if (!is_over(game)) continue;
      const Json full = football.rows("fixtures", {{"id", game["fixture"]["id"].dump()}});
      for (const Json& event : full[0]["events"])
        of_games += event["detail"] == "Yellow Card" && event["team"]["id"] == row["team"]["id"];
    }
    EXPECT_EQ(yellow, of_games);
  }
}

TEST(FootballWorld, a_team_without_games_has_nulls) {
  FootballClient football;
  football.now = std::chrono::sys_days{std::chrono::year{2026} / 7 / 25} + 12h;
  const Json all = football.rows(
      "teams/statistics",
      {{"league", "39"},
       {"season", "2026"},
       {"team", football.rows("teams", {{"league", "39"}, {"season", "2026"}})[0]["team"]["id"].dump()}});
  EXPECT_TRUE(all["form"].is_null());
  EXPECT_TRUE(all["goals"]["for"]["average"]["total"].is_null());
  EXPECT_TRUE(all["biggest"]["wins"]["home"].is_null());
  EXPECT_EQ(all["lineups"], Json::array());
  const Json table = football.rows("standings", {{"league", "39"}, {"season", "2026"}});
  EXPECT_TRUE(table[0]["league"]["standings"][0][0]["form"].is_null());
}

TEST(FootballWorld, a_day_is_the_union_of_its_leagues) {
  FootballClient football;
  for (const std::string& zone : {sao_paulo, std::string("UTC"), std::string("Asia/Tokyo")}) {
    const std::string day = local_day(football, 1);
    std::set<int> of_leagues;
    for (const Competition& of : competitions(football))
      of_leagues.merge(ids(football.rows(
          "fixtures", {{"league", of.id}, {"season", of.season}, {"date", day}, {"timezone", zone}})));
    const Json games = day_list(football, day, zone);
    EXPECT_EQ(ids(games), of_leagues);
    for (const Json& game : games) EXPECT_EQ(game["fixture"]["date"].get<std::string>().substr(0, 10), day);
  }
}

TEST(FootballWorld, late_games_belong_to_the_next_day_of_utc) {
  FootballClient football;
  std::size_t late = 0;
  for (const Json& game : day_list(football, local_day(football, 1), sao_paulo)) {
    const std::string date = game["fixture"]["date"], hour = date.substr(11, 2);
    EXPECT_TRUE(date.ends_with("-03:00"));
    EXPECT_EQ(game["fixture"]["timezone"], sao_paulo);
    if (hour < "21") continue;
    ++late;
    const Json same = day_list(football, local_day(football, 2), "UTC");
    EXPECT_TRUE(ids(same).contains(game["fixture"]["id"].get<int>()));
    for (const Json& other : same) {
      if (other["fixture"]["id"] != game["fixture"]["id"]) continue;
      EXPECT_EQ(other["fixture"]["timestamp"], game["fixture"]["timestamp"]);
    }
  }
  EXPECT_GT(late, 0U);
}

TEST(FootballWorld, head_to_head_is_the_same_from_both_sides) {
  FootballClient football;
  const Json game = day_list(football, local_day(football, 1), sao_paulo)[0];
  const std::string one = game["teams"]["home"]["id"].dump(), other = game["teams"]["away"]["id"].dump();
  const Json met = football.rows("fixtures/headtohead", {{"h2h", one + "-" + other}});
  EXPECT_EQ(ids(met), ids(football.rows("fixtures/headtohead", {{"h2h", other + "-" + one}})));
  EXPECT_GE(met.size(), 5U);
  std::set<int> wanted;
  for (const char* season : {"2023", "2024", "2025"})
    for (const Json& played : football.rows("fixtures", {{"team", one}, {"season", season}}))
      if (played["teams"]["home"]["id"].dump() == other || played["teams"]["away"]["id"].dump() == other)
        wanted.insert(played["fixture"]["id"].get<int>());
  EXPECT_EQ(ids(met), wanted);
  const Json last = football.rows("fixtures/headtohead", {{"h2h", one + "-" + other}, {"last", "2"}});
  ASSERT_EQ(last.size(), 2U);
  EXPECT_GT(last[0]["fixture"]["timestamp"], last[1]["fixture"]["timestamp"]);
  EXPECT_EQ(football.rows("fixtures/headtohead", {{"h2h", one + "-" + one}}), Json::array());
}

TEST(FootballWorld, cup_winners_go_on_and_draws_come_late) {
  FootballClient football;
  for (const char* cup : {"73", "13"}) {
    std::map<std::string, std::set<int>> players, winners;
    std::map<std::set<int>, std::map<int, int>> goals;
    for (const Json& game : football.rows("fixtures", {{"league", cup}, {"season", "2024"}})) {
      const std::string round = game["league"]["round"];
      if (round.starts_with("Group")) continue;
      ASSERT_TRUE(is_over(game)) << game;
      const int home = game["teams"]["home"]["id"], away = game["teams"]["away"]["id"];
      auto& sum = goals[{home, away}];
      sum[home] += game["goals"]["home"].get<int>();
      sum[away] += game["goals"]["away"].get<int>();
      players[round].insert({home, away});
      // The second game, or the only one, decides.
      winners[round].erase(home);
      winners[round].erase(away);
      if (sum[home] != sum[away])
        winners[round].insert(sum[home] > sum[away] ? home : away);
      else if (const Json& penalty = game["score"]["penalty"]; !penalty["home"].is_null())
        winners[round].insert(penalty["home"] > penalty["away"] ? home : away);
    }
    EXPECT_EQ(winners["Quarter-finals"], players["Semi-finals"]);
    EXPECT_EQ(winners["Semi-finals"], players["Final"]);
    EXPECT_EQ(winners["Final"].size(), 1U);
  }
  FootballClient early;
  early.now = std::chrono::sys_days{std::chrono::year{2025} / 4 / 10} + 12h;
  std::set<std::string> rounds;
  for (const Json& game : early.rows("fixtures", {{"league", "73"}, {"season", "2025"}}))
    rounds.insert(game["league"]["round"]);
  EXPECT_EQ(rounds, std::set<std::string>{"Round of 16"});
}

TEST(FootballWorld, a_game_runs_by_the_clock) {
  FootballClient football;
  const Json next = football.rows("fixtures", {{"next", "1"}})[0];
  const std::string id = next["fixture"]["id"].dump();
  EXPECT_TRUE(next["goals"]["home"].is_null());
  EXPECT_TRUE(next["fixture"]["periods"]["first"].is_null());
  football.now = base::WallTime{std::chrono::seconds{next["fixture"]["timestamp"].get<std::int64_t>()}};
  std::vector<std::string> seen;
  int goals = 0, elapsed = 0;
  for (int minute = 0; minute < 130; ++minute, football.now += 1min) {
    const Json game = football.rows("fixtures", {{"id", id}})[0];
    const std::string status = game["fixture"]["status"]["short"];
    if (seen.empty() || seen.back() != status) seen.push_back(status);
    const int now = game["goals"]["home"].get<int>() + game["goals"]["away"].get<int>();
    EXPECT_GE(now, goals);
    EXPECT_GE(game["fixture"]["status"]["elapsed"], elapsed);
    EXPECT_EQ(game["score"]["fulltime"]["home"].is_null(), status != "FT");
    EXPECT_EQ(game["score"]["halftime"]["home"].is_null(), status == "1H");
    goals = now;
    elapsed = game["fixture"]["status"]["elapsed"];
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"1H", "HT", "2H", "FT"}));
  const Json before = football.rows("fixtures", {{"id", id}})[0];
  football.now += 24h * 30;
  const Json after = football.rows("fixtures", {{"id", id}})[0];
  EXPECT_EQ(before["score"], after["score"]);
  EXPECT_EQ(before["statistics"], after["statistics"]);
}

}  // namespace
}  // namespace simulator
