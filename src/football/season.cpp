#include "football/season.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

namespace football {
namespace {

using namespace std::chrono_literals;

// From the kick-off to the final whistle at the least. A game that began later was still going on.
constexpr auto game_lasts = 105min;

bool is_sane(const Score& goals) {
  return goals.known() && *goals.home >= 0 && *goals.away >= 0 && *goals.home <= max_goals_told &&
         *goals.away <= max_goals_told;
}

bool plays(const Fixture& game, std::int64_t team) { return game.home.id == team || game.away.id == team; }

int goals_of(const Fixture& game, std::int64_t team) {
  return game.home.id == team ? *game.goals.home : *game.goals.away;
}
int goals_against(const Fixture& game, std::int64_t team) {
  return game.home.id == team ? *game.goals.away : *game.goals.home;
}

}  // namespace

Games finished_before(const std::vector<Fixture>& all, const Fixture& fixture) {
  Games games;
  for (const Fixture& game : all)
    if (game.phase == Phase::finished && is_sane(game.goals) && game.id != fixture.id &&
        game.home.id != game.away.id && game.kickoff + game_lasts <= fixture.kickoff)
      games.push_back(&game);
  std::sort(games.begin(), games.end(), [](const Fixture* one, const Fixture* other) {
    return std::tuple(one->kickoff, one->id) < std::tuple(other->kickoff, other->id);
  });
  std::set<std::int64_t> seen;
  std::erase_if(games, [&](const Fixture* game) { return !seen.insert(game->id).second; });
  if (games.size() > max_games) games.erase(games.begin(), games.end() - max_games);
  return games;
}

Record record_of(const Games& games, std::int64_t team, Venue venue) {
  Record record;
  for (const Fixture* game : games) {
    if (!plays(*game, team)) continue;
    if (venue != Venue::any && (venue == Venue::home) != (game->home.id == team)) continue;
    const int scored = goals_of(*game, team), conceded = goals_against(*game, team);
    ++record.games;
    record.scored += scored;
    record.conceded += conceded;
    if (scored > 0) ++record.scored_in;
    ++(scored > conceded ? record.won : scored == conceded ? record.drawn : record.lost);
  }
  return record;
}

std::string form_of(const Games& games, std::int64_t team, std::size_t count) {
  std::string form;
  for (const Fixture* game : last_games(games, team, count)) {
    const int scored = goals_of(*game, team), conceded = goals_against(*game, team);
    form += scored > conceded ? 'W' : scored == conceded ? 'D' : 'L';
  }
  std::reverse(form.begin(), form.end());
  return form;
}

Games last_games(const Games& games, std::int64_t team, std::size_t count) {
  Games last;
  for (auto game = games.rbegin(); game != games.rend() && last.size() < count; ++game)
    if (plays(**game, team)) last.push_back(*game);
  return last;
}

}  // namespace football
