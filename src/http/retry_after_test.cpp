#include "http/retry_after.hpp"

#include <gtest/gtest.h>

#include "http/http_date.hpp"

namespace {

using namespace std::chrono_literals;
using Wait = std::optional<base::Duration>;

const base::WallTime now = *http::parse_http_date("Fri, 21 Nov 2025 10:30:00 GMT");

Wait wait(const std::vector<std::string>& values, const std::string& date = "", base::WallTime at = now) {
  http::Response response{.status = 503};
  if (!date.empty()) response.headers.push_back({"date", date});
  for (const std::string& value : values) response.headers.push_back({"retry-after", value});
  return http::retry_after(response, at);
}

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(wait({"0"}), 0s);
  EXPECT_EQ(wait({"3"}), 3s);
  EXPECT_EQ(wait({"120"}), 120s);
  EXPECT_EQ(wait({"0120"}), 120s);
  EXPECT_EQ(wait({" 120\t"}), 120s);
  EXPECT_EQ(wait({"31536000"}), 8760h);
  EXPECT_EQ(wait({"120"}, "Fri, 21 Nov 2025 04:30:00 GMT"), 120s);  // no clock is needed
}

TEST(RetryAfter, AnEnormousNumberIsCut) {
  for (const char* text : {"3153600001", "9223372036854775807", "9223372036854775808",
                           "999999999999999999999999999999", "00000000000000000009999999999"})
    EXPECT_EQ(wait({text}), http::longest_retry_after) << text;
  EXPECT_EQ(wait({"3153600000"}), http::longest_retry_after);
  EXPECT_EQ(wait({"3153599999"}), http::longest_retry_after - 1s);
  const auto until = base::SteadyTime{std::chrono::hours{24 * 365 * 50}} + *wait({"9223372036854775807"});
  EXPECT_GT(until, base::SteadyTime{});
}

TEST(RetryAfter, DatesByOurClockWithoutOneOfTheServer) {
  EXPECT_EQ(wait({"Fri, 21 Nov 2025 10:30:07 GMT"}), 7s);
  EXPECT_EQ(wait({"Friday, 21-Nov-25 10:32:00 GMT"}), 2min);
  EXPECT_EQ(wait({"Fri Nov 21 11:30:00 2025"}), 1h);
  EXPECT_EQ(wait({"Fri, 21 Nov 2025 10:30:07 GMT"}, "", now + 250ms), 6750ms);
  EXPECT_EQ(wait({"Fri, 21 Nov 2025 10:30:07 GMT"}, "yesterday"), 7s);
}

TEST(RetryAfter, ADateInThePastIsNoWait) {
  EXPECT_EQ(wait({"Fri, 21 Nov 2025 10:30:00 GMT"}), 0s);
  EXPECT_EQ(wait({"Fri, 21 Nov 2025 10:29:59 GMT"}), 0s);
  EXPECT_EQ(wait({"Sun, 06 Nov 1994 08:49:37 GMT"}), 0s);
  EXPECT_EQ(wait({"Mon, 01 Jan 0001 00:00:00 GMT"}), 0s);
  EXPECT_EQ(wait({"Fri, 31 Dec 9999 23:59:59 GMT"}), http::longest_retry_after);
}

// Two minutes on the server's clock are two minutes on ours, however far apart the clocks are.
TEST(RetryAfter, DatesByTheServersOwnClock) {
  EXPECT_EQ(wait({"Fri, 21 Nov 2025 13:32:00 GMT"}, "Fri, 21 Nov 2025 13:30:00 GMT"), 2min);
  EXPECT_EQ(wait({"Fri, 21 Nov 2025 05:32:00 GMT"}, "Fri, 21 Nov 2025 05:30:00 GMT"), 2min);
  EXPECT_EQ(wait({"Friday, 21-Nov-25 05:32:00 GMT"}, "Fri Nov 21 05:30:00 2025"), 2min);
  EXPECT_EQ(wait({"Fri, 21 Nov 2025 13:29:00 GMT"}, "Fri, 21 Nov 2025 13:30:00 GMT"), 0s);
}

TEST(RetryAfter, WhatIsMalformedSaysNothing) {
  EXPECT_EQ(wait({}), std::nullopt);
  for (const char* text : {"", " ", "-3", "+3", "1.5", "3s", "3 s", "1e3", "0x10", "3, 5", "soon", "NaN",
                           "inf", "--", "3;q=1", "2025-11-21T10:31:00Z", "Fri, 21 Nov 2025 10:31:00 CET",
                           "Fri, 32 Nov 2025 10:31:00 GMT", "\xd9\xa3"})  // an Arabic three
    EXPECT_EQ(wait({text}), std::nullopt) << text;
}

TEST(RetryAfter, OfTwoHeadersTheLongerWaitCounts) {
  EXPECT_EQ(wait({"3", "120"}), 120s);
  EXPECT_EQ(wait({"120", "3"}), 120s);
  EXPECT_EQ(wait({"3", "Fri, 21 Nov 2025 10:30:07 GMT"}), 7s);
  EXPECT_EQ(wait({"junk", "3"}), 3s);
  EXPECT_EQ(wait({"3", "-120"}), 3s);
  EXPECT_EQ(wait({"0", "junk"}), 0s);
  EXPECT_EQ(wait({"junk", "-3"}), std::nullopt);
}

}  // namespace
