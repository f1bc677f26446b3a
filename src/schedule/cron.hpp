// Cron expressions: five fields, or six with the seconds first, and the @ words (semantics SC1). What is
// accepted has one meaning in every dialect of cron; what dialects read differently (5/15, 22-2, L, W, #) is
// a fault that says what to write instead.
//
//   auto cron = Cron::parse("*/15 6-18 * * MON-FRI");
//   if (!cron) complain(cron.error().column, cron.error().message);
//
// Pure values, safe to share between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/clock.hpp"

namespace schedule {

struct CronFault {
  std::size_t column = 0;  // in bytes from 0
  std::string message;     // what is wrong; what to do
};

inline constexpr std::size_t max_cron_length = 1000;  // a list of all values of every field fits

class Cron {
 public:
  // Values as bits: bit n is second, minute, hour, day of the month, month (1 = January) or day of the week
  // (0 = Sunday, never 7) n.
  struct Sets {
    std::uint64_t seconds = 1, minutes = 0, hours = 0, days = 0, months = 0, weekdays = 0;
    bool operator==(const Sets&) const = default;
  };

  static tl::expected<Cron, CronFault> parse(std::string_view text);

  const std::string& text() const { return text_; }  // as it was written
  const Sets& sets() const { return sets_; }
  bool has_seconds() const { return has_seconds_; }
  // The field is exactly `*`. If neither is, a day that matches either of them matches (SC1).
  bool any_day() const { return any_day_; }
  bool any_weekday() const { return any_weekday_; }
  // Neither minute nor hour begins with `*`: meant for a time of day, which daylight saving moves (SC2).
  bool is_fixed() const { return is_fixed_; }

 private:
  std::string text_;
  Sets sets_;
  bool has_seconds_ = false, any_day_ = false, any_weekday_ = false, is_fixed_ = false;
};

inline constexpr std::chrono::weeks max_every{52};

// "15m", "1h30m", "1w": a period in units of fixed length, s to w, at least 1 s and at most max_every.
tl::expected<base::Duration, CronFault> parse_every(std::string_view text);

}  // namespace schedule
