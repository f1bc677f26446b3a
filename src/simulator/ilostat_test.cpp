#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const char* file : {"UNE_DEAP_SEX_AGE_RT_A.csv.gz", "EAP_DWAP_SEX_AGE_RT_A.csv.gz"})
    for (const auto& cells : read_csv(gunzip(*client.query({}, file).body))) {
      Json row = Json::object();
      for (const auto& [name, cell] : cells)
        row[name] = name == "time" ? Json(std::stoi(cell)) : null_if_empty(cell);
      rows.push_back(std::move(row));
    }
  return rows;
}

TEST(Ilostat, keeps_the_promises) { expect_promises("ilostat", read); }

TEST(Ilostat, serves_gzip_files) {
  World world(7, {});
  Client client{world, *find_api("ilostat")};
  const Answer answer = client.query({}, "UNE_DEAP_SEX_AGE_RT_A.csv.gz");
  EXPECT_EQ(answer.content_type, "application/x-gzip");
  EXPECT_EQ(header_of(answer, "Content-Encoding"), "");
  EXPECT_TRUE(answer.body->starts_with("\x1f\x8b\x08"));
  const std::string csv = gunzip(*answer.body);
  EXPECT_LT(answer.body->size(), csv.size() / 2);
  EXPECT_TRUE(csv.starts_with("ref_area,source,indicator,sex,classif1,time,obs_value,obs_status,"));
  EXPECT_NE(csv.find("\"C6:\"\"1044\"\", C7:1055\""), std::string::npos);
}

TEST(Ilostat, unknown_files_are_a_page_of_the_web_server) {
  World world(7, {});
  Client client{world, *find_api("ilostat")};
  for (const char* file :
       {"NO_SUCH_A.csv.gz", "UNE_DEAP_SEX_AGE_RT_M.csv.gz", "UNE_DEAP_SEX_AGE_RT_A.csv", ""}) {
    const Answer answer = client.query({}, file);
    EXPECT_EQ(answer.status, 404) << file;
    EXPECT_TRUE(answer.body->starts_with("<html>"));
  }
}

}  // namespace
}  // namespace simulator
