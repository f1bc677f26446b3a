#include "pulse/selection.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "collect/cast.hpp"
#include "collect/windows.hpp"

namespace pulse {
namespace {

// Where the first run begins, if that does not depend on anything.
void check_start(config::CatalogueEntry& entry) {
  const auto& sync = entry.collector->incremental_sync;
  if (!sync) return;
  for (const auto& bound : {sync->start, sync->end})
    if (bound && bound->text && !bound->text->is_constant()) return;
  if (const auto bounds = collect::render_bounds(*sync, {}); !bounds)
    entry.faults.add({entry.file, sync->mark, "", bounds.error().message, ""});
}

}  // namespace

void judge(config::CatalogueEntry& entry) {
  if (!entry.collector) return;
  for (const config::Field& field : entry.collector->fields)
    if (const auto wrong = collect::check_field(field))
      entry.faults.add({entry.file, field.mark, "fields." + field.column, *wrong, "mend the field"});
  check_start(entry);
  if (!entry.faults.empty()) entry.collector.reset(), entry.stored.reset();
}

config::Catalogue load_judged(const config::Settings& settings, const config::Environment& environment,
                              const std::vector<std::string>& names,
                              const std::vector<config::CommandLineOverride>& overrides) {
  config::Catalogue catalogue = config::load_catalogue(names, settings, environment, overrides);
  for (config::CatalogueEntry& entry : catalogue.entries) judge(entry);
  return catalogue;
}

Selection select(const App& app, const std::vector<std::string>& names, const std::vector<std::string>& set) {
  Selection selection;
  std::vector<config::CommandLineOverride> overrides;
  for (const std::string& text : set)
    if (auto override = config::parse_command_line_override(text, selection.faults))
      overrides.push_back(std::move(*override));
  const auto current = app.current();
  config::Catalogue catalogue = load_judged(current->settings, current->environment, names, overrides);
  for (const config::Fault& fault : catalogue.faults.sorted()) selection.faults.add(fault);
  for (const config::CatalogueEntry& entry : catalogue.entries)
    for (const config::Fault& fault : entry.faults.sorted()) selection.faults.add(fault);
  for (const config::CatalogueEntry& entry : catalogue.entries)
    if (entry.collector)
      for (const config::Fault& warning : entry.collector->warnings.sorted()) selection.warnings.add(warning);
  selection.entries = std::move(catalogue.entries);
  return selection;
}

std::string no_such_collector(std::string_view name, const std::vector<std::string_view>& known) {
  const std::string_view near = base::nearest(name, known);
  const std::string hint = !near.empty()   ? fmt::format("did you mean \"{}\"?", near)
                           : known.empty() ? "there are no collectors"
                                           : fmt::format("known: {}", fmt::join(known, ", "));
  return fmt::format("no collector is called \"{}\"; {}\n", base::shorten(base::escape_control(name), 100),
                     base::shorten(base::escape_control(hint), 1000));
}

}  // namespace pulse
