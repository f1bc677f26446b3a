// Which games are "today": of the local day, and from 20:30 on of the next one too, when most of today's have
// begun; in the order in which leagues are shown. Pure.
//
//   for (const auto day : days_shown(clock.wall(), zone)) …           // one or two
//   std::vector<LeagueGames> leagues = by_league(to_come(games, clock.wall()), default_ratings());
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "football/models.hpp"
#include "football/ratings.hpp"
#include "schedule/zone.hpp"

namespace football {

std::vector<std::chrono::year_month_day> days_shown(base::WallTime now, const schedule::Zone& zone);

// Those that neither have begun nor were called off.
std::vector<Fixture> to_come(std::span<const Fixture> fixtures, base::WallTime now);

struct LeagueGames {
  League league{};
  std::vector<Fixture> games{};  // by kick-off
};
// The league with the highest weight first, then the one with the most games, then by name.
std::vector<LeagueGames> by_league(std::span<const Fixture> fixtures, const Ratings& ratings);

}  // namespace football
