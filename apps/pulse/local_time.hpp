// A time as the clocks of a zone show it, for people: 2026-11-22T08:00:00-03:00. Pure.
//
//   local_text(slot, entry.timetable->zone())
#pragma once

#include <string>

#include "base/clock.hpp"
#include "schedule/zone.hpp"

namespace pulse {

std::string local_text(base::WallTime time, const schedule::Zone& zone);

}  // namespace pulse
