#include "football/statement.hpp"

#include <algorithm>
#include <array>

namespace football {
namespace {

using enum Statement::Claim;

constexpr std::array<Statement, 20> all{{
    {Market::result, "home", home},
    {Market::result, "draw", draw},
    {Market::result, "away", away},
    {Market::double_chance, "1x", home_or_draw},
    {Market::double_chance, "12", home_or_away},
    {Market::double_chance, "x2", draw_or_away},
    {Market::goals, "over_0.5", over, 0.5},
    {Market::goals, "over_1.5", over, 1.5},
    {Market::goals, "over_2.5", over, 2.5},
    {Market::goals, "over_3.5", over, 3.5},
    {Market::goals, "over_4.5", over, 4.5},
    {Market::goals, "over_5.5", over, 5.5},
    {Market::goals, "under_0.5", under, 0.5},
    {Market::goals, "under_1.5", under, 1.5},
    {Market::goals, "under_2.5", under, 2.5},
    {Market::goals, "under_3.5", under, 3.5},
    {Market::goals, "under_4.5", under, 4.5},
    {Market::goals, "under_5.5", under, 5.5},
    {Market::both_score, "yes", both},
    {Market::both_score, "no", not_both},
}};

}  // namespace

bool Statement::holds(int home_goals, int away_goals) const {
  switch (claim) {
    case home: return home_goals > away_goals;
    case draw: return home_goals == away_goals;
    case away: return home_goals < away_goals;
    case home_or_draw: return home_goals >= away_goals;
    case home_or_away: return home_goals != away_goals;
    case draw_or_away: return home_goals <= away_goals;
    case over: return home_goals + away_goals > line;
    case under: return home_goals + away_goals < line;
    case both: return home_goals > 0 && away_goals > 0;
    case not_both: break;
  }
  return home_goals == 0 || away_goals == 0;
}

std::span<const Statement> statements() { return all; }

const Statement* find_statement(Market market, std::string_view outcome) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Statement& statement) {
    return statement.market == market && statement.outcome == outcome;
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace football
