#include "resilience/retry.hpp"

#include <algorithm>

#include "resilience/deadline.hpp"

namespace resilience {

Retry::Retry(const RetryOptions& options, base::SteadyTime started, base::SteadyTime deadline,
             RetryBudget* budget, base::Rng& rng)
    : options_(options), started_(started), deadline_(deadline), budget_(budget), rng_(&rng) {}

bool Retry::begin_attempt(base::SteadyTime now) {
  if (now >= deadline_) return false;
  if (attempts_++ == 0 && budget_ != nullptr) budget_->add_call();
  return true;
}

base::Duration Retry::attempt_timeout(base::SteadyTime now, base::Duration own) const {
  return std::min(own, left(deadline_, now));
}

Decision Retry::after_failure(base::SteadyTime now, std::optional<base::Duration> asked_to_wait) {
  using Kind = Decision::Kind;
  if (attempts_ >= options_.max_attempts) return {Kind::attempts_spent, now, {}};
  const auto retry = static_cast<unsigned>(std::max(attempts_, 1) - 1);
  // Decorrelated jitter grows from its own delays, not from those the other side named.
  previous_ = options_.backoff.delay(retry, previous_, *rng_);
  const base::Duration delay = std::max(previous_, asked_to_wait.value_or(base::Duration::zero()));
  const base::SteadyTime at = after(now, delay);
  // Nothing can be done in no time, so an attempt that would begin at the deadline is too late as well.
  if (at >= deadline_) return {Kind::deadline, at, delay};
  if (budget_ != nullptr && !budget_->take_retry()) return {Kind::budget_spent, at, delay};
  return {Kind::wait, at, delay};
}

}  // namespace resilience
