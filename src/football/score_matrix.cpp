#include "football/score_matrix.hpp"

#include <algorithm>
#include <cmath>

namespace football {
namespace {

using Counts = std::array<double, ScoreMatrix::max_goals + 1>;

Counts poisson(double mean) {
  Counts counts{};
  double term = std::exp(-mean), sum = 0;
  for (std::size_t goals = 0; goals < counts.size(); ++goals) {
    counts[goals] = term;
    sum += term;
    term *= mean / static_cast<double>(goals + 1);
  }
  for (double& count : counts) count /= sum;
  return counts;
}

// A comparison that NaN fails gives the lower end.
double within(double mean) { return mean > 0 ? std::min(mean, 20.0) : 0; }

}  // namespace

double poisson_over(double mean, double line) {
  double term = std::exp(-mean), below = 0;
  for (int goals = 0; goals <= line; ++goals) {
    below += term;
    term *= mean / (goals + 1);
  }
  return std::clamp(1 - below, 0.0, 1.0);
}

ScoreMatrix::ScoreMatrix(double home_goals, double away_goals) {
  const Counts home = poisson(within(home_goals)), away = poisson(within(away_goals));
  for (std::size_t i = 0; i < home.size(); ++i)
    for (std::size_t j = 0; j < away.size(); ++j) cells_[i][j] = home[i] * away[j];
}

double ScoreMatrix::home() const {
  return probability([](int home, int away) { return home > away; });
}
double ScoreMatrix::draw() const {
  return probability([](int home, int away) { return home == away; });
}
double ScoreMatrix::away() const {
  return probability([](int home, int away) { return home < away; });
}
double ScoreMatrix::home_or_draw() const { return home() + draw(); }
double ScoreMatrix::home_or_away() const { return home() + away(); }
double ScoreMatrix::draw_or_away() const { return draw() + away(); }
double ScoreMatrix::over(double line) const {
  return probability([line](int home, int away) { return home + away > line; });
}
double ScoreMatrix::under(double line) const {
  return probability([line](int home, int away) { return home + away < line; });
}
double ScoreMatrix::both_score() const {
  return probability([](int home, int away) { return home > 0 && away > 0; });
}

}  // namespace football
