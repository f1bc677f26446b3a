// Prices of the simulated football: margins, and pages.
#include "simulator/football_testing.hpp"

namespace simulator {
namespace {

double implied(const Json& values, std::size_t first, std::size_t count) {
  double sum = 0;
  for (std::size_t i = first; i < first + count; ++i)
    sum += 1 / std::stod(values.at(i)["odd"].get<std::string>());
  return sum;
}

TEST(FootballOdds, odds_leave_the_bookmaker_a_margin) {
  FootballClient football;
  const Json page = football.get("odds", {{"date", local_day(football, 1)}, {"timezone", sao_paulo}});
  std::set<std::string> names;
  for (const Json& row : page["response"])
    for (const Json& bookmaker : row["bookmakers"])
      for (const Json& bet : bookmaker["bets"]) {
        const std::string name = bet["name"];
        const Json& values = bet["values"];
        names.insert(name);
        if (name == "Exact Score") continue;
        const std::size_t size =
            name == "Match Winner" || name == "Double Chance" || name == "Handicap Result" ? 3 : 2;
        ASSERT_EQ(values.size() % size, 0U) << bet;
        for (std::size_t i = 0; i < values.size(); i += size) {
          const double sum = implied(values, i, size) / (name == "Double Chance" ? 2 : 1);
          EXPECT_GT(sum, 1.0) << bet;
          EXPECT_LT(sum, 1.10) << bet;
        }
      }
  for (const char* name : {"Match Winner", "Goals Over/Under", "Both Teams Score", "Double Chance",
                           "Asian Handicap", "Corners Over Under", "Cards Over/Under"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(FootballOdds, pages_of_odds_cover_the_day) {
  FootballClient football;
  const std::string day = local_day(football, 0);
  std::set<int> covered, wanted;
  const int pages = football.get("odds", {{"date", day}})["paging"]["total"];
  EXPECT_GT(pages, 1);
  for (int page = 1; page <= pages; ++page) {
    const Json all = football.get("odds", {{"date", day}, {"page", std::to_string(page)}});
    EXPECT_EQ(all["paging"], (Json{{"current", page}, {"total", pages}}));
    EXPECT_LE(all["response"].size(), 10U);
    for (const Json& row : all["response"])
      EXPECT_TRUE(covered.insert(row["fixture"]["id"].get<int>()).second);
  }
  std::set<std::string> without;
  for (const Competition& of : competitions(football))
    if (!of.odds) without.insert(of.id);
  for (const Json& game : day_list(football, day, "UTC"))
    if (!without.contains(game["league"]["id"].dump())) wanted.insert(game["fixture"]["id"].get<int>());
  EXPECT_EQ(covered, wanted);
  const Json beyond = football.get("odds", {{"date", day}, {"page", std::to_string(pages + 1)}});
  EXPECT_EQ(beyond["response"], Json::array());
  const Json one = football.rows(
      "odds", {{"fixture", std::to_string(*covered.begin())}, {"bookmaker", "8"}, {"bet", "1"}});
  EXPECT_EQ(one[0]["bookmakers"].size(), 1U);
  EXPECT_EQ(one[0]["bookmakers"][0]["bets"].size(), 1U);
}

}  // namespace
}  // namespace simulator
