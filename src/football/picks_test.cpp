#include "football/picks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace football {
namespace {

const Pick* find(const std::vector<Pick>& picks, std::string_view outcome) {
  const auto found =
      std::find_if(picks.begin(), picks.end(), [&](const Pick& pick) { return pick.outcome == outcome; });
  return found == picks.end() ? nullptr : &*found;
}

std::vector<Pick> picks_of(double home, double away, const Odds* odds = nullptr, double minimum = 0) {
  const ScoreMatrix matrix(home, away), usual(1.5, 1.15);
  return choose_picks({&matrix, &usual, odds, minimum});
}

TEST(Statements, AreDistinctAndCoverTheirMarkets) {
  std::set<std::string_view> outcomes;
  for (const Statement& statement : statements()) {
    EXPECT_TRUE(outcomes.insert(statement.outcome).second);
    EXPECT_EQ(find_statement(statement.market, statement.outcome), &statement);
  }
  EXPECT_EQ(find_statement(Market::goals, "over_9.5"), nullptr);
  const auto holds = [](Market market, std::string_view outcome, int home, int away) {
    return find_statement(market, outcome)->holds(home, away);
  };
  for (int home = 0; home <= 4; ++home)
    for (int away = 0; away <= 4; ++away) {
      EXPECT_NE(holds(Market::both_score, "yes", home, away), holds(Market::both_score, "no", home, away));
      EXPECT_NE(holds(Market::goals, "over_2.5", home, away), holds(Market::goals, "under_2.5", home, away));
      EXPECT_NE(holds(Market::result, "home", home, away), holds(Market::double_chance, "x2", home, away));
      EXPECT_NE(holds(Market::result, "draw", home, away), holds(Market::double_chance, "12", home, away));
      EXPECT_NE(holds(Market::result, "away", home, away), holds(Market::double_chance, "1x", home, away));
    }
}

TEST(Picks, MinimaOfTheMarketsAndOfTheUser) {
  for (double home = 0.2; home <= 4; home += 0.35)
    for (double away = 0.2; away <= 4; away += 0.35)
      for (const double minimum : {0.0, 6.0, 8.0})
        for (const Pick& pick : picks_of(home, away, nullptr, minimum)) {
          EXPECT_GE(pick.confidence, minimum);
          const double least = pick.market == Market::double_chance || pick.outcome == "no" ? 6.0
                               : pick.market == Market::goals && pick.outcome != "over_1.5" ? 5.0
                                                                                            : 5.5;
          EXPECT_GE(pick.confidence, least) << pick.outcome;
        }
}

TEST(Picks, NoTwoContradict) {
  for (double home = 0.2; home <= 5; home += 0.3)
    for (double away = 0.2; away <= 5; away += 0.3) {
      const ScoreMatrix matrix(home, away);
      const auto picks = picks_of(home, away);
      const auto any = [&](std::string_view part) {
        return std::any_of(picks.begin(), picks.end(),
                           [&](const Pick& pick) { return pick.outcome.starts_with(part); });
      };
      EXPECT_FALSE(any("over") && any("under")) << home << ' ' << away;
      EXPECT_LE(any("home") + any("draw") + any("away"), 1);
      EXPECT_FALSE(any("yes") && any("no"));
      EXPECT_FALSE(any("yes") && find(picks, "under_1.5") != nullptr);
      EXPECT_FALSE(any("home") && find(picks, "x2") != nullptr);
      EXPECT_FALSE((any("home") || any("away")) && find(picks, "12") != nullptr);
      if (any("no") && find(picks, "over_2.5") != nullptr) {
        const double both = matrix.probability([](int h, int a) { return h + a > 2 && (h == 0 || a == 0); });
        EXPECT_GE(both * 2, std::min(matrix.over(2.5), 1 - matrix.both_score()) - 1e-12);
      }
      for (const Pick& one : picks)
        for (const Pick& other : picks)
          EXPECT_TRUE(&one == &other || !contradict(matrix, *find_statement(one.market, one.outcome),
                                                    *find_statement(other.market, other.outcome)));
    }
}

TEST(Picks, OneSidedGoalsMayGoWithNotBoth) {
  const ScoreMatrix one_sided(4.0, 0.2), even(1.5, 1.5);
  const Statement& over = *find_statement(Market::goals, "over_2.5");
  const Statement& no = *find_statement(Market::both_score, "no");
  EXPECT_FALSE(contradict(one_sided, over, no));
  EXPECT_TRUE(contradict(even, over, no));
}

TEST(Picks, TheTrivialIsNeverTheMainOne) {
  for (double home = 0.2; home <= 5; home += 0.3)
    for (double away = 0.2; away <= 5; away += 0.3) {
      const auto picks = picks_of(home, away);
      const Selection selection = select(picks);
      EXPECT_TRUE(selection.main == nullptr || selection.main->probability <= 0.92);
      bool behind = false;
      for (const Pick& pick : picks) {
        EXPECT_TRUE(pick.trivial || pick.probability <= 0.92);
        EXPECT_TRUE(pick.trivial || (pick.outcome != "over_0.5" && pick.outcome != "under_5.5"))
            << "true of most games";
        EXPECT_TRUE(pick.trivial || !behind) << "those stand last";
        behind = pick.trivial;
      }
    }
}

TEST(Picks, OddsDecideWhatIsTrivial) {
  const Odds odds{{"home", 1.15}, {"12", 1.05}, {"over_0.5", 1.30}};
  const auto picks = picks_of(3.2, 0.5, &odds);
  const Pick *home = find(picks, "home"), *over = find(picks, "over_0.5");
  ASSERT_TRUE(home != nullptr && over != nullptr);
  EXPECT_TRUE(home->trivial);
  EXPECT_EQ(home->odd, 1.15);
  EXPECT_FALSE(over->trivial);  // the market doubts it
  EXPECT_FALSE(find(picks, "over_1.5")->odd);
}

TEST(Picks, WhatIsUnusualComesFirst) {
  // Under 3.5 goals is surer, but so it is everywhere; that under 2.5 is likely tells this game apart.
  const auto picks = picks_of(0.7, 0.6);
  const Pick *low = find(picks, "under_2.5"), *high = find(picks, "under_3.5");
  ASSERT_TRUE(low != nullptr && high != nullptr);
  EXPECT_GT(high->confidence, low->confidence);
  EXPECT_LT(low - picks.data(), high - picks.data());
}

TEST(Picks, SelectionOfADossier) {
  const auto picks = picks_of(2.6, 0.6);
  const Selection all = select(picks);
  ASSERT_NE(all.main, nullptr);
  EXPECT_LE(all.others.size(), max_other_picks);
  // First one of each market that is not the main one's.
  std::set<Market> markets{all.main->market}, in_picks;
  for (const Pick& pick : picks)
    if (!pick.trivial) in_picks.insert(pick.market);
  for (const Pick* pick : all.others) EXPECT_FALSE(pick->trivial);
  for (std::size_t i = 0; i + 1 < in_picks.size() && i < all.others.size(); ++i)
    EXPECT_TRUE(markets.insert(all.others[i]->market).second);
  const Selection goals = select(picks, Market::goals);
  for (const Pick* pick : goals.others) EXPECT_EQ(pick->market, Market::goals);
  EXPECT_EQ(select({}).main, nullptr);

  Pick sure;
  sure.trivial = true;
  const std::vector<Pick> only_trivial{sure};
  EXPECT_EQ(select(only_trivial).main, nullptr);
  EXPECT_EQ(select(only_trivial).others.size(), 1u);
}

TEST(Picks, DifferentGamesDifferentPicks) {
  std::set<std::string> mains;
  for (const auto& [home, away] : {std::pair{2.4, 0.7}, {0.8, 1.9}, {0.9, 0.7}, {2.0, 1.9}, {1.4, 1.2}})
    if (const auto picks = picks_of(home, away); select(picks).main != nullptr)
      mains.insert(select(picks).main->outcome);
  EXPECT_GE(mains.size(), 4u);
}

// Of two games the one that differs more from the league's usual game goes first, not the surer line.
TEST(Picks, TheRankAlsoComparesGames) {
  const auto usual = picks_of(1.5, 1.1), special = picks_of(2.6, 1.9);
  const Pick *safe = find(usual, "under_4.5"), *telling = find(special, "over_2.5");
  ASSERT_TRUE(safe && telling);
  EXPECT_GT(safe->confidence, telling->confidence);
  EXPECT_GT(telling->rank, safe->rank);
  EXPECT_NEAR(safe->rank, safe->confidence, 3) << "of a usual game hardly anything is added";
  for (std::size_t i = 1; i < special.size(); ++i)
    EXPECT_TRUE(special[i - 1].trivial != special[i].trivial || special[i - 1].rank >= special[i].rank);
}

}  // namespace
}  // namespace football
