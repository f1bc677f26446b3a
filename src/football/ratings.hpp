// How strong leagues and clubs are known to be, from a data file (football/ratings.yaml, embedded as the
// default): by names, because ids are the API's and would be guesses. What is not there has the defaults.
//
//   const Ratings& ratings = default_ratings();
//   ratings.base_score("England", "Arsenal");          // 93
//   ratings.league_weight("Brazil", "Série A");        // 0.9
//
// Immutable after reading, safe to share by threads. read_ratings(): invalid_config, every fault of the text
// with line and column.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace football {

inline constexpr int default_base_score = 70;
inline constexpr double default_league_weight = 0.70;

class Ratings {
 public:
  // 0 … 100. `country` is that of the competition; in those of several countries ("World") a name that only
  // one rated club bears is enough.
  int base_score(std::string_view country, std::string_view team) const;
  double league_weight(std::string_view country, std::string_view league) const;  // 0.1 … 1

  void set_club(std::string_view country, std::string_view team, int score);
  void set_league(std::string_view country, std::string_view league, double weight);

 private:
  // By folded country, then folded name.
  std::map<std::string, std::map<std::string, int>> clubs_;
  std::map<std::string, std::map<std::string, double>> leagues_;
};

// `file` is the name used in faults.
base::Result<Ratings> read_ratings(std::string_view yaml, std::string_view file);
const Ratings& default_ratings();

}  // namespace football
