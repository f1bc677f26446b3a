// How well a collector is, from facts of the ledger (semantics SC5). Pure.
//
//   Health it = health(entry, facts, now);     // {Condition::late, since when}
#pragma once

#include <optional>
#include <string_view>

#include "schedule/decision.hpp"

namespace schedule {

enum class Condition {  // the worst first
  invalid,              // its file is faulty, or a secret is missing
  stuck,                // a run goes on past its timeout or without progress
  failing,              // the last run failed, and somebody has been called
  stale,                // no fresh success for two periods and a bit
  late,                 // a slot was not started
  recovering,           // the last run failed, and is tried again
  suspect,              // nothing came, or the same for too long
  unverified,           // a command that reported nothing
  never_ran,
  adopting,  // imported, without a success yet
  paused,
  healthy,
};
std::string_view to_string(Condition condition);

// What is allowed before somebody is called, a start is late or a collector stale (AL2, SC5).
inline constexpr std::chrono::minutes patience{4};

struct Facts {
  WallTime known_since;                     // the first time we saw the collector
  std::optional<WallTime> invalid_since{};  // its file cannot be used
  std::optional<WallTime> paused_since{};   // of an entry that is not enabled; nothing: always was
  State state;

  base::Duration timeout = std::chrono::minutes{10};
  std::optional<base::Duration> stall_after{};
  std::optional<WallTime> last_progress{};  // of the run under way

  struct LastRun {
    Outcome outcome = Outcome::success;
    std::optional<FailureType> failure_type{};
    WallTime ended;
    std::optional<WallTime> first_failed{};  // of all attempts since the last success
  };
  std::optional<LastRun> last_run{};       // that ended, other than cancelled
  std::optional<WallTime> last_success{};  // of a run; not_modified is one
  std::optional<WallTime> last_change{};   // the source gave something new
  std::optional<base::Duration> expected_change_every{};
  bool imported = false;
};

struct Health {
  Condition condition = Condition::healthy;
  WallTime since;  // when this set in
  bool operator==(const Health&) const = default;
};

// Of what is true at the same time, the worst. A paused collector is only ever invalid, stuck or paused.
Health health(const Entry& entry, const Facts& facts, WallTime now);

// When a person is called because of this run, unless a success comes first; nothing: not at all (AL2).
std::optional<WallTime> call_time(const Facts::LastRun& run);

// When health may be another one although nothing has happened; nothing: not by time alone.
std::optional<WallTime> next_change(const Entry& entry, const Facts& facts, WallTime now);

}  // namespace schedule
