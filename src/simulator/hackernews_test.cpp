#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

using Parameters = std::multimap<std::string, std::string>;

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (int page = 0, last = 1; page < last; ++page) {
    const Json body =
        body_of(client.query({{"tags", "story"}, {"hitsPerPage", "100"}, {"page", std::to_string(page)}}));
    last = body["nbPages"];
    for (const Json& hit : body["hits"]) {
      Json row = only(hit, {"title", "url", "author", "points", "num_comments", "story_text"});
      row["object_id"] = hit["objectID"];
      row["created_at"] = micros(hit["created_at"]);
      row["updated_at"] = micros(hit["updated_at"]);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

TEST(Hackernews, keeps_the_promises) { expect_promises("hackernews", read); }

TEST(Hackernews, pages_are_newest_first_and_end) {
  World world(7, {});
  Client client{world, *find_api("hackernews")};
  std::int64_t last = std::numeric_limits<std::int64_t>::max();
  for (int page = 0; page < 12; ++page)
    for (const Json& hit :
         Json(body_of(client.query({{"hitsPerPage", "50"}, {"page", std::to_string(page)}}))["hits"])) {
      EXPECT_LE(hit["created_at_i"], last);
      last = hit["created_at_i"];
    }
  const Json beyond = body_of(client.query({{"hitsPerPage", "50"}, {"page", "12"}}));
  EXPECT_EQ(beyond["hits"], Json::array());
  EXPECT_EQ(beyond["nbHits"], 600);
  EXPECT_EQ(beyond["nbPages"], 12);
  EXPECT_EQ(body_of(client.query({}))["hits"].size(), 20U);
  World world_of_large(7, {{"hackernews", 1200}});
  Client large{world_of_large, *find_api("hackernews")};
  EXPECT_EQ(body_of(large.query({{"hitsPerPage", "100"}}))["nbPages"], 10) << "1,000 hits at most";
}

TEST(Hackernews, filters) {
  World world(7, {});
  Client client{world, *find_api("hackernews")};
  const auto count = [&](Parameters query) {
    return body_of(client.query(std::move(query)))["nbHits"].get<int>();
  };
  int busy = 0, asked = 0;
  for (const Json& row : truth_of(client)) {
    busy += row["points"].is_number() && row["points"] >= 100;
    asked += row["url"].is_null();
  }
  EXPECT_GT(busy, 10);
  EXPECT_GT(asked, 10);
  EXPECT_EQ(count({{"numericFilters", "points>=100"}}), busy);
  EXPECT_EQ(count({{"tags", "story,ask_hn"}}), asked);
  EXPECT_EQ(count({{"tags", "comment"}}), 0);
  const Json middle = body_of(client.query({{"hitsPerPage", "300"}}))["hits"][299]["created_at_i"];
  EXPECT_EQ(count({{"numericFilters", "created_at_i>=" + middle.dump()}}), 300);
  EXPECT_EQ(count({{"numericFilters", "created_at_i>=" + middle.dump() + ",created_at_i<" + middle.dump()}}),
            0);
}

TEST(Hackernews, wrong_parameters) {
  World world(7, {});
  Client client{world, *find_api("hackernews")};
  for (const Parameters& wrong : {Parameters{{"page", "x"}},
                                  {{"page", "-1"}},
                                  {{"hitsPerPage", "1001"}},
                                  {{"numericFilters", "points>="}},
                                  {{"numericFilters", "colour>1"}}}) {
    const Answer answer = client.query(wrong);
    EXPECT_EQ(answer.status, 400) << wrong.begin()->second;
    EXPECT_EQ(body_of(answer)["status"], 400);
    EXPECT_TRUE(body_of(answer)["message"].is_string());
  }
}

}  // namespace
}  // namespace simulator
