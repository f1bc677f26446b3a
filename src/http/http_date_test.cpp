#include "http/http_date.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace {

using http::parse_http_date;

std::string iso(std::string_view text) {
  const auto time = parse_http_date(text);
  return time ? base::to_iso8601(*time) : "";
}

TEST(HttpDate, ThreeForms) {  // the examples of RFC 9110, section 5.6.7
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994", " Sun, 06 Nov 1994 08:49:37 GMT\t"})
    EXPECT_EQ(iso(text), "1994-11-06T08:49:37.000000Z") << text;
  EXPECT_EQ(iso("Sat Nov 26 23:59:59 1994"), "1994-11-26T23:59:59.000000Z");
  EXPECT_EQ(iso("Thu, 29 Feb 2024 00:00:00 GMT"), "2024-02-29T00:00:00.000000Z");
  EXPECT_EQ(iso("Sat, 31 Dec 2016 23:59:60 GMT"), "2017-01-01T00:00:00.000000Z");
  EXPECT_EQ(iso("Fri, 31 Dec 9999 23:59:59 GMT"), "9999-12-31T23:59:59.000000Z");
}

TEST(HttpDate, TheWeekdayTellsTheCenturyOfATwoDigitYear) {
  EXPECT_EQ(iso("Friday, 21-Nov-25 10:00:00 GMT"), "2025-11-21T10:00:00.000000Z");
  EXPECT_EQ(iso("Saturday, 21-Nov-25 10:00:00 GMT"), "1925-11-21T10:00:00.000000Z");
  EXPECT_EQ(iso("Thursday, 01-Jan-70 00:00:00 GMT"), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(iso("Wednesday, 01-Jan-70 00:00:00 GMT"), "2070-01-01T00:00:00.000000Z");
  EXPECT_EQ(iso("Tuesday, 29-Feb-00 00:00:00 GMT"), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(iso("Sunday, 21-Nov-25 10:00:00 GMT"), "");
}

TEST(HttpDate, Junk) {
  for (const char* text : {"",
                           " ",
                           "0",
                           "120",
                           "-1",
                           "now",
                           "Sun",
                           "Sun,",
                           "1994-11-06T08:49:37Z",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 06 Nov 1994 08:49:37 +0000",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 31 Feb 2025 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 29 Feb 2023 08:49:37 GMT",
                           "Sun, 06 Foo 1994 08:49:37 GMT",
                           "Xyz, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 0000 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT x",
                           "Sun, 06 Nov 19945 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 94",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:4\xd9\xa9:37 GMT"})
    EXPECT_EQ(iso(text), "") << text;
}

TEST(HttpDate, ServerTime) {
  http::Response response{.headers = {{"date", "Sun, 06 Nov 1994 08:49:37 GMT"}}};
  ASSERT_TRUE(http::server_time(response));
  EXPECT_EQ(*http::server_time(response), parse_http_date("Sun Nov  6 08:49:37 1994"));
  response.headers[0].value = "yesterday";
  EXPECT_FALSE(http::server_time(response));
  EXPECT_FALSE(http::server_time({}));
}

}  // namespace
