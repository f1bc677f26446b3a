#include "program/settings.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/clock.hpp"
#include "program/exit_code.hpp"
#include "program/report.hpp"
#include "program/time_limit.hpp"

namespace program {
namespace {

using namespace std::chrono_literals;

config::DatabaseAddress postgres(const std::string& url) {
  config::DatabaseAddress address;
  address.engine = config::DatabaseAddress::Engine::postgresql;
  address.url = base::Secret(url);
  address.mark = {.line = 1, .column = 8};
  return address;
}

TEST(SharedSettings, PathsAreRelativeToTheFileOfTheSettings) {
  config::LogSettings logs;
  logs.directory = "var/log";
  logs.format = config::LogFormat::json;
  logs.level = config::LogLevel::error;
  std::string shown;
  const telemetry::LogOptions options =
      log_options(logs, "/srv/bot", [&](std::string_view line) { shown = line; });
  EXPECT_EQ(options.directory, "/srv/bot/var/log");
  EXPECT_EQ(options.format, telemetry::LogFormat::json);
  EXPECT_EQ(options.level, telemetry::Level::error);
  options.console_writer("a line");
  EXPECT_EQ(shown, "a line");

  config::HttpSettings http;
  EXPECT_EQ(curl_options(http, "/srv/bot").ca_file, "");
  http.ca_file = "ca.pem";
  EXPECT_EQ(curl_options(http, "/srv/bot").ca_file, "/srv/bot/ca.pem");
  EXPECT_TRUE(curl_options(http, "").user_agent.starts_with("phoenix-pulse/"));
}

TEST(SharedSettings, WhatOnlyThePartsCanJudge) {
  config::Faults faults;
  config::LogSettings logs;
  config::HttpSettings http;
  check_shared(logs, http, "/", "p.yaml", faults);
  check_database_url(postgres("postgresql://db/x"), "store", "p.yaml", faults);
  EXPECT_EQ(faults.text(), "");
  logs.timezone = "Mars/Olympus";
  http.ca_file = "no/such.pem";
  check_shared(logs, http, "/", "p.yaml", faults);
  check_database_url(postgres("postgresql://db/x?no_such_word=1"), "store", "p.yaml", faults);
  EXPECT_EQ(faults.size(), 3u) << faults.text();
  EXPECT_NE(faults.text().find("p.yaml: http.ca_file: there is no file /no/such.pem"), std::string::npos)
      << faults.text();
  EXPECT_NE(faults.text().find("p.yaml: logs.timezone: "), std::string::npos) << faults.text();
  EXPECT_NE(faults.text().find("p.yaml:1:8: store: "), std::string::npos) << faults.text();
}

TEST(SharedSettings, PasswordsAreHidden) {
  base::Redactor redactor;
  hide_password(postgres("postgresql://user:s3cr3t-word@db/x"), redactor);
  hide_password_of_libpq([](std::string_view) { return std::optional<std::string>("an0ther-one"); },
                         redactor);
  const std::string text = redactor.redact("login with s3cr3t-word or an0ther-one failed");
  EXPECT_EQ(text.find("s3cr3t-word"), std::string::npos) << text;
  EXPECT_EQ(text.find("an0ther-one"), std::string::npos) << text;
}

TEST(SharedSettings, TheProcessesEnvironment) {
  ASSERT_EQ(::setenv("PROGRAM_TEST_VALUE", "a=b", 1), 0);
  EXPECT_EQ(process_environment().at("PROGRAM_TEST_VALUE"), "a=b");
}

TEST(Reports, AllFindingsMakeTheExitCode) {
  config::Faults faults;
  for (int i = 0; i < 150; ++i) faults.add({"f.yaml", {i + 1, 1, {}}, "key", "is wrong", ""});
  testing::internal::CaptureStdout();
  Report report({.json = true, .strict = false});
  report.add({"clock", Finding::State::fine, "now"});
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "") << "JSON comes at the end";
  testing::internal::CaptureStdout();
  EXPECT_EQ(report.end(), ok);
  report.add("settings", faults, "look at all");
  EXPECT_EQ(report.end(), configuration);
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_NE(text.find("f.yaml:100:1: key: is wrong"), std::string::npos);
  EXPECT_EQ(text.find("f.yaml:101:1"), std::string::npos);
  EXPECT_NE(text.find("and 50 more faults"), std::string::npos);

  base::Redactor redactor;
  redactor.add(base::Secret("s3cr3t-word"));
  testing::internal::CaptureStdout();
  Report shown({});
  shown.add({{"store", Finding::State::unreachable, "no answer to s3cr3t-word"}}, redactor);
  const std::string line = testing::internal::GetCapturedStdout();
  EXPECT_NE(line.find("no answer to"), std::string::npos) << "each is shown at once";
  EXPECT_EQ(line.find("s3cr3t-word"), std::string::npos);
  EXPECT_EQ(shown.end(), unavailable);
}

TEST(TimeLimits, EndByThemselvesOrWithTheirParent) {
  base::SystemClock clock;
  std::stop_source parent;
  const TimeLimit long_one(clock, 24h, parent.get_token());
  EXPECT_FALSE(long_one.token().stop_requested());
  parent.request_stop();
  EXPECT_TRUE(long_one.token().stop_requested());
  const TimeLimit short_one(clock, 1ms, {});
  EXPECT_FALSE(clock.sleep_for(5min, short_one.token())) << "woken by the stop";
}

}  // namespace
}  // namespace program
