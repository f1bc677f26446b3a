#include "football/score_matrix.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace football {
namespace {

TEST(ScoreMatrix, GoldenOver) {
  EXPECT_NEAR(poisson_over(2.5, 2.5), 0.456187, 5e-7);
  EXPECT_NEAR(poisson_over(1.0, 0.5), 0.632121, 5e-7);
  EXPECT_NEAR(poisson_over(2.836, 2.5), 0.539083, 5e-7);
  EXPECT_NEAR(poisson_over(9.8, 9.5), 0.516812, 5e-7);
  EXPECT_NEAR(poisson_over(4.2, 4.5), 0.410173, 5e-7);
  EXPECT_NEAR(poisson_over(3.0, 1.5), 0.800852, 5e-7);
}

TEST(ScoreMatrix, GoldenScoresAndResults) {
  const ScoreMatrix matrix(1.5, 1.1);
  EXPECT_NEAR(matrix.score(1, 1), 0.122551, 1e-6);
  EXPECT_NEAR(matrix.score(1, 0), 0.111410, 1e-6);
  EXPECT_NEAR(matrix.score(2, 1), 0.091914, 1e-6);
  EXPECT_NEAR(matrix.draw(), 0.2577, 5e-5);
  EXPECT_NEAR(matrix.home(), 0.4642, 5e-5);
  EXPECT_NEAR(matrix.away(), 0.2781, 5e-5);
  EXPECT_NEAR(matrix.probability([](int home, int away) { return home <= 4 && away <= 4; }), 0.97609, 5e-5);
  EXPECT_NEAR(matrix.over(2.5), poisson_over(2.6, 2.5), 1e-4);
  EXPECT_NEAR(matrix.both_score(), (1 - std::exp(-1.5)) * (1 - std::exp(-1.1)), 1e-4);
}

TEST(ScoreMatrix, MarketsAgreeWithEachOther) {
  for (double home = 0; home <= 5; home += 0.5)
    for (double away = 0; away <= 5; away += 0.5) {
      const ScoreMatrix matrix(home, away);
      EXPECT_NEAR(matrix.probability([](int, int) { return true; }), 1, 1e-12);
      EXPECT_NEAR(matrix.home() + matrix.draw() + matrix.away(), 1, 1e-12);
      EXPECT_NEAR(matrix.home_or_draw(), matrix.home() + matrix.draw(), 1e-12);
      EXPECT_NEAR(matrix.home_or_away(), 1 - matrix.draw(), 1e-12);
      EXPECT_NEAR(matrix.draw_or_away(), 1 - matrix.home(), 1e-12);
      double before = 1;
      for (double line = 0.5; line <= 5.5; ++line) {
        EXPECT_NEAR(matrix.over(line) + matrix.under(line), 1, 1e-12);
        EXPECT_LE(matrix.over(line), before);
        before = matrix.over(line);
      }
      EXPECT_LE(matrix.both_score(), matrix.over(1.5) + 1e-12);
    }
}

TEST(ScoreMatrix, MoreExpectedIsMoreLikely) {
  for (double goals = 0.2; goals < 5; goals += 0.4) {
    EXPECT_GT(ScoreMatrix(goals + 0.2, 1.1).home(), ScoreMatrix(goals, 1.1).home());
    EXPECT_GT(ScoreMatrix(goals + 0.2, 1.1).over(2.5), ScoreMatrix(goals, 1.1).over(2.5));
    EXPECT_NEAR(ScoreMatrix(goals, 1.1).home(), ScoreMatrix(1.1, goals).away(), 1e-12);
  }
}

TEST(ScoreMatrix, AnyNumberGivesProbabilities) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double goals : {-1.0, nan, 1e300, std::numeric_limits<double>::infinity()}) {
    const ScoreMatrix matrix(goals, 1);
    EXPECT_NEAR(matrix.home() + matrix.draw() + matrix.away(), 1, 1e-12);
  }
  EXPECT_EQ(ScoreMatrix{}.score(0, 0), 1);
}

}  // namespace
}  // namespace football
