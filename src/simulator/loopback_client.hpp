// Posts to a server on this machine, as the simulated Telegram does with updates: one request, one
// connection, HTTP/1.1 without TLS. Blocking, bounded in time and bytes. Pure but for the connection.
//
//   const auto url = TRY(parse_loopback_url("http://127.0.0.1:8789/hook"));   // invalid_data: says why not
//   const auto answer = TRY(post(url, {.headers = …, .body = update}, 10s, stop));
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace simulator {

struct LoopbackUrl {
  std::string host{};  // "127.0.0.1", "localhost" or "[::1]"
  std::uint16_t port = 80;
  std::string target{};  // path and query
};
base::Result<LoopbackUrl> parse_loopback_url(std::string_view url);

struct LoopbackPost {
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};
struct LoopbackAnswer {
  int status = 0;
  std::chrono::seconds retry_after{0};  // 0: not said
};

inline constexpr std::size_t maximum_loopback_answer = 64 * 1024;  // more of it is not read

// unavailable: no connection, or it ended before the head of an answer. timeout; cancelled. invalid_data:
// this is no HTTP.
base::Result<LoopbackAnswer> post(const LoopbackUrl& url, const LoopbackPost& what,
                                  std::chrono::milliseconds within, const std::stop_token& stop);

}  // namespace simulator
