// Dates and timestamps as ISO 8601 writes them (the profile of RFC 3339, with a space or 'T' between, and
// reduced seconds).
#pragma once

#include <chrono>
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

}  // namespace base
