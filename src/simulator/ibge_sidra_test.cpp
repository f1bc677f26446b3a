#include <set>

#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

const std::set<std::string> missing{"...", "..", "X"};

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const std::string table : {"1737", "6381"}) {
    const Json body = body_of(client.query({}, "t/" + table + "/n1/all/p/all/v/all"));
    for (std::size_t i = 1; i < body.size(); ++i) {
      const Json& item = body[i];
      const std::string value = item["V"];
      rows.push_back({{"table_code", table},
                      {"territory_code", item["D1C"]},
                      {"territory_name", item["D1N"]},
                      {"period_code", item["D2C"]},
                      {"period_name", item["D2N"]},
                      {"variable_code", item["D3C"]},
                      {"variable_name", item["D3N"]},
                      {"unit_code", item["MC"]},
                      {"unit", item["MN"]},
                      {"value", missing.contains(value) ? Json(nullptr) : Json(value == "-" ? "0" : value)}});
    }
  }
  return rows;
}

TEST(IbgeSidra, keeps_the_promises) { expect_promises("ibge_sidra", read); }

TEST(IbgeSidra, row_0_names_the_columns) {
  World world(7, {});
  Client client{world, *find_api("ibge_sidra")};
  const Json body = body_of(client.query({}, "t/1737/n1/all/p/last 12/v/all"));
  ASSERT_EQ(body.size(), 1 + 12 * 4U);
  EXPECT_EQ(body[0]["V"], "Valor");
  EXPECT_EQ(body[0]["D1C"], "Brasil (Código)");
  EXPECT_EQ(body[0]["D2N"], "Mês");
  EXPECT_EQ(body[0]["D3N"], "Variável");
  EXPECT_EQ(body[1].size(), body[0].size());
  EXPECT_EQ(body[1]["D2C"], "202407");
  EXPECT_EQ(body[1]["D2N"], "julho 2024");
  EXPECT_EQ(body.back()["D2C"], "202506");
  const Json swapped = body_of(client.query({}, "t/1737/n1/all/v/63/p/202501-202503,202506"));
  EXPECT_EQ(swapped.size(), 5U);
  EXPECT_EQ(swapped[0]["D2N"], "Variável") << "the order of the path";
  EXPECT_EQ(swapped[4]["D3C"], "202506");
}

TEST(IbgeSidra, all_marks_occur) {
  World world(7, {});
  Client client{world, *find_api("ibge_sidra")};
  std::set<std::string> seen;
  for (const char* table : {"1737", "6381"})
    for (const Json& item : body_of(client.query({}, fmt::format("t/{}/n1/1/p/all/v/all", table))))
      if (const std::string value = item["V"]; missing.contains(value) || value == "-") seen.insert(value);
  EXPECT_EQ(seen, (std::set<std::string>{"...", "..", "X", "-"}));
}

TEST(IbgeSidra, wrong_requests) {
  World world(7, {});
  Client client{world, *find_api("ibge_sidra")};
  for (const char* path : {"t/99/n1/all/p/all/v/all", "t/1737/n3/all/p/all/v/all", "t/1737/n1/all",
                           "t/1737/n1/all/p/all/v", ""}) {
    const Answer answer = client.query({}, path);
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_FALSE(answer.body->starts_with("[")) << "plain words";
  }
}

}  // namespace
}  // namespace simulator
