// Collectors by chance: every kind of schedule and policy that a file can ask for. The same seed gives the
// same ones.
//
//   Fleet fleet = random_fleet(100, rng);
//   const Craft& it = fleet.at("c042");
#pragma once

#include <map>
#include <string>

#include "base/rng.hpp"
#include "config/catalogue.hpp"
#include "schedule/decision.hpp"

namespace sim {

struct Craft {
  std::string yaml;
  config::Collector collector;
  schedule::Entry entry;
};
using Fleet = std::map<std::string, Craft>;

Fleet random_fleet(int count, base::Rng& rng);
// They are due often, so that a few hours are enough.
Fleet busy_fleet(int count, base::Rng& rng);

config::Catalogue catalogue_of(const Fleet& fleet);

}  // namespace sim
