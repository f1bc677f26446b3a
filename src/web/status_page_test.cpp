#include "web/status_page.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"
#include "web/status_fixture_test.hpp"

namespace web {
namespace {

using schedule::Condition;
using namespace std::chrono_literals;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t number = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++number;
  return number;
}

std::string page_of(std::vector<Collector> collectors) {
  Status status = test_status();
  status.collectors = std::move(collectors);
  return status_page(status, test_now);
}

TEST(StatusPage, TellsWhatACollectorDoes) {
  const std::string page = page_of({collector("nvd", Condition::healthy)});
  EXPECT_TRUE(contains(page, "<bdi>nvd</bdi>"));
  EXPECT_TRUE(contains(
      page, "<time datetime=\"2025-11-21T10:25:02Z\" title=\"2025-11-21T10:25:02Z\">5 min ago</time>"));
  EXPECT_TRUE(contains(page, "1,404 rows"));
  EXPECT_TRUE(contains(page, ">in 10 min</time>"));
  EXPECT_TRUE(contains(page, ">for 5 min</time>"));
  EXPECT_TRUE(contains(page, "The collector is healthy"));
  EXPECT_TRUE(contains(page, "96 runs, 2 failed, 1,234,567 rows"));
  EXPECT_TRUE(contains(page, "up for <time datetime=\"2025-11-21T07:10:02Z\""));
}

TEST(StatusPage, ARunUnderWayAndTheLastSuccess) {
  Collector it = collector("nvd", Condition::failing);
  it.last_run->outcome = "failed";
  it.running_since = test_now - 12s;
  it.last_success = test_now - 3h;
  const std::string page = page_of({it});
  EXPECT_TRUE(contains(page, ">running for 12 s</time>"));
  EXPECT_TRUE(contains(page, "last success <time datetime=\"2025-11-21T07:30:02Z\""));
  it.running_since.reset();
  it.last_success = it.last_run->ended;
  EXPECT_FALSE(contains(page_of({it}), "running for"));
  EXPECT_FALSE(contains(page_of({it}), "last success"));
}

TEST(StatusPage, IsAnAccessiblePageWithoutScripts) {
  const std::string page = page_of({collector("nvd", Condition::healthy)});
  for (const char* part :
       {"<!DOCTYPE html>", "<html lang=\"en\">", "name=\"viewport\"", "http-equiv=\"refresh\" content=\"15\"",
        "<caption>", "scope=\"col\"", "scope=\"row\"", "prefers-color-scheme: dark", "<main>"})
    EXPECT_TRUE(contains(page, part)) << part;
  EXPECT_FALSE(contains(page, "<script"));
}

TEST(StatusPage, TheWorstFirst) {
  const std::string page =
      page_of({collector("b-healthy", Condition::healthy), collector("a-healthy", Condition::healthy),
               collector("late", Condition::late), collector("stuck", Condition::stuck)});
  const std::size_t order[] = {page.find("<bdi>stuck"), page.find("<bdi>late"), page.find("<bdi>b-healthy"),
                               page.find("<bdi>a-healthy")};
  EXPECT_TRUE(std::is_sorted(std::begin(order), std::end(order)));
  EXPECT_TRUE(contains(page, "<title>1 of 4 collectors needs attention – pulse</title>"));
}

TEST(StatusPage, Headlines) {
  const Collector good = collector("g", Condition::healthy), odd = collector("o", Condition::recovering),
                  bad = collector("b", Condition::failing), paused = collector("p", Condition::paused);
  EXPECT_TRUE(contains(page_of({good, good}), "All 2 collectors are healthy"));
  EXPECT_TRUE(contains(page_of({good, odd, odd}), "2 of 3 collectors are not quite well"));
  EXPECT_TRUE(contains(page_of({odd, bad, bad}), "2 of 3 collectors need attention"));
  EXPECT_TRUE(contains(page_of({good, paused}), "No collector needs attention"));
}

TEST(StatusPage, EveryConditionHasItsWords) {
  for (int i = 0; i <= static_cast<int>(Condition::healthy); ++i) {
    std::string words(schedule::to_string(static_cast<Condition>(i)));
    std::replace(words.begin(), words.end(), '_', ' ');
    EXPECT_TRUE(
        contains(page_of({collector("x", static_cast<Condition>(i))}), "</span> " + words + "</span>"))
        << words;
  }
}

TEST(StatusPage, NothingYet) {
  const std::string page = page_of({});
  EXPECT_TRUE(contains(page, "There are no collectors yet"));
  EXPECT_TRUE(contains(page, "pulse init"));
  EXPECT_FALSE(contains(page, "<table"));

  const std::string row = page_of({{.name = "new", .condition = Condition::never_ran}});
  EXPECT_TRUE(contains(row, "none yet"));
  EXPECT_TRUE(contains(row, "not planned"));
}

TEST(StatusPage, OutsideTextsStayTexts) {
  const std::string evil =
      "<script>alert(1)</script>\"'><img src=x onerror=y>" + std::string("\0\x1b\xff", 3);
  Collector hostile = collector(evil, Condition::failing);
  hostile.error = evil;
  hostile.last_run->outcome = evil;
  Status status = test_status();
  status.program = evil;
  status.version = evil;
  status.warnings = {evil};
  status.collectors = {hostile};
  const std::string page = status_page(status, test_now);
  for (const char* part : {"<script", "<img", "\"'>", "'>"}) EXPECT_FALSE(contains(page, part)) << part;
  EXPECT_EQ(page.find('\0'), page.npos);
  EXPECT_EQ(page.find('\x1b'), page.npos);
  EXPECT_EQ(base::valid_utf8_length(page), page.size());
  EXPECT_TRUE(contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;"));
}

TEST(StatusPage, TimesThatCannotBe) {
  Collector odd = collector("x", Condition::late);
  odd.since = test_now + 1h;         // a clock was set back
  odd.next_start = test_now - 1min;  // due, and not started yet
  odd.last_run->ended = test_now + 1h;
  const std::string page = page_of({odd});
  EXPECT_TRUE(contains(page, ">for 0 s<"));
  EXPECT_TRUE(contains(page, ">0 s ago<"));
  EXPECT_TRUE(contains(page, ">now<"));
}

TEST(StatusPage, IsBounded) {
  std::vector<Collector> many;
  for (int i = 0; i < 5000; ++i) {
    many.push_back(
        collector(std::string(1 << 10, '"'), i % 7 == 0 ? Condition::failing : Condition::healthy));
    many.back().error = std::string(1 << 12, '<');
  }
  Status status = test_status();
  status.collectors = std::move(many);
  status.warnings.assign(1000, std::string(1 << 12, 'w'));
  const std::string page = status_page(status, test_now);
  EXPECT_EQ(count(page, "<th role=\"rowheader\""), maximum_rows);
  EXPECT_TRUE(contains(page, "And 4,000 more"));
  EXPECT_TRUE(contains(page, "<li>and 980 more</li>"));
  EXPECT_TRUE(contains(page, "715 of 5,000 collectors need attention"));
  EXPECT_LT(page.size(), 4U << 20) << "every text as long and as full of signs to escape as can be";
}

TEST(StatusPage, AThousandOrdinaryCollectorsAreSmall) {
  std::vector<Collector> many(1000, collector("an-ordinary-name", Condition::healthy));
  EXPECT_LT(page_of(std::move(many)).size(), 1U << 20);
}

}  // namespace
}  // namespace web
