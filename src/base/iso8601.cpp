#include "base/iso8601.hpp"

#include <optional>

namespace base {
namespace {

using namespace std::chrono;

// Takes exactly `count` digits.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

tl::expected<year_month_day, std::string_view> take_date(std::string_view& text) {
  const auto y = take_digits(text, 4);
  const bool first = y && take(text, '-');
  const auto m = first ? take_digits(text, 2) : std::nullopt;
  const bool second = m && take(text, '-');
  const auto d = second ? take_digits(text, 2) : std::nullopt;
  if (!d) return tl::unexpected<std::string_view>("is not written as YYYY-MM-DD");
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok() || *y == 0) return tl::unexpected<std::string_view>("is a day that does not exist");
  return date;
}

// Z, +hh, +hhmm or +hh:mm.
tl::expected<minutes, std::string_view> take_zone(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return minutes{0};
  const bool west = text.front() == '-';
  if (!west && text.front() != '+')
    return tl::unexpected<std::string_view>("has something else than a time zone at its end");
  text.remove_prefix(1);
  const auto hour = take_digits(text, 2);
  const bool minutes_follow = take(text, ':') || !text.empty();
  const auto minute = minutes_follow ? take_digits(text, 2) : std::optional(0);
  if (!hour || !minute || *hour > 23 || *minute > 59)
    return tl::unexpected<std::string_view>("has a wrong time zone");
  const minutes offset{*hour * 60 + *minute};
  return west ? -offset : offset;
}

}  // namespace

tl::expected<year_month_day, std::string_view> parse_date(std::string_view text) {
  const auto date = take_date(text);
  if (date && !text.empty()) return tl::unexpected<std::string_view>("has more than a date");
  return date;
}

tl::expected<WrittenTime, std::string_view> parse_iso8601(std::string_view text) {
  const auto date = take_date(text);
  if (!date) return tl::unexpected(date.error());
  if (text.empty()) return WrittenTime{sys_days{*date}, std::nullopt, false};
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' '))
    return tl::unexpected<std::string_view>("has no time of day");
  const auto hour = take_digits(text, 2);
  const bool colon = hour && take(text, ':');
  const auto minute = colon ? take_digits(text, 2) : std::nullopt;
  const bool has_seconds = minute && take(text, ':');
  const auto second = has_seconds ? take_digits(text, 2) : std::optional(0);
  if (!minute || !second || *hour > 23 || *minute > 59 || *second > 60)
    return tl::unexpected<std::string_view>("has a time of day that does not exist");
  microseconds fraction{0};
  if (take(text, '.') || take(text, ',')) {
    // ISO 8601 would make it a fraction of the minute.
    if (!has_seconds) return tl::unexpected<std::string_view>("has a fraction without seconds");
    std::int64_t scale = 100'000;
    std::size_t digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9';
         text.remove_prefix(1), ++digits, scale /= 10)
      fraction += microseconds{(text.front() - '0') * scale};
    if (digits == 0) return tl::unexpected<std::string_view>("has no digits after the point");
  }
  WrittenTime time{sys_days{*date} + hours{*hour} + minutes{*minute} + seconds{*second} + fraction};
  if (!text.empty()) {
    const auto zone = take_zone(text);
    if (!zone) return tl::unexpected(zone.error());
    if (!text.empty()) return tl::unexpected<std::string_view>("has more than a timestamp");
    time.offset = *zone;
  }
  // The zone or a leap second may lead out of the years that four digits can write.
  if (!has_four_digit_year(time.local - time.offset.value_or(minutes{0})))
    return tl::unexpected<std::string_view>("is outside the years 1 to 9999");
  return time;
}

tl::expected<WallTime, std::string_view> parse_timestamp(std::string_view text) {
  const auto time = parse_iso8601(text);
  if (!time) return tl::unexpected(time.error());
  if (!time->has_time) return tl::unexpected<std::string_view>("has no time of day");
  if (!time->offset) return tl::unexpected<std::string_view>("has no time zone");
  return time->local - *time->offset;
}

bool has_four_digit_year(WallTime time) {
  return time >= sys_days{year{1} / 1 / 1} && time < sys_days{year{10'000} / 1 / 1};
}

}  // namespace base
