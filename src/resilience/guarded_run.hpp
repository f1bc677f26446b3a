// One guarded call on its way through the policies; the part of pipeline.hpp that does not depend on what is
// called. For one thread. Nothing here allocates unless the call waits in a bulkhead's line.
#pragma once

#include <optional>
#include <stop_token>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "resilience/bulkhead.hpp"
#include "resilience/circuit_breaker.hpp"
#include "resilience/failure.hpp"
#include "resilience/rate_limiter.hpp"
#include "resilience/retry.hpp"
#include "resilience/retry_budget.hpp"

namespace resilience {

// What a pipeline consists of; null: without.
struct Policies {
  base::Clock* clock = nullptr;
  base::Rng* rng = nullptr;
  Bulkhead* bulkhead = nullptr;
  RateLimiter* limiter = nullptr;
  CircuitBreaker* breaker = nullptr;
  RetryBudget* budget = nullptr;
  RetryOptions retry{.max_attempts = 1, .backoff = {}};
  base::Duration timeout = base::Duration::max();
  Verdict (*classify)(const base::Error&) = &resilience::classify;
};

// What the callable learns. It ends by `deadline`, and as soon as `stop` says so.
struct Attempt {
  int number = 1;
  base::SteadyTime deadline = base::SteadyTime::max();
  const std::stop_token& stop;
};

class GuardedRun {
 public:
  GuardedRun(const Policies& policies, base::SteadyTime deadline, const std::stop_token& stop)
      : policies_(policies),
        deadline_(deadline),
        now_(policies.clock->steady()),
        retry_(policies.retry, now_, deadline, policies.budget, *policies.rng),
        attempt_{0, deadline, stop} {}
  GuardedRun(const GuardedRun&) = delete;
  // An attempt that ended by an exception gives back what it had, and counts for nothing.
  ~GuardedRun() {
    if (permit_) finish(CircuitBreaker::CallResult::ignored);
  }

  bool admit();  // waits if it must; false: take_failure()
  const Attempt& attempt() const { return attempt_; }
  void succeeded() {
    if (permit_) finish_good();
  }
  bool failed(base::Error&& error);  // true, after the wait: once more, from admit()
  Failure take_failure() { return {end_, retry_.attempts(), retry_at_, std::move(error_)}; }

 private:
  bool end(End end, base::SteadyTime retry_at = base::SteadyTime::min());
  bool acquire();
  bool enter(bool& waited);
  bool take_place(bool& waited);
  void finish_good();
  void finish(CircuitBreaker::CallResult result);

  const Policies& policies_;
  const base::SteadyTime deadline_;
  base::SteadyTime now_;  // the latest reading; a good call takes one
  Retry retry_;
  Attempt attempt_;
  std::optional<Bulkhead::Slot> slot_;
  std::optional<CircuitBreaker::Permit> permit_;
  base::SteadyTime began_{};

  End end_ = End::failed;
  base::SteadyTime retry_at_ = base::SteadyTime::min();
  std::optional<base::Error> error_;
};

}  // namespace resilience
