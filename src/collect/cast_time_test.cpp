// Dates and times: formats, zones, and the hours that clocks repeat or leap over.
#include <gtest/gtest.h>

#include "collect/cast_fixture_test.hpp"

namespace {

using collect::testing::expect;
using collect::testing::fault_of;
using collect::testing::OneField;

const std::string expected =
    "; iso8601 was expected, formats takes others: rfc822, epoch, epoch_ms, patterns such as %d/%m/%Y";
const std::string no_zone =
    "has no time zone; set timezone to the zone it is in, such as UTC or America/Sao_Paulo";

TEST(CastTime, Date) {
  const std::string no_date = "is not written as YYYY-MM-DD" + expected;
  const std::string not_midnight =
      "has a time of day other than midnight; keep it with type: timestamp, or say with a pattern under "
      "formats "
      "that it does not matter";
  expect(OneField("date"),
         {{R"("2025-11-21")", "text 2025-11-21"},
          {R"(" 2025-11-21 ")", "text 2025-11-21"},
          {R"("2024-02-29")", "text 2024-02-29"},
          {R"("0001-01-01")", "text 0001-01-01"},
          {R"("")", "NULL"},
          {R"("2025-01-02T00:00:00")", "text 2025-01-02"},
          {R"("2025-01-02 00:00")", "text 2025-01-02"},
          {R"("2025-01-02T00:00:00Z")", "text 2025-01-02"},
          {R"("2025-01-02T00:00:00.000+09:00")", "text 2025-01-02"},
          {R"("2025-01-02T10:00:00Z")", "refused: \"2025-01-02T10:00:00Z\" " + not_midnight},
          {R"("2025-02-29")", "refused: \"2025-02-29\" is a day that does not exist"},
          {R"("0000-01-01")", "refused: \"0000-01-01\" is a day that does not exist"},
          {R"("2025-11-21x")", "refused: \"2025-11-21x\" has no time of day" + expected},
          {R"("21.11.2025")", "refused: \"21.11.2025\" " + no_date},
          {"20251121", "refused: \"20251121\" " + no_date},
          {"true", "refused: \"true\" " + no_date}});
}

TEST(CastTime, DatesFromFormats) {
  expect(OneField("date", ", formats: ['%d/%m/%Y', rfc822, iso8601, '%Y']"),
         {{R"("02/01/2025")", "text 2025-01-02"},
          {R"("Thu, 02 Jan 2025 22:15:00 GMT")", "text 2025-01-02"},
          {R"("2025-01-02T00:00:00Z")", "text 2025-01-02"},
          {"2025", "text 2025-01-01"},
          {R"("31/02/2025")",
           "refused: \"31/02/2025\" is written in none of the formats %d/%m/%Y, rfc822, "
           "iso8601, %Y"}});
  // A pattern that reads the time of day says that it does not matter.
  expect(OneField("date", ", formats: [iso8601, '%Y-%m-%dT%H:%M:%S%z']"),
         {{R"("2025-01-02T23:00:00Z")", "text 2025-01-02"}, {R"("2025-01-02")", "text 2025-01-02"}});
  expect(OneField("date", ", formats: ['%d/%m/%Y']"),
         {{R"("2025-01-02")", "refused: \"2025-01-02\" is not written as %d/%m/%Y says"}});
}

// The date that a clock of the zone shows, where the source says which instant it is.
TEST(CastTime, DatesInAZone) {
  expect(OneField("date", ", timezone: America/Sao_Paulo"),
         {{R"("2025-01-02T03:00:00Z")", "text 2025-01-02"},
          {R"("2025-01-02")", "text 2025-01-02"},
          {R"("2025-01-02T00:00:00")", "text 2025-01-02"}});
  expect(OneField("date", ", formats: [epoch], timezone: America/Sao_Paulo"),
         {{"1735786800", "text 2025-01-02"}, {"1735786799", "text 2025-01-01"}});
  expect(OneField("date", ", formats: [epoch]"), {{"1735786799", "text 2025-01-02"}});
}

TEST(CastTime, Timestamp) {
  expect(OneField("timestamp"),
         {{R"("2025-11-21T10:30:02Z")", "text 2025-11-21T10:30:02.000000Z"},
          {R"("Fri, 21 Nov 2025 10:30:02 GMT")",
           "refused: \"Fri, 21 Nov 2025 10:30:02 GMT\" is not written as YYYY-MM-DD" + expected},
          {R"("2025-11-21T10:30:02+03:00")", "text 2025-11-21T07:30:02.000000Z"},
          {R"(" 2025-11-21 10:30Z ")", "text 2025-11-21T10:30:00.000000Z"},
          {R"("2025-11-21T10:30:02.5Z")", "text 2025-11-21T10:30:02.500000Z"},
          {R"("2025-11-21T10:30:02.123456789Z")", "text 2025-11-21T10:30:02.123456Z"},
          {R"("2016-12-31T23:59:60Z")", "text 2017-01-01T00:00:00.000000Z"},
          {R"("")", "NULL"},
          {R"("2025-11-21T10:30:02")", "refused: \"2025-11-21T10:30:02\" " + no_zone},
          {R"("2025-11-21")", "refused: \"2025-11-21\" " + no_zone},
          {R"("0000-11-21T10:30:02Z")", "refused: \"0000-11-21T10:30:02Z\" is a day that does not exist"},
          {R"("0001-01-01T00:00:00+01:00")",
           "refused: \"0001-01-01T00:00:00+01:00\" is outside the years 1 to 9999"},
          {R"("2025-11-21T10:30:02X")",
           "refused: \"2025-11-21T10:30:02X\" has something else than a time zone at its end" + expected}});
  expect(OneField("timestamp", ", timezone: UTC"),
         {{R"("2025-11-21T10:30:02")", "text 2025-11-21T10:30:02.000000Z"},
          {R"("2025-11-21")", "text 2025-11-21T00:00:00.000000Z"},
          {R"("2025-11-21T10:30:02-03:00")", "text 2025-11-21T13:30:02.000000Z"}});
  EXPECT_EQ(OneField("timestamp", "", true)(R"("2025-11-21T12:30:02+02:00")"),
            "text 2025-11-21T10:30:02.000000Z");
}

TEST(CastTime, TimesThatClocksRepeatOrLeapOver) {
  // 2025-11-02 02:00 EDT → 01:00 EST; 2025-03-09 02:00 EST → 03:00 EDT.
  expect(OneField("timestamp", ", timezone: America/New_York"),
         {{R"("2025-07-01T12:00:00")", "text 2025-07-01T16:00:00.000000Z"},
          {R"("2025-12-01T12:00:00")", "text 2025-12-01T17:00:00.000000Z"},
          {R"("2025-11-02T01:30:00")", "text 2025-11-02T05:30:00.000000Z"},        // the earlier
          {R"("2025-11-02T01:30:00-05:00")", "text 2025-11-02T06:30:00.000000Z"},  // said to be the later
          {R"("2025-03-09T02:30:00")", "text 2025-03-09T07:00:00.000000Z"},        // the gap's end
          {R"("2025-03-09T03:00:00")", "text 2025-03-09T07:00:00.000000Z"}});
  // Brazil's clocks leapt at midnight: the day began at one o'clock.
  expect(OneField("timestamp", ", timezone: America/Sao_Paulo"),
         {{R"("2018-11-04")", "text 2018-11-04T03:00:00.000000Z"},
          {R"("2018-11-03")", "text 2018-11-03T03:00:00.000000Z"}});
  expect(OneField("timestamp", ", timezone: Europe/Berlin, formats: ['%d.%m.%Y %H:%M']"),
         {{R"("26.10.2025 02:30")", "text 2025-10-26T00:30:00.000000Z"},
          {R"("30.03.2025 02:30")", "text 2025-03-30T01:00:00.000000Z"},
          {R"("01.07.2025 00:00")", "text 2025-06-30T22:00:00.000000Z"}});
}

TEST(CastTime, Epochs) {
  const std::string no_epoch = "is not a number of seconds or milliseconds since 1970";
  expect(OneField("timestamp", ", formats: [epoch]"),
         {{"0", "text 1970-01-01T00:00:00.000000Z"},
          {"1763721002", "text 2025-11-21T10:30:02.000000Z"},
          {"1763721002.25", "text 2025-11-21T10:30:02.250000Z"},
          {"1763721002.1234567", "text 2025-11-21T10:30:02.123456Z"},
          {"-1.5", "text 1969-12-31T23:59:58.500000Z"},
          {"-0.5", "text 1969-12-31T23:59:59.500000Z"},
          {"1.763721002e9", "text 2025-11-21T10:30:02.000000Z"},
          {R"("1763721002")", "text 2025-11-21T10:30:02.000000Z"},
          {"1763721002000", "refused: \"1763721002000\" is outside the years 1 to 9999"},
          {"1e300", "refused: \"1e300\" is outside the years 1 to 9999"},
          {R"("2025-11-21T10:30:02Z")", "refused: \"2025-11-21T10:30:02Z\" " + no_epoch},
          {"true", "refused: \"true\" " + no_epoch}});
  expect(OneField("timestamp", ", formats: [epoch_ms]"),
         {{"1763721002123", "text 2025-11-21T10:30:02.123000Z"},
          {"1763721002123.5", "text 2025-11-21T10:30:02.123500Z"},
          {"1763721002123.4567", "text 2025-11-21T10:30:02.123456Z"}});
}

TEST(CastTime, FormatsAreTriedInTheirOrder) {
  expect(
      OneField("timestamp", ", formats: [rfc822, '%Y%m%d%H%M%S%z', iso8601, epoch]"),
      {{R"("Tue, 10 Jun 2003 04:00:00 EDT")", "text 2003-06-10T08:00:00.000000Z"},
       {R"("20251121103002+0300")", "text 2025-11-21T07:30:02.000000Z"},
       {R"("2025-11-21T10:30:02Z")", "text 2025-11-21T10:30:02.000000Z"},
       {"1763721002", "text 2025-11-21T10:30:02.000000Z"},
       {R"("2025-11-21T10:30:02")", "refused: \"2025-11-21T10:30:02\" " + no_zone},
       {R"("yesterday")",
        "refused: \"yesterday\" is written in none of the formats rfc822, %Y%m%d%H%M%S%z, iso8601, epoch"}});
  // 01/02: the first that fits.
  EXPECT_EQ(OneField("date", ", formats: ['%d/%m/%Y', '%m/%d/%Y']")(R"("01/02/2025")"), "text 2025-02-01");
  EXPECT_EQ(OneField("date", ", formats: ['%m/%d/%Y', '%d/%m/%Y']")(R"("01/02/2025")"), "text 2025-01-02");
  EXPECT_EQ(OneField("timestamp", ", formats: [rfc822]")(R"("10 Jun 2003 04:00:00 BRT")"),
            "refused: \"10 Jun 2003 04:00:00 BRT\" has a time zone that is not known");
}

TEST(CastTime, TimestampLocal) {
  expect(OneField("timestamp_local", ", timezone: America/Sao_Paulo"),
         {{R"("2025-11-21T10:30:02")", "text 2025-11-21T10:30:02.000000"},
          {R"("2025-11-21T10:30:02Z")", "text 2025-11-21T07:30:02.000000"},
          {R"("2025-11-21T10:30:02+09:00")", "text 2025-11-20T22:30:02.000000"},
          {R"("2025-11-21")", "text 2025-11-21T00:00:00.000000"},
          {R"("2018-11-04T00:30:00")", "text 2018-11-04T00:30:00.000000"},
          {R"("")", "NULL"}});
  EXPECT_EQ(OneField("timestamp_local", ", timezone: Asia/Tokyo, formats: [epoch]")("0"),
            "text 1970-01-01T09:00:00.000000");
}

TEST(CastTime, Ranges) {
  expect(OneField("date", ", range: ['2000-01-01', '2025-12-31']"),
         {{R"("2000-01-01")", "text 2000-01-01"},
          {R"("2025-12-31")", "text 2025-12-31"},
          {R"("1999-12-31")", "breaks: \"1999-12-31\" is outside of the range 2000-01-01 to 2025-12-31"},
          {R"("2099-01-01")", "breaks: \"2099-01-01\" is outside of the range 2000-01-01 to 2025-12-31"}});
  // A bound without a zone is a time of the field's zone.
  expect(
      OneField("timestamp", ", timezone: America/Sao_Paulo, range: ['2025-01-01', '2025-01-01T12:00:00Z']"),
      {{R"("2025-01-01T03:00:00Z")", "text 2025-01-01T03:00:00.000000Z"},
       {R"("2025-01-01T02:59:59Z")",
        "breaks: \"2025-01-01T02:59:59Z\" is outside of the range 2025-01-01T03:00:00.000000Z to "
        "2025-01-01T12:00:00.000000Z"}});
  EXPECT_EQ(fault_of("date", ", range: ['2025-01-01', '2000-01-01']"),
            "range: write [earliest, latest] as ISO 8601: [2000-01-01, 2030-12-31T23:59:59]");
}

TEST(CastTime, Defaults) {
  EXPECT_EQ(OneField("date", ", default: '1970-01-01'")("null"), "text 1970-01-01");
  EXPECT_EQ(OneField("timestamp", ", default: '2025-01-01T00:00:00Z'")(R"("")"),
            "text 2025-01-01T00:00:00.000000Z");
  EXPECT_EQ(fault_of("date", ", default: soon"), "default: \"soon\" is not written as YYYY-MM-DD" + expected);
}

}  // namespace
