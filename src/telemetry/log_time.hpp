// The times and days of the log, in its zone: an IANA name, or the system's where the name is empty or
// unknown. A day is what the calendar on the wall shows; it need not begin at 00:00 (daylight saving).
// Thread-safe.
//
//   const Zone zone("America/Sao_Paulo");
//   zone.text(clock.wall());      // "2025-11-21 10:30:02"
//   zone.rfc3339(clock.wall());   // "2025-11-21T10:30:02.000-03:00"
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace date {
class time_zone;
}

namespace telemetry {

using Day = std::chrono::local_days;

std::string to_string(Day day);  // "2025-11-21"
std::optional<Day> parse_day(std::string_view text);

class Zone {
 public:
  explicit Zone(const std::string& name);
  // invalid_config, with the nearest known name; "" (the system's zone) is always fine.
  static base::Result<void> check(const std::string& name);

  Day day(base::WallTime time) const;
  std::string text(base::WallTime time) const;
  std::string rfc3339(base::WallTime time) const;  // milliseconds and the offset

 private:
  std::chrono::seconds offset(base::WallTime time) const;
  const date::time_zone* zone_;
};

}  // namespace telemetry
