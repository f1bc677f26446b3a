#include "simulator/football_zone.hpp"

#include <gtest/gtest.h>

namespace simulator::football {
namespace {

Time at(int year, unsigned month, unsigned day, int hour) {
  return Day{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}} +
         std::chrono::hours{hour};
}

TEST(FootballZone, knows_offsets_and_their_changes) {
  const auto sao_paulo = find_zone("America/Sao_Paulo"), london = find_zone("Europe/London");
  ASSERT_TRUE(sao_paulo && london);
  EXPECT_EQ(sao_paulo->text(at(2025, 11, 22, 1)), "2025-11-21T22:00:00-03:00");
  EXPECT_EQ(sao_paulo->text(at(2018, 12, 22, 1)), "2018-12-21T23:00:00-02:00");
  EXPECT_EQ(london->text(at(2025, 3, 30, 0)), "2025-03-30T00:00:00+00:00");
  EXPECT_EQ(london->text(at(2025, 3, 30, 1)), "2025-03-30T02:00:00+01:00");
  EXPECT_EQ(find_zone("Asia/Kolkata")->text(at(2025, 1, 1, 20)), "2025-01-02T01:30:00+05:30");
  EXPECT_EQ(sao_paulo->day(at(2025, 11, 22, 2)), floor<std::chrono::days>(at(2025, 11, 21, 0)));
  EXPECT_EQ(find_zone("UTC")->text(at(2025, 1, 1, 0)), "2025-01-01T00:00:00+00:00");
}

TEST(FootballZone, refuses_what_is_no_zone) {
  for (const char* name : {"", "Mars/Base", "../../../etc/passwd", "/etc/passwd", "zone1970.tab", "America",
                           "America/Sao Paulo", "a.b"})
    EXPECT_FALSE(find_zone(name).has_value()) << name;
}

TEST(FootballZone, lists_names_that_it_finds) {
  const auto names = zone_names();
  EXPECT_GT(names.size(), 200U);
  for (const std::string& name : names) EXPECT_TRUE(find_zone(name).has_value()) << name;
}

}  // namespace
}  // namespace simulator::football
