#include "collect/settlement.hpp"

#include <algorithm>

#include "collect/entry.hpp"

namespace collect {

schedule::Outcome schedule_outcome(const RunRecord& run) {
  switch (run.outcome) {
    case Outcome::success: return schedule::Outcome::success;
    case Outcome::empty: return run.allow_empty ? schedule::Outcome::success : schedule::Outcome::empty;
    case Outcome::not_modified: return schedule::Outcome::not_modified;
    case Outcome::partial: return schedule::Outcome::partial;
    case Outcome::incomplete: return schedule::Outcome::incomplete;
    case Outcome::rejected: return schedule::Outcome::rejected;
    case Outcome::rate_limited: return schedule::Outcome::rate_limited;
    case Outcome::timeout: return schedule::Outcome::timeout;
    case Outcome::cancelled: return schedule::Outcome::cancelled;
    case Outcome::lost: return schedule::Outcome::lost;
    case Outcome::running:
    case Outcome::failed: break;
  }
  return schedule::Outcome::failed;
}

std::optional<schedule::FailureType> schedule_failure(const RunRecord& run) {
  if (!run.failure_type) return std::nullopt;
  switch (*run.failure_type) {
    case FailureType::transient: return schedule::FailureType::transient;
    case FailureType::credentials: return schedule::FailureType::credentials;
    case FailureType::endpoint_gone: return schedule::FailureType::endpoint_gone;
    case FailureType::configuration: return schedule::FailureType::configuration;
    case FailureType::data: return schedule::FailureType::data;
  }
  return std::nullopt;
}

std::optional<schedule::OpenSlot> open_slot_after(const config::Collector& collector, const RunRecord& run,
                                                  std::optional<base::WallTime> retry_at, base::Rng& rng) {
  if (!run.slot || !run.finished_at) return std::nullopt;
  const auto entry = entry_of(collector);
  if (!entry) return std::nullopt;
  const base::WallTime slot = run.slot->time;
  schedule::State state;
  // Slots that came while it was going begin runs of their own, or are missed: no try has to leave room for
  // them.
  state.last_slot =
      std::max(slot, *run.finished_at - std::chrono::ceil<std::chrono::microseconds>(entry->offset()));
  state.running = schedule::State::Running{slot, run.started_at};
  if (run.slot->first_failed) state.open = schedule::OpenSlot{slot, *run.slot->first_failed, {}, false};
  const schedule::RunEnd end{.outcome = schedule_outcome(run),
                             .failure_type = schedule_failure(run),
                             .first_failed = run.first_failed,
                             .began = run.started_at,
                             .ended = *run.finished_at,
                             .retry_at = retry_at};
  return schedule::after_run(*entry, state, end, rng, collector.requester.error_handler.max_retry_after).open;
}

}  // namespace collect
