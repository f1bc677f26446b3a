// What becomes of a slot when its run has ended: done, a new try on the recovery ladder, or a try at an exact
// instant (semantics RT10, RT11). Pure; the tries are kept in the ledger, no thread sleeps for them.
//
//   switch (recovery_of(end.outcome, end.failure_type)) …
//   std::optional<WallTime> try_at = next_try({first_failed, last_began, now}, next_start, rng);
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "base/rng.hpp"

namespace schedule {

using base::WallTime;

// How runs end, as those who schedule see it.
enum class Outcome {
  success,       // also an empty answer that is allowed
  not_modified,  // the source says that nothing has changed
  empty,         // no records, and that is not allowed
  partial,
  incomplete,
  held,
  rejected,
  rate_limited,
  failed,
  timeout,
  cancelled,  // by a stop, or for the next run
  unverified,
  lost,
};

enum class FailureType { transient, credentials, endpoint_gone, configuration, data };

enum class Recovery {
  none,           // the slot is settled, for good or ill
  ladder,         // new tries until success or the next slot
  exact_instant,  // the other side has said when
  at_once,        // nobody's fault; as soon as runs may start again
};
Recovery recovery_of(Outcome outcome, std::optional<FailureType> type);

// Whether what depends on this run may rely on it.
bool is_good(Outcome outcome);

struct Attempts {
  WallTime first_failed;  // the first request that failed, of the slot's first run
  WallTime last_began;    // the newest run of the slot
  WallTime now;           // it has ended
};

// The next rung later than now: 0.5, 1.5, 3.5 and 7.5 minutes after the first failed attempt, then 4 minutes
// ± 20 % after the last try began. Nothing: the next slot starts before it. Safe for clocks that were set
// back.
std::optional<WallTime> next_try(const Attempts& attempts, std::optional<WallTime> next_start,
                                 base::Rng& rng);

inline constexpr std::chrono::seconds first_rung{30};
inline constexpr std::chrono::seconds longest_rung{288};  // 4 minutes + 20 %

}  // namespace schedule
