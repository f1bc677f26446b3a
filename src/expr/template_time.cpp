#include "expr/template_time.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <locale>
#include <sstream>
#include <vector>

#include "base/check.hpp"
#include "base/iso8601.hpp"
#include "base/text.hpp"

namespace expr {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

const date::time_zone* find_zone(std::string_view name) {
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {
    return nullptr;
  }
}

date::sys_time<microseconds> to_date(base::WallTime time) {
  return date::sys_time<microseconds>{time.time_since_epoch()};
}

// Every conversion is one of `known`; E and O (a locale's own digits) are not.
std::optional<std::string> check_conversions(std::string_view pattern, std::string_view known) {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') continue;
    if (++at == pattern.size()) return "a % at the end means nothing; %% is a percent sign";
    const std::size_t length = base::utf8_sequence(pattern, at);
    if (known.find(pattern[at]) == std::string_view::npos)
      return fmt::format("%{} means nothing here", base::escape_control(pattern.substr(at, length)));
  }
  if (pattern.find('\0') != std::string_view::npos) return "it holds a null character";
  return std::nullopt;
}

// %f written out.
std::string without_f(std::string_view pattern, std::string_view replacement) {
  std::string result;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '%' && at + 1 < pattern.size()) {
      if (pattern[++at] == 'f')
        result += replacement;
      else
        result.append("%").append(1, pattern[at]);
    } else {
      result += pattern[at];
    }
  }
  return result;
}

}  // namespace

std::optional<base::WallTime> parse_iso8601(std::string_view text) {
  if (const auto day = base::parse_date(text)) return std::chrono::sys_days{*day};
  if (const auto time = base::parse_timestamp(text)) return *time;
  if (const auto time = base::parse_timestamp(std::string(text) + 'Z')) return *time;
  return std::nullopt;
}

std::string format_time(base::WallTime time, std::string_view pattern, std::string_view zone) {
  const date::time_zone* const found = find_zone(zone);
  CHECK(found != nullptr, "check_zone() was asked before");
  const auto fraction = time - std::chrono::floor<seconds>(time);
  const std::string digits = fmt::format("{:03}", std::chrono::floor<milliseconds>(fraction).count());
  const date::zoned_time<seconds> zoned{found, std::chrono::floor<seconds>(to_date(time))};
  std::ostringstream out;
  out.imbue(std::locale::classic());
  date::to_stream(out, without_f(pattern, digits).c_str(), zoned);
  return out.str();
}

std::string format_iso8601(base::WallTime time) {
  std::string text = base::to_iso8601(time);
  text.pop_back();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + "Z";
}

base::WallTime midnight(std::chrono::sys_days day, std::string_view zone) {
  const date::time_zone* const found = find_zone(zone);
  CHECK(found != nullptr, "check_zone() was asked before");
  // Where the clocks go forward at midnight, the day begins an hour later.
  const auto first = found->to_sys(date::local_days{day.time_since_epoch()}, date::choose::earliest);
  return base::WallTime{first.time_since_epoch()};
}

std::chrono::sys_days day_in(base::WallTime time, std::string_view zone) {
  const date::time_zone* const found = find_zone(zone);
  CHECK(found != nullptr, "check_zone() was asked before");
  return std::chrono::sys_days{
      std::chrono::floor<std::chrono::days>(found->to_local(to_date(time)).time_since_epoch())};
}

std::optional<Zone> Zone::find(std::string_view name) {
  const date::time_zone* const found = find_zone(name);
  return found == nullptr ? std::nullopt : std::optional(Zone(*found));
}

base::WallTime Zone::to_utc(base::WallTime local) const {
  const date::local_time<microseconds> time{local.time_since_epoch()};
  return base::WallTime{zone_->to_sys(time, date::choose::earliest).time_since_epoch()};
}

base::WallTime Zone::to_local(base::WallTime utc) const {
  return base::WallTime{zone_->to_local(to_date(utc)).time_since_epoch()};
}

std::optional<std::string> check_pattern(std::string_view pattern) {
  return check_conversions(pattern, "aAbBcCdDeFgGhHIjmMnprRSTtuUVwWxXyYzZ%f");
}

std::optional<std::string> check_parse_pattern(std::string_view pattern) {
  return check_conversions(pattern, "aAbBdDeFfhHIjmMnpRsSTtyYzZ%");
}

std::optional<std::string> check_zone(std::string_view zone) {
  if (find_zone(zone) != nullptr) return std::nullopt;
  std::vector<std::string_view> known;
  for (const date::time_zone& it : date::get_tzdb().zones) known.push_back(it.name());
  const std::string_view nearest = base::nearest(zone, known);
  return fmt::format("there is no time zone {}{}", zone,
                     nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

}  // namespace expr
