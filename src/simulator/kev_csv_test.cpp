#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

// RFC 4180, character by character.
std::vector<std::vector<std::string>> csv(const std::string& text) {
  std::vector<std::vector<std::string>> lines(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"')
      lines.back().back() += text[i++];
    else if (c == '"')
      quoted = !quoted;
    else if (quoted || (c != ',' && c != '\n'))
      lines.back().back() += c;
    else if (c == ',')
      lines.back().emplace_back();
    else
      lines.push_back({""});
  }
  EXPECT_EQ(lines.back(), std::vector<std::string>{""}) << "the last line ends, too";
  lines.pop_back();
  return lines;
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  const auto lines = csv(*client.get().body);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    Json row;
    for (std::size_t k = 0; k < lines[0].size(); ++k) row[lines[0][k]] = lines[i].at(k);
    Json cwes = Json::array();
    const std::string list = row["cwes"];
    for (std::size_t at = 0; at < list.size(); at = std::min(list.find(", ", at), list.size() - 2) + 2)
      cwes.push_back(list.substr(at, std::min(list.find(", ", at), list.size()) - at));
    row["cwes"] = cwes;
    rows.push_back(row);
  }
  return rows;
}

TEST(KevCsv, keeps_the_promises) { expect_promises("kev_csv", read); }

TEST(KevCsv, shows_the_records_of_the_json_feed) {
  World world(11, {{"kev", 60}});
  Client client{world, *find_api("kev_csv")};
  EXPECT_EQ(read(client).size(), 60U);
  ASSERT_TRUE(world.tick("kev", 2, 0).has_value());
  ASSERT_TRUE(world.tick("kev_csv", 3, 0).has_value());
  const Json feed = Json::parse(*world.serve(*find_api("kev")).body)["vulnerabilities"];
  EXPECT_EQ(Json(read(client)), feed);
  EXPECT_EQ(feed.size(), 65U);
}

}  // namespace
}  // namespace simulator
