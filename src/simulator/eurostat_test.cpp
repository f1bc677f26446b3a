#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

constexpr const char* root = "/eurostat/api/dissemination/statistics/1.0/data/";

// JSON-stat, by its specification: the last dimension of "id" varies fastest.
std::vector<Json> cells(const std::string& dataset, const Json& stat) {
  std::vector<Json> rows;
  for (const auto& [position, value] : stat["value"].items()) {
    Json row{{"dataset", dataset}, {"value", value}};
    std::size_t rest = std::stoul(position);
    for (std::size_t i = stat["id"].size(); i-- > 0;) {
      const std::string id = stat["id"][i];
      const std::size_t size = stat["size"][i];
      const Json& index = stat["dimension"][id]["category"]["index"];
      EXPECT_EQ(index.size(), size);
      EXPECT_EQ(stat["dimension"][id]["category"]["label"].size(), size);
      for (const auto& [category, number] : index.items())
        if (number == rest % size) row[id] = category;
      rest /= size;
    }
    EXPECT_EQ(rest, 0U) << "beyond the cube: " << position;
    const bool flagged = stat.contains("status") && stat["status"].contains(position);
    row["status"] = flagged ? stat["status"][position] : Json();
    rows.push_back(row);
  }
  return rows;
}

std::vector<Json> dataset(Client& client, const std::string& code, const std::string& query = "") {
  const Answer answer = client.get(root + code + query);
  EXPECT_EQ(answer.status, 200) << *answer.body;
  return cells(code, parse_exact(*answer.body));
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const char* code : {"lfsi_emp_a", "une_rt_a", "ilc_li02"})
    for (Json& row : dataset(client, code)) rows.push_back(std::move(row));
  return rows;
}

TEST(Eurostat, keeps_the_promises) { expect_promises("eurostat", read); }

TEST(Eurostat, is_sparse_and_flagged) {
  World world(11, {});
  Client client{world, *find_api("eurostat")};
  const Json stat = Json::parse(*client.get(root + std::string("lfsi_emp_a?format=JSON&lang=EN")).body);
  EXPECT_EQ(stat["class"], "dataset");
  EXPECT_EQ(stat["version"], "2.0");
  std::size_t cube = 1;
  for (const Json& size : stat["size"]) cube *= size.get<std::size_t>();
  EXPECT_LT(stat["value"].size(), cube);
  EXPECT_GT(stat["status"].size(), 0U);
  EXPECT_EQ(stat["dimension"]["geo"]["category"]["label"]["TR"], "Türkiye");
}

TEST(Eurostat, cuts_the_cube_and_refuses_what_it_does_not_know) {
  World world(11, {});
  Client client{world, *find_api("eurostat")};
  const auto all = dataset(client, "une_rt_a");
  std::size_t wanted = 0;
  for (const Json& row : all) wanted += (row["geo"] == "PT" || row["geo"] == "TR") && row["sex"] == "F";
  const auto cut = dataset(client, "une_rt_a", "?geo=PT&geo=TR&sex=F");
  EXPECT_EQ(cut.size(), wanted);
  EXPECT_GT(wanted, 0U);
  for (const Json& row : cut) EXPECT_NE(std::find(all.begin(), all.end(), row), all.end());
  for (const Json& row : dataset(client, "une_rt_a", "?sinceTimePeriod=2022")) EXPECT_GE(row["time"], "2022");
  EXPECT_TRUE(dataset(client, "une_rt_a", "?geo=XX").empty());
  const auto failure = [&](const std::string& target, int status) {
    const Answer answer = client.get(root + target);
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(Json::parse(*answer.body)["error"][0]["status"], status);
  };
  failure("nobody", 404);
  failure("une_rt_a?planet=MARS", 400);
  failure("une_rt_a?format=XML", 400);
}

}  // namespace
}  // namespace simulator
