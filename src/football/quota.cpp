#include "football/quota.hpp"

namespace football {

using std::chrono::days;
using std::chrono::milliseconds;

milliseconds until_next_day(base::WallTime now) {
  return std::chrono::ceil<milliseconds>(std::chrono::floor<days>(now) + days{1} - now);
}

bool Quota::enter_day(base::WallTime at) {
  const auto day = std::chrono::floor<days>(at);
  if (day < day_) return false;
  if (day > day_) {
    remaining_.reset();
    spent_ = false;
  }
  day_ = day;
  return true;
}

void Quota::told(std::optional<std::int64_t> limit, std::optional<std::int64_t> remaining,
                 base::WallTime at) {
  const std::lock_guard lock(mutex_);
  if ((!limit && !remaining) || !enter_day(at)) return;
  if (limit && *limit > 0) limit_ = limit;
  if (!remaining) return;
  remaining_ = std::max<std::int64_t>(*remaining, 0);
  spent_ = *remaining_ == 0;  // more than before: a larger plan was bought
}

void Quota::spent(base::WallTime at) {
  const std::lock_guard lock(mutex_);
  if (!enter_day(at)) return;
  remaining_ = 0;
  spent_ = true;
}

// A new day has its whole quota, whatever was known of the one before.
Quota::State Quota::state_locked(base::WallTime now) const {
  if (std::chrono::floor<days>(now) > day_) return {limit_, std::nullopt, false};
  const std::int64_t reserve = limit_ ? std::min(reserve_, *limit_ / 10) : reserve_;
  return {limit_, remaining_, spent_ || (remaining_ && *remaining_ <= reserve)};
}

Quota::State Quota::state(base::WallTime now) const {
  const std::lock_guard lock(mutex_);
  return state_locked(now);
}

std::optional<base::Error> Quota::refuse(base::WallTime now) const {
  const std::lock_guard lock(mutex_);
  const State state = state_locked(now);
  if (!state.spent) return std::nullopt;
  base::Error error =
      state.remaining.value_or(0) == 0
          ? base::error(base::Code::rate_limited,
                        "API-Football: not asked, the day's quota is spent; the next begins at 00:00 UTC")
          : base::error(base::Code::rate_limited,
                        "API-Football: not asked, {} calls of the day are left, and those are the reserve; "
                        "the next day begins at 00:00 UTC",
                        *state.remaining);
  error.retry_after = until_next_day(now);
  return error;
}

}  // namespace football
