#include "telemetry/log_time.hpp"

#include <date/tz.h>

#include <cstdlib>
#include <ctime>
#include <vector>

#include "base/text.hpp"

namespace telemetry {
namespace {

using LocalTime = std::chrono::local_time<std::chrono::milliseconds>;

const date::time_zone* find_zone(const std::string& name) {
  if (name.empty()) return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

LocalTime local_time(base::WallTime time, std::chrono::seconds offset) {
  return LocalTime{std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch() + offset};
}

// Hours, minutes and seconds.
std::string time_of_day(LocalTime time) {
  const std::chrono::hh_mm_ss parts{
      std::chrono::floor<std::chrono::seconds>(time - std::chrono::floor<std::chrono::days>(time))};
  return fmt::format("{:02}:{:02}:{:02}", parts.hours().count(), parts.minutes().count(),
                     parts.seconds().count());
}

Day day_of(LocalTime time) { return std::chrono::floor<std::chrono::days>(time); }

}  // namespace

std::string to_string(Day day) {
  const std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::optional<Day> parse_day(std::string_view text) {
  constexpr std::string_view pattern = "dddd-dd-dd";
  if (text.size() != pattern.size()) return std::nullopt;
  int numbers[3] = {};
  for (std::size_t i = 0, part = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (is_digit != (pattern[i] == 'd') || (!is_digit && text[i] != '-')) return std::nullopt;
    if (is_digit)
      numbers[part] = numbers[part] * 10 + (text[i] - '0');
    else
      ++part;
  }
  const std::chrono::year_month_day date{std::chrono::year{numbers[0]},
                                         std::chrono::month{static_cast<unsigned>(numbers[1])},
                                         std::chrono::day{static_cast<unsigned>(numbers[2])}};
  return date.ok() ? std::optional(Day{date}) : std::nullopt;
}

Zone::Zone(const std::string& name) : zone_(find_zone(name)) {
  ::tzset();  // localtime_r does not
}

base::Result<void> Zone::check(const std::string& name) {
  if (name.empty() || find_zone(name) != nullptr) return {};
  std::vector<std::string_view> known;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) known.push_back(zone.name());
  } catch (const std::exception& failure) {
    return base::error(base::Code::invalid_config, "no time zone data on this machine: {}", failure.what());
  }
  const std::string_view near = base::nearest(name, known);
  return base::error(base::Code::invalid_config, "unknown time zone '{}'{}", name,
                     near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near));
}

std::chrono::seconds Zone::offset(base::WallTime time) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch();
  if (zone_ != nullptr) return zone_->get_info(date::sys_seconds{now}).offset;
  const std::time_t seconds = now.count();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return std::chrono::seconds{parts.tm_gmtoff};
}

Day Zone::day(base::WallTime time) const { return day_of(local_time(time, offset(time))); }

std::string Zone::text(base::WallTime time) const {
  const LocalTime local = local_time(time, offset(time));
  return to_string(day_of(local)) + ' ' + time_of_day(local);
}

std::string Zone::rfc3339(base::WallTime time) const {
  // RFC 3339 knows no seconds in an offset; those of local mean times are left out on both sides.
  const auto whole = std::chrono::floor<std::chrono::minutes>(offset(time));
  const LocalTime local = local_time(time, whole);
  const auto minutes = std::abs(whole.count());
  return fmt::format("{}T{}.{:03}{}{:02}:{:02}", to_string(day_of(local)), time_of_day(local),
                     (local - std::chrono::floor<std::chrono::seconds>(local)).count(),
                     whole.count() < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

}  // namespace telemetry
