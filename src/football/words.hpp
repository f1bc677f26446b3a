// What picks and warnings are called in Portuguese. Nothing is escaped here: dossier.hpp does that. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "football/analysis.hpp"
#include "football/season.hpp"
#include "football/strengths.hpp"

namespace football {

std::string decimal(double value, int places = 1);  // "2,5"
std::string zone_words(std::int64_t offset);        // seconds ahead of UTC: "Brasília", "UTC+1", "UTC-4:30"
std::string_view market_words(Market market);       // "Gols", "Resultado Final" …
std::string outcome_words(const Statement& statement, const Fixture& fixture);  // "Mais de 2,5 gols"
std::string score_words(const Fixture& fixture, double home, double away);      // "Arsenal 1,8 x 0,9 Chelsea"

// What a sentence of reasons is made of.
struct Grounds {
  const Games& games;
  const Analysis& analysis;  // its fixture and sides
};
std::string reason_words(const Statement& statement, const Grounds& grounds);

// Why the numbers are too few, one sentence each; none if they are not.
std::vector<std::string> shortage_words(const Expectation& expected, const Fixture& fixture);
// Of which of these picks the odds are not known, or "".
std::string odds_words(const std::vector<Pick>& picks, const Odds* odds);

}  // namespace football
