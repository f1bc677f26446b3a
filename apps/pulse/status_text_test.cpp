#include "pulse/status_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "program/columns.hpp"
#include "web/status_fixture_test.hpp"

namespace pulse {
namespace {

using program::display_width;

using schedule::Condition;
using namespace std::chrono_literals;
using web::test_now;  // 2025-11-21T10:30:02Z

const telemetry::Zone utc("UTC");
constexpr TextStyle plain{.unicode = true, .colour = false};
constexpr TextStyle ascii{.unicode = false, .colour = false};

web::Collector healthy(std::string name) { return web::collector(std::move(name), Condition::healthy); }

web::Collector failing(std::string name) {
  web::Collector it = web::collector(std::move(name), Condition::failing);
  it.since = test_now - 2h;
  it.last_run = web::LastRun{.outcome = "failed", .ended = test_now - 4min};
  it.error = "HTTP 403 - Rate limited";
  return it;
}

web::Status status_of(std::vector<web::Collector> collectors) {
  web::Status status = web::test_status();
  status.collectors = std::move(collectors);
  return status;
}

std::vector<Condition> all_conditions() {
  std::vector<Condition> all;
  for (int i = 0; i <= static_cast<int>(Condition::healthy); ++i) all.push_back(static_cast<Condition>(i));
  return all;
}

TEST(StatusText, TheFormOfTheList) {
  const web::Status status = status_of({healthy("collect-github"), failing("collect-reddit")});
  EXPECT_EQ(status_text(status, test_now, plain, utc),
            "❌ collect-reddit — LAST RUN FAILED\n"
            "   Error: HTTP 403 - Rate limited\n"
            "   failing since 08:30 (2 h); last run failed 10:26 (4 min ago); next start 10:40 (in 10 min)\n"
            "✅ collect-github — OK\n"
            "\n"
            "📊 SUMMARY\n"
            "Total collectors: 2\n"
            "Healthy: 1\n"
            "Failed: 1\n");
}

TEST(StatusText, WithoutUnicodeMarksAreWords) {
  web::Status status = status_of({healthy("a"), failing("b")});
  status.collectors[1].error = "Überlast — …";
  EXPECT_EQ(status_text(status, test_now, ascii, utc),
            "[FAILED] b - LAST RUN FAILED\n"
            "   Error: ?berlast - ...\n"
            "   failing since 08:30 (2 h); last run failed 10:26 (4 min ago); next start 10:40 (in 10 min)\n"
            "[OK] a - OK\n"
            "\n"
            "SUMMARY\n"
            "Total collectors: 2\n"
            "Healthy: 1\n"
            "Failed: 1\n");
}

TEST(StatusText, EveryConditionHasItsOwnMarkAndWords) {
  for (const TextStyle& style : {plain, ascii}) {
    std::map<std::string, Condition> seen;
    for (const Condition condition : all_conditions()) {
      web::Collector it = web::collector("x", condition);
      it.since.reset(), it.last_run.reset(), it.next_start.reset();
      const std::string text = status_text(status_of({it}), test_now, style, utc);
      const auto [other, is_new] = seen.emplace(text.substr(0, text.find(' ')), condition);
      EXPECT_TRUE(is_new) << schedule::to_string(condition) << " looks like "
                          << schedule::to_string(other->second);
      EXPECT_NE(text.find("Total collectors: 1\n"), std::string::npos);
      const bool is_ascii =
          std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
      EXPECT_EQ(is_ascii, !style.unicode);
    }
  }
}

TEST(StatusText, WorstFirstThenByName) {
  const std::string text =
      status_text(status_of({healthy("b"), web::collector("z", Condition::stuck), failing("c"), failing("a"),
                             web::collector("p", Condition::paused), healthy("a2")}),
                  test_now, ascii, utc);
  std::vector<std::size_t> places;
  for (const char* line : {"] z -", "] a -", "] c -", "] p -", "] a2 -", "] b -"})
    places.push_back(text.find(line));
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  EXPECT_NE(places.back(), std::string::npos);
}

TEST(StatusText, WhatTheNextStartIs) {
  using NextIs = web::Collector::NextIs;
  web::Collector it = failing("x");
  const auto text = [&](NextIs next_is) {
    it.next_is = next_is;
    return status_text(status_of({it}), test_now, plain, utc);
  };
  EXPECT_NE(text(NextIs::retry).find("; new try 10:40 (in 10 min)\n"), std::string::npos);
  EXPECT_NE(text(NextIs::rate_limit).find("; new try, as the API asks, 10:40 (in 10 min)\n"),
            std::string::npos);
}

TEST(StatusText, OfAnotherDayWithItsDate) {
  web::Collector it = web::collector("x", Condition::stale);
  it.since = test_now - 26h;
  const std::string text = status_text(status_of({it}), test_now, plain, utc);
  EXPECT_NE(text.find("stale since 2025-11-20 08:30 (26 h)"), std::string::npos) << text;
  EXPECT_NE(text.find("last success 10:25 (5 min ago), 1,404 rows"), std::string::npos) << text;
}

TEST(StatusText, ARunUnderWayAndTheLastSuccess) {
  web::Collector it = failing("x");
  it.running_since = test_now - 12s;
  it.last_success = test_now - 3h;
  const std::string text = status_text(status_of({it}), test_now, plain, utc);
  EXPECT_NE(
      text.find("failing since 08:30 (2 h); running since 10:29 (12 s); last run failed 10:26 (4 min ago); "
                "last success 07:30 (3 h ago); next start"),
      std::string::npos)
      << text;
  it = healthy("x");
  it.last_success = it.last_run->ended;
  EXPECT_EQ(status_text(status_of({it}), test_now, {.details = true}, utc).find("last success"),
            status_text(status_of({it}), test_now, {.details = true}, utc).rfind("last success"));
}

TEST(StatusText, OutsideTextDoesNothingAndIsCut) {
  web::Collector it = failing("na\x1b[2Jme\u202e");
  it.error = std::string(5000, 'x') + "\n\x1b]0;title\a";
  const std::string text = status_text(status_of({it}), test_now, plain, utc);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\u202e"), std::string::npos);
  EXPECT_LT(text.size(), 1000u);
}

TEST(StatusText, ColourOnlyWhereItIsWanted) {
  const web::Status status = status_of({failing("a")});
  EXPECT_EQ(status_text(status, test_now, plain, utc).find('\x1b'), std::string::npos);
  EXPECT_NE(status_text(status, test_now, {.unicode = true, .colour = true}, utc).find("\x1b[31m"),
            std::string::npos);
}

TEST(StatusText, WarningsOfTheProgramAreShown) {
  web::Status status = status_of({healthy("a")});
  status.warnings = {"the disk is nearly full"};
  EXPECT_NE(status_text(status, test_now, plain, utc).find("⚠ the disk is nearly full\n"), std::string::npos);
}

TEST(Verdict, OnlyHealthyAndPausedAreWell) {
  for (const Condition condition : all_conditions()) {
    const Verdict expected = condition == Condition::healthy || condition == Condition::paused ? Verdict::well
                             : condition == Condition::adopting ? Verdict::warning
                                                                : Verdict::unhealthy;
    EXPECT_EQ(verdict(condition), expected) << schedule::to_string(condition);
  }
  web::Status status = status_of({healthy("a")});
  EXPECT_EQ(verdict(status), Verdict::well);
  status.warnings = {"x"};
  EXPECT_EQ(verdict(status), Verdict::warning);
  status.collectors.push_back(web::collector("b", Condition::late));
  EXPECT_EQ(verdict(status), Verdict::unhealthy);
}

TEST(WatchTable, WorstFirstWithTotalsAndPage) {
  const auto lines = watch_table(status_of({healthy("kev"), failing("reddit")}), test_now, {120, 20}, plain,
                                 "http://127.0.0.1:8787/");
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0],
            "pulse 0.3.0 · 2 collectors: 1 failed, 1 healthy · 24 h: 96 runs, 2 failed, 1,234,567 rows");
  EXPECT_EQ(lines[1], "http://127.0.0.1:8787/");
  const auto trimmed = [](const std::string& line) { return line.substr(0, line.find_last_not_of(' ') + 1); };
  EXPECT_EQ(trimmed(lines[2]),
            "HEALTH         NAME          LAST RUN                           ROWS  NEXT START     ERROR");
  EXPECT_EQ(trimmed(lines[3]),
            "❌ FAILED      reddit        failed, 4 min ago                     0  in 10 min      "
            "HTTP 403 - Rate limited");
  EXPECT_EQ(lines[4].substr(0, 48), "✅ OK          kev           success, 5 min ago");
}

