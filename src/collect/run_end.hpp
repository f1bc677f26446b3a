// What a run leaves behind when it ends, besides its row in the ledger: log lines and metrics.
#pragma once

#include "collect/run.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace collect {

// The first records that were set aside, the error, the banner; pulse_runs_total, pulse_run_duration_seconds
// and pulse_rows_total.
void report_end(const RunReport& report, const telemetry::Logger& logger, telemetry::Metrics& metrics);

}  // namespace collect
