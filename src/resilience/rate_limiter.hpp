// How many calls may begin in a time: `calls` per `per`, after a rest up to `burst` at once. No window of
// length W ever holds more than burst + W · calls / per of them: there is no border between windows to gather
// at.
//
// Thread-safe; nothing allocates; nothing fails. The time comes from the caller; waiting is the caller's as
// well.
//
//   Gcra limiter({.calls = 5, .per = 1s, .burst = 5});
//   if (!limiter.try_take(clock.steady())) return rejected;
//   if (const auto at = limiter.reserve(now, deadline)) clock.sleep_until(*at, stop);
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "resilience/deadline.hpp"

namespace resilience {

// Brought into: calls 1 to 1,000,000; per 1 ns to 365 days; burst 1 to 1,000,000, at most 30 years' worth.
struct RateOptions {
  int calls = 1;
  base::Duration per = std::chrono::seconds{1};
  int burst = 1;

  RateOptions sane() const;
};

class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  // When the next call may begin, taken for the caller: `now` or later. Empty when that would be after
  // `latest`; then nothing is taken. Callers get their places in the order in which they ask.
  virtual std::optional<base::SteadyTime> reserve(base::SteadyTime now,
                                                  base::SteadyTime latest = no_deadline) = 0;
  bool try_take(base::SteadyTime now) { return reserve(now, now).has_value(); }
};

// Counts tokens: exact for every rate, and can say how many there are.
class TokenBucket final : public RateLimiter {
 public:
  explicit TokenBucket(RateOptions options);  // full
  std::optional<base::SteadyTime> reserve(base::SteadyTime now,
                                          base::SteadyTime latest = no_deadline) override;
  double tokens(base::SteadyTime now) const;  // negative: so many are promised

 private:
  std::int64_t level_at(base::SteadyTime now) const;

  // In units of which a nanosecond brings `gain_` and a token costs `price_`: no division, no rounding.
  const std::int64_t gain_, price_, full_;
  mutable std::mutex mutex_;
  std::int64_t level_;
  base::SteadyTime at_ = base::SteadyTime::min();  // when it was level_
};

// The same rule as one number, the time at which the limiter is full again (generic cell rate algorithm,
// ITU-T I.371). Lock-free. The time between calls is rounded up to whole nanoseconds.
class Gcra final : public RateLimiter {
 public:
  // The rule alone, for those who keep the number elsewhere.
  struct Rule {
    explicit Rule(RateOptions options);
    struct Step {
      base::SteadyTime at;    // when the call may begin
      base::SteadyTime full;  // the new number
    };
    Step step(base::SteadyTime full, base::SteadyTime now) const;

    base::Duration interval;   // between calls
    base::Duration tolerance;  // how far a burst may run ahead
  };

  explicit Gcra(RateOptions options) : rule_(options) {}
  std::optional<base::SteadyTime> reserve(base::SteadyTime now,
                                          base::SteadyTime latest = no_deadline) override;

 private:
  const Rule rule_;
  std::atomic<base::SteadyTime> full_{base::SteadyTime::min()};
};

}  // namespace resilience
