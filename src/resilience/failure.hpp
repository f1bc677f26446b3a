// Why a guarded call (pipeline.hpp) has no result, and what an error of the guarded callable means to the
// policies. Plain data.
//
//   if (!result && result.error().rejected()) queue_for(result.error().retry_at);
//   if (!result) return std::move(result.error()).to_error(clock.steady());
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "resilience/circuit_breaker.hpp"

namespace resilience {

enum class End {
  failed,          // with an error that trying again does not help
  attempts_spent,  // with an error that might pass; the rest of these, too
  budget_spent,
  deadline,       // it passed, or the next attempt would begin after it
  stopped,        // by the stop token
  limited,        // the rate limiter has no place before the deadline
  circuit_open,   // the breaker is open
  bulkhead_full,  // as many are in flight, and wait, as may
};

struct Failure {
  End end = End::failed;
  int attempts = 0;                                     // of them, the last one's error is `error`
  base::SteadyTime retry_at = base::SteadyTime::min();  // not before; min: nobody knows
  std::optional<base::Error> error{};                   // of the callable itself; empty: it was not called

  // The callable was not called at all: a policy refused, or the deadline or a stop was there before.
  bool rejected() const { return attempts == 0; }
  // The callable's own error with what ended the call, or the refusal in words. Makes its text only here.
  base::Error to_error(base::SteadyTime now) &&;
};

template <class T>
using Guarded = tl::expected<T, Failure>;

// What an error means.
struct Verdict {
  bool retry = false;
  CircuitBreaker::CallResult counts_as = CircuitBreaker::CallResult::ignored;
};

// unavailable, timeout: try again, and count against the dependency. rate_limited: try again, not before
// `retry_after`; the dependency is well. Everything else is final and says nothing about the dependency.
Verdict classify(const base::Error& error);

}  // namespace resilience
