// Guards a callable with the policies of this folder. What is written is what happens, from the top to the
// bottom, and it compiles in this order only: every attempt needs a place in the bulkhead, one under the rate
// limit, and the breaker's permit; one that failed and may pass spends a token of the budget, waits, and
// begins at the top again; each has its timeout. Any of them may be left out.
//
// Policies may be shared by threads and outlive the pipeline. A pipeline is cheap to copy; its random numbers
// are not thread-safe, so each thread has its own with its own Rng. Errors are values: Failure says whether
// the callable was called and what ended it. Without a failure or a wait nothing allocates and the clock is
// read once (twice for a breaker that counts slow calls).
//
//   auto guarded = resilience::pipeline(clock, rng).limit(limiter).breaker(breaker).budget(budget)
//                      .retry({.max_attempts = 5}).timeout(5s);
//   auto page = guarded.call([&](const Attempt& attempt) { return fetch(url, attempt.deadline, attempt.stop);
//   },
//                            after(clock.steady(), 60s), stop);
//   if (!page && page.error().rejected()) ...
#pragma once

#include <functional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "resilience/guarded_run.hpp"

namespace resilience {

enum class Stage { none, bulkhead, limit, breaker, budget, retry, timeout };

template <Stage last>
class Pipeline {
 public:
  explicit Pipeline(const Policies& policies) : policies_(policies) {}

  auto bulkhead(Bulkhead& bulkhead) const requires(last < Stage::bulkhead) {
    return with<Stage::bulkhead>([&](Policies& it) { it.bulkhead = &bulkhead; });
  }
  // Waits for its place, unless that is at the deadline of the call or later.
  auto limit(RateLimiter& limiter) const requires(last < Stage::limit) {
    return with<Stage::limit>([&](Policies& it) { it.limiter = &limiter; });
  }
  auto breaker(CircuitBreaker& breaker) const requires(last < Stage::breaker) {
    return with<Stage::breaker>([&](Policies& it) { it.breaker = &breaker; });
  }
  auto budget(RetryBudget& budget) const requires(last < Stage::budget) {
    return with<Stage::budget>([&](Policies& it) { it.budget = &budget; });
  }
  auto retry(const RetryOptions& options) const requires(last < Stage::retry) {
    return with<Stage::retry>([&](Policies& it) { it.retry = options; });
  }
  // Of an attempt. The callable keeps it: nobody ends a thread from outside.
  auto timeout(base::Duration timeout) const requires(last < Stage::timeout) {
    return with<Stage::timeout>([&](Policies& it) { it.timeout = timeout; });
  }
  // In place of resilience::classify(); anywhere in the line.
  auto classify(Verdict (*function)(const base::Error&)) const {
    return with<last>([&](Policies& it) { it.classify = function; });
  }

  // `callable`: (const Attempt&) → base::Result<T>. Returns Guarded<T>, which is its value or a Failure.
  template <class Callable>
  auto call(Callable&& callable, base::SteadyTime deadline = base::SteadyTime::max(),
            const std::stop_token& stop = {}) const {
    using Result = std::invoke_result_t<Callable&, const Attempt&>;
    using Return = Guarded<typename Result::value_type>;
    GuardedRun run(policies_, deadline, stop);
    while (run.admit()) {
      Result result = std::invoke(callable, run.attempt());
      if (result) {
        run.succeeded();
        if constexpr (std::is_void_v<typename Result::value_type>)
          return Return();
        else
          return Return(*std::move(result));
      }
      if (!run.failed(std::move(result).error())) break;
    }
    return Return(tl::unexpect, run.take_failure());
  }

 private:
  template <Stage stage, class Change>
  Pipeline<stage> with(Change change) const {
    Policies policies = policies_;
    change(policies);
    return Pipeline<stage>(policies);
  }

  Policies policies_;
};

inline Pipeline<Stage::none> pipeline(base::Clock& clock, base::Rng& rng) {
  return Pipeline<Stage::none>({.clock = &clock, .rng = &rng});
}

}  // namespace resilience
