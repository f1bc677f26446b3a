#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

const std::map<std::string, std::string> accept{{"accept", "application/json;api-version=3.0-preview.1"}};

Json query(int page, int size, int flags = 914) {
  return {{"filters", {{{"pageNumber", page}, {"pageSize", size}, {"sortBy", 4}}}}, {"flags", flags}};
}

Json row_of(const Json& extension) {
  Json row = only(extension, {"extensionId", "extensionName", "displayName", "lastUpdated", "publishedDate",
                              "shortDescription", "categories"});
  row["publisherName"] = extension["publisher"]["publisherName"];
  row["publisherDisplayName"] = extension["publisher"]["displayName"];
  row["publisherDomain"] = extension["publisher"]["domain"];
  row["version"] = extension["versions"][0]["version"];
  for (const char* name : {"install", "averagerating", "ratingcount", "trendingdaily", "downloadCount"}) {
    row[name] = nullptr;
    for (const Json& pair : extension["statistics"]) {
      if (pair["statisticName"] != name) continue;
      const std::string digits = pair["value"];
      const bool whole = digits.ends_with(".0");
      row[name] = whole ? Json(std::stoll(digits)) : Json(digits);
    }
  }
  return row;
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (int page = 1; page < 100; ++page) {
    const Answer answer = client.post(query(page, 100), accept);
    EXPECT_EQ(answer.status, 200) << *answer.body;
    const Json result = parse_exact(*answer.body)["results"][0];
    const std::size_t total = result["resultMetadata"][0]["metadataItems"][0]["count"];
    for (const Json& extension : result["extensions"]) rows.push_back(row_of(extension));
    if (rows.size() >= total) return rows;
  }
  return rows;
}

TEST(VsCode, keeps_the_promises) { expect_promises("vscode", read); }

TEST(VsCode, gives_what_the_flags_ask_for) {
  World world(11, {});
  Client client{world, *find_api("vscode")};
  const auto first = [&](int flags) {
    return Json::parse(*client.post(query(1, 1, flags), accept).body)["results"][0]["extensions"][0];
  };
  EXPECT_FALSE(first(0).contains("statistics"));
  EXPECT_FALSE(first(0).contains("versions"));
  EXPECT_TRUE(first(0x100).contains("statistics"));
  EXPECT_TRUE(first(0x200).contains("versions"));
}

TEST(VsCode, refuses) {
  World world(11, {});
  Client client{world, *find_api("vscode")};
  const auto failure = [&](const Json& body, const std::map<std::string, std::string>& headers,
                           const char* type) {
    const Answer answer = client.post(body, headers);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(Json::parse(*answer.body)["typeKey"], type);
  };
  failure(query(1, 100), {}, "VssVersionNotSpecifiedException");
  failure("{", accept, "InvalidExtensionQueryException");
  failure({{"filters", Json::array()}}, accept, "InvalidExtensionQueryException");
  failure(query(0, 100), accept, "InvalidExtensionQueryException");
  failure(query(1, 1001), accept, "InvalidExtensionQueryException");
}

}  // namespace
}  // namespace simulator
