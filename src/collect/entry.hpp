// What a collector's file says of its schedule, as the pure part that plans runs wants it.
#pragma once

#include "base/result.hpp"
#include "config/collector.hpp"
#include "schedule/decision.hpp"

namespace collect {

// invalid_config: its time zone is not in the machine's database (any more).
base::Result<schedule::Entry> entry_of(const config::Collector& collector);

// What was left open by a run is gone on with if that run's last sign of life is not older than this (CO1):
// since the newest start that the schedule has, for each slot fetches everything; without a schedule ten
// minutes, as nobody knows how often it is meant to run.
base::WallTime resumable_since(const config::Collector& collector, base::WallTime now);

}  // namespace collect
