// The goals that are expected of both sides, from the games of the league's season: the attack and defence of
// every team, measured against the opponents it had, drawn towards the league's mean where it has played
// little. Recent games count more; the games between the two move the result by a tenth at most. Pure.
//
//   const Expectation expected = expected_goals(finished_before(season, fixture), fixture);
//   if (expected.sound()) ScoreMatrix(expected.home, expected.away);
//
// The model: Maher, "Modelling association football scores" (1982), with a gamma prior on each strength.
#pragma once

#include <vector>

#include "football/models.hpp"
#include "football/season.hpp"

namespace football {

inline constexpr int enough_league_games = 20;
inline constexpr int enough_team_games = 3;

struct Expectation {
  double home = 0, away = 0;                             // 0.2 … 5
  double usual_home = 0, usual_away = 0;                 // of an average game of the league
  int league_games = 0, home_games = 0, away_games = 0;  // how many were known
  bool sound() const {
    return league_games >= enough_league_games && home_games >= enough_team_games &&
           away_games >= enough_team_games;
  }
};

// `games` and `head_to_head`: as finished_before() gives them.
Expectation expected_goals(const Games& games, const Fixture& fixture, const Games& head_to_head = {});

}  // namespace football
