// How likely each final score is, from the goals that are expected of both sides: independent Poisson counts,
// 0 to 10 goals each, normalised. All markets of goals and results are sums over it, so that they agree with
// each other. Pure.
//
//   const ScoreMatrix matrix(1.5, 1.1);
//   matrix.home();                   // 0.4642
//   matrix.over(2.5);                // 0.4816
//   matrix.probability([](int home, int away) { return home == 2 && away == 1; });
#pragma once

#include <array>
#include <cstddef>

namespace football {

// P(more than `line` goals) where `mean` are expected.
double poisson_over(double mean, double line);

class ScoreMatrix {
 public:
  static constexpr int max_goals = 10;

  ScoreMatrix() : ScoreMatrix(0, 0) {}                // 0-0 for certain
  ScoreMatrix(double home_goals, double away_goals);  // expected: 0 … 20, others are taken to that range

  template <class Holds>
  double probability(Holds holds) const {
    double sum = 0;
    for (int home = 0; home <= max_goals; ++home)
      for (int away = 0; away <= max_goals; ++away)
        if (holds(home, away)) sum += score(home, away);
    return sum;
  }
  double score(int home, int away) const {
    return cells_[static_cast<std::size_t>(home)][static_cast<std::size_t>(away)];
  }

  double home() const;
  double draw() const;
  double away() const;
  double home_or_draw() const;
  double home_or_away() const;
  double draw_or_away() const;
  double over(double line) const;
  double under(double line) const;
  double both_score() const;

 private:
  std::array<std::array<double, max_goals + 1>, max_goals + 1> cells_{};
};

}  // namespace football
