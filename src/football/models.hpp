// What API-Football tells, as far as the bot uses it. Plain data. Whatever the API may leave out or send as
// null is optional here. Source: www.api-football.com/documentation-v3.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace football {

struct Team {
  std::int64_t id = 0;
  std::string name{};
};

struct League {
  std::int64_t id = 0;
  std::string name{}, country{};
  int season = 0;  // as the API names it
};

// What the API has of a league's season.
struct Coverage {
  bool standings = false, statistics = false, odds = false, injuries = false, lineups = false;
};
struct LeagueInfo {
  League league{};     // of the current season
  std::string type{};  // "League" or "Cup"
  Coverage coverage{};
};

enum class Phase { not_begun, live, finished, called_off };  // of the API's status.short: see phase_of()

struct Score {
  std::optional<int> home{}, away{};
  bool known() const { return home && away; }
};

struct Fixture {
  std::int64_t id = 0;
  base::WallTime kickoff{};
  Phase phase = Phase::not_begun;
  std::string status{};  // status.short: "NS", "FT", "AET" …
  League league{};
  std::string round{};  // "Regular Season - 12", "Quarter-finals"
  Team home{}, away{};
  Score goals{};  // after 90 minutes where the API tells it (score.fulltime), else as it stands
  Score halftime{};
  std::string venue{}, city{}, referee{};
};

// One line of a table.
struct Standing {
  int rank = 0;
  Team team{};
  std::string group{};
  int points = 0, played = 0, goals_for = 0, goals_against = 0;
  std::string form{};  // "WDLWW", the newest last
};
// A league's tables: one, or one for each group.
using Standings = std::vector<std::vector<Standing>>;

// Decimal odds of one bookmaker or the best of several, by our names of outcomes (odds_key.hpp).
using Odds = std::map<std::string, double>;

struct Account {
  std::string plan{};
  bool active = false;
  std::int64_t used = 0, limit = 0;  // calls of today
};

}  // namespace football
