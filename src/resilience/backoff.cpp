#include "resilience/backoff.hpp"

#include <algorithm>
#include <limits>

namespace resilience {
namespace {

using std::chrono::nanoseconds;

// min(cap, base · 2^retry) without ever forming the product: base > ⌊cap / 2^retry⌋ exactly when it exceeds
// cap.
std::int64_t exponential(std::int64_t base, std::int64_t cap, unsigned retry) {
  if (base == 0) return 0;
  if (retry >= 63 || base > (cap >> retry)) return cap;
  return base << retry;
}

}  // namespace

base::Duration Backoff::delay(unsigned retry, base::Duration previous, base::Rng& rng) const {
  const std::int64_t first = std::max<std::int64_t>(base.count(), 0);
  const std::int64_t limit = std::max<std::int64_t>(cap.count(), 0);
  const std::int64_t d = exponential(first, limit, kind == Kind::constant ? 0 : retry);
  switch (jitter) {
    case Jitter::none: return nanoseconds{d};
    case Jitter::full: return nanoseconds{rng.between(0, d)};
    case Jitter::equal: return nanoseconds{rng.between(d - d / 2, d)};
    case Jitter::decorrelated: break;
  }
  // The first delay has no predecessor; the article starts with base in its place.
  const std::int64_t before = std::max(previous.count(), first);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::int64_t high = before > most / 3 ? most : before * 3;
  return nanoseconds{std::min(limit, rng.between(first, high))};
}

}  // namespace resilience
