// /teams/statistics: one team's season in one league, summed up over the games that are over.
#include <algorithm>

#include "simulator/football_endpoints.hpp"

namespace simulator::football {
namespace {

using namespace std::chrono_literals;

constexpr Rule rules[]{
    {"league", Type::id}, {"season", Type::season}, {"team", Type::id}, {"date", Type::date}};
constexpr std::array spans{"0-15", "16-30", "31-45", "46-60", "61-75", "76-90", "91-105", "106-120"};
constexpr std::array lines{"0.5", "1.5", "2.5", "3.5", "4.5"};

struct Game {
  int side, own, other;
};
using Minutes = std::array<int, spans.size()>;

struct Sums {
  std::vector<Game> games;  // by kick-off
  Minutes scored{}, conceded{}, yellow{}, red{};
};

Sums sum_up(const Context& context, const Season& season, int team, const Query& query) {
  Sums sums;
  for (const int index : season.fixtures) {
    const Fixture& fixture = fixture_at(context.data, index);
    const int side = fixture.teams[0] == team ? 0 : fixture.teams[1] == team ? 1 : -1;
    const State state = state_of(fixture, context.now);
    if (side < 0 || !state.finished ||
        (query.has("date") && context.zone.day(fixture.kickoff) > query.day("date")))
      continue;
    const Score& goals = *state.goals;
    sums.games.push_back(side == 0 ? Game{side, goals.home, goals.away} : Game{side, goals.away, goals.home});
    for (const Moment& moment : fixture.moments) {
      const auto span = static_cast<std::size_t>((moment.minute - 1) / 15);
      if (moment.what == Moment::What::goal)
        ++(moment.side == side ? sums.scored : sums.conceded)[span];
      else if (moment.side == side)
        ++(moment.what == Moment::What::yellow ? sums.yellow : sums.red)[span];
    }
  }
  return sums;
}

// {"home", "away", "total"} of what `value` makes of each game.
template <class Value>
std::array<int, 3> totals(const Sums& sums, const Value& value) {
  std::array<int, 3> all{};
  for (const Game& game : sums.games) {
    all[static_cast<std::size_t>(game.side)] += static_cast<int>(value(game));
    all[2] += static_cast<int>(value(game));
  }
  return all;
}
std::string totals_json(const std::array<int, 3>& all) {
  return json_object({{"home", std::to_string(all[0])},
                      {"away", std::to_string(all[1])},
                      {"total", std::to_string(all[2])}});
}

std::string average_json(int sum, int games) {
  return games == 0 ? "null" : fmt::format("\"{:.1f}\"", static_cast<double>(sum) / games);
}

std::string minutes_json(const Minutes& minutes) {
  int sum = 0;
  for (const int count : minutes) sum += count;
  std::vector<JsonMember> members;
  for (std::size_t i = 0; i < spans.size(); ++i)
    members.emplace_back(
        spans[i],
        json_object({{"total", minutes[i] == 0 ? "null" : std::to_string(minutes[i])},
                     {"percentage",
                      minutes[i] == 0 ? "null" : fmt::format("\"{:.2f}%\"", 100.0 * minutes[i] / sum)}}));
  return json_object(members);
}

template <class Goals>
std::string goals_json(const Sums& sums, const Minutes& minutes, const Goals& goals) {
  const auto all = totals(sums, goals), played = totals(sums, [](const Game&) { return 1; });
  std::vector<JsonMember> under_over;
  for (std::size_t line = 0; line < lines.size(); ++line) {
    const int over = totals(sums, [&](const Game& game) { return goals(game) > static_cast<int>(line); })[2];
    under_over.emplace_back(lines[line], json_object({{"over", std::to_string(over)},
                                                      {"under", std::to_string(played[2] - over)}}));
  }
  return json_object({{"total", totals_json(all)},
                      {"average", json_object({{"home", average_json(all[0], played[0])},
                                               {"away", average_json(all[1], played[1])},
                                               {"total", average_json(all[2], played[2])}})},
                      {"minute", minutes_json(minutes)},
                      {"under_over", json_object(under_over)}});
}

int sign(const Game& game) { return (game.own > game.other) - (game.own < game.other); }

int longest(const Sums& sums, int wanted) {
  int best = 0, now = 0;
  for (const Game& game : sums.games) best = std::max(best, now = sign(game) == wanted ? now + 1 : 0);
  return best;
}

// The widest result of a kind on one side, home goals first: "4-0"; null if there was none.
std::string widest(const Sums& sums, int side, int wanted) {
  const Game* best = nullptr;
  for (const Game& game : sums.games)
    if (game.side == side && sign(game) == wanted &&
        (best == nullptr || wanted * (game.own - game.other) > wanted * (best->own - best->other)))
      best = &game;
  if (best == nullptr) return "null";
  return side == 0 ? fmt::format("\"{}-{}\"", best->own, best->other)
                   : fmt::format("\"{}-{}\"", best->other, best->own);
}

template <class Goals>
std::string most_json(const Sums& sums, const Goals& goals) {
  std::array<int, 2> most{};
  for (const Game& game : sums.games) {
    int& own = most[static_cast<std::size_t>(game.side)];
    own = std::max(own, goals(game));
  }
  return json_object({{"home", std::to_string(most[0])}, {"away", std::to_string(most[1])}});
}

std::string biggest_json(const Sums& sums) {
  const auto pair = [&](int wanted) {
    return json_object({{"home", widest(sums, 0, wanted)}, {"away", widest(sums, 1, wanted)}});
  };
  return json_object(
      {{"streak", json_object({{"wins", std::to_string(longest(sums, 1))},
                               {"draws", std::to_string(longest(sums, 0))},
                               {"loses", std::to_string(longest(sums, -1))}})},
       {"wins", pair(1)},
       {"loses", pair(-1)},
       {"goals", json_object({{"for", most_json(sums, [](const Game& game) { return game.own; })},
                              {"against", most_json(sums, [](const Game& game) { return game.other; })}})}});
}

std::string team_json(const Context& context, const League& league, int year, const Team& team,
                      const Sums& sums) {
  const auto kind = [&](int wanted) {
    return totals_json(totals(sums, [&](const Game& game) { return sign(game) == wanted; }));
  };
  const auto own = [](const Game& game) { return game.own; };
  const auto other = [](const Game& game) { return game.other; };
  std::string form;
  for (const Game& game : sums.games) form += "LDW"[sign(game) + 1];
  const std::string none = R"({"total":0,"percentage":null})";
  std::vector<std::string> formations;
  if (!sums.games.empty())
    formations.push_back(json_object(
        {{"formation", json_string(team.formation)}, {"played", std::to_string(sums.games.size())}}));
  return json_object(
      {{"league", json_object(league_members(context.data, league, year))},
       {"team", short_team_json(team)},
       {"form", form.empty() ? "null" : json_string(form)},
       {"fixtures", json_object({{"played", totals_json(totals(sums, [](const Game&) { return 1; }))},
                                 {"wins", kind(1)},
                                 {"draws", kind(0)},
                                 {"loses", kind(-1)}})},
       {"goals", json_object({{"for", goals_json(sums, sums.scored, own)},
                              {"against", goals_json(sums, sums.conceded, other)}})},
       {"biggest", biggest_json(sums)},
       {"clean_sheet", totals_json(totals(sums, [](const Game& game) { return game.other == 0; }))},
       {"failed_to_score", totals_json(totals(sums, [](const Game& game) { return game.own == 0; }))},
       {"penalty", json_object({{"scored", none}, {"missed", none}, {"total", "0"}})},
       {"lineups", json_array(formations)},
       {"cards", json_object({{"yellow", minutes_json(sums.yellow)}, {"red", minutes_json(sums.red)}})}});
}

Reply statistics(const Context& context, const Query& query) {
  Faults faults;
  for (const char* name : {"league", "season", "team"})
    if (!query.has(name)) faults.merge(missing(name));
  if (!faults.empty()) return refuse(std::move(faults));
  Reply reply;
  const League* league = league_of(context.data, query.number("league"));
  const Season* season = league == nullptr ? nullptr : season_of(*league, query.number("season"));
  const int team = team_index(context.data, query.number("team"));
  if (season == nullptr || std::find(season->teams.begin(), season->teams.end(), team) == season->teams.end())
    return reply;
  reply.object = true;
  reply.rows = {team_json(context, *league, season->year, team_at(context.data, team),
                          sum_up(context, *season, team, query))};
  return reply;
}

}  // namespace

Endpoint team_statistics_endpoint() { return {"teams/statistics", rules, statistics}; }

}  // namespace simulator::football
