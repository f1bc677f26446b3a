#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

const std::string root = "/tech-conferences/conference-data/main/conferences/";

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const int year : {2024, 2025}) {
    const Answer answer = client.get(fmt::format("{}{}/general.json", root, year));
    EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8") << "as raw.githubusercontent.com has it";
    for (const Json& event : Json::parse(*answer.body)) {
      Json row = only(event, {"name", "url", "startDate", "endDate", "city", "country", "online", "locales",
                              "cocUrl", "cfpUrl", "cfpEndDate", "twitter"});
      EXPECT_EQ(row["startDate"].get<std::string>().substr(0, 4), std::to_string(year));
      row["year"] = year;
      rows.push_back(row);
    }
  }
  return rows;
}

TEST(Conferences, keeps_the_promises) { expect_promises("conferences", read); }

TEST(Conferences, has_two_years) {
  World world(11, {});
  Client client{world, *find_api("conferences")};
  EXPECT_TRUE(client.get(root + "2024/general.json").body->starts_with("[\n  {\n    \"name\": \""));
  for (const char* other : {"2023/general.json", "2024/android.json", "2024", "", "2025/general.json/x"}) {
    const Answer answer = client.get(root + other);
    EXPECT_EQ(answer.status, 404) << other;
    EXPECT_EQ(*answer.body, "404: Not Found");
  }
}

}  // namespace
}  // namespace simulator
