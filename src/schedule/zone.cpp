#include "schedule/zone.hpp"

#include <date/tz.h>

#include <algorithm>
#include <limits>

#include "base/text.hpp"

namespace schedule {
namespace {

using std::chrono::seconds;

constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max() / 4;  // sums of two do not overflow

}  // namespace

base::Result<Zone> Zone::find(std::string_view name) {
  try {
    return Zone(*date::locate_zone(std::string(name)));
  } catch (const std::exception&) {
    // Either the name or the database is missing; UTC is in every database.
  }
  const std::string shown = base::escape_control(base::shorten(name, 100));
  try {
    date::locate_zone("UTC");
  } catch (const std::exception&) {
    return base::error(base::Code::invalid_config,
                       "time zone {}: this machine has no time zone database; install the package tzdata",
                       shown);
  }
  return base::error(base::Code::invalid_config,
                     "there is no time zone {}; write a name of the time zone database, as America/Sao_Paulo",
                     shown);
}

Zone::Period Zone::period(std::int64_t second) const {
  second = std::clamp(second, -far, far);
  const date::sys_info info = zone_->get_info(date::sys_seconds{seconds{second}});
  Period period;
  period.offset = period.offset_before = info.offset.count();
  period.begin = info.begin.time_since_epoch().count();
  period.end = std::min(info.end.time_since_epoch().count(), far);
  if (period.begin < 0)
    period.begin = -far;
  else
    period.offset_before = zone_->get_info(info.begin - seconds{1}).offset.count();
  return period;
}

std::int64_t Zone::to_utc(std::int64_t local) const {
  const date::local_seconds time{seconds{std::clamp(local, -far, far)}};
  return zone_->to_sys(time, date::choose::earliest).time_since_epoch().count();
}

}  // namespace schedule
