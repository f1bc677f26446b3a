// The quality score of a team (QSC): about 20 for the worst, 100 for the best; of its standing, its place in
// the table, the goals of the season and its form, times the weight of its league. Pure.
//
//   quality_score({.base = 92, .rank = 1, .teams = 20, .goal_difference = 25, .form = "WWWWW",
//                  .weight = 1, .round = 20});                                            // 98
#pragma once

#include <optional>
#include <string_view>

#include "football/ratings.hpp"

namespace football {

struct Quality {
  int base = default_base_score;
  std::optional<int> rank{};  // none: no table, or not in it
  int teams = 0;              // of the table
  int goal_difference = 0;    // of the season
  std::string_view form{};    // "WDLWW", the newest last; only the last five count
  double weight = default_league_weight;
  std::optional<int> round{};  // early in a season a table says little
};

int quality_score(const Quality& quality);

// "Regular Season - 12" → 12, "2nd Phase - 3" → 3; none for "Round of 16" and "Quarter-finals".
std::optional<int> round_number(std::string_view round);

}  // namespace football
