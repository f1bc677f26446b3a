#include "base/rfc822.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace {

// "2003-06-10T04:00:00.000000Z", with "?" instead of Z where no zone is named; or what is wrong.
std::string parsed(std::string_view text) {
  const auto time = base::parse_rfc822(text);
  if (!time) return std::string(time.error());
  if (time->offset) return base::to_iso8601(time->local - *time->offset);
  std::string local = base::to_iso8601(time->local);
  local.back() = '?';
  return local;
}

TEST(Rfc822, TheFormsOfFeeds) {
  const std::initializer_list<std::pair<const char*, const char*>> cases{
      {"Tue, 10 Jun 2003 04:00:00 GMT", "2003-06-10T04:00:00.000000Z"},
      {"10 Jun 2003 04:00:00 GMT", "2003-06-10T04:00:00.000000Z"},
      {"Tue,10 jun 2003 4:00 UT", "2003-06-10T04:00:00.000000Z"},
      {"Tuesday, 10 June 2003 04:00:00 Z", "2003-06-10T04:00:00.000000Z"},
      {"Mon, 10 Jun 2003 04:00:00 utc", "2003-06-10T04:00:00.000000Z"},  // it was a Tuesday
      {"10 Sept 03 04:00 EST", "2003-09-10T09:00:00.000000Z"},
      {"10 Jun 99 04:00 EDT", "1999-06-10T08:00:00.000000Z"},
      {"10 Jun 49 04:00 CST", "2049-06-10T10:00:00.000000Z"},
      {"10 Jun 50 04:00 CDT", "1950-06-10T09:00:00.000000Z"},
      {"10 Jun 103 04:00 MST", "2003-06-10T11:00:00.000000Z"},
      {"10 Jun 2003 04:00:00 MDT", "2003-06-10T10:00:00.000000Z"},
      {"10 Jun 2003 04:00:00 PST", "2003-06-10T12:00:00.000000Z"},
      {"10 Jun 2003 20:00:00 PDT", "2003-06-11T03:00:00.000000Z"},
      {"10 Jun 2003 04:00:00 +0530", "2003-06-09T22:30:00.000000Z"},
      {"10 Jun 2003 04:00:00 -03:00", "2003-06-10T07:00:00.000000Z"},
      {"10 Jun 2003 04:00:00 -0500 (EST)", "2003-06-10T09:00:00.000000Z"},
      {"  Tue, 10 Jun 2003\t04:00:00   GMT ", "2003-06-10T04:00:00.000000Z"},
      {"31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00.000000Z"},
      {"Tue, 10 Jun 2003 04:00:00", "2003-06-10T04:00:00.000000?"}};
  for (const auto& [text, time] : cases) EXPECT_EQ(parsed(text), time) << text;
}

TEST(Rfc822, WhatIsWrong) {
  const char* const form = "is not written as 10 Jun 2003 04:00:00 GMT";
  const std::initializer_list<std::pair<const char*, const char*>> cases{
      {"", form},
      {"2003-06-10T04:00:00Z", form},
      {"10 06 2003 04:00:00 GMT", form},
      {"10 Ju 2003 04:00:00 GMT", form},
      {"10 Jun 20033 04:00:00 GMT", form},
      {"Someday, 10 Jun 2003 04:00:00 GMT", "begins with neither a weekday nor a day"},
      {"31 Jun 2003 04:00:00 GMT", "is a day that does not exist"},
      {"10 Jun 0000 04:00:00 GMT", "is a day that does not exist"},
      {"10 Jun 2003", "has no time of day"},
      {"10 Jun 2003 24:00:00 GMT", "has a time of day that does not exist"},
      {"10 Jun 2003 04 GMT", "has a time of day that does not exist"},
      {"10 Jun 2003 04:00:00 BRT", "has a time zone that is not known"},
      {"10 Jun 2003 04:00:00 +9999", "has a wrong time zone"},
      {"10 Jun 2003 04:00:00 +5", "has a wrong time zone"},
      {"10 Jun 2003 04:00:00 ?", "has something else than a time zone at its end"},
      {"10 Jun 2003 04:00:00 GMT x", "has more than a date and a time"},
      {"31 Dec 9999 23:00:00 -0500", "is outside the years 1 to 9999"}};
  for (const auto& [text, fault] : cases) EXPECT_EQ(parsed(text), fault) << text;
}

}  // namespace
