#include "http/budget_key.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace {

using namespace std::chrono_literals;
using http::budgets_of;
using http::RateLimit;
using http::Request;

// "resource: calls/s calls/s", the most specific last.
std::vector<std::string> lines(std::vector<RateLimit> limits, const std::string& url,
                               const std::string& learned = "") {
  const Request request{.url = url, .credential = "c", .rate_limits = std::move(limits)};
  std::vector<std::string> list;
  for (const auto& it : budgets_of(request, learned)) {
    EXPECT_EQ(it.key.host, "api.example");
    EXPECT_EQ(it.key.credential, "c");
    std::string line = it.key.resource + ":";
    for (const auto& window : it.windows) line += " " + std::to_string(window.calls);
    list.push_back(line);
  }
  return list;
}
using Lines = std::vector<std::string>;

const RateLimit all{5, 1s, "", ""}, search{2, 1h, "search", "/search/"}, code{1, 1h, "", "/search/code"},
    core{9, 1h, "core", ""};

TEST(BudgetKey, WithoutLimitsThereIsTheHostAndWhatTheApiNames) {
  EXPECT_EQ(lines({}, "https://api.example/x"), (Lines{":"}));
  EXPECT_EQ(lines({}, "https://api.example/x", "core"), (Lines{":", "core:"}));
}

TEST(BudgetKey, ThePathRuleThatFitsBestNamesIt) {
  EXPECT_EQ(lines({all, search, code}, "https://api.example/search/code?q=1"),
            (Lines{": 5", "search: 2", "/search/code: 1"}));
  EXPECT_EQ(lines({code, search, all}, "https://api.example/search/users"), (Lines{": 5", "search: 2"}));
  EXPECT_EQ(lines({search}, "https://api.example/search/users", "other"), (Lines{":", "search: 2"}));
  EXPECT_EQ(lines({search}, "https://api.example/repos?path=/search/"), (Lines{":"}));
  EXPECT_EQ(lines({search}, "https://api.example"), (Lines{":"}));
}

TEST(BudgetKey, ALimitThatOnlyNamesItsResourceHoldsUntilTheApiNamesAnother) {
  EXPECT_EQ(lines({core}, "https://api.example/repos"), (Lines{":", "core: 9"}));
  EXPECT_EQ(lines({core}, "https://api.example/repos", "core"), (Lines{":", "core: 9"}));
  EXPECT_EQ(lines({core}, "https://api.example/repos", "graphql"), (Lines{":", "graphql:"}));
  EXPECT_EQ(lines({core, search}, "https://api.example/search/x"), (Lines{":", "search: 2"}));
}

TEST(BudgetKey, Paths) {
  EXPECT_EQ(http::first_segment("https://api.example/search/code?q=/x"), "/search");
  EXPECT_EQ(http::first_segment("https://api.example/search"), "/search");
  EXPECT_EQ(http::first_segment("https://api.example?x=/y"), "/");
  EXPECT_EQ(http::path_of("https://api.example/a/b#c"), "/a/b");
  EXPECT_EQ(http::describe({"api.example:81", "c", "search"}), "api.example:81 (search)");
}

}  // namespace
