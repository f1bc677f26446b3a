// The competitions of the simulated football, and the names of its clubs: accents, apostrophes, signs that
// HTML minds, very long ones, and the same name in two countries. Constant data.
//
//   for (const Land& land : lands()) use(land.name, team_name(land, 3));
#pragma once

#include <span>
#include <string>
#include <vector>

#include "simulator/football_model.hpp"

namespace simulator::football {

struct Land {
  std::string_view name, code;
  int teams;
  std::vector<std::string_view> towns, forms;  // "Atlético %": % is the town
};

std::span<const Land> lands();  // the first is "World", which has no teams
std::span<const Plan> plans();
std::string team_name(const Land& land, int index);
std::string town(const Land& land, int index);

}  // namespace simulator::football
