#include <fmt/format.h>

#include "config/catalogue.hpp"
#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/json.hpp"
#include "pulse/output.hpp"

namespace pulse {

int validate(App& app, const ValidateOptions& options) {
  config::Faults faults;
  std::vector<config::CommandLineOverride> overrides;
  for (const std::string& text : options.set)
    if (auto override = config::parse_command_line_override(text, faults))
      overrides.push_back(std::move(*override));
  const config::Catalogue catalogue =
      config::load_catalogue(options.paths, app.settings, app.environment, overrides);
  for (const config::Fault& fault : catalogue.faults.sorted()) faults.add(fault);
  std::size_t sound = 0;
  for (const config::CatalogueEntry& entry : catalogue.entries) {
    for (const config::Fault& fault : entry.faults.sorted()) faults.add(fault);
    sound += entry.collector.has_value();
  }
  if (options.json) {
    print_text(to_json(faults.sorted()));
  } else {
    print_text(faults.text());
    print("{} of {} collectors are valid", sound, catalogue.entries.size());
    if (!faults.empty())
      print("; {} fault{}", faults.sorted().size(), faults.sorted().size() == 1 ? "" : "s");
    print("\n");
  }
  return faults.empty() ? ok : configuration;
}

}  // namespace pulse
