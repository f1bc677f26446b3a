// For the tests of the simulated football: a client of the service, with a clock in its hand.
//
//   FootballClient football;                          // 21 November 2025, 22:00 UTC
//   for (const Json& game : football.rows("fixtures", {{"live", "all"}})) use(game);
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulator/api_tools.hpp"
#include "simulator/football.hpp"

namespace simulator {

using Json = nlohmann::json;

struct FootballClient {
  explicit FootballClient(std::uint64_t seed = 7,
                          FootballOptions options = {.quota = 1'000'000, .per_minute = 1'000'000})
      : service(football_service(seed, std::move(options))) {}

  Answer ask(const std::string& endpoint, std::multimap<std::string, std::string> query = {},
             std::map<std::string, std::string> headers = {{"x-apisports-key", "simulated-football-key"}}) {
    return service->answer(
        {.path = "/" + endpoint, .query = std::move(query), .headers = std::move(headers), .time = now});
  }
  Json get(const std::string& endpoint, std::multimap<std::string, std::string> query = {}) {
    return Json::parse(*ask(endpoint, std::move(query)).body);
  }
  // The response, which must be without errors.
  Json rows(const std::string& endpoint, std::multimap<std::string, std::string> query = {}) {
    const Json all = get(endpoint, std::move(query));
    EXPECT_EQ(all["errors"], Json::array()) << all["errors"];
    EXPECT_EQ(all["results"], all["response"].is_array() ? all["response"].size() : 1U);
    return all["response"];
  }
  // Its value of `errors`, with an empty response.
  Json errors(const std::string& endpoint, std::multimap<std::string, std::string> query = {}) {
    const Json all = get(endpoint, std::move(query));
    EXPECT_EQ(all["response"], Json::array());
    EXPECT_EQ(all["results"], 0);
    return all["errors"];
  }

  std::unique_ptr<Service> service;
  base::WallTime now{std::chrono::sys_days{std::chrono::year{2025} / 11 / 21} + std::chrono::hours{22}};
};

inline bool is_over(const Json& game) {
  const std::string status = game["fixture"]["status"]["short"];
  return status == "FT" || status == "AET" || status == "PEN";
}

inline const std::string sao_paulo = "America/Sao_Paulo";

inline std::string local_day(const FootballClient& football, int later) {
  return iso_day(football.now - std::chrono::hours{3 - 24 * later});
}

inline Json day_list(FootballClient& football, const std::string& day, const std::string& zone) {
  return football.rows("fixtures", {{"date", day}, {"timezone", zone}});
}

inline std::set<int> ids(const Json& games) {
  std::set<int> found;
  for (const Json& game : games) EXPECT_TRUE(found.insert(game["fixture"]["id"].get<int>()).second);
  return found;
}

struct Competition {
  std::string id, season;
  bool standings, odds, statistics;
};
inline std::vector<Competition> competitions(FootballClient& football) {
  std::vector<Competition> all;
  for (const Json& row : football.rows("leagues", {{"current", "true"}})) {
    const Json& season = row["seasons"].at(0);
    const Json& coverage = season["coverage"];
    all.push_back({row["league"]["id"].dump(), season["year"].dump(), coverage["standings"], coverage["odds"],
                   coverage["fixtures"]["statistics_fixtures"]});
  }
  return all;
}
}  // namespace simulator
