#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

using Parameters = std::multimap<std::string, std::string>;

const std::vector<std::string> codes{"SP.POP.TOTL", "NY.GDP.PCAP.CD", "SL.UEM.TOTL.ZS"};

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const std::string& code : codes)
    for (int page = 1, last = 1; page <= last; ++page) {
      const Json body = body_of(client.query(
          {{"format", "json"}, {"date", "2015:2024"}, {"per_page", "70"}, {"page", std::to_string(page)}},
          code));
      last = body[0]["pages"];
      EXPECT_EQ(body[0]["page"], page);
      for (const Json& item : body[1]) {
        const Json& value = item["value"];
        rows.push_back({{"indicator_code", item["indicator"]["id"]},
                        {"indicator_name", item["indicator"]["value"]},
                        {"country_code", item["countryiso3code"]},
                        {"country_iso2", item["country"]["id"]},
                        {"country_name", item["country"]["value"]},
                        {"year", std::stoi(item["date"].get<std::string>())},
                        {"value", value.is_number() ? Json(value.dump()) : value},
                        {"unit", item["unit"]},
                        {"obs_status", item["obs_status"]},
                        {"decimal", item["decimal"]}});
      }
    }
  return rows;
}

TEST(Worldbank, keeps_the_promises) { expect_promises("worldbank", read); }

TEST(Worldbank, pages_and_years) {
  World world(7, {});
  Client client{world, *find_api("worldbank")};
  const Json body = body_of(client.query({{"format", "json"}, {"date", "2020:2021"}}, codes[0]));
  EXPECT_EQ(body[0]["total"], 40);
  EXPECT_EQ(body[0]["per_page"], 50);
  EXPECT_EQ(body[0]["pages"], 1);
  EXPECT_EQ(body[0]["sourceid"], "2");
  ASSERT_EQ(body[1].size(), 40U);
  EXPECT_EQ(body[1][0]["date"], "2021") << "the latest first";
  EXPECT_EQ(body[1][1]["date"], "2020");
  EXPECT_EQ(body_of(client.query({{"format", "json"}, {"date", "2020"}}, codes[0]))[0]["total"], 20);
  EXPECT_EQ(body_of(client.query({{"format", "json"}, {"page", "99"}}, codes[0]))[1], Json::array());
  const Json nothing = body_of(client.query({{"format", "json"}, {"date", "1950"}}, codes[0]));
  EXPECT_EQ(nothing[0]["total"], 0);
  EXPECT_TRUE(nothing[1].is_null());
}

TEST(Worldbank, some_values_are_null_and_none_lost_its_digits) {
  World world(7, {});
  Client client{world, *find_api("worldbank")};
  int nulls = 0, long_ones = 0;
  for (const Json& row : truth_of(client)) {
    nulls += row["value"].is_null();
    long_ones += row["value"].is_string() && row["value"].get<std::string>().size() > 13;
  }
  EXPECT_GT(nulls, 20);
  EXPECT_GT(long_ones, 20);
}

TEST(Worldbank, faults_come_with_status_200) {
  World world(7, {});
  Client client{world, *find_api("worldbank")};
  const std::pair<Parameters, std::string> wrong[] = {{{{"format", "json"}}, "NO.SUCH"},
                                                      {{{"format", "json"}, {"page", "0"}}, codes[0]},
                                                      {{{"format", "json"}, {"per_page", "x"}}, codes[0]},
                                                      {{{"format", "json"}, {"date", "last"}}, codes[0]}};
  for (const auto& [query, code] : wrong) {
    const Answer answer = client.query(query, code);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(body_of(answer)[0]["message"][0]["key"], "Invalid value");
  }
  const std::string xml = *client.query({{"per_page", "3"}}, codes[0]).body;
  EXPECT_NE(xml.find("<wb:data page=\"1\" pages=\"67\" per_page=\"3\" total=\"200\""), std::string::npos)
      << xml;
  EXPECT_NE(client.query({}, "NO.SUCH").body->find("<wb:error"), std::string::npos);
}

}  // namespace
}  // namespace simulator
