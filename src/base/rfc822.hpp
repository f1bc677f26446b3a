// Dates as mail and RSS write them (RFC 822, 1123, 2822): "Tue, 10 Jun 2003 04:00:00 GMT", "10 Jun 03 04:00
// EST".
#pragma once

#include <string_view>

#include <tl/expected.hpp>

#include "base/iso8601.hpp"

namespace base {

// The weekday is not compared with the date (feeds get it wrong), seconds and zone may be missing, a comment
// in brackets may follow. Years of two digits are 1950 to 2049. Zones: +hhmm, +hh:mm, Z, GMT, UT, UTC, EST,
// EDT, CST, CDT, MST, MDT, PST, PDT, in any case. The error says what is wrong in plain words.
tl::expected<WrittenTime, std::string_view> parse_rfc822(std::string_view text);

}  // namespace base
