#include "pulse/selection.hpp"

#include "collect/cast.hpp"

namespace pulse {
namespace {

// What only those can judge who cast values.
void check_fields(config::CatalogueEntry& entry) {
  if (!entry.collector) return;
  for (const config::Field& field : entry.collector->fields)
    if (const auto wrong = collect::check_field(field))
      entry.faults.add({entry.file, field.mark, "fields." + field.column, *wrong, "mend the field"});
  if (!entry.faults.empty()) entry.collector.reset();
}

}  // namespace

Selection select(const App& app, const std::vector<std::string>& names, const std::vector<std::string>& set) {
  Selection selection;
  std::vector<config::CommandLineOverride> overrides;
  for (const std::string& text : set)
    if (auto override = config::parse_command_line_override(text, selection.faults))
      overrides.push_back(std::move(*override));
  config::Catalogue catalogue = config::load_catalogue(names, app.settings, app.environment, overrides);
  for (const config::Fault& fault : catalogue.faults.sorted()) selection.faults.add(fault);
  for (config::CatalogueEntry& entry : catalogue.entries) check_fields(entry);
  for (const config::CatalogueEntry& entry : catalogue.entries)
    for (const config::Fault& fault : entry.faults.sorted()) selection.faults.add(fault);
  for (const config::CatalogueEntry& entry : catalogue.entries)
    if (entry.collector)
      for (const config::Fault& warning : entry.collector->warnings.sorted()) selection.warnings.add(warning);
  selection.entries = std::move(catalogue.entries);
  return selection;
}

}  // namespace pulse
