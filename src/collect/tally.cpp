#include "collect/tally.hpp"

#include <fmt/format.h>

namespace collect {
namespace {

using base::Code;

void note(std::string& list, const std::string& name, const std::string& reason) {
  constexpr std::size_t shown = 1'000;
  if (list.size() > shown) return;
  list += (list.empty() ? "" : "; ") + (name == "all" ? reason : name + ": " + reason);
}

}  // namespace

void Tally::add(const std::string& slice, const SliceEnd& end) {
  using State = SliceEnd::State;
  if (end.state == State::not_modified) ++not_modified;
  if (end.state == State::committed || end.state == State::empty || end.state == State::not_modified)
    ++committed;
  if (end.state == State::incomplete) note(incomplete, slice, end.reason);
  if (end.state == State::rejected) note(rejected, slice, end.reason);
  if (end.state == State::rejected || end.state == State::incomplete) ++failed;
}

void Tally::add(const std::string& slice, const base::Error& error) {
  ++failed;
  note(failures, slice, error.message);
  if (!first_error) first_error = error;
}

void Tally::end_partition(std::int64_t failed_before) {
  failed_in_a_row = failed > failed_before ? failed_in_a_row + 1 : 0;
  ++tried;
}

bool is_hopeless(const Tally& tally, const config::Collector& collector) {
  if (tally.failed_in_a_row < 3) return false;
  if (collector.max_failed_partitions.exceeded(tally.failed, tally.partitions)) return true;
  const bool refused = tally.first_error && (tally.first_error->code == Code::permission ||
                                             tally.first_error->code == Code::invalid_config);
  return refused && tally.committed + tally.done == 0;
}

void conclude(const Tally& tally, const config::Collector& collector, RunRecord& run) {
  const bool exceeded = collector.max_failed_partitions.exceeded(tally.failed, tally.partitions);
  const bool some = tally.committed + tally.done > 0 && !exceeded;
  if (tally.first_error) {
    run.outcome = some ? Outcome::partial : outcome_of(*tally.first_error);
    run.failure_type = failure_type_of(*tally.first_error);
    run.error = fmt::format("{} of {} partitions failed", tally.failed, tally.partitions);
    if (tally.tried + tally.done < tally.partitions)
      run.error += fmt::format(" ({} were not tried any more)", tally.partitions - tally.tried - tally.done);
    run.error += ": " + tally.failures;
  } else if (!tally.rejected.empty()) {
    run.outcome = some ? Outcome::partial : Outcome::rejected;
    run.failure_type = FailureType::data;
    run.error = tally.rejected;
  } else if (!tally.incomplete.empty()) {
    run.outcome = Outcome::incomplete;
    run.failure_type = FailureType::transient;
    run.error = tally.incomplete;
  } else if (tally.slices > 0 && tally.not_modified == tally.slices) {
    run.outcome = Outcome::not_modified;
  } else if (tally.done > 0 || tally.not_modified > 0 || (tally.slices == 0 && tally.partitions > 0)) {
    run.outcome = Outcome::success;
  } else {
    run.outcome = run.counts.records == 0 ? Outcome::empty : Outcome::success;
  }
}

}  // namespace collect
