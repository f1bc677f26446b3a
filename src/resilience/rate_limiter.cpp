#include "resilience/rate_limiter.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace resilience {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 8;
constexpr base::Duration years_30 = std::chrono::hours{24 * 365 * 30};

// Units a nanosecond brings and a token costs, the smallest whole numbers for the rate.
std::int64_t gain(const RateOptions& options) {
  return options.calls / std::gcd<std::int64_t>(options.calls, options.per.count());
}
std::int64_t price(const RateOptions& options) {
  return options.per.count() / std::gcd<std::int64_t>(options.calls, options.per.count());
}

}  // namespace

RateOptions RateOptions::sane() const {
  const int c = std::clamp(calls, 1, 1'000'000);
  const base::Duration p = std::clamp<base::Duration>(per, base::Duration{1}, std::chrono::hours{24 * 365});
  // 30 years at c calls a period, so that no product of ours overflows.
  const std::int64_t widest = std::max<std::int64_t>(1, years_30 / p);
  const std::int64_t limit = widest > most / c ? most : widest * c;
  return {c, p,
          static_cast<int>(std::clamp<std::int64_t>(burst, 1, std::min<std::int64_t>(1'000'000, limit)))};
}

TokenBucket::TokenBucket(RateOptions options)
    : gain_(gain(options.sane())),
      price_(price(options.sane())),
      full_(std::min(most, price_ * options.sane().burst)),
      level_(full_) {}

std::int64_t TokenBucket::level_at(base::SteadyTime now) const {
  if (at_ == base::SteadyTime::min() || level_ == full_) return level_;
  const std::int64_t passed = left(now, at_).count();  // 0 if another thread brought a later time
  return passed > (full_ - level_) / gain_ ? full_ : std::min(full_, level_ + passed * gain_);
}

std::optional<base::SteadyTime> TokenBucket::reserve(base::SteadyTime now, base::SteadyTime latest) {
  const std::lock_guard lock(mutex_);
  const std::int64_t rest = level_at(now) - price_;
  const base::SteadyTime base = std::max(now, at_);
  // Rounded up: a call never begins before its token is whole.
  const base::SteadyTime at = rest >= 0 ? now : after(base, base::Duration((-rest + gain_ - 1) / gain_));
  if (at > latest || rest < -most) return {};
  level_ = rest;
  at_ = base;
  return at;
}

double TokenBucket::tokens(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return static_cast<double>(level_at(now)) / static_cast<double>(price_);
}

Gcra::Rule::Rule(RateOptions options) {
  const RateOptions sane = options.sane();
  interval = base::Duration((sane.per.count() + sane.calls - 1) / sane.calls);
  tolerance = interval * (sane.burst - 1);
}

Gcra::Rule::Step Gcra::Rule::step(base::SteadyTime full, base::SteadyTime now) const {
  const base::SteadyTime from = std::max(full, now);
  return {from - now > tolerance ? from - tolerance : now, after(from, interval)};
}

std::optional<base::SteadyTime> Gcra::reserve(base::SteadyTime now, base::SteadyTime latest) {
  base::SteadyTime full = full_.load(std::memory_order_relaxed);
  for (;;) {
    const Rule::Step step = rule_.step(full, now);
    if (step.at > latest) return {};
    if (full_.compare_exchange_weak(full, step.full, std::memory_order_relaxed)) return step.at;
  }
}

}  // namespace resilience
