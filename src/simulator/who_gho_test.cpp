#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

constexpr const char* codes[] = {"WHOSIS_000001", "WHOSIS_000002", "MDG_0000000001",
                                 "SA_0000001688", "NCD_BMI_30A",   "HIV_0000000001"};

std::string percent_decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
    } else {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return out;
}

std::vector<Json> follow(Client& client, std::string target) {
  std::vector<Json> rows;
  for (int pages = 0; pages < 50; ++pages) {
    const Answer answer = client.get(target);
    EXPECT_EQ(answer.status, 200) << target << *answer.body;
    const Json page = parse_exact(*answer.body);
    EXPECT_LE(page["value"].size(), 100U);
    for (const Json& row : page["value"]) rows.push_back(row);
    if (!page.contains("@odata.nextLink")) return rows;
    const std::string next = page["@odata.nextLink"], host = "https://ghoapi.azureedge.net";
    EXPECT_TRUE(next.starts_with(host)) << next;
    target = percent_decoded(next.substr(host.size()));
  }
  return rows;
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const char* code : codes)
    for (Json& row : follow(client, fmt::format("/api/{}", code))) rows.push_back(std::move(row));
  return rows;
}

TEST(WhoGho, keeps_the_promises) { expect_promises("who_gho", read); }

TEST(WhoGho, filters_and_cuts) {
  World world(11, {});
  Client client{world, *find_api("who_gho")};
  const auto all = follow(client, "/api/WHOSIS_000001");
  ASSERT_EQ(all.size(), 144U) << "24 countries, 3 sexes, 2 years";
  const auto filtered = follow(client, "/api/WHOSIS_000001?$filter=SpatialDim in ('BRA','CIV')");
  EXPECT_EQ(filtered.size(), 12U);
  for (const Json& row : filtered) EXPECT_TRUE(row["SpatialDim"] == "BRA" || row["SpatialDim"] == "CIV");
  const auto both =
      follow(client, "/api/WHOSIS_000001?$filter=SpatialDim in ('BRA', 'CIV') and TimeDim ge 2021");
  EXPECT_EQ(both.size(), 6U);
  EXPECT_EQ(follow(client, "/api/WHOSIS_000001?$filter=Dim1 ne 'SEX_BTSX'").size(), 96U)
      << "two pages would be needed at the latest with 101";
  EXPECT_EQ(follow(client, "/api/WHOSIS_000001?$filter=TimeDim le 2021").size(), 144U)
      << "the filter goes on to the next page";
  EXPECT_EQ(follow(client, "/api/WHOSIS_000001?$top=120&$skip=10"),
            std::vector(all.begin() + 10, all.begin() + 130));
  EXPECT_EQ(follow(client, "/api/WHOSIS_000001?$skip=1000").size(), 0U);
  EXPECT_EQ(follow(client, "/api/WHOSIS_000001?$top=0").size(), 0U);
}

TEST(WhoGho, says_what_is_wrong_as_odata_does) {
  World world(11, {});
  Client client{world, *find_api("who_gho")};
  const auto failure = [&](const char* target, int status, const char* words) {
    const Answer answer = client.get(target);
    EXPECT_EQ(answer.status, status) << target;
    EXPECT_NE(Json::parse(*answer.body)["error"]["message"].get<std::string>().find(words), std::string::npos)
        << *answer.body;
  };
  failure("/api/NOBODY", 404, "NOBODY");
  failure("/api/WHOSIS_000001?$filter=Planet eq 'MARS'", 400, "Planet");
  failure("/api/WHOSIS_000001?$filter=SpatialDim like 'B'", 400, "Syntax error");
  failure("/api/WHOSIS_000001?$filter=SpatialDim in ()", 400, "empty list");
  failure("/api/WHOSIS_000001?$skip=-1", 400, "$skip");
  failure("/api/WHOSIS_000001?$top=many", 400, "$top");
}

}  // namespace
}  // namespace simulator
