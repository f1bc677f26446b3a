#include "football/day.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace football {
namespace {

using namespace std::chrono_literals;

constexpr auto evening = 20h + 30min;

}  // namespace

std::vector<std::chrono::year_month_day> days_shown(base::WallTime now, const schedule::Zone& zone) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::chrono::sys_seconds local{std::chrono::seconds{zone.to_local(second)}};
  const auto day = std::chrono::floor<std::chrono::days>(local);
  std::vector<std::chrono::year_month_day> days{day};
  if (local - day >= evening) days.emplace_back(day + std::chrono::days{1});
  return days;
}

std::vector<Fixture> to_come(std::span<const Fixture> fixtures, base::WallTime now) {
  std::vector<Fixture> result;
  std::copy_if(fixtures.begin(), fixtures.end(), std::back_inserter(result),
               [&](const Fixture& game) { return game.phase == Phase::not_begun && game.kickoff > now; });
  return result;
}

std::vector<LeagueGames> by_league(std::span<const Fixture> fixtures, const Ratings& ratings) {
  std::map<std::int64_t, LeagueGames> leagues;
  std::set<std::int64_t> seen;
  for (const Fixture& game : fixtures) {
    if (!seen.insert(game.id).second) continue;  // two days' lists may both hold it
    LeagueGames& group = leagues[game.league.id];
    group.league = game.league;
    group.games.push_back(game);
  }
  std::vector<LeagueGames> result;
  for (auto& [id, group] : leagues) {
    std::sort(group.games.begin(), group.games.end(), [](const Fixture& one, const Fixture& other) {
      return std::tuple(one.kickoff, one.id) < std::tuple(other.kickoff, other.id);
    });
    result.push_back(std::move(group));
  }
  const auto key = [&](const LeagueGames& group) {
    return std::tuple(-ratings.league_weight(group.league.country, group.league.name),
                      -static_cast<std::ptrdiff_t>(group.games.size()), group.league.name,
                      group.league.country, group.league.id);
  };
  std::sort(result.begin(), result.end(),
            [&](const LeagueGames& one, const LeagueGames& other) { return key(one) < key(other); });
  return result;
}

}  // namespace football
