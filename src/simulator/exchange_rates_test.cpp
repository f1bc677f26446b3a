#include "simulator/api_testing.hpp"

namespace simulator {
namespace {

std::vector<Json> read(Client& client) {
  const Json body = parse_exact(*client.get("/v6/latest/USD").body);
  EXPECT_EQ(body["result"], "success");
  std::vector<Json> rows;
  for (const auto& [code, rate] : body["rates"].items())
    rows.push_back({{"base_code", body["base_code"]},
                    {"currency_code", code},
                    {"rate", rate},
                    {"updated_at", iso_of_rfc822(body["time_last_update_utc"])}});
  return rows;
}

TEST(ExchangeRates, keeps_the_promises) { expect_promises("exchange_rates", read); }

TEST(ExchangeRates, has_both_times_and_one_base) {
  World world(11, {});
  Client client{world, *find_api("exchange_rates")};
  const Json body = Json::parse(*client.get("/v6/latest/USD").body);
  EXPECT_EQ(body["rates"]["USD"], 1);
  EXPECT_TRUE(body["rates"].contains("BRL"));
  EXPECT_TRUE(body["rates"].contains("ZWL"));
  EXPECT_EQ(body["time_last_update_unix"], 1756080151);
  EXPECT_EQ(body["time_last_update_utc"], "Mon, 25 Aug 2025 00:02:31 +0000");
  const Answer other = client.get("/v6/latest/EUR");
  EXPECT_EQ(other.status, 404);
  EXPECT_EQ(Json::parse(*other.body)["error-type"], "unsupported-code");
}

}  // namespace
}  // namespace simulator
