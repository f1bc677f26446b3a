// Fetches what an analysis needs and makes it: of a league its season and its table once for all its games.
// What cannot be had and can be done without becomes a warning. For one job; not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "football/analysis.hpp"
#include "football/client.hpp"
#include "football/day.hpp"
#include "football/ratings.hpp"

namespace bot {

class Gathering {
 public:
  Gathering(football::Client& client, const football::Ratings& ratings, base::SteadyTime deadline,
            std::stop_token stop);

  struct Bulk {
    std::size_t max_games = 60;
    double minimum_confidence = 6;
    std::optional<base::WallTime> stale_since{};
  };
  using Progress = std::function<void(std::size_t done, std::size_t total)>;
  // Without odds. An error only if of no league anything could be had.
  base::Result<std::vector<football::Analysis>> analyse_all(std::span<const football::LeagueGames> leagues,
                                                            const Bulk& bulk, const Progress& progress);
  // With the odds of the game, if there are any.
  football::Analysis with_odds(const football::Analysis& analysis, double minimum_confidence);
  // With all that is known.
  base::Result<football::Analysis> analyse_one(const football::Fixture& game, double minimum_confidence,
                                               std::optional<base::WallTime> stale_since);

  std::size_t analysed() const { return analysed_; }
  std::vector<std::string> warnings() const;  // Portuguese, for the whole

 private:
  struct OfLeague {
    std::vector<football::Fixture> season{};
    std::optional<football::Standings> standings{};
    std::optional<base::WallTime> stale_since{};
  };
  base::Result<const OfLeague*> league(const football::League& league, bool ask_coverage);
  bool has_standings(const football::League& league, bool ask_coverage);
  void note(std::optional<base::WallTime>& oldest, const std::optional<base::WallTime>& stale);

  football::Client& client_;
  const football::Ratings& ratings_;
  const base::SteadyTime deadline_;
  const std::stop_token stop_;
  std::map<std::int64_t, OfLeague> leagues_;
  std::optional<std::map<std::int64_t, football::Coverage>> coverage_;
  std::size_t analysed_ = 0, failed_leagues_ = 0;
  std::optional<base::WallTime> list_is_from_;
};

}  // namespace bot
