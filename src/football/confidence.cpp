#include "football/confidence.hpp"

#include <algorithm>

namespace football {

double confidence(double probability) {
  // A comparison that NaN fails gives the lower end.
  const double percent = probability > 0 ? std::min(probability, 1.0) * 100 : 0;
  if (percent >= 85) return 9 + (percent - 85) / 15;
  if (percent >= 35) return 4 + (percent - 35) / 10;  // one point every ten
  return std::max(percent / 10, 1.0);
}

}  // namespace football
