// How long an answer asks to wait: its Retry-After header (RT3; RFC 9110, section 10.2.3). Pure.
//
//   Retry-After: 120        Retry-After: Fri, 21 Nov 2025 10:30:00 GMT
//
// A date is measured by the clock that wrote it, the answer's own Date header, and by `now` only where that
// is missing or no date: so a server whose clock is hours off is still understood.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "http/message.hpp"

namespace http {

// More is cut to this, so that it can be added to any time of this century.
constexpr std::chrono::hours longest_retry_after{100 * 365 * 24};

// A date that has passed is 0. What is neither digits nor a date says nothing; of several headers the longest
// wait counts.
std::optional<base::Duration> retry_after(const Response& response, base::WallTime now);

}  // namespace http
