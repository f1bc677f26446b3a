// What the pages of all programs share: the frame around their content, the head line that says how it is,
// and small pieces of HTML. No scripts, no images, nothing from elsewhere. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "web/message.hpp"

namespace web {

inline constexpr std::size_t maximum_warnings = 20;
inline constexpr std::size_t maximum_name = 120;  // bytes, before escaping
inline constexpr std::size_t maximum_text = 300;

// No script, image or form, nothing from elsewhere: should a text ever escape the escaping, it can do
// nothing.
inline constexpr std::string_view status_page_policy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

// How it is; said by words and a sign, the colour only repeats it.
struct Mood {
  std::string_view css;
  std::string_view sign;
};
inline constexpr Mood bad{"bad", "✖"}, odd{"odd", "▲"}, waiting{"waiting", "○"}, off{"off", "–"},
    good{"good", "✔"};

struct Frame {
  std::string program{}, version{};
  base::WallTime started_at{}, now{};
  std::string headline{};
  const Mood* mood = &good;
  std::vector<std::string> warnings{};
};
// The whole page around `content`, which is HTML.
std::string framed(const Frame& frame, std::string_view content);
// As an answer, with the policy above.
Response page(std::string html);

std::string grouped(std::uint64_t number);  // 1,234,567
// An outside text, escaped, cut, and of its own direction of writing, so that it cannot turn around what
// stands beside it.
std::string outside(std::string_view text, std::size_t bytes);
std::string rough(base::Duration duration);  // "12 s", "5 min", "2 h 5 min", "3 d 4 h"
std::string time_tag(base::WallTime time, std::string_view text);

}  // namespace web
