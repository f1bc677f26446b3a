#include "base/iso8601.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/rng.hpp"
#include "base/text.hpp"

namespace {

using namespace std::chrono_literals;
using base::parse_date;
using base::parse_timestamp;

// What the timestamp is in UTC, or why it is refused.
std::string read(std::string_view text) {
  const auto time = parse_timestamp(text);
  return time ? base::to_iso8601(*time) : std::string(time.error());
}
std::string read_date(std::string_view text) {
  const auto date = parse_date(text);
  return date ? base::to_iso8601(std::chrono::sys_days{*date}).substr(0, 10) : std::string(date.error());
}

TEST(Iso8601, Dates) {
  EXPECT_EQ(read_date("2025-11-21"), "2025-11-21");
  EXPECT_EQ(read_date("0001-01-01"), "0001-01-01");
  EXPECT_EQ(read_date("9999-12-31"), "9999-12-31");
  for (const char* leap : {"2024-02-29", "2000-02-29", "0004-02-29"}) EXPECT_EQ(read_date(leap), leap);
  for (const char* none : {"2025-02-29", "2025-02-30", "1900-02-29", "2025-04-31", "2025-13-01", "2025-00-10",
                           "2025-01-00", "2025-01-32", "0000-01-01"})
    EXPECT_EQ(read_date(none), "is a day that does not exist") << none;
  for (const char* form :
       {"", "2025", "2025-11", "2025-11-2", "25-11-21", "20251121", "2025/11/21", "2025-1-21", "21.11.2025",
        " 2025-11-21", "+2025-11-21", "-2025-11-21", "2025-W47-5", "2025-325"})
    EXPECT_EQ(read_date(form), "is not written as YYYY-MM-DD") << form;
  for (const char* more : {"2025-11-21 ", "2025-11-21T00:00:00Z", "2025-11-211", "2025-11-21Z"})
    EXPECT_EQ(read_date(more), "has more than a date") << more;
}

TEST(Iso8601, Timestamps) {
  for (const auto& [text, utc] : std::initializer_list<std::pair<const char*, const char*>>{
           {"2025-11-21T10:30:02Z", "2025-11-21T10:30:02.000000Z"},
           {"2025-11-21t10:30:02z", "2025-11-21T10:30:02.000000Z"},
           {"2025-11-21 10:30:02Z", "2025-11-21T10:30:02.000000Z"},
           {"2025-11-21T10:30Z", "2025-11-21T10:30:00.000000Z"},
           {"2025-11-21T10:30:02+03:00", "2025-11-21T07:30:02.000000Z"},
           {"2025-11-21T10:30:02-0330", "2025-11-21T14:00:02.000000Z"},
           {"2025-11-21T10:30:02+03", "2025-11-21T07:30:02.000000Z"},
           {"2025-01-01T00:30:00+01:00", "2024-12-31T23:30:00.000000Z"},
           {"2024-12-31T23:59:59-00:01", "2025-01-01T00:00:59.000000Z"},
           {"2025-11-21T10:30:02.5Z", "2025-11-21T10:30:02.500000Z"},
           {"2025-11-21T10:30:02,25Z", "2025-11-21T10:30:02.250000Z"},
           {"2025-11-21T10:30:02.123456Z", "2025-11-21T10:30:02.123456Z"},
           {"2025-11-21T10:30:02.123456789Z", "2025-11-21T10:30:02.123456Z"},
           {"2025-11-21T10:30:02.999999999Z", "2025-11-21T10:30:02.999999Z"},
           {"2025-11-21T10:30:02.000000001Z", "2025-11-21T10:30:02.000000Z"},
           {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"},
           {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
           {"2016-12-31T23:59:60.25Z", "2017-01-01T00:00:00.250000Z"},
           {"2017-01-01T01:59:60+02:00", "2017-01-01T00:00:00.000000Z"},
           {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
           {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"}})
    EXPECT_EQ(read(text), utc) << text;
}

TEST(Iso8601, RefusedTimestamps) {
  for (const auto& [text, why] : std::initializer_list<std::pair<const char*, const char*>>{
           {"2025-11-21T10:30:02", "has no time zone"},
           {"2025-11-21T10:30", "has no time zone"},
           {"2025-11-21T10:30:02.5", "has no time zone"},
           {"2025-11-21", "has no time of day"},
           {"2025-11-21Z", "has no time of day"},
           {"2025-02-30T10:30:02Z", "is a day that does not exist"},
           {"0000-01-01T00:00:00Z", "is a day that does not exist"},
           {"2025-11-21T24:00:00Z", "has a time of day that does not exist"},
           {"2025-11-21T10:60:00Z", "has a time of day that does not exist"},
           {"2025-11-21T10:30:61Z", "has a time of day that does not exist"},
           {"2025-11-21T10Z", "has a time of day that does not exist"},
           {"2025-11-21T1030Z", "has a time of day that does not exist"},
           {"2025-11-21T10:30:02.Z", "has no digits after the point"},
           {"2025-11-21T10:30:02 Z", "has something else than a time zone at its end"},
           {"2025-11-21T10:30:02 UTC", "has something else than a time zone at its end"},
           {"2025-11-21T10:30:02ZZ", "has more than a timestamp"},
           {"2025-11-21T10:30:02+03:00 ", "has more than a timestamp"},
           {"2025-11-21T10:30:02+24:00", "has a wrong time zone"},
           {"2025-11-21T10:30:02+03:60", "has a wrong time zone"},
           {"2025-11-21T10:30:02+", "has a wrong time zone"},
           {"2025-11-21T10:30:02+3:00", "has a wrong time zone"},
           {"2025-11-21T10:30:02+03:", "has a wrong time zone"},
           {"1763721002", "is not written as YYYY-MM-DD"},
           {"Fri, 21 Nov 2025 10:30:02 GMT", "is not written as YYYY-MM-DD"},
           {"", "is not written as YYYY-MM-DD"}})
    EXPECT_EQ(read(text), why) << text;
}

// Half a minute, not half a second (ISO 8601), and nobody means it: better refused than read wrongly.
TEST(Iso8601, AFractionOfAMinuteIsRefused) {
  EXPECT_EQ(read("2025-11-21T10:30.5Z"), "has a fraction without seconds");
  EXPECT_EQ(read("2025-11-21T10:30,5+01:00"), "has a fraction without seconds");
}

// In UTC, the year must keep its four digits: text order is time order.
TEST(Iso8601, YearsBeyondFourDigitsAfterTheZoneAreRefused) {
  const char* why = "is outside the years 1 to 9999";
  EXPECT_EQ(read("9999-12-31T23:59:59-00:01"), why);
  EXPECT_EQ(read("9999-12-31T23:59:60Z"), why);
  EXPECT_EQ(read("0001-01-01T00:00:00+00:01"), why);
  EXPECT_EQ(read("0001-01-01T00:01:00+00:01"), "0001-01-01T00:00:00.000000Z");
}

TEST(Iso8601, WhatIsWrittenIsReadBack) {
  base::Rng rng(20251121);
  const auto low = std::chrono::sys_days{std::chrono::year{1} / 1 / 1}.time_since_epoch() / 1us;
  const auto high = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}.time_since_epoch() / 1us - 1;
  for (int i = 0; i < 20'000; ++i) {
    const base::WallTime time{std::chrono::microseconds{rng.between(low, high)}};
    const std::string text = base::to_iso8601(time);
    ASSERT_EQ(parse_timestamp(text), time) << text;
    ASSERT_EQ(parse_date(text.substr(0, 10)),
              std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(time)})
        << text;
  }
}

// What is cut off anywhere is refused, except where a shorter form ends that is defined.
TEST(Iso8601, Truncations) {
  const std::string whole = "2025-11-21T10:30:02.250+03:30";
  const std::set<std::string> shorter{"2025-11-21T10:30:02.250+03"};
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string text = whole.substr(0, length);
    EXPECT_EQ(parse_timestamp(text).has_value(), shorter.contains(text)) << text;
  }
  EXPECT_EQ(read(*shorter.begin()), "2025-11-21T07:30:02.250000Z");
}

// No bytes lead outside of the text or to something that cannot be written back.
TEST(Iso8601, AnyCharactersAreReadOrRefused) {
  base::Rng rng(7);
  constexpr std::string_view alphabet = "0123456789-+:.,TtZz 6";
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = "2025-11-21T10:30:02.250+03:30";
    for (auto changes = rng.below(4); changes > 0; --changes) {
      const std::size_t at = rng.below(text.size());
      if (rng.below(3) == 0)
        text.erase(at, 1);
      else
        text[at] = alphabet[rng.below(alphabet.size())];
    }
    const auto time = parse_timestamp(text);
    if (!time) continue;
    ++accepted;
    ASSERT_EQ(parse_timestamp(base::to_iso8601(*time)), *time) << text;
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_LT(accepted, 49'000);
}

TEST(Iso8601, AsItWasWritten) {
  using namespace std::chrono;
  const base::WallTime midnight = sys_days{year{2025} / 11 / 21};
  const auto date = base::parse_iso8601("2025-11-21");
  ASSERT_TRUE(date);
  EXPECT_FALSE(date->has_time);
  EXPECT_EQ(date->local, midnight);
  EXPECT_FALSE(date->offset);
  const auto local = base::parse_iso8601("2025-11-21T10:30");
  ASSERT_TRUE(local);
  EXPECT_TRUE(local->has_time);
  EXPECT_EQ(local->local, midnight + 10h + 30min);
  EXPECT_FALSE(local->offset);
  const auto west = base::parse_iso8601("2025-11-21 10:30:00-03:30");
  ASSERT_TRUE(west);
  EXPECT_EQ(west->local, midnight + 10h + 30min);
  EXPECT_EQ(west->offset, -210min);
  for (const char* wrong : {"", "2025-11", "2025-11-21T", "2025-11-21T10", "2025-11-21T10:30:00 UTC", "x"})
    EXPECT_FALSE(base::parse_iso8601(wrong)) << wrong;
}

}  // namespace
