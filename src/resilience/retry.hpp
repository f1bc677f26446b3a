// The decisions about one call that is tried again: whether, when, and how long an attempt may take
// (semantics RT3, RT5, RT6, RT7). Pure: the caller reads the clock, waits and calls. One object a call; not
// thread-safe.
//
//   Retry retry(options, now, deadline, &budget, rng);
//   while (retry.begin_attempt(now = clock.steady())) {
//     if (attempt(retry.attempt_timeout(now, 30s))) return success;
//     const Decision next = retry.after_failure(clock.steady(), asked_to_wait);
//     if (next.kind != Decision::Kind::wait || !clock.sleep_until(next.at, stop)) break;
//   }
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "resilience/backoff.hpp"
#include "resilience/retry_budget.hpp"

namespace resilience {

struct RetryOptions {
  int max_attempts = 5;  // the first included; less than 1 counts as 1
  Backoff backoff;
};

struct Decision {
  enum class Kind {
    wait,            // begin the next attempt at `at`
    attempts_spent,  // that was the last one
    budget_spent,    // the others need what is left; the caller gets the error it has
    deadline,        // the next attempt would begin too late; `at` says when it would have
  };
  Kind kind = Kind::wait;
  base::SteadyTime at{};
  base::Duration delay{};  // from the failure to `at`; 0 when the attempts are spent
};

class Retry {
 public:
  // `budget` may be null. The deadline bounds attempts and waits together; SteadyTime::max() is none.
  Retry(const RetryOptions& options, base::SteadyTime started, base::SteadyTime deadline, RetryBudget* budget,
        base::Rng& rng);

  // False: the deadline has passed, do not begin. The first attempt is what the budget earns from.
  bool begin_attempt(base::SteadyTime now);
  // The smaller of the attempt's own and what is left until the deadline.
  base::Duration attempt_timeout(base::SteadyTime now, base::Duration own) const;
  // The delay is that of the backoff, or what the other side asked for if that is longer. The budget is asked
  // last: a token goes only for an attempt that is due.
  Decision after_failure(base::SteadyTime now, std::optional<base::Duration> asked_to_wait = {});

  int attempts() const { return attempts_; }  // begun so far
  base::Duration elapsed(base::SteadyTime now) const { return now - started_; }

 private:
  RetryOptions options_;
  base::SteadyTime started_;
  base::SteadyTime deadline_;
  RetryBudget* budget_;
  base::Rng* rng_;
  int attempts_ = 0;
  base::Duration previous_{};
};

}  // namespace resilience
