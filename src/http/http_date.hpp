// Times as HTTP headers give them (RFC 9110, section 5.6.7): the usual form and the two obsolete ones.
//
//   Sun, 06 Nov 1994 08:49:37 GMT      Sunday, 06-Nov-94 08:49:37 GMT      Sun Nov  6 08:49:37 1994
//
// Pure. Anything else, a day that does not exist included, is nullopt.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "http/message.hpp"

namespace http {

// White space around it does not matter. Second 60 (a leap second) is the next minute's first.
std::optional<base::WallTime> parse_http_date(std::string_view text);

// The server's clock when it answered: the Date header.
std::optional<base::WallTime> server_time(const Response& response);

}  // namespace http
