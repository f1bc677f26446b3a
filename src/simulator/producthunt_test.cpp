#include "simulator/api_testing.hpp"
#include "simulator/graphql.hpp"

namespace simulator {
namespace {

const std::map<std::string, std::string> token{{"authorization", "Bearer abc"}};
constexpr const char* full_query = R"(
query Posts($first: Int!, $after: String) {
  posts(first: $first, after: $after, order: NEWEST) {
    totalCount
    edges { cursor node {
      id name tagline description slug url website votesCount commentsCount createdAt featuredAt
      topics(first: 5) { edges { node { name } } }
    } }
    pageInfo { hasNextPage endCursor }
  }
})";

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  Json after;
  for (int pages = 0; pages < 50; ++pages) {
    const Answer answer =
        client.post({{"query", full_query}, {"variables", {{"first", 20}, {"after", after}}}}, token);
    const Json posts = Json::parse(*answer.body)["data"]["posts"];
    for (const Json& edge : posts["edges"]) {
      Json row = edge["node"], topics = Json::array();
      for (const Json& topic : row["topics"]["edges"]) topics.push_back(topic["node"]["name"]);
      row["topics"] = topics;
      rows.push_back(row);
    }
    after = posts["pageInfo"]["endCursor"];
    EXPECT_EQ(posts["edges"].back()["cursor"], after);
    if (!posts["pageInfo"]["hasNextPage"]) {
      EXPECT_EQ(posts["totalCount"], rows.size());
      return rows;
    }
  }
  return rows;
}

std::string error_of(Client& client, const Json& body) {
  const Answer answer = client.post(body, token);
  EXPECT_EQ(answer.status, 200) << "GraphQL tells its errors inside of a 200";
  const Json parsed = Json::parse(*answer.body);
  return parsed.contains("errors") ? parsed["errors"][0]["message"].get<std::string>() : "none";
}

TEST(ProductHunt, keeps_the_promises) { expect_promises("producthunt", read); }

TEST(ProductHunt, gives_the_fields_that_are_asked_for) {
  World world(11, {});
  Client client{world, *find_api("producthunt")};
  const Json query{{"query", "{posts(first:2){edges{node{votesCount,id}}}}"}};
  const Json edges = Json::parse(*client.post(query, token).body)["data"]["posts"]["edges"];
  ASSERT_EQ(edges.size(), 2U);
  EXPECT_EQ(edges[0]["node"].size(), 2U);
  const auto all = read(client);
  std::size_t later = 0;
  for (const Json& row : all) later += row["createdAt"] > "2025-08-01T00:00:00Z";
  const Json after{{"query", R"({ posts(postedAfter: "2025-08-01T00:00:00Z") { totalCount } })"}};
  EXPECT_EQ(Json::parse(*client.post(after, token).body)["data"]["posts"]["totalCount"], later);
  EXPECT_GT(later, 0U);
}

TEST(ProductHunt, refuses_without_a_token_and_explains_wrong_queries) {
  World world(11, {});
  Client client{world, *find_api("producthunt")};
  for (const std::map<std::string, std::string>& headers : {std::map<std::string, std::string>{},
                                                            {{"authorization", "Basic abc"}},
                                                            {{"authorization", "Bearer "}}}) {
    const Answer answer = client.post({{"query", full_query}}, headers);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(Json::parse(*answer.body)["errors"][0]["error"], "invalid_oauth_token");
  }
  EXPECT_EQ(error_of(client, {{"query", "{ posts { edges { node { id colour } } } }"}}),
            "Field 'colour' doesn't exist on type 'Post'");
  EXPECT_EQ(error_of(client, {{"query", "{ users { id } }"}}), "Field 'users' doesn't exist on type 'Query'");
  EXPECT_EQ(error_of(client, {{"query", R"({ posts(after: "zzz") { totalCount } })"}}),
            "'zzz' is not a valid cursor");
  EXPECT_EQ(error_of(client, {{"query", "{ posts { edges }"}}).substr(0, 11), "Parse error");
  EXPECT_EQ(error_of(client, Json::object()), "No query string was present");
  EXPECT_NE(error_of(client, {{"query", "{ posts }"}}).find("must have selections"), std::string::npos);
}

TEST(Graphql, parses_what_clients_send) {
  const auto query = graphql::parse(
      R"(query A($n: Int = 5, $x: [String!]) { a(n: $n, s: "x,y", e: NEW, z: null) {b}, c })", {{"n", "7"}});
  ASSERT_TRUE(query.has_value()) << query.error().message;
  ASSERT_EQ(query->fields.size(), 2U);
  const std::map<std::string, std::string> wanted{{"n", "7"}, {"s", "x,y"}, {"e", "NEW"}, {"z", ""}};
  EXPECT_EQ(query->fields[0].arguments, wanted);
  EXPECT_EQ(query->fields[0].fields[0].name, "b");
  for (const char* wrong :
       {"", "{", "}", "{a", "{a}}", "{a(}", "{a(b:)}", "{a(b:\"}", "query", "query A(", "{a{}"})
    EXPECT_FALSE(graphql::parse(wrong, {}).has_value()) << wrong;
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "{a";
  EXPECT_FALSE(graphql::parse(deep, {}).has_value());
}

}  // namespace
}  // namespace simulator
