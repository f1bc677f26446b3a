// What can be said about the end of a game: one of the outcomes of the result, double chance, goals and
// both-score markets. Pure.
//
//   for (const Statement& statement : statements())
//     matrix.probability([&](int home, int away) { return statement.holds(home, away); });
#pragma once

#include <span>
#include <string_view>

namespace football {

enum class Market { result, double_chance, goals, both_score };

struct Statement {
  enum class Claim {
    home,
    draw,
    away,
    home_or_draw,
    home_or_away,
    draw_or_away,
    over,
    under,
    both,
    not_both
  };

  Market market = Market::goals;
  std::string_view outcome{};  // "home", "1x", "over_2.5", "yes": the name of its odd as well
  Claim claim = Claim::over;
  double line = 0;  // of goals

  bool holds(int home, int away) const;
};

// All of them, always in the same order.
std::span<const Statement> statements();
const Statement* find_statement(Market market, std::string_view outcome);

}  // namespace football
