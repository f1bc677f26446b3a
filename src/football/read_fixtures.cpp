#include <algorithm>
#include <array>

#include "base/iso8601.hpp"
#include "football/fields.hpp"
#include "football/readers.hpp"

namespace football {
namespace {

using decode::Value;

constexpr std::int64_t year_1990 = 631'152'000, year_2100 = 4'102'444'800;
constexpr int max_goals = 99;

Team team_of(const Value& value) {
  return {integer(at(value, {"id"}), 1, max_id).value_or(0), text(at(value, {"name"}))};
}

bool is_team(const Team& team) { return team.id > 0 && !team.name.empty(); }

// Both or none: half a score is no score.
Score score_of(const Value& value) {
  const Score score{small(at(value, {"home"}), 0, max_goals), small(at(value, {"away"}), 0, max_goals)};
  return score.known() ? score : Score{};
}

std::optional<base::WallTime> kickoff_of(const Value& fixture) {
  std::optional<base::WallTime> time;
  if (const auto second = integer(at(fixture, {"timestamp"}), year_1990, year_2100))
    time = base::WallTime{std::chrono::seconds{*second}};
  else if (const Value date = at(fixture, {"date"}); date.kind() == decode::Kind::string)
    if (const auto parsed = base::parse_timestamp(date.text())) time = *parsed;
  if (!time || *time < base::WallTime{std::chrono::seconds{year_1990}} ||
      *time > base::WallTime{std::chrono::seconds{year_2100}})
    return std::nullopt;
  return time;
}

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Phase phase_of(std::string_view status) {
  static constexpr std::array<std::string_view, 2> to_come{"NS", "TBD"};
  static constexpr std::array<std::string_view, 9> under_way{"1H", "HT",   "2H",  "ET",  "BT",
                                                             "P",  "SUSP", "INT", "LIVE"};
  static constexpr std::array<std::string_view, 3> over{"FT", "AET", "PEN"};
  if (is_one_of(to_come, status)) return Phase::not_begun;
  if (is_one_of(under_way, status)) return Phase::live;
  return is_one_of(over, status) ? Phase::finished : Phase::called_off;
}

std::optional<Fixture> read_fixture(const Value& item) {
  const Value fixture = at(item, {"fixture"}), league = at(item, {"league"});
  Fixture game;
  const auto id = integer(at(fixture, {"id"}), 1, max_id);
  const auto kickoff = kickoff_of(fixture);
  const auto league_id = integer(at(league, {"id"}), 1, max_id);
  game.home = team_of(at(item, {"teams", "home"}));
  game.away = team_of(at(item, {"teams", "away"}));
  game.status = text(at(fixture, {"status", "short"}), 8);
  if (!id || !kickoff || !league_id || !is_team(game.home) || !is_team(game.away) || game.status.empty())
    return std::nullopt;
  game.id = *id;
  game.kickoff = *kickoff;
  game.phase = phase_of(game.status);
  game.league = {*league_id, text(at(league, {"name"})), text(at(league, {"country"})),
                 small(at(league, {"season"}), 1900, 2200).value_or(0)};
  game.round = text(at(league, {"round"}));
  game.goals = score_of(at(item, {"score", "fulltime"}));
  if (!game.goals.known()) game.goals = score_of(at(item, {"goals"}));
  game.halftime = score_of(at(item, {"score", "halftime"}));
  game.venue = text(at(fixture, {"venue", "name"}));
  game.city = text(at(fixture, {"venue", "city"}));
  game.referee = text(at(fixture, {"referee"}));
  return game;
}

base::Result<std::vector<Fixture>> read_fixtures(const Value& response) {
  if (response.kind() != decode::Kind::array)
    return base::error(base::Code::invalid_data, "the list of games is no list");
  std::vector<Fixture> games;
  for (const Value& item : response.items())
    if (auto game = read_fixture(item)) games.push_back(*std::move(game));
  if (games.empty() && !response.items().empty())
    return base::error(base::Code::invalid_data, "none of {} games can be read", response.items().size());
  return games;
}

}  // namespace football
