// What the end of a run means for its slot: done, or to be tried again at a time (RT10, RT11). Pure.
#pragma once

#include <optional>

#include "base/rng.hpp"
#include "collect/outcome.hpp"
#include "config/collector.hpp"
#include "schedule/decision.hpp"

namespace collect {

// As those who schedule see it: an empty answer that is allowed is a success.
schedule::Outcome schedule_outcome(const RunRecord& run);
std::optional<schedule::FailureType> schedule_failure(const RunRecord& run);

// Of a run that has ended; nothing: its slot is done, or it was for none. `retry_at`: when the other side
// allows the next request.
std::optional<schedule::OpenSlot> open_slot_after(const config::Collector& collector, const RunRecord& run,
                                                  std::optional<base::WallTime> retry_at, base::Rng& rng);

}  // namespace collect
