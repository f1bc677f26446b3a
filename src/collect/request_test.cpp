#include "collect/request.hpp"

#include <set>

#include "collect/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;

config::Collector collector(const std::string& authenticator, const std::string& token,
                            const std::string& more = "") {
  return collect::testing::collector_from(
      "name: items\nrequester: {url_base: 'https://api.example', path: /items" +
          (authenticator.empty() ? "" : ", authenticator: " + authenticator) +
          "}\nfields: {id: {path: id, type: integer}}\ndestination: {table: items, primary_key: [id]}\n" +
          more,
      {{"TOKEN", token}});
}

TEST(Request, CredentialsAreToldApartWithoutBeingShown) {
  const std::string bearer = "{type: bearer, token: '${TOKEN}'}";
  std::set<std::string> ids;
  for (const char* token : {"tok-4711", "tok-4712", "tok-4713", "uok-4711", "t"})
    ids.insert(collect::credential_id(collector(bearer, token).requester));
  ids.insert(collect::credential_id(
      collector("{type: api_key, header: X-Key, value: '${TOKEN}'}", "tok-4711").requester));
  EXPECT_EQ(ids.size(), 6u) << "also those that differ in their last byte alone";
  for (const std::string& id : ids) EXPECT_EQ(id.size(), 8u);
  EXPECT_TRUE(ids.contains(collect::credential_id(collector(bearer, "tok-4711").requester)));
  EXPECT_EQ(collect::credential_id(collector("", "").requester), "");
}

TEST(Request, CarriesItsCollectorsLimits) {
  const auto it =
      collector("{type: bearer, token: '${TOKEN}'}", "tok",
                "api_budget: [{calls: 5, per: 1s}, {calls: 9, per: 1h, resource: core, match_path: /x}]");
  const auto built = collect::RequestBuilder(it.requester, it.decoder, it.api_budget).build({}, {});
  ASSERT_TRUE(built);
  const auto& limits = built->request.rate_limits;
  ASSERT_EQ(limits.size(), 2u);
  EXPECT_EQ(limits[0].calls, 5);
  EXPECT_EQ(limits[0].per, 1s);
  EXPECT_EQ(built->request.max_retry_after, 24h);
  EXPECT_EQ(limits[1].resource + limits[1].match_path, "core/x");
  EXPECT_EQ(built->request.credential, collect::credential_id(it.requester));
}

}  // namespace
