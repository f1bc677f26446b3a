// Time zones as the system's tzdata has them, read from its compiled files (TZif, RFC 8536). nullopt for a
// name that is no zone. Rules are known up to 2037.
//
//   const auto zone = find_zone("America/Sao_Paulo");
//   zone->text(kickoff)   // "2026-11-21T22:00:00-03:00"
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulator/football_model.hpp"

namespace simulator::football {

struct Zone {
  std::string name = "UTC";
  std::vector<std::pair<std::int64_t, std::int64_t>>
      changes{};            // Unix time, seconds ahead of UTC from then on
  std::int64_t before = 0;  // seconds ahead, until the first change

  std::chrono::seconds offset(Time time) const;
  Day day(Time time) const;
  std::string text(Time time) const;
};

std::optional<Zone> find_zone(std::string_view name);
std::vector<std::string> zone_names();  // sorted

}  // namespace simulator::football
