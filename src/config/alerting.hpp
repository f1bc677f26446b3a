// `alerts`: who hears of a collector's failures, and how loud (semantics AL1, AL2).
//
//   alerts: {severity: warning, channels: [telegram, ops-mail], quiet: 6h}
//
// A table for the collector's table, see descriptor.hpp. Whether the channels exist is known only with
// pulse.yaml.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/descriptor.hpp"

namespace config {

enum class Severity { info, warning, critical };
std::string_view to_string(Severity severity);

struct CollectorAlerts {
  Severity severity = Severity::critical;
  std::vector<std::string> channels;  // none: those of pulse.yaml
  std::optional<base::Duration>
      quiet;  // after a message about an incident, none about the same for this long
};

Table<CollectorAlerts> collector_alerts_table();
Type<Severity> severity();

}  // namespace config
