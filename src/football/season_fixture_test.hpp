// For tests: a league of ten teams that play each other twice, one round a week, the first the strongest.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/iso8601.hpp"
#include "football/models.hpp"

namespace football::testing {

using namespace std::chrono_literals;

inline base::WallTime at(std::string_view text) {
  const auto time = base::parse_timestamp(text);
  EXPECT_TRUE(time.has_value()) << text;
  return time.value_or(base::WallTime{});
}

inline const League premier{39, "Premier League", "England", 2025};
inline constexpr int season_teams = 10;

inline Team team(int number) { return {100 + number, "Time " + std::to_string(number)}; }

inline Fixture game(std::int64_t id, Team home, Team away, base::WallTime kickoff) {
  Fixture fixture;
  fixture.id = id;
  fixture.kickoff = kickoff;
  fixture.status = "NS";
  fixture.league = premier;
  fixture.round = "Regular Season - 19";
  fixture.home = std::move(home);
  fixture.away = std::move(away);
  return fixture;
}

inline Fixture played(std::int64_t id, Team home, Team away, base::WallTime kickoff, int home_goals,
                      int away_goals) {
  Fixture fixture = game(id, std::move(home), std::move(away), kickoff);
  fixture.phase = Phase::finished;
  fixture.status = "FT";
  fixture.goals = {home_goals, away_goals};
  return fixture;
}

// 90 games from 2 August 2025 on. The stronger side scores more, the home side a little more.
inline std::vector<Fixture> whole_season() {
  const base::WallTime start = at("2025-08-02T15:00:00Z");
  std::vector<Fixture> games;
  for (int round = 0; round < 2 * (season_teams - 1); ++round)
    for (int pair = 0; pair < season_teams / 2; ++pair) {
      // The circle method: the last team stays, the others go round.
      const int turn = round % (season_teams - 1), others = season_teams - 1;
      int home = pair == 0 ? season_teams : (turn + pair) % others + 1;
      int away = pair == 0 ? turn + 1 : (turn + others - pair) % others + 1;
      if ((turn + pair) % 2 == 0) std::swap(home, away);
      if (round >= others) std::swap(home, away);
      const int wobble = (round * 5 + pair * 3) % 3;
      const int home_goals = std::clamp((away - home) / 3 + 1 + wobble % 2, 0, 5);
      const int away_goals = std::clamp((home - away) / 3 + wobble / 2 + (round + pair) % 2, 0, 5);
      const auto id = static_cast<std::int64_t>(games.size()) + 1;
      games.push_back(played(id, team(home), team(away), start + round * 7 * 24h, home_goals, away_goals));
    }
  return games;
}

inline Standings table() {
  Standings standings(1);
  for (int number = 1; number <= season_teams; ++number) {
    Standing line;
    line.rank = number;
    line.team = team(number);
    line.played = 18;
    standings[0].push_back(line);
  }
  return standings;
}

// After all of the season's games.
inline Fixture next_game(int home, int away) {
  return game(1000 + home * 20 + away, team(home), team(away), at("2025-12-20T19:30:00Z"));
}

}  // namespace football::testing
