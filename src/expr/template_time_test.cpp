#include "expr/template_time.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using base::WallTime;

WallTime utc(std::string_view iso) { return base::parse_timestamp(iso).value(); }

TEST(Zone, LocalTimesThatAreUniqueOrNot) {
  const auto zone = expr::Zone::find("America/New_York");
  ASSERT_TRUE(zone);
  const auto to_utc = [&](std::string_view local) { return zone->to_utc(base::parse_iso8601(local)->local); };
  EXPECT_EQ(to_utc("2025-07-01T12:00"), utc("2025-07-01T16:00Z"));
  EXPECT_EQ(to_utc("2025-11-02T01:30"), utc("2025-11-02T05:30Z"));  // twice: the earlier
  EXPECT_EQ(to_utc("2025-03-09T02:30"), utc("2025-03-09T07:00Z"));  // never: the end of the gap
  EXPECT_EQ(zone->to_local(utc("2025-11-02T06:30Z")), base::parse_iso8601("2025-11-02T01:30")->local);
  EXPECT_FALSE(expr::Zone::find("America/Nowhere"));
}

TEST(ReadTime, AZoneOnlyWhereThePatternReadsOne) {
  const auto local = expr::read_time("2025-01-02 03:04", "%Y-%m-%d %H:%M");
  ASSERT_TRUE(local);
  EXPECT_FALSE(local->offset);
  EXPECT_EQ(local->local, utc("2025-01-02T03:04Z"));
  const auto east = expr::read_time("2025-01-02 03:04 +0530", "%Y-%m-%d %H:%M %z");
  ASSERT_TRUE(east);
  EXPECT_EQ(east->offset, 330min);
  EXPECT_EQ(east->local, utc("2025-01-02T03:04Z"));
  EXPECT_EQ(expr::read_time("2025-01-02 GMT", "%Y-%m-%d %Z")->offset, 0min);
  EXPECT_EQ(expr::read_time("0", "%s")->offset, 0min);
  EXPECT_FALSE(expr::read_time("2025-01-02Z", "%Y-%m-%dZ")->offset);  // a letter as others
  EXPECT_FALSE(expr::read_time("2025-01-02", "%d.%m.%Y"));
}

}  // namespace
