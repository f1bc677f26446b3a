// For tests of the analyst: an API-Football with two invented leagues, whose seasons are played out by a
// fixed rule, so that all it tells agrees with itself.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "bot/football_analyst.hpp"
#include "football/fixture_test.hpp"

namespace bot::testing {

using football::testing::envelope;
using football::testing::told;

inline constexpr int teams_of_league = 6;

struct InventedFootball {
  explicit InventedFootball(football::testing::World& it) : world(it) {
    world.api.answers([this](const http::Request& request, const std::stop_token& stop) {
      if (stop.stop_requested()) return football::testing::stopped();
      const std::string path = request.url.substr(request.url.find("/", 8));
      for (const auto& [part, outcome] : instead)
        if (path.find(part) != path.npos) return outcome;
      return answer(path);
    });
  }

  static std::string game(std::int64_t id, std::int64_t league, int home, int away, base::WallTime kickoff,
                          int home_goals = -1, int away_goals = -1) {
    const auto goals = [](int n) { return n < 0 ? std::string("null") : std::to_string(n); };
    const std::string score = fmt::format(R"({{"home":{},"away":{}}})", goals(home_goals), goals(away_goals));
    return fmt::format(
        R"({{"fixture":{{"id":{},"timestamp":{},"status":{{"short":"{}"}}}},"league":{{"id":{},"name":"Liga {}",)"
        R"("country":"Land","season":2025,"round":"Regular Season - 9"}},"teams":{{"home":{{"id":{},)"
        R"("name":"{}"}},"away":{{"id":{},"name":"{}"}}}},"goals":{},"score":{{"fulltime":{}}}}})",
        id, football::testing::seconds(kickoff), home_goals < 0 ? "NS" : "FT", league, league,
        league * 100 + home, name(league, home), league * 100 + away, name(league, away), score, score);
  }
  static std::string name(std::int64_t league, int team) {
    return fmt::format("{} <{}>",
                       std::vector{"Norte", "Sul", "Leste", "Oeste", "Centro", "Vale"}.at(
                           static_cast<std::size_t>(team - 1)),
                       league);
  }
  // All against all, twice; the first of them the strongest.
  std::string season(std::int64_t league) const {
    std::vector<std::string> games;
    std::int64_t id = league * 1000;
    for (int home = 1; home <= teams_of_league; ++home)
      for (int away = 1; away <= teams_of_league; ++away)
        if (home != away) {
          const auto age = std::chrono::hours(24 * (1 + id % 60));
          games.push_back(game(++id, league, home, away, world.clock.wall() - age,
                               std::max(0, (away - home + 4) / 2), std::max(0, (home - away + 2) / 2)));
        }
    return envelope(games);
  }
  std::string standings(std::int64_t league) const {
    std::vector<std::string> rows;
    for (int team = 1; team <= teams_of_league; ++team)
      rows.push_back(
          fmt::format(R"({{"rank":{},"team":{{"id":{},"name":"t"}},"points":{},"all":{{"played":10}}}})",
                      team, league * 100 + team, 30 - team));
    return envelope(
        {fmt::format(R"({{"league":{{"id":{},"standings":[[{}]]}}}})", league, base::join(rows, ","))});
  }
  std::vector<std::string> day_list() const {
    std::vector<std::string> games;
    for (const auto& [league, pairs] : today)
      for (std::size_t i = 0; i < pairs.size(); ++i)
        games.push_back(game(league * 10'000 + static_cast<std::int64_t>(i), league, pairs[i].first,
                             pairs[i].second, world.clock.wall() + begins_in));
    return games;
  }
  http::Outcome answer(const std::string& path) const {
    const auto has = [&](std::string_view part) { return path.find(part) != path.npos; };
    const std::int64_t league = has("league=40") ? 40 : 39;
    if (has("/fixtures?date=")) return told(envelope(day_list()));
    if (has("/fixtures?league=")) return told(season(league));
    if (has("/standings")) return told(standings(league));
    return told(envelope({}));  // odds, duels, ids, leagues
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> paths;
    for (const http::Request& request : world.api.requests())
      paths.push_back(request.url.substr(request.url.find("/", 8)));
    return paths;
  }

  football::testing::World& world;
  std::chrono::hours begins_in{3};
  std::map<std::int64_t, std::vector<std::pair<int, int>>> today = {{39, {{1, 6}, {5, 2}}}, {40, {{3, 4}}}};
  std::map<std::string, http::Outcome> instead{};  // part of a path → what comes in place of the truth
};

}  // namespace bot::testing
