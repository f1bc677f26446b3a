#include <algorithm>

#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/json.hpp"
#include "pulse/output.hpp"
#include "pulse/selection.hpp"

namespace pulse {

int validate(App& app, const ValidateOptions& options) {
  const Selection selection = select(app, options.paths, options.set);
  const config::Faults& faults = selection.faults;
  const auto sound =
      std::count_if(selection.entries.begin(), selection.entries.end(),
                    [](const config::CatalogueEntry& entry) { return entry.collector.has_value(); });
  if (options.json) {
    print_text(to_json(faults.sorted()));
  } else {
    print_text(faults.text());
    print("{} of {} collectors are valid", sound, selection.entries.size());
    if (!faults.empty())
      print("; {} fault{}", faults.sorted().size(), faults.sorted().size() == 1 ? "" : "s");
    print("\n");
  }
  return faults.empty() ? ok : configuration;
}

}  // namespace pulse
