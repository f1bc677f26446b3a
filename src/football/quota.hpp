// How much of the day's calls is left, from what the API says: /status, the headers of every answer, an
// error. The day is that of UTC; what is not known yet is allowed.
//
//   if (const auto refused = quota.refuse(clock.wall())) return *refused;   // rate_limited until 00:00 UTC
//
// Thread-safe. Nothing here fails.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace football {

class Quota {
 public:
  // `reserve`: what is never used, but at most a tenth of the day's limit: a small plan would be left with
  // nothing.
  explicit Quota(std::int64_t reserve) : reserve_(std::max<std::int64_t>(reserve, 0)) {}

  // `at`: when the API said so. What it said of a day before the newest known one is ignored.
  void told(std::optional<std::int64_t> limit, std::optional<std::int64_t> remaining, base::WallTime at);
  void spent(base::WallTime at);  // it said that nothing is left

  std::optional<base::Error> refuse(base::WallTime now) const;
  struct State {
    std::optional<std::int64_t> limit{}, remaining{};
    bool spent = false;
  };
  State state(base::WallTime now) const;

 private:
  bool enter_day(base::WallTime at);
  State state_locked(base::WallTime now) const;

  const std::int64_t reserve_;
  mutable std::mutex mutex_;
  std::chrono::sys_days day_{};
  std::optional<std::int64_t> limit_{}, remaining_{};
  bool spent_ = false;
};

// The time until the next day of UTC begins.
std::chrono::milliseconds until_next_day(base::WallTime now);

}  // namespace football
