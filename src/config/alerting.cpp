#include "config/alerting.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/types.hpp"

namespace config {

using namespace std::chrono_literals;

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::critical: break;
  }
  return "critical";
}

Type<Severity> severity() {
  return one_of<Severity>(
      {{"info", Severity::info}, {"warning", Severity::warning}, {"critical", Severity::critical}});
}

Table<CollectorAlerts> collector_alerts_table() {
  Table<CollectorAlerts> table;
  table.key("severity", &CollectorAlerts::severity, severity(), defaults("critical"),
            "How bad it is when this collector fails.");
  table.key("channels", &CollectorAlerts::channels, list_of(name()), optional(),
            "The channels that are told; without it, those of pulse.yaml.");
  table.key("quiet", &CollectorAlerts::quiet, maybe(duration(1min, 30 * 24h)), optional(),
            "How long nothing is repeated after a message about an incident; its end is always told.");
  table.rule([](const CollectorAlerts& alerts, const Node& node, Context& context) {
    const Node* list = node.find("channels");
    if (list != nullptr && alerts.channels.empty())
      context.fault_at(list->mark, "channels", "is empty", "name at least one channel, or remove the key");
    for (std::size_t i = 1; i < alerts.channels.size(); ++i) {
      const auto here = alerts.channels.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find(alerts.channels.begin(), here, *here) != here)
        context.fault_at(list->items[i].mark, "channels", fmt::format("\"{}\" stands twice", *here),
                         "remove one");
    }
  });
  return table;
}

}  // namespace config
