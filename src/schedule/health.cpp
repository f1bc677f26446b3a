#include "schedule/health.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace schedule {
namespace {

using std::chrono::microseconds;

microseconds micros(base::Duration duration) { return std::chrono::floor<microseconds>(duration); }

// Everything that is true of the collector, or will be if nothing happens, and from when on.
class Conditions {
 public:
  Conditions(const Entry& entry, const Facts& facts) : entry_(entry), facts_(facts) {
    if (facts.invalid_since) add(Condition::invalid, *facts.invalid_since);
    add_stuck();
    if (!entry.enabled) {
      add(Condition::paused, facts.paused_since.value_or(facts.known_since));
      return;
    }
    const bool adopting = facts.imported && !facts.last_success;
    if (adopting) add(Condition::adopting, facts.known_since);
    if (facts.last_run)
      add_last_run(*facts.last_run, adopting);
    else
      add(Condition::never_ran, facts.known_since);
    if (facts.last_change && facts.expected_change_every)
      add(Condition::suspect, *facts.last_change + micros(*facts.expected_change_every));
    if (entry.timetable) {
      if (facts.last_run && !adopting) add_stale();
      if (!facts.state.running) add_late();
    }
    add(Condition::healthy, facts.last_success.value_or(facts.known_since));
  }

  const std::vector<Health>& all() const { return all_; }

 private:
  void add(Condition condition, WallTime since) { all_.push_back({condition, since}); }

  void add_stuck() {
    if (!facts_.state.running) return;
    const WallTime began = facts_.state.running->began;
    WallTime limit = began + micros(facts_.timeout);
    if (facts_.stall_after)
      limit = std::min(limit, facts_.last_progress.value_or(began) + micros(*facts_.stall_after));
    add(Condition::stuck, limit);
  }

  void add_last_run(const Facts::LastRun& run, bool adopting) {
    switch (run.outcome) {
      case Outcome::success:
      case Outcome::not_modified:
      case Outcome::cancelled: return;
      case Outcome::empty: return add(Condition::suspect, run.ended);
      case Outcome::unverified: return add(Condition::unverified, run.ended);
      case Outcome::partial:
      case Outcome::incomplete:
      case Outcome::held:
      case Outcome::rejected:
      case Outcome::rate_limited:
      case Outcome::failed:
      case Outcome::timeout:
      case Outcome::lost: break;
    }
    add(Condition::recovering, run.first_failed.value_or(run.ended));
    const auto call = call_time(run);
    if (call && !adopting) add(Condition::failing, *call);
  }

  // Two periods from the slot of the last success on: of Friday's, with a schedule for working days, Tuesday.
  void add_stale() {
    const WallTime success = facts_.last_success.value_or(facts_.known_since);
    const auto slot = entry_.timetable->latest(WallTime{} - microseconds{1}, success);
    const auto next = entry_.timetable->next(success);
    const auto second = next ? entry_.timetable->next(*next) : std::nullopt;
    if (second) add(Condition::stale, success + (*second - slot.value_or(*next)) + patience);
  }

  void add_late() {
    const State& state = facts_.state;
    WallTime start = facts_.known_since;  // what never ran is due at once
    std::optional<WallTime> slot;
    if (state.last_slot) {
      slot = entry_.timetable->next(*state.last_slot);
      if (!slot) return;
      start = *slot + micros(entry_.offset());
    }
    if (!entry_.after.empty()) {  // waiting for others is no delay of its own
      if (!entry_.deadline) return;
      start = std::max(start, entry_.timetable->next_time_of_day(slot.value_or(start), *entry_.deadline));
    }
    if (state.not_before) start = std::max(start, *state.not_before);
    add(Condition::late, start + patience);
  }

  const Entry& entry_;
  const Facts& facts_;
  std::vector<Health> all_;
};

}  // namespace

std::string_view to_string(Condition condition) {
  static constexpr std::array<std::string_view, 12> names{"invalid",   "stuck",      "failing", "stale",
                                                          "late",      "recovering", "suspect", "unverified",
                                                          "never_ran", "adopting",   "paused",  "healthy"};
  return names[static_cast<std::size_t>(condition)];
}

std::optional<WallTime> call_time(const Facts::LastRun& run) {
  switch (run.outcome) {
    case Outcome::held: return run.ended;
    case Outcome::failed: {
      const FailureType type = run.failure_type.value_or(FailureType::transient);
      if (type != FailureType::transient && type != FailureType::data) return run.ended;
      break;
    }
    case Outcome::partial:
    case Outcome::incomplete:
    case Outcome::rejected:
    case Outcome::timeout:
    case Outcome::lost: break;
    default: return std::nullopt;
  }
  return run.first_failed.value_or(run.ended) + patience;
}

Health health(const Entry& entry, const Facts& given, WallTime now) {
  Facts facts = given;  // what is so already is so now, whatever the clock said when that began
  facts.known_since = std::min(facts.known_since, now);
  if (facts.invalid_since) facts.invalid_since = std::min(*facts.invalid_since, now);
  if (facts.paused_since) facts.paused_since = std::min(*facts.paused_since, now);
  if (facts.last_run) facts.last_run->ended = std::min(facts.last_run->ended, now);
  const Conditions conditions(entry, facts);
  std::optional<Health> worst;
  for (const Health& it : conditions.all())
    if (it.since <= now && (!worst || it.condition < worst->condition ||
                            (it.condition == worst->condition && it.since < worst->since)))
      worst = it;
  // A clock that was set back: nothing has set in yet.
  return worst.value_or(Health{entry.enabled ? Condition::healthy : Condition::paused, now});
}

std::optional<WallTime> next_change(const Entry& entry, const Facts& facts, WallTime now) {
  const Conditions conditions(entry, facts);
  std::optional<WallTime> next;
  for (const Health& it : conditions.all())
    if (it.since > now && (!next || it.since < *next)) next = it.since;
  return next;
}

}  // namespace schedule
