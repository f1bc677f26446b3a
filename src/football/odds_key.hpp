// Our names of what can be bet on, from the bookmakers' (API-Football's /odds). A bet that is not listed here
// has none, so that two different bets never share a name. Pure.
//
//   Match Winner                 home draw away
//   Double Chance                1x 12 x2
//   Goals Over/Under             over_0.5 … over_5.5, under_…           whole and quarter lines: none
//   Both Teams Score             yes no
//   Goals Over/Under First Half  first_half_over_0.5 … first_half_under_5.5
//   Corners Over Under           corners_over_9.5; of one team corners_home_over_4.5
//   Cards Over/Under             cards_over_4.5; of one team cards_away_over_1.5
//   Asian Handicap               handicap_home_-1.5, the line as its team is given it
//   Handicap Result              result_handicap_draw_+1, three outcomes
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace football {

inline constexpr double lowest_odd = 1.01, highest_odd = 1000;  // decimal odds of others are errors

bool is_known_bet(std::string_view bet);
std::optional<std::string> odds_key(std::string_view bet, std::string_view value);

}  // namespace football
