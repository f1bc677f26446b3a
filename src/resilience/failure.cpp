#include "resilience/failure.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "resilience/deadline.hpp"

namespace resilience {
namespace {

std::string attempts(int number) { return fmt::format("{} attempt{}", number, number == 1 ? "" : "s"); }

// What ended a call that had an error of its own, and what to do.
std::string ending(const Failure& failure) {
  const std::string after = attempts(failure.attempts);
  switch (failure.end) {
    case End::attempts_spent: return fmt::format("given up after {}", after);
    case End::budget_spent: return fmt::format("after {}, no retry: the retry budget is spent", after);
    case End::deadline: return fmt::format("after {}, the next would begin after the deadline", after);
    case End::stopped: return fmt::format("stopped after {}", after);
    case End::limited: return fmt::format("after {}, the rate limit has no place before the deadline", after);
    case End::circuit_open: return fmt::format("after {}, the circuit breaker is open", after);
    case End::bulkhead_full: return fmt::format("after {}, all places are taken", after);
    case End::failed: break;
  }
  return {};
}

base::Error refusal(End end) {
  using base::Code;
  switch (end) {
    case End::stopped: return {Code::cancelled, "not called: a stop was requested"};
    case End::deadline: return {Code::timeout, "not called: the deadline had passed; allow more time"};
    case End::limited:
      return {
          Code::rate_limited,
          "not called: the rate limit has no place before the deadline; call less often or allow more time"};
    case End::circuit_open:
      return {Code::unavailable,
              "not called: the circuit breaker is open after too many failures; try again later"};
    case End::bulkhead_full:
      return {Code::unavailable, "not called: as many calls are in flight as may be; try again later"};
    case End::failed:
    case End::attempts_spent:
    case End::budget_spent: break;
  }
  return {Code::internal, "a call that failed without an error"};
}

}  // namespace

base::Error Failure::to_error(base::SteadyTime now) && {
  base::Error result = error ? *std::move(error) : refusal(end);
  if (error && end != End::failed) result = std::move(result).with(ending(*this));
  // Rounded up: whoever waits so long is not too early.
  if (retry_at > now && retry_at != no_deadline)
    result.retry_after = std::chrono::ceil<std::chrono::milliseconds>(left(retry_at, now));
  return result;
}

Verdict classify(const base::Error& error) {
  using Result = CircuitBreaker::CallResult;
  switch (error.code) {
    case base::Code::unavailable:
    case base::Code::timeout: return {true, Result::failure};
    case base::Code::rate_limited: return {true, Result::ignored};
    default: return {false, Result::ignored};
  }
}

}  // namespace resilience
