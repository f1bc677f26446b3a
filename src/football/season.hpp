// The games that were over when another one began: all that may be known about it before (no look into the
// future), and what they say about a team. Pure.
//
//   const Games games = finished_before(season, fixture);     // oldest first
//   record_of(games, fixture.home.id, Venue::home).scored_mean();
//
// Games hold pointers into what they were taken from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "football/models.hpp"

namespace football {

using Games = std::vector<const Fixture*>;

inline constexpr std::size_t max_games = 4000;  // the newest
inline constexpr int max_goals_told = 30;       // of one side; a game with more is left out as wrong

// Each game once, with a known score, over when `fixture` kicks off; never `fixture` itself.
Games finished_before(const std::vector<Fixture>& all, const Fixture& fixture);

enum class Venue { any, home, away };

struct Record {
  int games = 0;
  int won = 0, drawn = 0, lost = 0;
  int scored = 0, conceded = 0;
  int scored_in = 0;  // games with a goal of its own
  double scored_mean() const { return games == 0 ? 0 : static_cast<double>(scored) / games; }
  double conceded_mean() const { return games == 0 ? 0 : static_cast<double>(conceded) / games; }
};
Record record_of(const Games& games, std::int64_t team, Venue venue = Venue::any);

// "WDLWW", the newest last, of at most `count` games.
std::string form_of(const Games& games, std::int64_t team, std::size_t count = 5);

// Of one team, the newest first, at most `count`.
Games last_games(const Games& games, std::int64_t team, std::size_t count);

}  // namespace football
