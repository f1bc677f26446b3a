// How long an answer of the API stays good, by what it tells and how near the next kick-off is. Pure.
//
//   what               fresh                                                        kept for failures
//   leagues            24 h; without any 5 min                                      7 d; 5 min
//   games of a day     10 min with one live, begun or to begin within 3 h;          24 h
//                      1 h without; 5 min without any game                          none: 5 min
//   season             6 h; 15 min with one live, or begun within the last 3 h;     48 h
//                      1 h without any game                                         none: 1 h
//   table              6 h; none 1 h                                                48 h; none: 1 h
//   head to head       7 d                                                          30 d
//   odds               3 h; 1 h from 24 h before kick-off; 10 min from 2 h before   12 h
//   a game by its id   10 min; an id the API does not know: 5 min                   24 h; unknown: 5 min
//
// "None" may be the truth, or not there yet, so it is never believed for long.
#pragma once

#include <span>

#include "base/clock.hpp"
#include "football/cache.hpp"
#include "football/models.hpp"

namespace football {

Cache::Lifetime lifetime_of_leagues(bool is_any);
Cache::Lifetime lifetime_of_day(std::span<const Fixture> games, base::WallTime now);
Cache::Lifetime lifetime_of_season(std::span<const Fixture> games, base::WallTime now);
Cache::Lifetime lifetime_of_standings(bool is_any);
Cache::Lifetime lifetime_of_head_to_head();
Cache::Lifetime lifetime_of_odds(base::WallTime kickoff, base::WallTime now);
Cache::Lifetime lifetime_of_game(bool is_known);

}  // namespace football
