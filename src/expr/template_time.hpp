// Times as people and APIs write them: patterns of strptime and strftime, time zones by name. For templates
// and to_epoch(). Pure but for the time zone database of the machine; thread-safe; no locale but C's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/iso8601.hpp"

namespace date {
class time_zone;
}

namespace expr {

// ISO 8601: a timestamp, or a date (its midnight); without a zone it is UTC. nullopt: it is neither.
std::optional<base::WallTime> parse_iso8601(std::string_view text);

// As a strptime pattern says, to the last character; UTC without %z. Missing months, days and times of day
// are the first: 2024 with %Y is 2024-01-01. A space stands for any number of them, names of months and days
// are English. %f are the digits behind the point of the seconds, %s seconds since 1970; %z is +01:00, +0100,
// +01 or Z, %Z is UTC, GMT or Z.
std::optional<base::WallTime> parse_time(std::string_view text, std::string_view pattern);
// The same, as it was written: without an offset where the pattern reads no zone.
std::optional<base::WrittenTime> read_time(std::string_view text, std::string_view pattern);

// A strftime pattern; %f are milliseconds. The zone must exist.
std::string format_time(base::WallTime time, std::string_view pattern, std::string_view zone);

// 2025-11-21T10:30:02Z; digits behind the point only where there are any.
std::string format_iso8601(base::WallTime time);

base::WallTime midnight(std::chrono::sys_days day, std::string_view zone);  // the first moment of that day
std::chrono::sys_days day_in(base::WallTime time, std::string_view zone);   // its date there

// A time zone, found once for many times. Cheap to copy; it lasts as long as the program.
class Zone {
 public:
  static std::optional<Zone> find(std::string_view name);
  // Of a time that the clocks show twice, the earlier; of one that they leap over, the leap's end.
  base::WallTime to_utc(base::WallTime local) const;
  base::WallTime to_local(base::WallTime utc) const;

 private:
  explicit Zone(const date::time_zone& zone) : zone_(&zone) {}
  const date::time_zone* zone_;
};

// What is wrong, for the user.
std::optional<std::string> check_pattern(std::string_view pattern);  // for formatting
std::optional<std::string> check_parse_pattern(std::string_view pattern);
std::optional<std::string> check_zone(std::string_view zone);

}  // namespace expr
