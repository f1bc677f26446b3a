#include "resilience/retry_budget.hpp"

#include <algorithm>
#include <cmath>

namespace resilience {
namespace {

constexpr std::int64_t token = 1000;
constexpr double most = 1e12;  // tokens; beyond it thousandths would leave the range of the integer

std::int64_t milli(double tokens) {
  if (!(tokens > 0)) return 0;  // NaN too
  return std::llround(std::min(tokens, most) * static_cast<double>(token));
}

}  // namespace

RetryBudget::RetryBudget() : RetryBudget(Options{}) {}

RetryBudget::RetryBudget(Options options)
    : cap_(milli(options.cap)),
      per_call_(milli(options.per_call)),
      milli_(std::min(milli(options.initial), milli(options.cap))) {}

// A full budget, the usual state of a healthy dependency, is only read: threads do not fight for its line.
void RetryBudget::add_call() noexcept {
  std::int64_t now = milli_.load(std::memory_order_relaxed);
  while (now < cap_ && per_call_ > 0 &&
         !milli_.compare_exchange_weak(now, std::min(cap_, now + per_call_), std::memory_order_relaxed)) {
  }
}

bool RetryBudget::take_retry() noexcept {
  std::int64_t now = milli_.load(std::memory_order_relaxed);
  while (now >= token) {
    if (milli_.compare_exchange_weak(now, now - token, std::memory_order_relaxed)) return true;
  }
  return false;
}

double RetryBudget::tokens() const noexcept {
  return static_cast<double>(milli_.load(std::memory_order_relaxed)) / static_cast<double>(token);
}

}  // namespace resilience
