#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

Json unpacked(const Answer& answer) {
  EXPECT_EQ(answer.headers.front(), (std::pair<std::string, std::string>("Content-Encoding", "gzip")));
  return Json::parse(gunzip(*answer.body));
}

std::vector<Json> read(Client& client) {
  std::vector<Json> rows;
  for (int page = 1; page < 100; ++page) {
    const Json wrapper = unpacked(
        client.get(fmt::format("/2.3/tags?site=stackoverflow&sort=popular&pagesize=100&page={}", page)));
    EXPECT_EQ(wrapper.contains("backoff"), page % 4 == 0);
    for (Json row : wrapper["items"]) {
      const bool dated = row.contains("last_activity_date");
      const std::chrono::sys_seconds time{
          std::chrono::seconds{dated ? row["last_activity_date"].get<int>() : 0}};
      const auto day = std::chrono::floor<std::chrono::days>(time);
      const std::chrono::year_month_day date{day};
      const std::chrono::hh_mm_ss clock{time - day};
      row["last_activity_date"] =
          dated ? Json(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int{date.year()},
                                   unsigned{date.month()}, unsigned{date.day()}, clock.hours().count(),
                                   clock.minutes().count(), clock.seconds().count()))
                : Json();
      rows.push_back(row);
    }
    if (!wrapper["has_more"]) return rows;
  }
  return rows;
}

TEST(StackExchange, keeps_the_promises) { expect_promises("stackexchange", read); }

TEST(StackExchange, a_full_last_page_is_the_last) {
  World world(11, {});
  Client client{world, *find_api("stackexchange")};
  EXPECT_EQ(unpacked(client.get("/2.3/tags?site=x&pagesize=64&page=9"))["has_more"], true);
  EXPECT_EQ(unpacked(client.get("/2.3/tags?site=x&pagesize=64&page=10"))["has_more"], false);
  EXPECT_EQ(unpacked(client.get("/2.3/tags?site=x&pagesize=64&page=11"))["items"].size(), 0U);
}

TEST(StackExchange, sorts) {
  World world(11, {});
  Client client{world, *find_api("stackexchange")};
  const auto rows = read(client);
  for (std::size_t i = 1; i < rows.size(); ++i)
    EXPECT_GE(rows[i - 1]["count"].get<int>(), rows[i]["count"].get<int>());
  const Json by_name = unpacked(client.get("/2.3/tags?site=x&sort=name&order=asc"))["items"];
  ASSERT_EQ(by_name.size(), 30U);
  EXPECT_EQ(by_name[0]["name"], ".net");
  for (std::size_t i = 1; i < by_name.size(); ++i) EXPECT_LT(by_name[i - 1]["name"], by_name[i]["name"]);
}

TEST(StackExchange, errors_have_its_own_shape_and_are_packed_too) {
  World world(11, {});
  Client client{world, *find_api("stackexchange")};
  const auto failure = [&](const char* query, int id, const char* message) {
    const Answer answer = client.get(std::string("/2.3/tags?") + query);
    EXPECT_EQ(answer.status, 400);
    const Json error = unpacked(answer);
    EXPECT_EQ(error["error_id"], id) << query;
    EXPECT_EQ(error["error_message"], message);
    EXPECT_TRUE(error["error_name"].is_string());
  };
  failure("page=1", 400, "site is required");
  failure("site=x&page=0", 400, "page");
  failure("site=x&page=one", 400, "page");
  failure("site=x&pagesize=101", 400, "pagesize");
  failure("site=x&sort=hot", 400, "sort");
  failure("site=x&order=up", 400, "order");
  failure("site=x&page=26", 403, "page above 25 requires access token or app key");
  EXPECT_EQ(client.get("/2.3/tags?site=x&page=26&key=abc").status, 200);
}

}  // namespace
}  // namespace simulator
