// API-Football v3 as a service of the simulated world (v3.football.api-sports.io): an account with a key, a
// plan and quotas in front of the endpoints. Its football is made at the first request, around that moment.
// Served: /status /timezone /leagues /teams /teams/statistics /fixtures /fixtures/headtohead
// /fixtures/statistics /fixtures/lineups /standings /odds /injuries. Not thread-safe: World's lock guards it.
//
//   world.replace("football", football_service(7, {.quota = 100}));
//   // GET /fixtures?date=2026-11-21&timezone=America/Sao_Paulo, x-apisports-key: simulated-football-key
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "simulator/world.hpp"

namespace simulator {

struct FootballOptions {
  std::string key = "simulated-football-key";
  std::int64_t quota = 7500;      // requests a day, which begins at midnight UTC; /status is free
  std::int64_t per_minute = 300;  // of the clock's minutes
  bool free_plan = false;         // only old seasons, only the days around today, no `last` and `next`
};

// What is wrong with a request is in `errors` of an answer with status 200, and so is a spent quota; only a
// request without any key gets 403.
std::unique_ptr<Service> football_service(std::uint64_t seed, FootballOptions options = {});

}  // namespace simulator
