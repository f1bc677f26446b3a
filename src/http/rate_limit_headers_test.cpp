#include "http/rate_limit_headers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/http_date.hpp"

namespace {

using namespace std::chrono_literals;
using http::Header;
using Headers = std::vector<Header>;

// 1763721000 s since 1970.
const base::WallTime now = *http::parse_http_date("Fri, 21 Nov 2025 10:30:00 GMT");

std::vector<http::LimitNote> notes(Headers headers) {
  return http::limit_notes({.status = 200, .headers = std::move(headers)}, now);
}

// "search 3/30 in 12s of 60s": remaining, limit, reset, window; what is not said is left out.
std::string text(Headers headers) {
  std::string all;
  const auto seconds = [](base::Duration it) { return std::chrono::duration<double>(it).count(); };
  for (const http::LimitNote& note : notes(std::move(headers))) {
    std::string one = note.resource;
    if (note.remaining) one += fmt::format(" {}", *note.remaining);
    if (note.limit) one += fmt::format("/{}", *note.limit);
    if (note.reset_in) one += fmt::format(" in {}s", seconds(*note.reset_in));
    if (note.window) one += fmt::format(" of {}s", seconds(*note.window));
    all += (all.empty() ? "" : " |") + one;
  }
  return all;
}

TEST(RateLimitHeaders, Plain) {
  EXPECT_EQ(text({}), "");
  EXPECT_EQ(text({{"x-ratelimit-limit", "60"}, {"x-ratelimit-remaining", "59"}, {"x-ratelimit-reset", "7"}}),
            " 59/60 in 7s");
  EXPECT_EQ(text({{"ratelimit-limit", "60"}, {"ratelimit-remaining", "0"}, {"ratelimit-reset", "7"}}),
            " 0/60 in 7s");
  EXPECT_EQ(text({{"x-rate-limit-remaining", "0"}}), " 0");
  EXPECT_EQ(text({{"x-ratelimit-used", "5"}, {"x-ratelimit-policy", "x"}, {"x-limit", "5"}}), "");
}

TEST(RateLimitHeaders, AsGitHubSendsThem) {
  EXPECT_EQ(text({{"date", "Fri, 21 Nov 2025 10:30:10 GMT"},
                  {"x-ratelimit-limit", "30"},
                  {"x-ratelimit-remaining", "0"},
                  {"x-ratelimit-reset", "1763721060"},
                  {"x-ratelimit-used", "30"},
                  {"x-ratelimit-resource", "search"}}),
            "search 0/30 in 50s");
}

TEST(RateLimitHeaders, AResetIsAnInstantOrATimeWhichItsSizeTells) {
  const auto reset = [](const std::string& value) { return text({{"x-ratelimit-reset", value}}); };
  EXPECT_EQ(reset("0"), " in 0s");
  EXPECT_EQ(reset("86400"), " in 86400s");
  EXPECT_EQ(reset("1763721012"), " in 12s");
  EXPECT_EQ(reset("1763721012.25"), " in 12.25s");
  EXPECT_EQ(reset("1763721012345"), " in 12.345s");
  EXPECT_EQ(reset("1763720999"), " in 0s");
  EXPECT_EQ(reset("1763720999999"), " in 0s");
  EXPECT_EQ(reset("1000000000"), " in 0s");
  EXPECT_EQ(text({{"x-ratelimit-reset-after", "1.5"}}), " in 1.5s");
  EXPECT_EQ(text({{"x-ratelimit-reset-after", "1763721012"}}), "") << "that is always a time";
  EXPECT_EQ(text({{"x-ratelimit-reset", "1763721001.123"}, {"x-ratelimit-reset-after", "1.4"}}), " in 1.4s");
}

TEST(RateLimitHeaders, AnInstantIsMeasuredByTheServersClock) {
  EXPECT_EQ(text({{"x-ratelimit-reset", "1763721012"}, {"date", "Fri, 21 Nov 2025 10:29:00 GMT"}}),
            " in 72s");
  EXPECT_EQ(text({{"x-ratelimit-reset", "1763731812"}, {"date", "Fri, 21 Nov 2025 13:30:00 GMT"}}),
            " in 12s");
  EXPECT_EQ(text({{"x-ratelimit-reset", "12"}, {"date", "Fri, 21 Nov 2025 13:30:00 GMT"}}), " in 12s");
}

TEST(RateLimitHeaders, SeveralWindows) {
  // API-Football: the day's quota, and the minute's limit in the plain names.
  EXPECT_EQ(text({{"x-ratelimit-requests-limit", "100"},
                  {"x-ratelimit-requests-remaining", "42"},
                  {"x-ratelimit-limit", "10"},
                  {"x-ratelimit-remaining", "9"}}),
            " 42/100 | 9/10");
  EXPECT_EQ(text({{"x-ratelimit-limit-minute", "20"},
                  {"x-ratelimit-remaining-minute", "19"},
                  {"x-ratelimit-limit-day", "1000"},
                  {"x-ratelimit-remaining-day", "0"},
                  {"x-ratelimit-limit-second", "1"},
                  {"x-ratelimit-remaining-hour", "5"}}),
            " 19/20 of 60s | 0/1000 of 86400s |/1 of 1s | 5 of 3600s");
  EXPECT_EQ(text({{"ratelimit-limit", "100;w=21600"}, {"ratelimit-remaining", "76;w=21600"}}),
            " 76/100 of 21600s");
  EXPECT_EQ(text({{"ratelimit-limit", "10, 10;w=1, 50;w=60"}, {"ratelimit-remaining", "9"}}), " 9/10");
}

TEST(RateLimitHeaders, DraftsOfTheIetf) {
  EXPECT_EQ(text({{"ratelimit", "limit=100, remaining=50, reset=50"}}), " 50/100 in 50s");
  EXPECT_EQ(text({{"ratelimit", "limit=100,remaining=50,reset=50"}, {"ratelimit-policy", "100;w=60"}}),
            " 50/100 in 50s of 60s");
  EXPECT_EQ(text({{"ratelimit", "limit=100"}, {"ratelimit-policy", "10;w=1, 100;w=60"}}), "/100");
  EXPECT_EQ(text({{"ratelimit", "\"default\";r=50;t=30"}}), " 50 in 30s");
  EXPECT_EQ(text({{"ratelimit", "\"default\"; r=50; t=30"},
                  {"ratelimit-policy", "\"default\";q=100;w=60;pk=:YS8=:"}}),
            " 50/100 in 30s of 60s");
  EXPECT_EQ(text({{"ratelimit-policy", "\"a,;\\\"b\";q=10;w=1, \"day\";q=1000;w=86400"},
                  {"ratelimit", "\"day\";r=0;t=3600"},
                  {"ratelimit", "\"a,;\\\"b\";r=9"}}),
            " 9/10 of 1s | 0/1000 in 3600s of 86400s");
}

TEST(RateLimitHeaders, OfTwoValuesTheStricterCounts) {
  EXPECT_EQ(text({{"x-ratelimit-limit", "60"},
                  {"ratelimit-limit", "50"},
                  {"x-ratelimit-remaining", "3"},
                  {"x-ratelimit-remaining", "8"},
                  {"x-ratelimit-reset", "5"},
                  {"ratelimit", "reset=9"}}),
            " 3/50 in 9s");
}

TEST(RateLimitHeaders, WhatIsMalformedIsIgnored) {
  for (const char* value : {"", " ", "-1", "+1", "abc", "1e3", "0x1", "1 2", "unlimited", "\xff", "\"", "=",
                            ";", ",", ";;=", "\"\\", "1234567890123456", "999999999999999999999999999999"})
    for (const char* name : {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit",
                             "x-ratelimit-reset-after", "x-ratelimit-remaining-minute", "ratelimit-policy"})
      EXPECT_EQ(text({{name, value}}), "") << name << ": " << value;
  for (const char* value : {"1.", ".5", "1.2.3", "1.-5", "400000000", "1795343401", "99999999999999",
                            "100000000000000", "31622401"})
    EXPECT_EQ(text({{"x-ratelimit-reset", value}}), "") << value;
  EXPECT_EQ(
      text({{"x-ratelimit-limit", "1.5"}, {"x-ratelimit-remaining", "junk"}, {"x-ratelimit-reset", "5"}}),
      " in 5s");
  for (const char* value :
       {"\"x\"", "\"x\";r=;t=", "\"x\";r=-1", "limit", "limit=,remaining", "remaining==5"})
    EXPECT_EQ(text({{"ratelimit", value}}), "") << value;
  EXPECT_EQ(text({{"x-ratelimit-resource", "core"}}), "") << "nothing is said of it";
  EXPECT_EQ(text({{"x-ratelimit-resource", "a b"}, {"x-ratelimit-remaining", "1"}}), " 1");
  EXPECT_EQ(text({{"x-ratelimit-resource", std::string(65, 'x')}, {"x-ratelimit-remaining", "1"}}), " 1");
}

TEST(RateLimitHeaders, AreBounded) {
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += fmt::format("\"{}\";r=1,", i);
  EXPECT_EQ(notes({{"ratelimit", many}}).size(), 8U);
  EXPECT_EQ(notes({{"ratelimit", '"' + std::string(100'000, 'x') + "\";r=1"}}).size(), 0U);
  Headers headers(1000, {"ratelimit", many});
  EXPECT_EQ(notes(std::move(headers)).size(), 8U);
}

}  // namespace
