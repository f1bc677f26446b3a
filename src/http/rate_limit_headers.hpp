// What an answer says about the limits of an API, before one of them is met (RT4). Pure.
//
//   X-RateLimit-Limit, -Remaining, -Reset, -Reset-After, -Resource      GitHub, Discord; also without X-
//   X-RateLimit-Limit-Minute, X-RateLimit-Remaining-Day …               a window in the name
//   x-ratelimit-requests-limit, x-ratelimit-requests-remaining          a quota beside the plain ones
//   RateLimit: limit=100, remaining=50, reset=50                        drafts of the IETF, and their
//   RateLimit: "default";r=50;t=30   RateLimit-Policy: "default";q=100;w=60                  successors
//
// All limits of an answer hold at once. What is malformed is ignored. Of two values for the same thing the
// stricter one counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http/message.hpp"

namespace http {

struct LimitNote {
  std::string resource{};  // which part of the API it is for (X-RateLimit-Resource); "" = not said
  std::optional<std::int64_t> limit{}, remaining{};  // calls, below 10^15
  std::optional<base::Duration> reset_in{};          // from the answer on; at most a year
  std::optional<base::Duration> window{};            // the time `limit` is for, where that is said
};

// A reset is a number of seconds, or an instant in seconds or milliseconds since 1970, which its size tells;
// an instant is measured by the answer's Date header, else by `now`. At most 8 notes.
std::vector<LimitNote> limit_notes(const Response& response, base::WallTime now);

// Nothing is left until the reset.
inline bool is_exhausted(const LimitNote& note) { return note.remaining == 0; }

}  // namespace http
