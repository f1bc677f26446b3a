// /standings: the sums of the games that are over.
#include <algorithm>
#include <tuple>

#include "simulator/football_endpoints.hpp"

namespace simulator::football {
namespace {

constexpr Rule rules[]{{"league", Type::id}, {"season", Type::season}, {"team", Type::id}};

struct Part {  // at home or away
  int played = 0, won = 0, drawn = 0, lost = 0, scored = 0, conceded = 0;
};
struct Row {
  int team = 0;
  std::array<Part, 2> parts{};
  std::string form{};  // of all games, the last one at the end

  Part all() const {
    const auto& [home, away] = parts;
    return {home.played + away.played, home.won + away.won,       home.drawn + away.drawn,
            home.lost + away.lost,     home.scored + away.scored, home.conceded + away.conceded};
  }
  int points() const { return 3 * all().won + all().drawn; }
};

void count(Row& row, int side, const Score& goals) {
  Part& part = row.parts[static_cast<std::size_t>(side)];
  const int own = side == 0 ? goals.home : goals.away, other = side == 0 ? goals.away : goals.home;
  ++part.played;
  ++(own > other ? part.won : own == other ? part.drawn : part.lost);
  part.scored += own;
  part.conceded += other;
  row.form += own > other ? 'W' : own == other ? 'D' : 'L';
}

std::vector<Row> table_of(const Context& context, const League& league, const Season& season,
                          const std::vector<int>& group) {
  std::vector<Row> rows;
  for (const int team : group) rows.push_back({.team = team});
  for (const int index : season.fixtures) {
    const Fixture& game = fixture_at(context.data, index);
    if (league.plan.kind == Kind::groups && !game.round.starts_with("Group")) continue;
    const State state = state_of(game, context.now);
    if (!state.finished) continue;
    for (int side = 0; side < 2; ++side)
      for (Row& row : rows)
        if (row.team == game.teams[static_cast<std::size_t>(side)]) count(row, side, *state.goals);
  }
  std::sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    const auto key = [&](const Row& row) {
      const Part all = row.all();
      return std::tuple(-row.points(), all.conceded - all.scored, -all.scored,
                        std::string_view(team_at(context.data, row.team).name));
    };
    return key(a) < key(b);
  });
  return rows;
}

std::string part_json(const Part& part) {
  return json_object({{"played", std::to_string(part.played)},
                      {"win", std::to_string(part.won)},
                      {"draw", std::to_string(part.drawn)},
                      {"lose", std::to_string(part.lost)},
                      {"goals", json_object({{"for", std::to_string(part.scored)},
                                             {"against", std::to_string(part.conceded)}})}});
}

std::string description(const League& league, std::size_t rank, std::size_t size) {
  if (league.plan.kind == Kind::groups) return rank <= 2 ? "\"Quarter-finals\"" : "null";
  if (rank <= 4) return "\"Promotion - Continental Cup (Group Stage)\"";
  return rank + 3 > size ? "\"Relegation\"" : "null";
}

std::string row_json(const Context& context, const League& league, const Row& row, const std::string& group,
                     std::size_t rank, std::size_t size) {
  const Part all = row.all();
  const std::string form = row.form.size() > 5 ? row.form.substr(row.form.size() - 5) : row.form;
  return json_object({{"rank", std::to_string(rank)},
                      {"team", short_team_json(team_at(context.data, row.team))},
                      {"points", std::to_string(row.points())},
                      {"goalsDiff", std::to_string(all.scored - all.conceded)},
                      {"group", json_string(group)},
                      {"form", form.empty() ? "null" : json_string(form)},
                      {"status", "\"same\""},
                      {"description", description(league, rank, size)},
                      {"all", part_json(all)},
                      {"home", part_json(row.parts[0])},
                      {"away", part_json(row.parts[1])},
                      {"update", json_string(Zone{}.text(floor<std::chrono::hours>(context.now)))}});
}

// One answer row for a league; its groups are arrays of their own. "": nothing of the wanted team.
std::string league_json(const Context& context, const League& league, const Season& season,
                        const Query& query) {
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < season.groups.size(); ++i) {
    const std::string name = league.plan.kind == Kind::groups
                                 ? fmt::format("Group {}", static_cast<char>('A' + i))
                                 : std::string(league.plan.name);
    const auto table = table_of(context, league, season, season.groups[i]);
    std::vector<std::string> rows;
    for (std::size_t rank = 1; rank <= table.size(); ++rank)
      if (query.is("team", team_at(context.data, table[rank - 1].team).id))
        rows.push_back(row_json(context, league, table[rank - 1], name, rank, table.size()));
    if (!rows.empty()) groups.push_back(json_array(rows));
  }
  if (groups.empty()) return "";
  auto members = league_members(context.data, league, season.year);
  members.emplace_back("standings", json_array(groups));
  return json_object({{"league", json_object(members)}});
}

Reply standings(const Context& context, const Query& query) {
  if (!query.has("season")) return refuse(missing("season"));
  if (!query.any({"league", "team"})) return refuse(alone("season"));
  Reply reply;
  for (const League& league : context.data.leagues) {
    const Season* season = season_of(league, query.number("season"));
    if (!query.is("league", league.plan.id) || season == nullptr || !league.plan.coverage.standings) continue;
    if (std::string row = league_json(context, league, *season, query); !row.empty())
      reply.rows.push_back(std::move(row));
  }
  return reply;
}

}  // namespace

Endpoint standings_endpoint() { return {"standings", rules, standings}; }

}  // namespace simulator::football
