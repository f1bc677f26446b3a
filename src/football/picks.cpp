#include "football/picks.hpp"

#include <algorithm>
#include <set>

#include "football/confidence.hpp"

namespace football {
namespace {

using Claim = Statement::Claim;

// Without an odd, what is nearly certain here, or mostly true wherever the league plays ("under 4.5").
constexpr double trivial_odd = 1.20, trivial_probability = 0.92, trivial_usually = 0.85;
// How many points of confidence a whole unit of probability above the usual counts. Where confidence rises,
// 0.1 is one point; this counts twice, or the safest lines would be the main pick of most games.
constexpr double gain_weight = 20;

double probability_of(const ScoreMatrix& matrix, const Statement& statement) {
  return matrix.probability([&](int home, int away) { return statement.holds(home, away); });
}

double market_minimum(const Statement& statement) {
  switch (statement.market) {
    case Market::result: return 5.5;
    case Market::double_chance: return 6.0;
    case Market::goals: return statement.outcome == "over_1.5" ? 5.5 : 5.0;
    case Market::both_score: break;
  }
  return statement.claim == Claim::both ? 5.5 : 6.0;
}

std::optional<double> odd_of(const Odds* odds, std::string_view outcome) {
  if (odds == nullptr) return std::nullopt;
  const auto found = odds->find(std::string(outcome));
  return found == odds->end() ? std::nullopt : std::optional(found->second);
}

struct Candidate {
  const Statement* statement;
  Pick pick;
};

Candidate judge(const Statement& statement, const Prospect& prospect) {
  Pick pick;
  pick.market = statement.market;
  pick.outcome = statement.outcome;
  pick.probability = probability_of(*prospect.matrix, statement);
  pick.confidence = confidence(pick.probability);
  pick.odd = odd_of(prospect.odds, statement.outcome);
  const double usual =
      prospect.usual == nullptr ? pick.probability : probability_of(*prospect.usual, statement);
  pick.trivial =
      pick.odd ? *pick.odd < trivial_odd : pick.probability > trivial_probability || usual > trivial_usually;
  pick.rank = pick.confidence + gain_weight * (pick.probability - usual);
  return {&statement, std::move(pick)};
}

}  // namespace

bool contradict(const ScoreMatrix& matrix, const Statement& one, const Statement& other) {
  // More than 1.5 and more than 2.5 goals go together; more than 1.5 and less than 3.5 are no advice.
  if (one.market == other.market && (one.market != Market::goals || one.claim != other.claim)) return true;
  // Who wins, and that either may win: the second takes back what the first says.
  const auto a_winner = [](const Statement& it) {
    return it.claim == Claim::home || it.claim == Claim::away;
  };
  if ((a_winner(one) && other.claim == Claim::home_or_away) ||
      (a_winner(other) && one.claim == Claim::home_or_away))
    return true;
  const double both = matrix.probability(
      [&](int home, int away) { return one.holds(home, away) && other.holds(home, away); });
  return both * 2 < std::min(probability_of(matrix, one), probability_of(matrix, other));
}

std::vector<Pick> choose_picks(const Prospect& prospect) {
  std::vector<Candidate> candidates;
  for (const Statement& statement : statements()) {
    Candidate candidate = judge(statement, prospect);
    if (candidate.pick.confidence >= std::max(prospect.minimum, market_minimum(statement)))
      candidates.push_back(std::move(candidate));
  }
  // Stable: what is equal stays in the order of statements(), on every machine.
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& one, const Candidate& other) {
    if (one.pick.trivial != other.pick.trivial) return !one.pick.trivial;
    return one.pick.rank > other.pick.rank;
  });
  std::vector<const Statement*> taken;
  std::vector<Pick> picks;
  for (Candidate& candidate : candidates) {
    if (std::any_of(taken.begin(), taken.end(), [&](const Statement* statement) {
          return contradict(*prospect.matrix, *statement, *candidate.statement);
        }))
      continue;
    taken.push_back(candidate.statement);
    picks.push_back(std::move(candidate.pick));
  }
  return picks;
}

Selection select(const std::vector<Pick>& picks, std::optional<Market> only) {
  Selection selection;
  std::vector<const Pick*> first, second;
  std::set<Market> shown;
  for (const Pick& pick : picks) {
    if (only && pick.market != *only) continue;
    if (selection.main == nullptr && !pick.trivial) {
      selection.main = &pick;
      shown.insert(pick.market);
    } else {
      (shown.insert(pick.market).second ? first : second).push_back(&pick);
    }
  }
  first.insert(first.end(), second.begin(), second.end());
  // Better few than trivial ones.
  if (selection.main != nullptr) std::erase_if(first, [](const Pick* pick) { return pick->trivial; });
  if (first.size() > max_other_picks) first.resize(max_other_picks);
  selection.others = std::move(first);
  return selection;
}

}  // namespace football