TEST(WatchTable, ARunUnderWay) {
  web::Collector it = healthy("kev");
  it.running_since = test_now - 12s;
  EXPECT_NE(watch_table(status_of({it}), test_now, {120, 20}, plain, "").back().find("▶ running 12 s"),
            std::string::npos);
  EXPECT_NE(watch_table(status_of({it}), test_now, {120, 20}, ascii, "").back().find("> running 12 s"),
            std::string::npos);
}

TEST(WatchTable, SaysHowManyMore) {
  std::vector<web::Collector> many;
  for (int i = 0; i < 40; ++i) many.push_back(healthy("c" + std::to_string(i)));
  const auto lines = watch_table(status_of(many), test_now, {80, 12}, plain, "");
  ASSERT_EQ(lines.size(), 12u);
  EXPECT_EQ(lines.back(), "… and 31 more");
}

TEST(WatchTable, NeverWiderOrHigherThanTheTerminal) {
  web::Status status =
      status_of({failing("日本語の名前がとても長い"), healthy(std::string(300, 'x')),
                 failing("a\x1b[31mb\xff\u202e"), web::collector("z", Condition::never_ran)});
  status.collectors[3].last_run.reset();
  status.warnings = {std::string(200, 'w'), "二"};
  for (const TextStyle& style : {plain, ascii})
    for (std::size_t columns = 1; columns < 160; columns += columns < 60 ? 1 : 7)
      for (const std::size_t rows : {1u, 2u, 3u, 5u, 12u}) {
        const auto lines = watch_table(status, test_now, {columns, rows}, style, "http://[::1]:8787/");
        ASSERT_LE(lines.size(), rows);
        for (const std::string& line : lines) {
          ASSERT_LE(display_width(line), columns) << columns << "x" << rows << ": " << line;
          ASSERT_EQ(line.find('\x1b'), std::string::npos);
        }
      }
}

TEST(ChangesOfHealth, OneLineEach) {
  const web::Status before = status_of({healthy("a"), healthy("b"), failing("gone")});
  const web::Status after = status_of({healthy("a"), failing("b"), healthy("new")});
  EXPECT_EQ(
      changes_of_health(&before, after, test_now, plain, utc),
      (std::vector<std::string>{"[2025-11-21 10:30:02] b: healthy → failing: HTTP 403 - Rate limited",
                                "[2025-11-21 10:30:02] new: healthy", "[2025-11-21 10:30:02] gone: gone"}));
  EXPECT_EQ(changes_of_health(nullptr, before, test_now, ascii, utc),
            (std::vector<std::string>{"[2025-11-21 10:30:02] gone: failing: HTTP 403 - Rate limited"}));
  EXPECT_TRUE(changes_of_health(&after, after, test_now, plain, utc).empty());
}

}  // namespace
}  // namespace pulse
