// How the slices of a run ended, and what that makes of the run (CO1): success, partial, or another outcome.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "collect/loader.hpp"
#include "collect/outcome.hpp"
#include "config/collector.hpp"

namespace collect {

struct Tally {
  std::int64_t partitions = 0;  // all; of these, `done` were committed by earlier runs of the cycle
  std::int64_t done = 0, tried = 0, failed = 0, failed_in_a_row = 0;
  std::int64_t slices = 0, committed = 0, not_modified = 0;  // the last are committed, too
  std::optional<base::Error> first_error;
  std::string failures, incomplete, rejected;  // names and reasons

  void add(const std::string& slice, const SliceEnd& end);
  void add(const std::string& slice, const base::Error& error);
  void end_partition(std::int64_t failed_before);  // after its slices
};

// Three in a row, and either too many in all, or not one that was taken by the API: those behind them would
// only cost it requests.
bool is_hopeless(const Tally& tally, const config::Collector& collector);

// Outcome, failure type and error of the run.
void conclude(const Tally& tally, const config::Collector& collector, RunRecord& run);

}  // namespace collect
