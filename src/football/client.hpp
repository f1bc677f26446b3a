// API-Football on the HTTP engine: typed answers, few requests, nothing wrong believed or kept (R1).
//
// The API answers 200 with an `errors` object: it is classified like the status it stands for (envelope.hpp)
// before anything is read. Both families of rate headers feed the budget; a daily reserve is never used for
// analyses. What was asked before comes from the cache as long as it is fresh (lifetimes.hpp); equal
// questions at the same time are one request; when the API is not there, slow, has enough of us or sends what
// cannot be read, an older answer is served and marked stale.
//
//   football::Client client(engine, clock, cache, zone, options, &metrics);
//   const auto games = TRY(client.fixtures_of(day, deadline, stop));
//   for (const Fixture& game : games.value) …      // games.stale_since: when it was true
//
// Thread-safe. Errors: rate_limited (`retry_after`; the day's quota: until 00:00 UTC), unavailable, timeout,
// permission (key or plan), endpoint_gone, invalid_data (also a parameter that the API refuses), cancelled.
// Messages are for logs; for users: error_words.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "football/cache.hpp"
#include "football/models.hpp"
#include "http/engine.hpp"
#include "schedule/zone.hpp"

namespace telemetry {
class Metrics;
}

namespace football {

struct ClientOptions {
  base::Secret key{};
  std::string base = "https://v3.football.api-sports.io";
  std::string timezone = "America/Sao_Paulo";
  std::optional<std::int64_t> per_minute{};  // calls; else as the API's headers say
  std::int64_t daily_reserve = 100;          // calls of the day that are not used; at most a tenth of them
  std::chrono::milliseconds timeout{10'000};
};

template <class T>
struct Told {
  T value{};
  std::optional<base::WallTime> stale_since{};  // the API fails now; it was true then
};

class Client {
 public:
  Client(http::Engine& engine, base::Clock& clock, Cache& cache, const schedule::Zone& zone,
         ClientOptions options, telemetry::Metrics* metrics = nullptr);
  ~Client();

  template <class T>
  using Answer = base::Result<Told<T>>;

  // Does not count as a call. Never cached. Tells the client how much of the day is used.
  base::Result<Account> status(base::SteadyTime deadline, std::stop_token stop);

  // All leagues with their current season: one request a day.
  Answer<std::vector<LeagueInfo>> leagues(base::SteadyTime deadline, std::stop_token stop);
  // The games of a local day of the zone, of all leagues, by kick-off: one request.
  Answer<std::vector<Fixture>> fixtures_of(std::chrono::year_month_day day, base::SteadyTime deadline,
                                           std::stop_token stop);
  // All games of a league's season, played and to come: one request.
  Answer<std::vector<Fixture>> season(const League& league, base::SteadyTime deadline, std::stop_token stop);
  Answer<Standings> standings(const League& league, base::SteadyTime deadline, std::stop_token stop);
  // The last games between the two that were played, the newest first; up to ten.
  Answer<std::vector<Fixture>> head_to_head(std::int64_t a, std::int64_t b, base::SteadyTime deadline,
                                            std::stop_token stop);
  // The best odds over the bookmakers; empty where there are none. `kickoff` decides how long they are fresh.
  Answer<Odds> odds(const Fixture& fixture, base::SteadyTime deadline, std::stop_token stop);
  // By ids, in their order, unknown ones left out: 20 a request, what other callers ask for at the same time
  // joined in.
  Answer<std::vector<Fixture>> fixtures(std::span<const std::int64_t> ids, base::SteadyTime deadline,
                                        std::stop_token stop);

  struct Quota {
    std::optional<std::int64_t> limit{}, remaining{};  // of the day, as the API said last
    bool spent = false;                                // down to the reserve, or the API said so
  };
  Quota quota() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace football
