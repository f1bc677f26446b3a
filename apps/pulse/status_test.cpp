#include "pulse/status.hpp"

#include <gtest/gtest.h>

#include "pulse/exit_code.hpp"
#include "pulse/screen.hpp"
#include "web/status_fixture_test.hpp"

namespace pulse {
namespace {

using base::Code;
using base::Result;
using schedule::Condition;
using web::test_now;

// A command whose sleeps take no time, whose facts are a list, and which stops behind the last of them.
class ShowStatus : public testing::Test {
 protected:
  int run(const StatusOptions& options, std::vector<Result<web::Status>> facts) {
    std::size_t at = 0;
    const auto next = [&]() -> Result<web::Status> {
      if (at == facts.size()) {
        stop_.request_stop();
        return base::error(Code::cancelled, "stopped");
      }
      return facts[at++];
    };
    return show_status(next, options,
                       {.clock = clock_,
                        .stop = stop_.get_token(),
                        .zone = zone_,
                        .style = {},
                        .page = "",
                        .print =
                            [this](std::string_view text) {
                              out_ += text;
                              return !ends_by_reader_;
                            },
                        .complain = [this](std::string_view text) { errors_ += text; },
                        .terminal = [this] { return terminal_; }});
  }

  base::SimulatedClock clock_{base::SimulatedClock::Mode::automatic, test_now};
  const telemetry::Zone zone_{"UTC"};
  std::stop_source stop_;
  std::optional<TerminalSize> terminal_;
  bool ends_by_reader_ = false;
  std::string out_, errors_;
};

web::Status status_of(std::vector<std::pair<std::string, Condition>> list) {
  web::Status status = web::test_status();
  for (auto& [name, condition] : list) status.collectors.push_back(web::collector(name, condition));
  return status;
}

TEST_F(ShowStatus, ExitCodes) {
  const StatusOptions usual, strict{.names = {}, .strict = true};
  const auto code = [&](const StatusOptions& options, const web::Status& status) {
    return run(options, {status});
  };
  EXPECT_EQ(code(usual, status_of({{"a", Condition::healthy}, {"b", Condition::paused}})), ok);
  EXPECT_EQ(code(usual, status_of({{"a", Condition::healthy}, {"b", Condition::never_ran}})), unhealthy);
  EXPECT_EQ(code(strict, status_of({{"a", Condition::suspect}})), unhealthy);
  EXPECT_EQ(code(usual, status_of({{"a", Condition::adopting}})), ok);
  EXPECT_EQ(code(strict, status_of({{"a", Condition::adopting}})), warnings_only);
  EXPECT_EQ(run(usual, {base::error(Code::unavailable, "no answer")}), unavailable);
  EXPECT_EQ(run(usual, {base::error(Code::invalid_config, "no folder")}), configuration);
  EXPECT_EQ(errors_, "no answer\nno folder\n");
}

TEST_F(ShowStatus, OnlyTheNamed) {
  const web::Status status = status_of({{"kev", Condition::healthy}, {"nvd", Condition::failing}});
  EXPECT_EQ(run({.names = {"kev"}}, {status}), ok);
  EXPECT_EQ(out_.find("nvd"), std::string::npos);
  EXPECT_NE(out_.find("Total collectors: 1\n"), std::string::npos);
  EXPECT_NE(out_.find("next start"), std::string::npos) << "of one that is asked for, all is told";
  EXPECT_EQ(run({.names = {"kew"}}, {status}), usage);
  EXPECT_EQ(errors_, "no collector is called \"kew\"; did you mean \"kev\"?\n");
}

TEST_F(ShowStatus, JsonIsThatOfTheApi) {
  const web::Status status = status_of({{"kev", Condition::healthy}, {"nvd", Condition::failing}});
  EXPECT_EQ(run({.names = {"kev"}, .json = true}, {status}), ok);
  EXPECT_EQ(out_.find("nvd"), std::string::npos);
  EXPECT_TRUE(out_.starts_with("{\n  \"program\": \"pulse\",")) << out_;
}

TEST_F(ShowStatus, WatchSaysChangesWhereNothingCanBeDrawn) {
  const auto sound = status_of({{"kev", Condition::healthy}}), ill = status_of({{"kev", Condition::late}});
  run({.watch = true}, {ill, ill, sound, base::error(Code::unavailable, "no answer"),
                        base::error(Code::unavailable, "no answer"), ill});
  EXPECT_EQ(out_,
            "[2025-11-21 10:30:02] kev: late\n"
            "[2025-11-21 10:30:06] kev: late → healthy\n"
            "[2025-11-21 10:30:12] kev: healthy → late\n");
  EXPECT_EQ(errors_, "no answer\n") << "once";
}

TEST_F(ShowStatus, WatchDrawsAndGivesTheScreenBack) {
  terminal_ = TerminalSize{100, 10};
  const auto sound = status_of({{"kev", Condition::healthy}});
  run({.watch = true}, {sound, sound, base::error(Code::unavailable, "no answer")});
  EXPECT_TRUE(out_.starts_with("\x1b[?1049h")) << "into the alternate screen";
  EXPECT_EQ(out_.find("\x1b[?1049h", 1), std::string::npos) << "once";
  EXPECT_TRUE(out_.ends_with("\x1b[?25h\x1b[?1049l"));
  EXPECT_NE(out_.find("⚠ no answer"), std::string::npos) << "beside what was known";
}

TEST_F(ShowStatus, WatchEndsWhenNobodyReads) {
  ends_by_reader_ = true;
  const auto ill = status_of({{"kev", Condition::late}});
  EXPECT_EQ(run({.watch = true}, {ill, ill, ill}), unhealthy);
  EXPECT_EQ(out_, "[2025-11-21 10:30:02] kev: late\n");
}

TEST_F(ShowStatus, WatchKnowsNamesAndIntervals) {
  const auto sound = status_of({{"kev", Condition::healthy}});
  EXPECT_EQ(run({.names = {"kew"}, .watch = true}, {sound}), usage);
  EXPECT_EQ(run({.names = {}, .interval = "0s", .watch = true}, {sound}), usage);
  EXPECT_EQ(run({.names = {}, .interval = "soon", .watch = true}, {sound}), usage);
  EXPECT_EQ(out_, "");
}

TEST(PageOf, WhatABrowserOnThisMachineOpens) {
  const auto page = [](const std::string& address) {
    config::ListenSettings listen;
    listen.address = address;
    return page_of(listen);
  };
  EXPECT_EQ(page("127.0.0.1:8787"), "http://127.0.0.1:8787/");
  EXPECT_EQ(page("[::1]:80"), "http://[::1]:80/");
  EXPECT_EQ(page("0.0.0.0:8787"), "http://127.0.0.1:8787/");
  EXPECT_EQ(page("[::]:8787"), "http://[::1]:8787/");
  EXPECT_EQ(page("127.0.0.1:0"), "") << "nobody knows which port it took";
  EXPECT_EQ(page("off"), "");
}

TEST(Screen, AStopGivesItBackAtOnce) {
  std::string out;
  std::stop_source stop;
  Screen screen(
      [&](std::string_view text) {
        out += text;
        return true;
      },
      stop.get_token());
  EXPECT_TRUE(screen.draw({"one", "two"}, 5));
  EXPECT_EQ(out, "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2Kone\r\n\x1b[2Ktwo\r\n\x1b[J");
  out.clear();
  stop.request_stop();
  EXPECT_EQ(out, "\x1b[?25h\x1b[?1049l");
  out.clear();
  EXPECT_TRUE(screen.draw({"three"}, 5));
  EXPECT_EQ(out, "") << "nothing is drawn any more";
}

}  // namespace
}  // namespace pulse
