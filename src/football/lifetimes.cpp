#include "football/lifetimes.hpp"

#include <algorithm>

namespace football {
namespace {

using namespace std::chrono_literals;

constexpr auto soon = 3h;

// Its numbers may change within the hour. One that ended early is over, whenever it began; but the API goes
// on correcting a result for a while, so the season looks at what has begun whether it is over or not.
bool is_in_motion(const Fixture& game, base::WallTime now) {
  if (game.phase == Phase::live) return true;
  return game.phase == Phase::not_begun && game.kickoff >= now - soon && game.kickoff <= now + soon;
}

bool has_just_begun(const Fixture& game, base::WallTime now) {
  if (game.phase == Phase::live) return true;
  return game.phase != Phase::called_off && game.kickoff <= now && game.kickoff >= now - soon;
}

}  // namespace

Cache::Lifetime lifetime_of_leagues(bool is_any) {
  if (!is_any) return {5min, 5min};
  return {24h, 7 * 24h};
}

Cache::Lifetime lifetime_of_day(std::span<const Fixture> games, base::WallTime now) {
  if (games.empty()) return {5min, 5min};
  const bool moves = std::ranges::any_of(games, [&](const Fixture& it) { return is_in_motion(it, now); });
  return {moves ? base::Duration(10min) : base::Duration(1h), 24h};
}

Cache::Lifetime lifetime_of_season(std::span<const Fixture> games, base::WallTime now) {
  if (games.empty()) return {1h, 1h};
  const bool moves = std::ranges::any_of(games, [&](const Fixture& it) { return has_just_begun(it, now); });
  return {moves ? base::Duration(15min) : base::Duration(6h), 48h};
}

Cache::Lifetime lifetime_of_standings(bool is_any) {
  if (!is_any) return {1h, 1h};
  return {6h, 48h};
}

Cache::Lifetime lifetime_of_head_to_head() { return {7 * 24h, 30 * 24h}; }

Cache::Lifetime lifetime_of_odds(base::WallTime kickoff, base::WallTime now) {
  if (kickoff > now + 24h) return {3h, 12h};
  return {kickoff >= now + 2h ? base::Duration(1h) : base::Duration(10min), 12h};
}

Cache::Lifetime lifetime_of_game(bool is_known) {
  if (!is_known) return {5min, 5min};
  return {10min, 24h};
}

}  // namespace football
