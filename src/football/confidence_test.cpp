#include "football/confidence.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

namespace football {
namespace {

TEST(Confidence, ListedValues) {
  for (const auto& [percent, expected] : {std::pair{0.0, 1.0},
                                          {20.0, 2.0},
                                          {35.0, 4.0},
                                          {45.0, 5.0},
                                          {50.0, 5.5},
                                          {55.0, 6.0},
                                          {60.0, 6.5},
                                          {65.0, 7.0},
                                          {75.0, 8.0},
                                          {85.0, 9.0},
                                          {90.0, 9.3333},
                                          {100.0, 10.0}})
    EXPECT_NEAR(confidence(percent / 100), expected, 1e-4) << percent;
  EXPECT_NEAR(confidence(0.3499), 3.499, 1e-9);  // the step at 35
}

TEST(Confidence, RisesAndStaysInside) {
  double before = 0;
  for (int i = 0; i <= 1000; ++i) {
    const double value = confidence(i / 1000.0);
    EXPECT_GE(value, before);
    EXPECT_GE(value, 1);
    EXPECT_LE(value, 10);
    before = value;
  }
  EXPECT_EQ(confidence(-1), 1);
  EXPECT_EQ(confidence(2), 10);
  EXPECT_EQ(confidence(std::numeric_limits<double>::quiet_NaN()), 1);
}

}  // namespace
}  // namespace football
