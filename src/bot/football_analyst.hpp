// The analyst on API-Football. Asks for as little as it can: of a day one list, of a league its season and
// its table once for all its games, and odds only of the games that are shown. What is missing or old is said
// in the dossier; only when nothing can be said at all does a job fail. Thread-safe.
#pragma once

#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bot/analyst.hpp"
#include "football/analysis.hpp"
#include "football/client.hpp"
#include "football/day.hpp"
#include "football/ratings.hpp"
#include "schedule/zone.hpp"

namespace bot {

struct AnalystOptions {
  std::size_t max_games = 60;  // analysed for one answer; those of the leagues with more weight
  std::size_t max_shown = 10;  // dossiers in one answer
};

class FootballAnalyst final : public Analyst {
 public:
  FootballAnalyst(football::Client& client, base::Clock& clock, const schedule::Zone& zone,
                  AnalystOptions options = {},
                  const football::Ratings& ratings = football::default_ratings());

  base::Result<std::vector<View>> work(const Assignment& assignment, std::stop_token stop) override;
  std::string explain(const base::Error& error) override;

  // Of one game, with all that is known: for `phoenix analyze`.
  base::Result<football::Analysis> analyse_game(std::int64_t fixture, double minimum_confidence,
                                                base::SteadyTime deadline, std::stop_token stop);

 private:
  struct Today {
    std::vector<std::chrono::year_month_day> days;
    std::vector<football::Fixture> games;  // all of the days
    std::optional<base::WallTime> stale_since;
  };
  struct Wish;  // what a kind of job asks for

  base::Result<Today> today(base::SteadyTime deadline, const std::stop_token& stop);
  base::Result<std::vector<View>> many(const Assignment& assignment, const Wish& wish,
                                       const std::stop_token& stop);
  base::Result<std::vector<View>> match(const Assignment& assignment, std::int64_t fixture,
                                        const std::stop_token& stop);
  base::Result<std::vector<View>> search(const Assignment& assignment, const std::string& team,
                                         const std::stop_token& stop);
  base::Result<std::vector<View>> leagues(const Assignment& assignment, bool to_analyse,
                                          const std::stop_token& stop);
  base::Result<std::vector<View>> games(const Assignment& assignment, std::int64_t league,
                                        const std::stop_token& stop);
  base::Result<std::vector<View>> day(const Assignment& assignment, const std::stop_token& stop);
  std::vector<View> list_of_games(std::string_view heading, std::span<const football::Fixture> games) const;
  View dossier(const football::Analysis& analysis, std::string html) const;

  football::Client& client_;
  base::Clock& clock_;
  const schedule::Zone zone_;
  const AnalystOptions options_;
  const football::Ratings& ratings_;
};

}  // namespace bot
