// Which statements about a game are worth telling: sure enough for their market, and none beside another that
// speaks against it. Pure.
//
// The best comes first. That is not the surest one, which would be the same in nearly every game: confidence
// counts together with how much more likely the statement is than in the league's usual game.
//
//   std::vector<Pick> picks = choose_picks({.matrix = &matrix, .usual = &usual, .minimum = 5.5});
//   const Selection selection = select(picks, Market::goals);     // one page of a dossier
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "football/models.hpp"
#include "football/score_matrix.hpp"
#include "football/statement.hpp"

namespace football {

inline constexpr std::size_t max_other_picks = 5;

// One statement about a game, with how likely it is.
struct Pick {
  Market market = Market::goals;
  std::string outcome{};   // "over_2.5", "home", "1x", "yes": stable names, as in Odds (odds_key.hpp)
  std::string words{};     // Portuguese, teams by name, not escaped: "Mais de 2.5 gols"
  double probability = 0;  // 0 … 1
  double confidence = 0;   // 0 … 10 (confidence.hpp)
  double rank = 0;         // confidence, and how far it is above the league's usual game: also orders games
  std::optional<double> odd{};
  bool trivial = false;  // so likely that it tells nothing; behind all others, never the main one
  std::string reason{};  // one sentence of evidence, Portuguese, not escaped
};

struct Prospect {
  const ScoreMatrix* matrix = nullptr;  // of this game
  const ScoreMatrix* usual = nullptr;   // of an average game of its league
  const Odds* odds = nullptr;           // null: none known
  double minimum = 0;                   // confidence; the market's own minimum holds as well
};

// All that are sure enough and go together, the best first; without `words` and `reason`.
std::vector<Pick> choose_picks(const Prospect& prospect);

// Two of one market (results, over beside under), a winner beside "12", or two of which the less likely one
// mostly makes the other false.
bool contradict(const ScoreMatrix& matrix, const Statement& one, const Statement& other);

// What a dossier shows: the main pick, and up to five others, first the best of each market; the trivial ones
// only where there is no main one. Points into `picks`.
struct Selection {
  const Pick* main = nullptr;  // null: none that is not trivial
  std::vector<const Pick*> others{};
};
Selection select(const std::vector<Pick>& picks, std::optional<Market> only = {});

}  // namespace football
