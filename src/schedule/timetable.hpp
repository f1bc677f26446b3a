// When a schedule fires: a cron expression in a time zone, or the multiples of a period since 1970 in UTC
// (semantics SC1, SC2). A fire time is called a slot; it names the run that belongs to it.
//
//   Timetable table(*Cron::parse("30 2 * * *"), *Zone::find("Europe/Berlin"));
//   std::optional<WallTime> slot = table.next(now);
//
// Where the clocks change, an expression whose minute and hour both begin without `*` keeps its time of day:
// what falls into a gap comes once, at the gap's end; what an overlap shows twice comes in the first pass.
// All others follow real time. Pure values, safe to share between threads.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "schedule/cron.hpp"
#include "schedule/zone.hpp"

namespace schedule {

using base::WallTime;

class Timetable {
 public:
  Timetable(Cron cron, Zone zone);
  Timetable(base::Duration every, Zone zone);  // at least 1 s; the zone is for deadlines

  // The first slot later than that. Nothing before 1970, and of cron nothing from 2038 on: the zone
  // database's rules for the years beyond are not read.
  std::optional<WallTime> next(WallTime after) const;
  // The newest one later than `after` and not later than `until`; takes about 30 calls of next().
  std::optional<WallTime> latest(WallTime after, WallTime until) const;
  // The oldest `limit` ones later than `after` and not later than `until`.
  std::vector<WallTime> between(WallTime after, WallTime until, std::size_t limit) const;

  // The first moment, not before `time`, at which the clocks there show this time of day.
  WallTime next_time_of_day(WallTime time, std::chrono::minutes since_midnight) const;

  const Zone& zone() const { return zone_; }

 private:
  std::variant<Cron, std::chrono::microseconds> rule_;
  Zone zone_;
};

// How long the starts of a collector are put off: FNV-1a (64 bits) of its name, modulo the splay in
// milliseconds. The same on every machine and in every version.
base::Duration splay_of(std::string_view name, base::Duration splay);

}  // namespace schedule
