// How many retries a dependency may cost: shared by all who call it, so that an outage is not answered with a
// multiple of the usual traffic (semantics RT7). Every call earns a part of a token, every retry spends one.
//
// Thread-safe and lock-free: one atomic number of thousandths of a token. Nothing fails.
//
//   RetryBudget budget({.initial = 10, .per_call = 0.2, .cap = 100});
//   budget.add_call();                        // once for each call, at its first attempt
//   if (!budget.take_retry()) return error;   // spent: the caller gets the error it would have retried
#pragma once

#include <atomic>
#include <cstdint>

namespace resilience {

class RetryBudget {
 public:
  // Tokens; what is negative or no number counts as 0.
  struct Options {
    double initial = 10;
    double per_call = 0.2;
    double cap = 100;
  };

  RetryBudget();
  explicit RetryBudget(Options options);

  void add_call() noexcept;
  bool take_retry() noexcept;  // false: less than a whole token is left, and nothing was taken
  double tokens() const noexcept;

 private:
  const std::int64_t cap_;
  const std::int64_t per_call_;
  std::atomic<std::int64_t> milli_;
};

}  // namespace resilience
