// The collectors that a command names, with its --set overrides applied: what is valid, and every fault of
// the rest, and the keys that have no effect yet.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/catalogue.hpp"
#include "pulse/app.hpp"

namespace pulse {

struct Selection {
  std::vector<config::CatalogueEntry> entries;
  config::Faults faults;    // of the command line, the folder and all entries
  config::Faults warnings;  // of the valid entries
};

// Adds the faults that only those see who collect; what has one loses its collector.
void judge(config::CatalogueEntry& entry);

// As config::load_catalogue(), with the faults that only those see who collect.
config::Catalogue load_judged(const config::Settings& settings, const config::Environment& environment,
                              const std::vector<std::string>& names = {},
                              const std::vector<config::CommandLineOverride>& overrides = {});

Selection select(const App& app, const std::vector<std::string>& names, const std::vector<std::string>& set);

// "no collector is called "kew"; did you mean "kev"?", with the line's end.
std::string no_such_collector(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace pulse
