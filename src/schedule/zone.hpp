// The time zones of the machine's database, as spans of time in which the clocks do not change.
//
//   Result<Zone> zone = Zone::find("Europe/Berlin");
//   Zone::Period now = zone->period(seconds);      // local time = seconds + now.offset
//
// Thread-safe; reads the database once. A name that is not there, or no database at all, is an error (SC4).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace date {
class time_zone;
}

namespace schedule {

class Zone {
 public:
  static base::Result<Zone> find(std::string_view name);

  // [begin, end) in seconds since 1970. Changes before 1970 are not told: the first period begins long
  // before.
  struct Period {
    std::int64_t begin = 0, end = 0;
    std::int64_t offset = 0;         // how far local time is ahead of UTC
    std::int64_t offset_before = 0;  // until `begin`: smaller, a gap; greater, an overlap
  };
  Period period(std::int64_t second) const;

  // What shows `local` seconds there: the first of two passes; of a time that is leapt over, the leap's end.
  std::int64_t to_utc(std::int64_t local) const;
  std::int64_t to_local(std::int64_t second) const { return second + period(second).offset; }

 private:
  explicit Zone(const date::time_zone& zone) : zone_(&zone) {}
  const date::time_zone* zone_;  // lasts as long as the program
};

}  // namespace schedule
