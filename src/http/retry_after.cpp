#include "http/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "http/http_date.hpp"
#include "http/response_head.hpp"

namespace http {
namespace {

std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  constexpr std::chrono::seconds longest = longest_retry_after;
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc{}) return longest;  // digits only: too many of them
  return std::min(std::chrono::seconds{seconds}, longest);
}

std::optional<base::Duration> wait_of(std::string_view text, base::WallTime now) {
  if (const auto seconds = seconds_of(text)) return *seconds;
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  using std::chrono::microseconds;  // in which the year 9999 is no overflow
  return std::clamp<microseconds>(*date - now, microseconds{0}, longest_retry_after);
}

}  // namespace

std::optional<base::Duration> retry_after(const Response& response, base::WallTime now) {
  std::optional<base::Duration> longest;
  for (const Header& header : response.headers) {
    if (header.name != "retry-after") continue;
    const auto wait = wait_of(trimmed(header.value), server_time(response).value_or(now));
    if (wait && (!longest || *wait > *longest)) longest = wait;
  }
  return longest;
}

}  // namespace http
