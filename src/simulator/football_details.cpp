// What belongs to one game: /fixtures/statistics, /fixtures/lineups, /injuries, and the events.
#include <algorithm>

#include "simulator/football_endpoints.hpp"
#include "simulator/record_view.hpp"

namespace simulator::football {
namespace {

using namespace std::chrono_literals;

constexpr Rule statistics_rules[]{{"fixture", Type::id}, {"team", Type::id}, {"type", Type::text}};
constexpr Rule lineup_rules[]{{"fixture", Type::id}, {"team", Type::id}};
constexpr Rule injury_rules[]{{"fixture", Type::id},    {"ids", Type::ids}, {"league", Type::id},
                              {"season", Type::season}, {"team", Type::id}, {"date", Type::date},
                              {"timezone", Type::zone}};
constexpr int squad = 20;

// A player keeps number and name for ever.
int player_id(int team, int number) { return 400'000 + team * squad + number; }
std::string player_name(const Data& data, int id) {
  base::Rng rng(data.seed + static_cast<std::uint64_t>(id));
  return person(rng);
}
std::string player_json(const Data& data, int id) {
  return json_object({{"id", std::to_string(id)}, {"name", json_string(player_name(data, id))}});
}

bool is_thin(const Context& context, const Fixture& fixture) {
  return !league_at(context.data, fixture).plan.coverage.statistics;
}

std::string count_json(int value, bool null_if_none) {
  return null_if_none && value == 0 ? "null" : std::to_string(value);
}
std::string percent_json(int value) { return fmt::format("\"{}%\"", value); }

// The types in the order of the real API. What did not happen is null where it leaves it out, and 0
// elsewhere.
std::vector<JsonMember> numbers(const Tally& tally) {
  const int shots = tally.on_goal + tally.off_goal + tally.blocked;
  return {{"Shots on Goal", count_json(tally.on_goal, false)},
          {"Shots off Goal", count_json(tally.off_goal, false)},
          {"Total Shots", count_json(shots, false)},
          {"Blocked Shots", count_json(tally.blocked, true)},
          {"Shots insidebox", count_json(tally.inside, false)},
          {"Shots outsidebox", count_json(shots - tally.inside, false)},
          {"Fouls", count_json(tally.fouls, false)},
          {"Corner Kicks", count_json(tally.corners, true)},
          {"Offsides", count_json(tally.offsides, true)},
          {"Ball Possession", percent_json(tally.possession)},
          {"Yellow Cards", count_json(tally.yellow, true)},
          {"Red Cards", count_json(tally.red, true)},
          {"Goalkeeper Saves", count_json(tally.saves, true)},
          {"Total passes", count_json(tally.passes, false)},
          {"Passes accurate", count_json(tally.accurate, false)},
          {"Passes %", tally.passes == 0 ? "null" : percent_json(100 * tally.accurate / tally.passes)},
          {"expected_goals", fmt::format("\"{:.2f}\"", tally.expected_goals)}};
}

std::vector<std::string> statistics_of(const Context& context, const Fixture& fixture, const Query* query) {
  std::vector<std::string> rows;
  const State state = state_of(fixture, context.now);
  if (is_thin(context, fixture) || !state.goals) return rows;
  const auto both = tallies(context.data, fixture, state);
  for (std::size_t side = 0; side < 2; ++side) {
    const Team& team = team_at(context.data, fixture.teams[side]);
    if (query != nullptr && !query->is("team", team.id)) continue;
    std::vector<std::string> types;
    for (const auto& [type, value] : numbers(both[side]))
      if (query == nullptr || !query->has("type") || lower(query->text("type")) == lower(type))
        types.push_back(json_object({{"type", json_string(type)}, {"value", value}}));
    rows.push_back(json_object({{"team", short_team_json(team)}, {"statistics", json_array(types)}}));
  }
  return rows;
}

std::string lineup_player(const Data& data, int team, int number) {
  static constexpr std::string_view places = "GDDDDMMMFFF";
  const int id = player_id(team, number);
  const bool starts = number < 11;
  const char place = places[static_cast<std::size_t>(number) % places.size()];
  return json_object(
      {{"player",
        json_object(
            {{"id", std::to_string(id)},
             {"name", json_string(player_name(data, id))},
             {"number", std::to_string(number + 1)},
             {"pos", json_string(std::string(1, place))},
             {"grid", starts ? fmt::format("\"{}:{}\"", 1 + (number + 2) / 4, 1 + number % 4) : "null"}})}});
}

std::string lineup_json(const Data& data, int index) {
  const Team& team = team_at(data, index);
  std::vector<std::string> eleven, others;
  for (int number = 0; number < squad; ++number)
    (number < 11 ? eleven : others).push_back(lineup_player(data, index, number));
  return json_object({{"team", json_object({{"id", std::to_string(team.id)},
                                            {"name", json_string(team.name)},
                                            {"logo", picture("teams", team.id)},
                                            {"colors", "null"}})},
                      {"formation", json_string(team.formation)},
                      {"startXI", json_array(eleven)},
                      {"substitutes", json_array(others)},
                      {"coach", json_object({{"id", std::to_string(30'000 + team.id)},
                                             {"name", json_string(player_name(data, 30'000 + team.id))},
                                             {"photo", picture("coachs", 30'000 + team.id)}})}});
}

Reply statistics(const Context& context, const Query& query) {
  if (!query.has("fixture")) return refuse(missing("fixture"));
  const Fixture* fixture = fixture_of(context, query.number("fixture"));
  return fixture == nullptr ? Reply{} : Reply{.rows = statistics_of(context, *fixture, &query)};
}

Reply lineups(const Context& context, const Query& query) {
  if (!query.has("fixture")) return refuse(missing("fixture"));
  Reply reply;
  const Fixture* fixture = fixture_of(context, query.number("fixture"));
  if (fixture == nullptr) return reply;
  const std::vector<std::string> rows = lineup_rows(context, *fixture);
  for (std::size_t side = 0; side < rows.size(); ++side)
    if (query.is("team", team_at(context.data, fixture->teams[side]).id)) reply.rows.push_back(rows[side]);
  return reply;
}

// Nobody to three of each side; one in ten is listed twice, as in the real API.
void add_injuries(const Context& context, const Fixture& fixture, const Query& query, Reply& reply) {
  const Data& data = context.data;
  base::Rng rng(data.seed + 77U * static_cast<std::uint64_t>(fixture.id));
  const auto league = league_members(data, league_at(data, fixture), season_at(data, fixture).year);
  for (const int index : fixture.teams) {
    const Team& team = team_at(data, index);
    for (std::uint64_t left = rng.below(4); left > 0; --left) {
      const int id = player_id(index, static_cast<int>(left * 5 + rng.below(5)));
      const bool sure = !one_in(rng, 3), twice = one_in(rng, 10);
      if (!query.is("team", team.id)) continue;
      const std::string player = json_object({{"id", std::to_string(id)},
                                              {"name", json_string(player_name(data, id))},
                                              {"photo", picture("players", id)},
                                              {"type", sure ? "\"Missing Fixture\"" : "\"Questionable\""},
                                              {"reason", id % 3 == 0 ? "\"Suspended\"" : "\"Knee Injury\""}});
      for (int times = twice ? 2 : 1; times > 0; --times)
        reply.rows.push_back(json_object({{"player", player},
                                          {"team", short_team_json(team)},
                                          {"fixture", short_fixture_json(context, fixture)},
                                          {"league", json_object(league)}}));
    }
  }
}

Reply injuries(const Context& context, const Query& query) {
  const Data& data = context.data;
  if (query.values().empty()) return refuse(none_given());
  if (!query.any({"fixture", "ids", "date"})) {
    if (!query.has("season")) return refuse(missing("season"));
    if (!query.any({"league", "team"})) return refuse(alone("season"));
  }
  const std::vector<int> ids = query.list(query.has("fixture") ? "fixture" : "ids");
  Reply reply;
  for (const int index : data.by_kickoff) {
    const Fixture& fixture = fixture_at(data, index);
    if (fixture.kickoff > context.now + 72h) break;
    if (!ids.empty() && std::find(ids.begin(), ids.end(), fixture.id) == ids.end()) continue;
    if (fixture.drawn > context.now || is_thin(context, fixture) ||
        !query.is("league", league_at(data, fixture).plan.id) ||
        !query.is("season", season_at(data, fixture).year))
      continue;
    if (query.has("date") && context.zone.day(fixture.kickoff) != query.day("date")) continue;
    add_injuries(context, fixture, query, reply);
  }
  return reply;
}

}  // namespace

std::vector<std::string> statistics_rows(const Context& context, const Fixture& fixture) {
  return statistics_of(context, fixture, nullptr);
}

std::vector<std::string> lineup_rows(const Context& context, const Fixture& fixture) {
  if (is_thin(context, fixture) || fixture.fate != Fate::played || context.now < fixture.kickoff - 40min)
    return {};
  return {lineup_json(context.data, fixture.teams[0]), lineup_json(context.data, fixture.teams[1])};
}

std::string events_json(const Context& context, const Fixture& fixture) {
  const State state = state_of(fixture, context.now);
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < fixture.moments.size() && state.goals; ++i) {
    const Moment& moment = fixture.moments[i];
    if (moment.minute > state.minute) break;
    const int team = fixture.teams[static_cast<std::size_t>(moment.side)];
    const bool goal = moment.what == Moment::What::goal;
    const int player =
        player_id(team, 1 + static_cast<int>((i * 7 + static_cast<std::size_t>(fixture.id)) % 10));
    rows.push_back(
        json_object({{"time", json_object({{"elapsed", std::to_string(moment.minute)}, {"extra", "null"}})},
                     {"team", short_team_json(team_at(context.data, team))},
                     {"player", player_json(context.data, player)},
                     {"assist", R"({"id":null,"name":null})"},
                     {"type", goal ? "\"Goal\"" : "\"Card\""},
                     {"detail", goal                                  ? "\"Normal Goal\""
                                : moment.what == Moment::What::yellow ? "\"Yellow Card\""
                                                                      : "\"Red Card\""},
                     {"comments", "null"}}));
  }
  return json_array(rows);
}

Endpoint game_statistics_endpoint() { return {"fixtures/statistics", statistics_rules, statistics}; }
Endpoint lineups_endpoint() { return {"fixtures/lineups", lineup_rules, lineups}; }
Endpoint injuries_endpoint() { return {"injuries", injury_rules, injuries}; }

}  // namespace simulator::football
