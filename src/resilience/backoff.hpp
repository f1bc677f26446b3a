// How long to wait before the next attempt (semantics RT5). Pure: the caller owns the generator and does the
// waiting.
//
// Without overflow for any retry number.
//
//   Backoff backoff{.base = 1s, .cap = 32s, .jitter = Jitter::equal};
//   delay = backoff.delay(retry, previous, rng);      // retry = 0 before the second attempt
#pragma once

#include <chrono>

#include "base/clock.hpp"
#include "base/rng.hpp"

namespace resilience {

enum class Jitter {
  none,          // d
  full,          // uniform in [0, d]
  equal,         // uniform in [d/2, d]
  decorrelated,  // uniform in [base, 3 × previous delay], capped ("Exponential Backoff and Jitter", AWS
                 // Architecture Blog, 2015)
};

struct Backoff {
  base::Duration base = std::chrono::seconds{2};
  base::Duration cap = std::chrono::seconds{32};
  Jitter jitter = Jitter::equal;
  enum class Kind { exponential, constant };
  Kind kind = Kind::exponential;

  // d = min(cap, base · 2^retry), or min(cap, base) when constant; then the jitter. `previous` matters to
  // `decorrelated` only (0 at first).
  base::Duration delay(unsigned retry, base::Duration previous, base::Rng& rng) const;
};

}  // namespace resilience
