// What a collector's file says of its schedule, as the pure part that plans runs wants it.
#pragma once

#include "base/result.hpp"
#include "config/collector.hpp"
#include "schedule/decision.hpp"

namespace pulse {

// invalid_config: its time zone is not in the machine's database (any more).
base::Result<schedule::Entry> entry_of(const config::Collector& collector);

}  // namespace pulse
