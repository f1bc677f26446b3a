#include <algorithm>
#include <set>

#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

using Parameters = std::multimap<std::string, std::string>;

const std::string all = "cat:cs.AI OR cat:cs.LG OR cat:cs.CV OR cat:cs.CL OR cat:cs.RO";

std::string plain(std::string text) {
  const std::pair<const char*, const char*> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities)
    for (std::size_t at = 0; (at = text.find(entity, at)) != std::string::npos; ++at)
      text.replace(at, std::string(entity).size(), character);
  return text;
}

// Everything between `open` and `close`, as often as it occurs.
std::vector<std::string> between(const std::string& text, const std::string& open, const std::string& close) {
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = text.find(open, at)) != std::string::npos;) {
    const std::size_t start = at + open.size();
    at = text.find(close, start);
    found.push_back(plain(text.substr(start, at - start)));
  }
  return found;
}
std::string first(const std::vector<std::string>& list) { return list.empty() ? "" : list.front(); }

std::vector<std::string> entries(const Answer& answer) {
  std::vector<std::string> raw;
  const std::string& text = *answer.body;
  for (std::size_t at = 0; (at = text.find("<entry>", at)) != std::string::npos;) {
    const std::size_t end = text.find("</entry>", at);
    raw.push_back(text.substr(at, end - at));
    at = end;
  }
  return raw;
}

int total(const Answer& answer) {
  return std::stoi(
      first(between(*answer.body, "totalResults xmlns:opensearch=\"http://a9.com/-/spec/opensearch/1.1/\">",
                    "</opensearch")));
}

Json row_of(const std::string& entry) {
  const std::string space = " xmlns:arxiv=\"http://arxiv.org/schemas/atom\"";
  const auto optional = [&](const std::string& name) {
    return null_if_empty(first(between(entry, "<arxiv:" + name + space + ">", "</arxiv:" + name + ">")));
  };
  const std::string id = first(between(entry, "<id>http://arxiv.org/abs/", "</id>"));
  const std::string summary = first(between(entry, "<summary>", "</summary>"));
  EXPECT_TRUE(summary.starts_with("  ") && summary.ends_with("\n")) << "as the real one has it";
  return {{"arxiv_id", id.substr(0, id.find('v'))},
          {"version", std::stoi(id.substr(id.find('v') + 1))},
          {"title", first(between(entry, "<title>", "</title>"))},
          {"summary", summary.substr(2, summary.size() - 3)},
          {"authors", between(entry, "<name>", "</name>")},
          {"published", micros(first(between(entry, "<published>", "</published>")))},
          {"updated", micros(first(between(entry, "<updated>", "</updated>")))},
          {"primary_category", first(between(entry, "<arxiv:primary_category" + space + " term=\"", "\""))},
          {"categories", between(entry, "<category term=\"", "\"")},
          {"doi", optional("doi")},
          {"comment", optional("comment")},
          {"journal_ref", optional("journal_ref")}};
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (int start = 0;; start += 150) {
    const Answer answer = client.query({{"search_query", all},
                                        {"start", std::to_string(start)},
                                        {"max_results", "150"},
                                        {"sortBy", "submittedDate"}});
    for (const std::string& entry : entries(answer)) rows.push_back(row_of(entry));
    if (start + 150 >= total(answer)) return rows;
  }
}

TEST(Arxiv, keeps_the_promises) { expect_promises("arxiv", read); }

TEST(Arxiv, has_what_breaks_careless_readers) {
  World world(7, {});
  Client client{world, *find_api("arxiv")};
  const std::string body = *client.query({{"search_query", all}, {"max_results", "500"}}).body;
  for (const char* part : {"&lt;", "&amp;", "<title>", ": $\\alpha$ &amp; &lt;\n  ", "é", "🚀"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
}

TEST(Arxiv, searches) {
  World world(7, {});
  Client client{world, *find_api("arxiv")};
  int vision = 0, spring = 0;
  std::string title;
  for (const Json& row : truth_of(client)) {
    const std::set<std::string> own = row["categories"];
    vision += own.contains("cs.CV") && (own.contains("cs.AI") || own.contains("cs.LG"));
    spring +=
        own.contains("cs.RO") && row["published"] >= "2025-03-01T00:00" && row["published"] < "2025-06-01";
  }
  const auto count = [&](const std::string& query) { return total(client.query({{"search_query", query}})); };
  EXPECT_GT(vision, 5);
  EXPECT_EQ(count("cat:cs.CV AND (cat:cs.AI OR cat:cs.LG)"), vision);
  EXPECT_GT(spring, 5);
  EXPECT_EQ(count("cat:cs.RO AND submittedDate:[202503010000 TO 202505312359]"), spring);
  EXPECT_EQ(count("all:no-such-word"), 0);
  const std::string id = truth_of(client)[3]["arxiv_id"];
  EXPECT_EQ(entries(client.query({{"id_list", id}})).size(), 1U);
  EXPECT_EQ(entries(client.query({{"search_query", all}})).size(), 10U) << "unless told otherwise";
}

TEST(Arxiv, sorts) {
  World world(7, {});
  Client client{world, *find_api("arxiv")};
  const auto ids = [&](const std::string& by, const std::string& order) {
    std::vector<std::string> found;
    for (const std::string& entry : entries(client.query(
             {{"search_query", all}, {"max_results", "500"}, {"sortBy", by}, {"sortOrder", order}})))
      found.push_back(row_of(entry)["arxiv_id"]);
    return found;
  };
  const auto ticked = world.tick("arxiv", 0, 1);
  EXPECT_EQ(ids("lastUpdatedDate", "descending").front(), ticked->changed[0]);
  EXPECT_EQ(ids("lastUpdatedDate", "ascending").back(), ticked->changed[0]);
  EXPECT_NE(ids("submittedDate", "descending").front(), ticked->changed[0]);
  std::vector<std::pair<std::string, std::string>> wanted;  // published, id
  for (const Json& row : truth_of(client)) wanted.emplace_back(row["published"], row["arxiv_id"]);
  std::sort(wanted.begin(), wanted.end());
  const auto found = ids("submittedDate", "ascending");
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i], wanted[i].second);
}

TEST(Arxiv, wrong_parameters_are_an_entry_named_error) {
  World world(7, {});
  Client client{world, *find_api("arxiv")};
  for (const Parameters& wrong : {Parameters{{"start", "-1"}},
                                  {{"max_results", "x"}},
                                  {{"max_results", "30001"}},
                                  {{"sortBy", "stars"}},
                                  {{"sortOrder", "up"}}}) {
    const Answer answer = client.query(wrong);
    EXPECT_EQ(answer.status, 400);
    ASSERT_EQ(entries(answer).size(), 1U);
    EXPECT_EQ(first(between(entries(answer)[0], "<title>", "</title>")), "Error");
  }
}

}  // namespace
}  // namespace simulator
