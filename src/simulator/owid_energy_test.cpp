#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const auto& cells : read_csv(*client.query({}).body)) {
    Json row = Json::object();
    for (const auto& [name, cell] : cells)
      row[name] = name == "year" || (name == "population" && !cell.empty()) ? Json(std::stoll(cell))
                                                                            : null_if_empty(cell);
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(OwidEnergy, keeps_the_promises) { expect_promises("owid_energy", read); }

TEST(OwidEnergy, has_what_breaks_careless_readers) {
  World world(7, {});
  Client client{world, *find_api("owid_energy")};
  const Answer answer = client.query({});
  EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  const std::string& body = *answer.body;
  EXPECT_TRUE(body.starts_with("country,year,iso_code,population,gdp,carbon_intensity_elec,"));
  for (const char* part : {"\n\"Congo, Dem. Rep.\",2024,COD,", "\"Virgin Islands, \"\"U.S.\"\"\"",
                           "\nCuraçao,", ",,,", "\nASEAN (Ember),2024,,", ",-"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace simulator
