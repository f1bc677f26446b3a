#include "config/budget.hpp"

#include "config/reading_test.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

TEST(ApiBudget, OneMapOrAList) {
  const auto one = good(api_budget(), "{calls: 5, per: 30s}");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].calls, 5);
  EXPECT_EQ(one[0].per, 30s);
  EXPECT_EQ(one[0].resource, "");

  const auto several = good(api_budget(),
                            "- {calls: 5000, per: 1h, resource: core}\n"
                            "- {calls: 30, per: 1m, resource: search, match_path: /search/}\n"
                            "- {calls: 1000, per: 1d, resource: search, match_path: /search/}\n");
  ASSERT_EQ(several.size(), 3u);
  EXPECT_EQ(several[1].match_path, "/search/");
  EXPECT_EQ(several[2].per, 24h);
}

TEST(ApiBudget, Faults) {
  EXPECT_EQ(faults_of(api_budget(), "{calls: 0, per: 1s}"),
            "f.yaml:1:9: calls: \"0\" is not such a number; write a whole number from 1 to 1000000000\n");
  EXPECT_EQ(faults_of(api_budget(), "- {calls: 5}\n- {per: 1s, cals: 3}\n"),
            "f.yaml:1:3: [0].per: is missing; write 30s, 15m, 1h, 2d, 1w, 3mo or 1y, from 1 s to 366 d\n"
            "f.yaml:2:3: [1].calls: is missing; write a whole number from 1 to 1000000000\n"
            "f.yaml:2:13: [1].cals: unknown key; did you mean \"calls\"?\n");
  EXPECT_EQ(faults_of(api_budget(), "{calls: 5, per: 1s, match_path: search}"),
            "f.yaml:1:33: match_path: \"search\" is not the beginning of a path; begin it with /, as in "
            "/search/\n");
  EXPECT_NE(faults_of(api_budget(), "{calls: 5, per: 1s, resource: ''}"), "");
  EXPECT_EQ(faults_of(api_budget(), "[]"),
            "f.yaml:1:1: is empty; write {calls: 5, per: 30s}, or a list of such maps\n");
  EXPECT_EQ(faults_of(api_budget(), "5 per second"),
            "f.yaml:1:1: is neither a map nor a list; write {calls: 5, per: 30s}, or a list of such maps\n");
  EXPECT_EQ(
      faults_of(api_budget(), "- {calls: 5, per: 60s}\n- {calls: 9, per: 1m}\n"),
      "f.yaml:2:3: [1]: limits the same requests per 1 min as [0]; keep one of them, or tell them apart "
      "by resource or match_path\n");
  std::string many;
  for (int i = 1; i <= 17; ++i) many += "- {calls: 5, per: " + std::to_string(i) + "s}\n";
  EXPECT_NE(faults_of(api_budget(), many).find("has 17 budgets; at most 16"), std::string::npos);
}

}  // namespace
}  // namespace config
