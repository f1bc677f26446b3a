// A second attempt beside a slow first one; the first good answer wins and the other attempt is stopped. For
// idempotent reads only: both may reach the other side. The second spends a token of the retry budget; when
// that is spent there is none, and the first goes on.
//
// The first attempt runs on the caller's thread, the second on one that lives as long as the call: for calls
// of milliseconds and more. The callable is called by two threads at once. Returns when both have ended, so
// it ends early when its stop token says so. It must not throw.
//
//   auto page = resilience::hedge(clock, {.delay = 200ms, .budget = &budget},
//                                 [&](const std::stop_token& stop) { return read(url, stop); }, stop);
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/clock.hpp"
#include "resilience/deadline.hpp"
#include "resilience/retry_budget.hpp"

namespace resilience {

struct HedgeOptions {
  base::Duration delay = std::chrono::milliseconds{200};  // best near the 95th percentile of the answers
  RetryBudget* budget = nullptr;                          // null: every slow call may have a second attempt
};

// `callable`: (const std::stop_token&) → base::Result<T>, which is what is returned. If both attempts fail,
// the error is the first's. A first attempt that fails before the delay is over ends the call: to try again
// is the business of Retry.
template <class Callable>
auto hedge(base::Clock& clock, const HedgeOptions& options, Callable&& callable,
           const std::stop_token& stop = {}) {
  using Result = std::invoke_result_t<Callable&, const std::stop_token&>;
  std::stop_source first_stop, second_stop;
  const std::stop_callback forward(stop, [&] {
    first_stop.request_stop();
    second_stop.request_stop();
  });
  // Whether there is a second attempt is settled once: by its thread, or by the end of the first one.
  enum class Second { waits, begun, needless };
  std::atomic<Second> state = Second::waits;
  const auto settle = [&state](Second what) {
    Second waits = Second::waits;
    return state.compare_exchange_strong(waits, what);
  };
  std::optional<Result> second;  // read after the join
  std::jthread hedger([&, at = after(clock.steady(), options.delay)] {
    if (!clock.sleep_until(at, second_stop.get_token()) || !settle(Second::begun)) return;
    if (options.budget != nullptr && !options.budget->take_retry()) return;
    second.emplace(std::invoke(callable, second_stop.get_token()));
    if (*second) first_stop.request_stop();
  });
  Result first = std::invoke(callable, first_stop.get_token());
  if (settle(Second::needless) || first) second_stop.request_stop();
  hedger.join();
  return first || !second || !*second ? std::move(first) : *std::move(second);
}

}  // namespace resilience
