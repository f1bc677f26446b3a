#include <algorithm>

#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

using Parameters = std::multimap<std::string, std::string>;

std::string iso(const std::string& date) {
  return date.substr(6) + "-" + date.substr(3, 2) + "-" + date.substr(0, 2);
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const char* code : {"1", "11", "433"})
    for (const auto& [first, last] : {std::pair{"01/01/2015", "31/12/2024"}, {"01/01/2025", "31/12/2034"}}) {
      const Answer answer = client.query({{"formato", "json"}, {"dataInicial", first}, {"dataFinal", last}},
                                         std::string(code) + "/dados");
      if (answer.status == 404) continue;  // nothing in this window
      EXPECT_EQ(answer.status, 200);
      for (const Json& item : body_of(answer))
        rows.push_back(
            {{"series_code", std::stoi(code)}, {"date", iso(item["data"])}, {"value", item["valor"]}});
    }
  return rows;
}

TEST(BacenSgs, keeps_the_promises) { expect_promises("bacen_sgs", read); }

TEST(BacenSgs, windows_filter_and_both_ends_belong_to_them) {
  World world(7, {});
  Client client{world, *find_api("bacen_sgs")};
  std::vector<std::string> wanted, found;
  for (const Json& row : truth_of(client))
    if (row["series_code"] == 1 && row["date"] >= "2025-02-03" && row["date"] <= "2025-03-03")
      wanted.push_back(row["date"]);
  for (const Json& item :
       body_of(client.query({{"dataInicial", "03/02/2025"}, {"dataFinal", "03/03/2025"}}, "1/dados")))
    found.push_back(iso(item["data"]));
  EXPECT_EQ(found.size(), 21U);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(body_of(client.query({}, "433/dados")).size(), 120U) << "a monthly series needs no window";
  EXPECT_EQ(body_of(client.query({}, "433/dados/ultimos/3")).size(), 3U);
}

TEST(BacenSgs, values_are_text_with_a_point) {
  World world(7, {});
  Client client{world, *find_api("bacen_sgs")};
  bool negative = false;
  for (const Json& item : body_of(client.query({}, "433/dados"))) {
    const std::string value = item["valor"];
    EXPECT_EQ(value.find('.'), value.size() - 3) << value;
    negative = negative || value.front() == '-';
  }
  EXPECT_TRUE(negative);
}

TEST(BacenSgs, wrong_requests) {
  World world(7, {});
  Client client{world, *find_api("bacen_sgs")};
  const auto status = [&](Parameters query, const std::string& path) {
    return client.query(std::move(query), path).status;
  };
  const Answer long_one =
      client.query({{"dataInicial", "01/01/2015"}, {"dataFinal", "02/01/2025"}}, "11/dados");
  EXPECT_EQ(long_one.status, 406);
  EXPECT_NE(body_of(long_one)["error"].get<std::string>().find("10 anos"), std::string::npos);
  EXPECT_EQ(status({{"dataInicial", "01/01/2015"}, {"dataFinal", "01/01/2025"}}, "11/dados"), 404)
      << "ten years: empty";
  EXPECT_EQ(status({}, "11/dados"), 406) << "a daily series needs dataInicial";
  EXPECT_EQ(status({{"dataInicial", "01/01/1990"}, {"dataFinal", "31/12/2025"}}, "433/dados"), 200)
      << "monthly";
  EXPECT_EQ(status({{"dataInicial", "2025-01-01"}}, "433/dados"), 400);
  EXPECT_EQ(status({{"dataInicial", "31/02/2025"}}, "433/dados"), 400);
  EXPECT_EQ(status({{"dataInicial", "02/01/2025"}, {"dataFinal", "01/01/2025"}}, "433/dados"), 400);
  EXPECT_EQ(status({}, "999999/dados"), 404);
  EXPECT_EQ(status({}, "433"), 404);
  EXPECT_EQ(status({}, "433/dados/ultimos/21"), 400);
}

}  // namespace
}  // namespace simulator
