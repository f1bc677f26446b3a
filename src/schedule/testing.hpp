// Short ways to write schedules and instants, for the tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "schedule/decision.hpp"

namespace schedule {

inline WallTime at(std::string_view text) {
  const auto time = base::parse_timestamp(text);
  EXPECT_TRUE(time) << text;
  return time ? *time : WallTime{};
}

inline Zone zone(std::string_view name) {
  auto found = Zone::find(name);
  EXPECT_TRUE(found) << name;
  return found ? *found : *Zone::find("UTC");
}

inline Timetable table(std::string_view cron, std::string_view zone_name = "UTC") {
  auto parsed = Cron::parse(cron);
  EXPECT_TRUE(parsed) << cron;
  return {parsed ? *parsed : Cron(), zone(zone_name)};
}

inline Timetable every(base::Duration period) { return {period, zone("UTC")}; }

inline Entry entry(std::string name, Timetable timetable) {
  Entry entry;
  entry.name = std::move(name);
  entry.timetable = std::move(timetable);
  return entry;
}

// The next `count` slots, as text.
inline std::vector<std::string> texts(const std::vector<WallTime>& times) {
  std::vector<std::string> result;
  for (const WallTime time : times) result.push_back(base::to_iso8601(time).substr(0, 19));
  return result;
}

}  // namespace schedule
