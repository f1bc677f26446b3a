#include <fmt/format.h>

#include <algorithm>

#include "program/output.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/explain.hpp"
#include "pulse/json.hpp"
#include "pulse/selection.hpp"

namespace pulse {
namespace {

using program::print;
using program::print_text;

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("; {} {}{}", number, what, number == 1 ? "" : "s");
}

// Without the values of secrets, should one stand elsewhere than in a request.
void print_explanations(App& app, const Selection& selection) {
  for (const config::CatalogueEntry& entry : selection.entries) {
    if (!entry.collector) continue;
    for (const base::Secret& secret : entry.collector->secrets) app.redactor.add(secret);
    print_text(app.redactor.redact(explain(*entry.collector, app.clock.wall())) + '\n');
  }
}

void print_findings(const Selection& selection) {
  const std::vector<config::Fault> faults = selection.faults.sorted(), warnings = selection.warnings.sorted();
  const auto sound =
      std::count_if(selection.entries.begin(), selection.entries.end(),
                    [](const config::CatalogueEntry& entry) { return entry.collector.has_value(); });
  print_text(selection.faults.text());
  for (const config::Fault& warning : warnings) print("warning: {}\n", warning.text());
  print("{} of {} collectors are valid{}{}\n", sound, selection.entries.size(),
        faults.empty() ? "" : counted(faults.size(), "fault"),
        warnings.empty() ? "" : counted(warnings.size(), "warning"));
}

}  // namespace

int validate(App& app, const ValidateOptions& options) {
  const Selection selection = select(app, options.paths, options.set);
  if (options.json) {
    print_text(to_json(selection.faults.sorted(), selection.warnings.sorted()));
  } else {
    if (options.explain) print_explanations(app, selection);
    print_findings(selection);
  }
  return selection.faults.empty() ? ok : configuration;
}

}  // namespace pulse
