#include "schedule/cron.hpp"

#include <gtest/gtest.h>

#include <string>

namespace schedule {
namespace {

using namespace std::chrono_literals;

std::uint64_t bits(std::initializer_list<unsigned> values) {
  std::uint64_t set = 0;
  for (const unsigned value : values) set |= std::uint64_t{1} << value;
  return set;
}

std::uint64_t range(unsigned from, unsigned to, unsigned step = 1) {
  std::uint64_t set = 0;
  for (unsigned value = from; value <= to; value += step) set |= std::uint64_t{1} << value;
  return set;
}

Cron cron(std::string_view text) {
  auto parsed = Cron::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : Cron();
}

// "column: message", or "" for what is no fault.
std::string fault_of(std::string_view text) {
  const auto parsed = Cron::parse(text);
  return parsed ? "" : std::to_string(parsed.error().column) + ": " + parsed.error().message;
}

TEST(Cron, FiveFields) {
  const Cron every_minute = cron("* * * * *");
  EXPECT_EQ(every_minute.sets(),
            (Cron::Sets{bits({0}), range(0, 59), range(0, 23), range(1, 31), range(1, 12), range(0, 6)}));
  EXPECT_FALSE(every_minute.has_seconds());
  EXPECT_TRUE(every_minute.any_day());
  EXPECT_TRUE(every_minute.any_weekday());

  const Cron mixed = cron("  5,10-12\t0-23/6 1,15 */3   1-5 ");
  EXPECT_EQ(mixed.sets(), (Cron::Sets{bits({0}), bits({5, 10, 11, 12}), bits({0, 6, 12, 18}), bits({1, 15}),
                                      bits({1, 4, 7, 10}), range(1, 5)}));
  EXPECT_EQ(mixed.text(), "  5,10-12\t0-23/6 1,15 */3   1-5 ");
}

TEST(Cron, SixFieldsBeginWithTheSeconds) {
  const Cron it = cron("*/20 05 4 * * *");
  EXPECT_TRUE(it.has_seconds());
  EXPECT_EQ(it.sets().seconds, bits({0, 20, 40}));
  EXPECT_EQ(it.sets().minutes, bits({5}));
  EXPECT_EQ(it.sets().hours, bits({4}));
}

TEST(Cron, NamesInAnyCase) {
  EXPECT_EQ(cron("0 0 * jan,Mar-MAY *").sets().months, bits({1, 3, 4, 5}));
  EXPECT_EQ(cron("0 0 * DEC *").sets().months, bits({12}));
  EXPECT_EQ(cron("0 0 * * sun,Tue-thu").sets().weekdays, bits({0, 2, 3, 4}));
  EXPECT_EQ(cron("0 0 * * MON-FRI/2").sets().weekdays, bits({1, 3, 5}));
}

TEST(Cron, SevenIsSunday) {
  EXPECT_EQ(cron("0 0 * * 7").sets().weekdays, bits({0}));
  EXPECT_EQ(cron("0 0 * * 5-7").sets().weekdays, bits({0, 5, 6}));
  EXPECT_EQ(cron("0 0 * * 0-7").sets().weekdays, range(0, 6));
  EXPECT_EQ(cron("0 0 * * FRI-SUN").sets().weekdays, bits({0, 5, 6}));
  EXPECT_EQ(cron("0 0 * * SUN-SUN").sets().weekdays, bits({0}));
  EXPECT_EQ(cron("0 0 * * SUN-TUE").sets().weekdays, bits({0, 1, 2}));
  EXPECT_EQ(cron("0 0 * * */2").sets().weekdays, bits({0, 2, 4, 6}));
  EXPECT_EQ(cron("0 0 * * */7").sets().weekdays, bits({0}));
}

TEST(Cron, Words) {
  for (const auto& [word, same] : {std::pair("@hourly", "0 * * * *"), std::pair("@daily", "0 0 * * *"),
                                   std::pair("@midnight", "0 0 * * *"), std::pair("@weekly", "0 0 * * 0"),
                                   std::pair("@monthly", "0 0 1 * *"), std::pair("@yearly", "0 0 1 1 *"),
                                   std::pair("@annually", "0 0 1 1 *")}) {
    EXPECT_EQ(cron(word).sets(), cron(same).sets()) << word;
    EXPECT_EQ(cron(word).is_fixed(), cron(same).is_fixed()) << word;
    EXPECT_EQ(cron(word).text(), word);
  }
  EXPECT_EQ(fault_of(" @reboot"),
            "1: \"@reboot\" is not known; allowed: @hourly, @daily, @midnight, @weekly, @monthly, @yearly, "
            "@annually");
  EXPECT_NE(fault_of("@every 5m").find("for a period use every"), std::string::npos);
  EXPECT_NE(fault_of("@daily x"), "");
}

// SC1: exactly `*`, for the rule that either day field matches.
TEST(Cron, DayFieldsThatAreExactlyAStar) {
  EXPECT_FALSE(cron("0 0 */2 * *").any_day());
  EXPECT_TRUE(cron("0 0 */2 * *").any_weekday());
  EXPECT_TRUE(cron("0 0 * * 1").any_day());
  EXPECT_FALSE(cron("0 0 * * 1").any_weekday());
  EXPECT_FALSE(cron("0 0 1-31 * 0-6").any_day());
}

TEST(Cron, FixedIsWhatBeginsWithoutAStar) {  // SC2
  EXPECT_TRUE(cron("30 2 * * *").is_fixed());
  EXPECT_TRUE(cron("0,30 1-3/2 * * *").is_fixed());
  EXPECT_FALSE(cron("*/15 2 * * *").is_fixed());
  EXPECT_FALSE(cron("0 * * * *").is_fixed());
  EXPECT_FALSE(cron("0 */4 * * *").is_fixed());
  EXPECT_TRUE(cron("* 30 2 * * *").is_fixed());  // the seconds do not count
}

TEST(Cron, FaultsSayWhereAndWhat) {
  EXPECT_EQ(fault_of("5/15 * * * *"),
            "0: a step needs a range, for dialects disagree about \"5/15\"; write 5-59/15");
  EXPECT_EQ(fault_of("0 22-2 * * *"), "2: the range \"22-2\" runs backwards; write 22-23,0-2");
  EXPECT_EQ(fault_of("0 0 * * 5-1"), "8: the range \"5-1\" runs backwards; write 5-6,0-1");
  EXPECT_EQ(fault_of("0 0 * * 5-0"), "8: the range \"5-0\" runs backwards; write 5-7, 7 is Sunday");
  EXPECT_EQ(fault_of("60 * * * *"), "0: 60 is out of range for the minute; write 0 to 59");
  EXPECT_EQ(fault_of("0 24 * * *"), "2: 24 is out of range for the hour; write 0 to 23");
  EXPECT_EQ(fault_of("0 0 0 * *"), "4: 0 is out of range for the day of the month; write 1 to 31");
  EXPECT_EQ(fault_of("0 0 * 13 *"), "6: 13 is out of range for the month; write 1 to 12");
  EXPECT_EQ(fault_of("0 0 * * 8"), "8: 8 is out of range for the day of the week; write 0 to 7");
  EXPECT_EQ(fault_of("0 0 * FOO *"), "6: \"FOO\" is no month; write 1 to 12, or JAN to DEC");
  EXPECT_EQ(fault_of("0 0 1,,3 * *"), "6: the day of the month is missing here; remove the comma");
  EXPECT_EQ(fault_of("0 0 1, * *"), "6: the day of the month is missing here; remove the comma");
  EXPECT_EQ(fault_of(", 0 1 * *"), "0: the minute is missing here; remove the comma");
  EXPECT_EQ(fault_of("1- * * * *"), "2: the minute is missing here");
  EXPECT_EQ(fault_of("/5 * * * *"), "0: the minute is missing here");
  EXPECT_EQ(fault_of("*/0 * * * *"), "2: a step of 0 would never move on; write 1 or more");
  EXPECT_EQ(fault_of("*/ * * * *"), "2: a step is a number, as in */5");
  EXPECT_EQ(fault_of("*/90 * * * *"),
            "2: a step of 90 leaves the minute, which has 60 values; write 1 to 60");
  EXPECT_EQ(fault_of("* * * *"),
            "0: has 4 fields; write five, \"minute hour day month weekday\", or six with the seconds first");
  EXPECT_EQ(fault_of("0 0 0 1 1 * 2025").substr(0, 16), "12: has 7 fields");
  EXPECT_EQ(fault_of("").substr(0, 15), "0: has 0 fields");
  EXPECT_EQ(fault_of(std::string(2000, '*')).substr(0, 23), "1000: is longer than 10");
}

TEST(Cron, WhatOtherDialectsAllowIsAFault) {
  for (const char* text : {"? * * * *",
                           "0 0 L * *",
                           "0 0 15W * *",
                           "0 0 * * 5#2",
                           "0 0 * * MONDAY",
                           "JAN * * * *",
                           "+5 * * * *",
                           "-5 * * * *",
                           "5- * * * *",
                           "1-2-3 * * * *",
                           "*-5 * * * *",
                           "**  * * * *",
                           "*/5/5 * * * *",
                           "0x1 * * * *",
                           "1.5 * * * *",
                           "99999999999999999999 * * * *",
                           "*/99999999999999999999 * * * *",
                           "H * * * *",
                           "0 0 * * \xff",
                           "1-5/99999999999 * * * *"})
    EXPECT_NE(fault_of(text), "") << text;
}

TEST(Cron, DatesThatNeverCome) {
  EXPECT_EQ(fault_of("0 0 31 2 *"),
            "4: this date never comes: no month of \"2\" has a day 31; change one of them");
  EXPECT_EQ(fault_of("0 0 0 30-31 FEB *").substr(0, 29), "6: this date never comes: no ");
  EXPECT_NE(fault_of("0 0 31 2,4,6,9,11 *"), "");
  EXPECT_EQ(fault_of("0 0 29 2 *"), "");
  EXPECT_EQ(fault_of("0 0 30,31 2,3 *"), "");
  EXPECT_EQ(fault_of("0 0 31 2 1"), "");  // on Mondays
}

TEST(Every, TakesUnitsOfFixedLength) {
  EXPECT_EQ(*parse_every("30s"), 30s);
  EXPECT_EQ(*parse_every("15m"), 15min);
  EXPECT_EQ(*parse_every("1h30m"), 90min);
  EXPECT_EQ(*parse_every("2d"), 48h);
  EXPECT_EQ(*parse_every("52w"), 52 * 7 * 24h);
  for (const char* text : {"", "0s", "53w", "15", "m", "-1m", "1.5h", "soon", "1 h", "99999999999w"})
    EXPECT_FALSE(parse_every(text)) << text;
  for (const char* text : {"1mo", "1y", "1h1mo"})
    EXPECT_NE(parse_every(text).error().message.find("no fixed length"), std::string::npos) << text;
  EXPECT_EQ(parse_every("10mo").error().column, 2u);
}

}  // namespace
}  // namespace schedule
