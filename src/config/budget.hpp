// `api_budget`: how often an API may be asked. Budgets of several collectors for the same host, credential
// and resource are one; several windows hold at once (semantics RT4).
//
//   api_budget: {calls: 5, per: 30s}
//   api_budget:
//     - {calls: 5000, per: 1h, resource: core}
//     - {calls: 30, per: 1m, resource: search, match_path: /search/}
//
// A type for the collector's table, see descriptor.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/descriptor.hpp"

namespace config {

struct ApiBudget {
  std::int64_t calls = 0;
  base::Duration per{};
  std::string resource;    // as X-RateLimit-Resource names it; "": match_path, else all of the host
  std::string match_path;  // only requests whose path begins with it; "": all
};

inline constexpr std::size_t max_api_budgets = 16;  // of a collector

Table<ApiBudget> api_budget_table();
Type<std::vector<ApiBudget>> api_budget();  // one map, or a list of maps

}  // namespace config
