// What the numbers say about a game: a pure function of what was fetched, and only of games that were over
// when it kicks off. One Poisson score matrix gives all goal and result markets, so that they agree with each
// other; the quality score (QSC) and the evidence stand beside it.
//
//   const Analysis analysis = analyse(game, {.season = &season, .standings = &standings}, ratings);
//   const std::string html = write_dossier(analysis, zone);          // dossier.hpp
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "football/models.hpp"
#include "football/picks.hpp"
#include "football/quality.hpp"
#include "football/score_matrix.hpp"

namespace football {

inline constexpr std::size_t evidence_games = 4;
inline constexpr double default_minimum_confidence = 5.5;

// One of a team's last games.
struct Evidence {
  std::string opponent{};
  bool at_home = false;
  int goals_for = 0, goals_against = 0;
  base::WallTime kickoff{};
};

struct Side {
  Team team{};
  std::optional<int> position{};  // in its table
  std::optional<int> teams{};     // of that table
  int quality = 0;                // QSC
  std::string form{};             // "WDLWW", newest last, from the season's games
  std::vector<Evidence> last{};   // up to 4, the newest first
  double goals_expected = 0;      // λ of this game; 0 if the analysis is not sound
};

struct Analysis {
  Fixture fixture{};
  Side home{}, away{};
  ScoreMatrix matrix{};                 // means nothing unless sound
  std::vector<Pick> picks{};            // all that are confident enough, best first; no two contradict
  std::vector<std::string> warnings{};  // Portuguese: what is missing, not escaped
  std::optional<base::WallTime> stale_since{};  // the oldest of what is old; also a warning
  bool sound = false;  // enough games were known; false: `warnings` says why, no picks
};

// Null: not known.
struct Sources {
  const std::vector<Fixture>* season = nullptr;  // of its league
  const Standings* standings = nullptr;
  const std::vector<Fixture>* head_to_head = nullptr;
  const Odds* odds = nullptr;
  std::optional<base::WallTime> stale_since{};
};

Analysis analyse(const Fixture& fixture, const Sources& sources, const Ratings& ratings,
                 double minimum_confidence = default_minimum_confidence);

}  // namespace football
