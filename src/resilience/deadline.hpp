// Arithmetic on times that does not overflow: a deadline may be SteadyTime::max(), which means none. Pure.
//
//   const base::SteadyTime deadline = after(clock.steady(), 30s);
//   const base::Duration timeout = std::min(own, left(deadline, clock.steady()));
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

namespace resilience {

constexpr base::SteadyTime no_deadline = base::SteadyTime::max();

// time + duration; what would lie beyond the last time is the last time. A negative duration is none.
constexpr base::SteadyTime after(base::SteadyTime time, base::Duration duration) {
  std::int64_t sum = 0;
  if (duration <= base::Duration::zero()) return time;
  if (__builtin_add_overflow(time.time_since_epoch().count(), duration.count(), &sum)) return no_deadline;
  return base::SteadyTime(base::Duration(sum));
}

// How long until then; 0 when it has passed.
constexpr base::Duration left(base::SteadyTime deadline, base::SteadyTime now) {
  std::int64_t difference = 0;
  if (deadline <= now) return base::Duration::zero();
  if (__builtin_sub_overflow(deadline.time_since_epoch().count(), now.time_since_epoch().count(),
                             &difference))
    return base::Duration::max();
  return base::Duration(difference);
}

}  // namespace resilience
