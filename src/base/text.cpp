#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace base {
namespace {

bool is_unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Splits "12kB" at the first character that is no digit.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const unsigned char c : text) {
    if (is_unreserved(c))
      result += static_cast<char>(c);
    else
      fmt::format_to(std::back_inserter(result), "%{:02X}", c);
  }
  return result;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    const std::size_t present = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t k = 0; k < 4; ++k) result += k < present ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return result;
}

std::string to_iso8601(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  static constexpr std::array units{Unit{"s", 1},          Unit{"m", 60},        Unit{"h", 3600},
                                    Unit{"d", 86400},      Unit{"w", 7 * 86400}, Unit{"mo", 30 * 86400},
                                    Unit{"y", 365 * 86400}};
  constexpr std::uint64_t limit = std::uint64_t{1000} * 365 * 86400;
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  while (!text.empty()) {
    std::uint64_t number = 0;
    if (!take_number(text, number)) return std::nullopt;
    const std::size_t length = std::min(text.find_first_of("0123456789"), text.size());
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const Unit& u) { return u.name == text.substr(0, length); });
    if (unit == units.end() || number > limit / unit->factor) return std::nullopt;
    total += number * unit->factor;
    if (total > limit) return std::nullopt;
    text.remove_prefix(length);
  }
  return std::chrono::seconds{total};
}

std::string format_duration(Duration duration) {
  using namespace std::chrono;
  const auto ms = duration_cast<milliseconds>(duration).count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  const auto s = ms / 1000;
  // Two units, the second only if there is something of it: "1 h", "2 h 5 min".
  const auto two = [s](std::int64_t big, const char* name, std::int64_t small, const char* small_name) {
    const std::int64_t rest = s % big / small;
    return rest == 0 ? fmt::format("{} {}", s / big, name)
                     : fmt::format("{} {} {} {}", s / big, name, rest, small_name);
  };
  if (s < 3600) return two(60, "min", 1, "s");
  if (s < 2 * 86400) return two(3600, "h", 60, "min");
  return two(86400, "d", 3600, "h");
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  static constexpr std::array units{Unit{"", 1},
                                    Unit{"B", 1},
                                    Unit{"kB", 1000},
                                    Unit{"MB", 1000'000},
                                    Unit{"GB", 1000'000'000},
                                    Unit{"KiB", 1 << 10},
                                    Unit{"MiB", 1 << 20},
                                    Unit{"GiB", 1 << 30}};
  std::uint64_t number = 0;
  if (text.empty() || !take_number(text, number)) return std::nullopt;
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == text; });
  if (unit == units.end() || number > (std::uint64_t{1} << 50) / unit->factor) return std::nullopt;
  return number * unit->factor;
}

std::string format_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char* name = "B";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (value < 1024) break;
    value /= 1024;
    name = next;
  }
  return value == std::floor(value) ? fmt::format("{:.0f} {}", value, name)
                                    : fmt::format("{:.1f} {}", value, name);
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::size_t utf8_sequence(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto follows = [&](std::size_t i) { return (byte(at + i) & 0xC0) == 0x80; };
  const unsigned first = byte(at), second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !follows(1)) return 0;
  if (first < 0xE0) return 2;
  if (!follows(2)) return 0;
  if (first < 0xF0) return (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ? 0 : 3;
  if (!follows(3)) return 0;
  return (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) ? 0 : 4;
}

std::size_t valid_utf8_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = static_cast<unsigned char>(text[at]) < 0x80 ? 1 : utf8_sequence(text, at);
    if (length == 0) break;
    at += length;
  }
  return at;
}

std::string shorten(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  const std::string_view ellipsis = bytes < 3 ? "" : "…";
  std::size_t end = bytes - ellipsis.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)).append(ellipsis);
}

std::string escape_control(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      // U+0080 to U+009F: terminals act on them, too.
      fmt::format_to(std::back_inserter(result), "\\u{:04x}", next);
      ++i;
    } else if (c == '\n')
      result += "\\n";
    else if (c == '\r')
      result += "\\r";
    else if (c == '\t')
      result += "\\t";
    else if (byte < 0x20 || byte == 0x7f)
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", byte);
    else
      result += c;
  }
  return result;
}

}  // namespace base
