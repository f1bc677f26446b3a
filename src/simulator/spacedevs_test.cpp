#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

const Json* at(const Json& in, const char* path) {
  const Json::json_pointer pointer(path);
  return in.contains(pointer) ? &in.at(pointer) : nullptr;
}

Json row_of(const Json& launch) {
  Json row = only(launch, {"id", "slug", "name", "last_updated", "net", "window_start", "window_end",
                           "probability", "holdreason", "webcast_live", "image"});
  static const std::map<const char*, const char*> nested{
      {"status_id", "/status/id"},
      {"status_name", "/status/name"},
      {"status_abbrev", "/status/abbrev"},
      {"provider_id", "/launch_service_provider/id"},
      {"provider_name", "/launch_service_provider/name"},
      {"provider_type", "/launch_service_provider/type"},
      {"rocket_id", "/rocket/configuration/id"},
      {"rocket_name", "/rocket/configuration/name"},
      {"rocket_full_name", "/rocket/configuration/full_name"},
      {"mission_id", "/mission/id"},
      {"mission_name", "/mission/name"},
      {"mission_description", "/mission/description"},
      {"mission_type", "/mission/type"},
      {"mission_orbit", "/mission/orbit/name"},
      {"pad_name", "/pad/name"},
      {"pad_latitude", "/pad/latitude"},
      {"pad_longitude", "/pad/longitude"},
      {"pad_location", "/pad/location/name"},
      {"pad_country_code", "/pad/location/country_code"}};
  for (const auto& [field, path] : nested) {
    const Json* found = at(launch, path);
    row[field] = found == nullptr ? Json() : *found;
  }
  return row;
}

// Follows "next" until it is null.
std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  std::string target = "/2.2.0/launch/?limit=50&mode=detailed";
  for (int pages = 0; pages < 100; ++pages) {
    const Json page = parse_exact(*client.get(target).body);
    for (const Json& launch : page["results"]) rows.push_back(row_of(launch));
    if (page["next"].is_null()) return rows;
    const std::string next = page["next"], host = "https://ll.thespacedevs.com";
    EXPECT_TRUE(next.starts_with(host)) << next;
    EXPECT_NE(next.find("mode=detailed"), std::string::npos) << "other parameters are kept";
    target = next.substr(host.size());
  }
  return rows;
}

TEST(SpaceDevs, keeps_the_promises) { expect_promises("spacedevs", read); }

TEST(SpaceDevs, pages_as_django_does) {
  World world(11, {});
  Client client{world, *find_api("spacedevs")};
  const auto page = [&](const char* target) { return Json::parse(*client.get(target).body); };
  const Json first = page("/2.2.0/launch/");
  EXPECT_EQ(first["count"], 320);
  EXPECT_EQ(first["results"].size(), 10U);
  EXPECT_TRUE(first["previous"].is_null());
  EXPECT_EQ(first["next"], "https://ll.thespacedevs.com/2.2.0/launch/?limit=10&offset=10");
  EXPECT_EQ(page("/2.2.0/launch/?limit=1000")["results"].size(), 100U) << "no more than 100";
  EXPECT_EQ(page("/2.2.0/launch/?limit=many&offset=-5")["results"], first["results"])
      << "nonsense is ignored";
  const Json last = page("/2.2.0/launch/?limit=20&offset=300");
  EXPECT_TRUE(last["next"].is_null());
  EXPECT_EQ(last["results"].size(), 20U);
  EXPECT_EQ(page("/2.2.0/launch/?limit=100&offset=100")["previous"],
            "https://ll.thespacedevs.com/2.2.0/launch/?limit=100");
  EXPECT_EQ(page("/2.2.0/launch/?offset=9223372036854775807")["results"].size(), 0U);
  EXPECT_NE(client.get("/2.2.0/launch/?limit=100").body->find("\"mission\":null"), std::string::npos);
}

}  // namespace
}  // namespace simulator
