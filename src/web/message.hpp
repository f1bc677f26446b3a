// What a handler gets and gives. Requests are judged before a handler sees them: the target is short and well
// formed, the method is GET or HEAD, there is no body. Plain data.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace web {

inline constexpr std::string_view plain_text = "text/plain; charset=utf-8";

inline constexpr std::size_t maximum_target = 2048;  // bytes; beyond: 414
inline constexpr std::size_t maximum_head = 8192;    // beyond: 431

struct Target {
  std::string path;   // decoded; starts with '/'
  std::string query;  // after the '?', as sent
  bool operator==(const Target&) const = default;
};

// Of "/path?query"; nothing for any other form, for a byte that may not stand there raw, and for a path whose
// escapes are broken or hide a control character or a slash.
std::optional<Target> parse_target(std::string_view raw);

struct Request {
  std::string method;  // GET or HEAD; the body of an answer to HEAD is left out by the server
  std::string path;
  std::string query;
};

struct Response {
  int status = 200;
  std::string body{};
  std::string content_type{plain_text};
  std::string allow{};        // methods, for 405
  std::string challenge{};    // WWW-Authenticate, for 401
  std::string retry_after{};  // seconds, for 503
  std::string content_security_policy = "default-src 'none'; frame-ancestors 'none'";
};

// One line of text, for people and scripts alike.
Response plain(int status, std::string_view line);

// For HTML, between tags and inside quoted attributes alike. What is no character of UTF-8, and control
// characters, become U+FFFD, so that nothing can hide in them.
std::string escape_html(std::string_view text);

}  // namespace web
