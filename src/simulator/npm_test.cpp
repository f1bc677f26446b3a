#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

const std::string root = "/downloads/point/last-month/";

// The list of packages is the client's own: here, the truth's.
std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (const Json& row : Json::parse(truth(*client.world.records("npm")))) {
    const Answer answer = client.get(root + row["package"].get<std::string>());
    EXPECT_EQ(answer.status, 200);
    rows.push_back(Json::parse(*answer.body));
  }
  return rows;
}

TEST(Npm, keeps_the_promises) { expect_promises("npm", read); }

TEST(Npm, knows_scoped_packages_and_refuses_unknown_ones) {
  World world(11, {});
  Client client{world, *find_api("npm")};
  EXPECT_EQ(Json::parse(*client.get(root + "@angular/core").body)["package"], "@angular/core");
  const Answer unknown = client.get(root + "no \"such\"");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(*unknown.body, R"({"error":"package no \"such\" not found"})");
  EXPECT_EQ(route("api.npmjs.org", root + "@types/node"), find_api("npm"));
  EXPECT_EQ(route("api.npmjs.org", "/downloads/range/last-month/react"), nullptr);
}

}  // namespace
}  // namespace simulator
