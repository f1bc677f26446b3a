// Dates and timestamps as ISO 8601 writes them (the profile of RFC 3339, with a space or 'T' between, and
// reduced seconds).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "base/clock.hpp"

namespace base {

// "2025-11-21" with a day that exists; the error says what is wrong in plain words.
tl::expected<std::chrono::year_month_day, std::string_view> parse_date(std::string_view text);

// "2025-11-21T10:30:02.5Z", "2025-11-21 10:30+03:00": the zone must be there. Fractions beyond microseconds
// are cut off; second 60 (a leap second) is the next minute's first. The years 1 to 9999, in UTC too, so that
// base::to_iso8601() can write it.
tl::expected<WallTime, std::string_view> parse_timestamp(std::string_view text);

// A time as it was written down.
struct WrittenTime {
  WallTime local{};                              // what the clock showed there
  std::optional<std::chrono::minutes> offset{};  // how far it was ahead of UTC; nothing: not said
  bool has_time = true;                          // false: only a date, and `local` is its midnight
};

// A date, or a timestamp whose zone may be missing; otherwise as above.
tl::expected<WrittenTime, std::string_view> parse_iso8601(std::string_view text);

// Four digits can write its year.
bool has_four_digit_year(WallTime time);

}  // namespace base
