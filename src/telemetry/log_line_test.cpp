#include "telemetry/log_line.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace telemetry {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

constexpr base::WallTime start = sys_days{year{2025} / 11 / 21} + 10h + 30min + 2s + 45ms;

class LogLineTest : public testing::Test {
 protected:
  // The object without what is the same everywhere.
  std::string json(std::string_view event, Fields fields) const {
    const std::string line = line_.json({start, Level::info, ""}, event, fields);
    constexpr std::string_view head = R"({"time":"2025-11-21T07:30:02.045-03:00","level":"INFO",)";
    EXPECT_TRUE(line.starts_with(head)) << line;
    return line.substr(head.size());
  }

  Zone zone_{"America/Sao_Paulo"};
  base::Redactor redactor_;
  LogLine line_{zone_, redactor_};
};

TEST_F(LogLineTest, json_has_numbers_as_numbers) {
  EXPECT_EQ(line_.json({start, Level::warning, "kev"}, "run finished",
                       {{"run", "r-1"},
                        {"rows", 1404},
                        {"huge", ~std::uint64_t{0}},
                        {"low", -3},
                        {"share", 0.25},
                        {"big", 1e300},
                        {"ok", true},
                        {"digits", "007"}}),
            R"({"time":"2025-11-21T07:30:02.045-03:00","level":"WARNING","event":"run finished",)"
            R"("collector":"kev","fields":{"run":"r-1","rows":1404,"huge":18446744073709551615,"low":-3,)"
            R"("share":0.25,"big":1e+300,"ok":true,"digits":"007"}})");
  EXPECT_EQ(json("e", {}), R"("event":"e","fields":{}})");
  EXPECT_EQ(json("e", {{"n", std::numeric_limits<double>::quiet_NaN()},
                       {"i", -std::numeric_limits<double>::infinity()}}),
            R"("event":"e","fields":{"n":"nan","i":"-inf"}})");
}

TEST_F(LogLineTest, json_is_valid_whatever_comes) {
  EXPECT_EQ(
      json("a\"b\\c", {{"k\n\"", "x\r\n\t\x1b[31m\x7f\xc2\x9b"}, {"nul", std::string("a\0b", 3)}}),
      R"("event":"a\"b\\c","fields":{"k\n\"":"x\u000d\n\u0009\u001b[31m\u007f\u009b","nul":"a\u0000b"}})");
  EXPECT_EQ(json("é \xff \xc3", {{"cut", "\xe2\x82"}, {"surrogate", "\xed\xa0\x80"}, {"fine", "€😀"}}),
            "\"event\":\"é \uFFFD \uFFFD\",\"fields\":{\"cut\":\"\uFFFD\uFFFD\",\"surrogate\":"
            "\"\uFFFD\uFFFD\uFFFD\",\"fine\":\"€😀\"}}");
}

TEST_F(LogLineTest, json_members_have_names_of_their_own) {
  EXPECT_EQ(json("e", {{"a", 1}, {"a", 2}, {"b", 3}, {"a", 4}}),
            R"("event":"e","fields":{"a":1,"a_2":2,"b":3,"a_3":4}})");
}

TEST_F(LogLineTest, json_shows_no_secret) {
  redactor_.add(base::Secret("pa\"ss"));
  redactor_.add(base::Secret("123456"));
  EXPECT_EQ(json("with pa\"ss", {{"value", "a pa\"ss b"}, {"pin", 123456}}),
            R"("event":"with ***","fields":{"value":"a *** b","pin":"***"}})");
  EXPECT_EQ(line_.json_banner({start, Level::info, "kev"}, {"pa\"ss", "two \"words\"\n"}),
            R"({"time":"2025-11-21T07:30:02.045-03:00","level":"INFO","event":"banner","collector":"kev",)"
            R"("lines":["***","two \"words\"\n"]})");
}

TEST(ZoneTest, offsets_are_those_of_the_moment) {
  const base::WallTime summer = sys_days{year{2025} / 7 / 1}, winter = sys_days{year{2025} / 1 / 1};
  EXPECT_EQ(Zone("UTC").rfc3339(winter + 999'999us), "2025-01-01T00:00:00.999+00:00");
  EXPECT_EQ(Zone("Europe/Berlin").rfc3339(summer), "2025-07-01T02:00:00.000+02:00");
  EXPECT_EQ(Zone("Europe/Berlin").rfc3339(winter), "2025-01-01T01:00:00.000+01:00");
  EXPECT_EQ(Zone("Asia/Kathmandu").rfc3339(winter), "2025-01-01T05:45:00.000+05:45");
  EXPECT_EQ(Zone("America/St_Johns").rfc3339(winter), "2024-12-31T20:30:00.000-03:30");
  ::setenv("TZ", "XYZ-3:30", 1);
  EXPECT_EQ(Zone("").rfc3339(winter), "2025-01-01T03:30:00.000+03:30");
  ::unsetenv("TZ");
}

TEST(ZoneTest, a_day_need_not_begin_at_midnight) {
  const Zone zone("America/Sao_Paulo");
  const base::WallTime change = sys_days{year{2018} / 11 / 4} + 3h;  // 00:00 becomes 01:00
  EXPECT_EQ(to_string(zone.day(change - 1us)), "2018-11-03");
  EXPECT_EQ(to_string(zone.day(change)), "2018-11-04");
  EXPECT_EQ(zone.text(change), "2018-11-04 01:00:00");
}

TEST(ZoneTest, days_are_read_back) {
  EXPECT_EQ(to_string(*parse_day("2024-02-29")), "2024-02-29");
  for (const char* wrong : {"", "2025-02-29", "2025-13-01", "2025-00-10", "2025-1-01", "2025/01/01",
                            "20250101", "2025-01-011", "-025-01-01", "2025-01-1x"})
    EXPECT_FALSE(parse_day(wrong)) << wrong;
}

}  // namespace
}  // namespace telemetry
