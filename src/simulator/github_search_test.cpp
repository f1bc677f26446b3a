#include <set>

#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

using Parameters = std::multimap<std::string, std::string>;

// The page number of rel="…" in a Link header; 0: no such relation.
int linked(const Answer& answer, const std::string& relation) {
  const std::string link = header_of(answer, "Link"), mark = ">; rel=\"" + relation + "\"";
  const std::size_t end = link.find(mark);
  if (end == std::string::npos) return 0;
  const std::size_t page = link.rfind("&page=", end);
  EXPECT_EQ(link.rfind("<https://api.github.com/search/repositories?", end), link.rfind('<', end));
  return std::stoi(link.substr(page + 6, end - page - 6));
}

Parameters query(const std::string& text, int page, int size = 100) {
  return {{"q", text}, {"page", std::to_string(page)}, {"per_page", std::to_string(size)}};
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (int page = 1; page != 0;) {
    const Answer answer = client.query(query("created:>2024-01-01 stars:>500", page));
    const Json body = body_of(answer);
    for (const Json& item : body["items"]) {
      Json row = only(
          item, {"id", "name", "full_name", "html_url", "description", "homepage", "size", "stargazers_count",
                 "language", "forks_count", "open_issues_count", "archived", "topics", "default_branch"});
      row["owner_login"] = item["owner"]["login"];
      row["owner_type"] = item["owner"]["type"];
      row["license_spdx_id"] = item["license"].is_null() ? Json(nullptr) : item["license"]["spdx_id"];
      for (const char* time : {"created_at", "updated_at", "pushed_at"}) row[time] = micros(item[time]);
      rows.push_back(std::move(row));
    }
    page = linked(answer, "next");
  }
  return rows;
}

TEST(GithubSearch, keeps_the_promises) { expect_promises("github_search", read); }

TEST(GithubSearch, links_lead_through_the_pages) {
  World world(7, {});
  Client client{world, *find_api("github_search")};
  const Answer first = client.query(query("stars:>1", 1)), last = client.query(query("stars:>1", 7));
  EXPECT_EQ(body_of(first)["total_count"], 640);
  EXPECT_EQ(linked(first, "next"), 2);
  EXPECT_EQ(linked(first, "last"), 7);
  EXPECT_EQ(linked(first, "prev"), 0);
  EXPECT_EQ(linked(last, "next"), 0);
  EXPECT_EQ(linked(last, "prev"), 6);
  EXPECT_EQ(linked(last, "first"), 1);
  EXPECT_EQ(body_of(last)["items"].size(), 40U);
  EXPECT_NE(header_of(first, "Link").find("q=stars%3A%3E1&"), std::string::npos);
  EXPECT_EQ(body_of(client.query({{"q", "stars:>1"}}))["items"].size(), 30U);
  EXPECT_EQ(body_of(client.query(query("stars:>1", 1, 500)))["items"].size(), 100U);
  EXPECT_EQ(header_of(client.query(query("stars:>99999999", 1)), "Link"), "");
}

TEST(GithubSearch, only_a_thousand_can_be_reached) {
  World world(7, {{"github_search", 1100}});
  Client client{world, *find_api("github_search")};
  const Answer last = client.query(query("stars:>1", 10));
  EXPECT_EQ(body_of(last)["total_count"], 1100);
  EXPECT_EQ(linked(last, "next"), 0);
  EXPECT_EQ(linked(client.query(query("stars:>1", 1)), "last"), 10);
  const Answer beyond = client.query(query("stars:>1", 11));
  EXPECT_EQ(beyond.status, 422);
  EXPECT_EQ(body_of(beyond)["message"], "Only the first 1000 search results are available");
}

TEST(GithubSearch, qualifiers_filter_and_sort_orders) {
  World world(7, {});
  Client client{world, *find_api("github_search")};
  const auto ids = [&](Parameters parameters) {
    parameters.emplace("per_page", "100");
    std::vector<Json> found;
    for (const Json& item : Json(body_of(client.query(parameters))["items"])) found.push_back(item["id"]);
    return found;
  };
  std::set<Json> wanted;
  for (const Json& row : truth_of(client))
    if (row["language"] == "Rust" && row["stargazers_count"] >= 9000 && row["created_at"] < "2025-01-01")
      wanted.insert(row["id"]);
  ASSERT_FALSE(wanted.empty());
  const auto found = ids({{"q", "language:rust stars:>=9000 created:2024-01-01..2024-12-31"}});
  EXPECT_EQ(std::set<Json>(found.begin(), found.end()), wanted);
  auto upward = ids({{"q", "language:rust stars:>=9000 created:<2025-01-01"}, {"order", "asc"}});
  std::reverse(upward.begin(), upward.end());
  EXPECT_EQ(upward, found);
}

TEST(GithubSearch, wrong_requests_and_limits) {
  World world(7, {});
  Client client{world, *find_api("github_search")};
  const Answer missing = client.query({});
  EXPECT_EQ(missing.status, 422);
  EXPECT_EQ(body_of(missing)["errors"][0]["code"], "missing");
  const Answer told = client.query({{"q", "x"}}, "", {{"authorization", "Bearer t"}});
  EXPECT_EQ(header_of(told, "X-RateLimit-Limit"), "30");
  EXPECT_EQ(header_of(told, "X-RateLimit-Resource"), "search");
  EXPECT_EQ(header_of(told, "X-RateLimit-Reset"), "60") << "a minute from the request";
  EXPECT_EQ(header_of(client.query({{"q", "x"}}), "X-RateLimit-Limit"), "10");
}

}  // namespace
}  // namespace simulator
