#include "simulator/world.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

namespace simulator {
namespace {

using Json = nlohmann::json;

const Api& kev() { return *find_api("kev"); }
std::string body_of(World& world) { return *world.serve(kev()).body; }
Json parsed(World& world) { return Json::parse(body_of(world)); }
World small_world(std::uint64_t seed = 7) { return World(seed, {{"kev", 50}}); }

TEST(World, the_seed_decides_every_byte) {
  World first = small_world(), second = small_world(), other = small_world(8);
  EXPECT_EQ(body_of(first), body_of(second));
  EXPECT_NE(body_of(first), body_of(other));
  for (World* world : {&first, &second}) ASSERT_TRUE(world->tick("kev", 3, 5).has_value());
  EXPECT_EQ(body_of(first), body_of(second));
}

TEST(World, asking_changes_nothing) {
  World world = small_world();
  const Answer before = world.serve(kev());
  const Answer after = world.serve(kev());
  EXPECT_EQ(*before.body, *after.body);
  EXPECT_EQ(before.headers, after.headers);
}

TEST(World, kev_has_the_shape_of_the_real_feed) {
  World world(1, {});
  const Json feed = parsed(world);
  EXPECT_EQ(feed["count"], 1404);
  ASSERT_EQ(feed["vulnerabilities"].size(), 1404U);
  EXPECT_EQ(feed["catalogVersion"], "2025.08.25");
  EXPECT_EQ(feed["dateReleased"], "2025-08-25T17:04:19.9796Z");
  const std::regex id_format("CVE-20[0-9]{2}-[0-9]{4,}"), date_format("20[0-9]{2}-[0-9]{2}-[0-9]{2}");
  std::set<std::string> ids;
  std::string last_date = "9999";
  for (const Json& record : feed["vulnerabilities"]) {
    ASSERT_EQ(record.size(), 11U);
    const auto id = record["cveID"].get<std::string>();
    EXPECT_TRUE(std::regex_match(id, id_format)) << id;
    EXPECT_TRUE(ids.insert(id).second) << "twice: " << id;
    const auto date = record["dateAdded"].get<std::string>();
    EXPECT_TRUE(std::regex_match(date, date_format)) << date;
    EXPECT_LE(date, last_date) << "newest first";
    EXPECT_GT(record["dueDate"].get<std::string>(), date);
    last_date = date;
    EXPECT_TRUE(record["knownRansomwareCampaignUse"] == "Known" ||
                record["knownRansomwareCampaignUse"] == "Unknown");
    for (const char* field :
         {"vendorProject", "product", "vulnerabilityName", "shortDescription", "requiredAction"})
      EXPECT_FALSE(record[field].get<std::string>().empty()) << field;
    EXPECT_TRUE(record["cwes"].is_array());
  }
}

TEST(World, kev_holds_the_texts_that_break_careless_readers) {
  World world(1, {});
  const std::string body = body_of(world);
  EXPECT_TRUE(body.starts_with("{\n    \"title\": \"")) << body.substr(0, 40);
  EXPECT_NE(body.find("https:\\/\\/"), std::string::npos);
  EXPECT_NE(body.find("\\u2019"), std::string::npos);
  EXPECT_NE(body.find("\\ud83d\\uddc2"), std::string::npos) << "a character that takes two \\u escapes";
  EXPECT_NE(body.find("\\\""), std::string::npos);
  EXPECT_NE(body.find("\"notes\": \"\""), std::string::npos);
  EXPECT_NE(body.find("\"cwes\": []"), std::string::npos);
  EXPECT_TRUE(
      std::all_of(body.begin(), body.end(), [](char c) { return static_cast<unsigned char>(c) < 0x7F; }));
  std::size_t longest = 0;
  const Json feed = parsed(world);
  for (const Json& record : feed["vulnerabilities"])
    longest = std::max(longest, record["shortDescription"].get<std::string>().size());
  EXPECT_GT(longest, 1000U);
}

TEST(World, tick_adds_in_front_and_changes_exactly_what_it_says) {
  World world = small_world();
  const Answer before_answer = world.serve(kev());
  const Json before = Json::parse(*before_answer.body)["vulnerabilities"];
  const auto ticked = world.tick("kev", 3, 4);
  ASSERT_TRUE(ticked.has_value());
  ASSERT_EQ(ticked->added.size(), 3U);
  ASSERT_EQ(ticked->changed.size(), 4U);

  const Json feed = parsed(world);
  const Json& after = feed["vulnerabilities"];
  EXPECT_EQ(feed["count"], 53);
  ASSERT_EQ(after.size(), 53U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(after[i]["cveID"], ticked->added[i]);
  std::vector<std::string> changed;
  for (std::size_t i = 0; i < before.size(); ++i) {
    Json old = before[i], now = after[i + 3];
    if (old == now) continue;
    changed.push_back(now["cveID"]);
    EXPECT_NE(old["shortDescription"], now["shortDescription"]);
    old.erase("shortDescription");
    now.erase("shortDescription");
    EXPECT_EQ(old, now) << "one field only";
  }
  EXPECT_EQ(changed, ticked->changed);
  const Answer after_answer = world.serve(kev());
  EXPECT_NE(before_answer.headers, after_answer.headers) << "ETag and Last-Modified";
}

TEST(World, a_record_changed_again_differs_again) {
  World world(7, {{"kev", 1}});
  std::set<std::string> seen{body_of(world)};
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(world.tick("kev", 0, 1)->changed.size(), 1U);
    EXPECT_TRUE(seen.insert(parsed(world)["vulnerabilities"][0].dump()).second);
  }
}

TEST(World, tick_at_its_limits) {
  World world(7, {{"kev", 2}});
  EXPECT_EQ(world.tick("kev", 0, 99)->changed.size(), 2U) << "no more than there are";
  EXPECT_TRUE(world.tick("kev", 0, 0)->added.empty());
  EXPECT_FALSE(world.tick("kev", World::maximum_records, 0).has_value());
  EXPECT_FALSE(world.tick("nobody", 1, 1).has_value());
  World empty(7, {{"kev", 0}});
  EXPECT_EQ(parsed(empty)["vulnerabilities"], Json::array());
  EXPECT_EQ(truth(*empty.records("kev")), "[]");
  EXPECT_EQ(empty.tick("kev", 2, 2)->added.size(), 2U);
}

TEST(World, edit_sets_one_field_to_anything) {
  World world = small_world();
  const Json before = parsed(world)["vulnerabilities"];
  ASSERT_TRUE(world.edit("kev", 1, "dateAdded", Value{"2025-02-30"}).has_value());
  ASSERT_TRUE(world.edit("kev", 2, "dueDate", Value{RawJson{R"({"deep":[1,null]})"}}).has_value());
  Json wanted = before;
  wanted[1]["dateAdded"] = "2025-02-30";
  wanted[2]["dueDate"] = {{"deep", {1, nullptr}}};
  EXPECT_EQ(parsed(world)["vulnerabilities"], wanted);
  EXPECT_FALSE(world.edit("kev", 50, "dueDate", Value{"x"}).has_value());
  EXPECT_FALSE(world.edit("kev", 0, "nothing", Value{"x"}).has_value());
  EXPECT_FALSE(world.edit("nobody", 0, "dueDate", Value{"x"}).has_value());
  EXPECT_EQ(parsed(world)["vulnerabilities"], wanted);
}

TEST(World, truth_equals_the_body) {
  World world(3, {});
  ASSERT_TRUE(world.tick("kev", 10, 10).has_value());
  ASSERT_TRUE(world.edit("kev", 0, "product", Value{RawJson{"null"}}).has_value());
  ASSERT_TRUE(world.edit("kev", 1, "product", Value{"tab\t, \\, \"quote\", 🗂, \x01"}).has_value());
  const Json rows = Json::parse(truth(*world.records("kev")));
  ASSERT_EQ(rows.size(), 1414U);
  EXPECT_EQ(rows, parsed(world)["vulnerabilities"]);
  EXPECT_TRUE(rows[0]["product"].is_null());
}

TEST(World, apis_are_found_by_name_and_by_address) {
  EXPECT_EQ(route("www.cisa.gov", "/sites/default/files/feeds/known_exploited_vulnerabilities.json"), &kev());
  EXPECT_EQ(route("www.cisa.gov", "/"), nullptr);
  EXPECT_EQ(route("example.org", kev().path), nullptr);
  EXPECT_EQ(find_api("nobody"), nullptr);
}

}  // namespace
}  // namespace simulator
