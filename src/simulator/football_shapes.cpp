// How leagues, teams and fixtures look in every answer.
#include <algorithm>

#include "simulator/football_endpoints.hpp"
#include "simulator/record_view.hpp"

namespace simulator::football {
namespace {

using namespace std::chrono_literals;

std::string json_score(const std::optional<Score>& score) {
  return json_object({{"home", score ? std::to_string(score->home) : "null"},
                      {"away", score ? std::to_string(score->away) : "null"}});
}

// Announced three days ahead, and not everywhere.
std::string referee(const Context& context, const Fixture& fixture) {
  base::Rng rng(context.data.seed ^ static_cast<std::uint64_t>(fixture.id));
  const bool announced = !one_in(rng, 5) && fixture.kickoff - context.now < 72h;
  return announced ? json_string(person(rng)) : "null";
}

std::string venue_json(const Team& host) {
  return json_object({{"id", json_or_null(host.venue_id)},
                      {"name", json_string(host.venue)},
                      {"city", json_or_null(host.city)}});
}

std::string fixture_head(const Context& context, const Fixture& fixture, const State& state) {
  const std::int64_t begin = fixture.kickoff.time_since_epoch().count();
  const bool begun = state.goals.has_value();
  return json_object({{"id", std::to_string(fixture.id)},
                      {"referee", referee(context, fixture)},
                      {"timezone", json_string(context.zone.name)},
                      {"date", json_string(context.zone.text(fixture.kickoff))},
                      {"timestamp", std::to_string(begin)},
                      {"periods", json_object({{"first", begun ? std::to_string(begin) : "null"},
                                               {"second", begun && state.halftime && state.brief != "HT"
                                                              ? std::to_string(begin + 62 * 60)
                                                              : "null"}})},
                      {"venue", venue_json(team_at(context.data, fixture.teams[0]))},
                      {"status", json_object({{"long", json_string(state.full)},
                                              {"short", json_string(state.brief)},
                                              {"elapsed", json_or_null(state.elapsed)},
                                              {"extra", json_or_null(state.extra)}})}});
}

std::string side_json(const Data& data, const Fixture& fixture, const State& state, int side) {
  const Team& team = team_at(data, fixture.teams[static_cast<std::size_t>(side)]);
  const char* winner = state.winner < 0 ? "null" : state.winner == side ? "true" : "false";
  return json_object({{"id", std::to_string(team.id)},
                      {"name", json_string(team.name)},
                      {"logo", picture("teams", team.id)},
                      {"winner", winner}});
}

}  // namespace

std::string json_or_null(const std::optional<int>& value) { return value ? std::to_string(*value) : "null"; }
std::string json_or_null(const std::optional<std::string>& value) {
  return value ? json_string(*value) : "null";
}

std::string picture(std::string_view folder, int id) {
  return fmt::format("\"https://media.api-sports.io/football/{}/{}.png\"", folder, id);
}

std::string flag_json(const Country& country) {
  return country.code.empty()
             ? "null"
             : fmt::format("\"https://media.api-sports.io/flags/{}.svg\"", lower(country.code));
}

std::string short_team_json(const Team& team) {
  return json_object({{"id", std::to_string(team.id)},
                      {"name", json_string(team.name)},
                      {"logo", picture("teams", team.id)}});
}

std::vector<JsonMember> league_members(const Data& data, const League& league, int year) {
  const Country& country = data.countries[static_cast<std::size_t>(league.country)];
  return {{"id", std::to_string(league.plan.id)}, {"name", json_string(league.plan.name)},
          {"country", json_string(country.name)}, {"logo", picture("leagues", league.plan.id)},
          {"flag", flag_json(country)},           {"season", std::to_string(year)}};
}

std::string short_fixture_json(const Context& context, const Fixture& fixture) {
  return json_object({{"id", std::to_string(fixture.id)},
                      {"timezone", json_string(context.zone.name)},
                      {"date", json_string(context.zone.text(fixture.kickoff))},
                      {"timestamp", std::to_string(fixture.kickoff.time_since_epoch().count())}});
}

std::string fixture_json(const Context& context, const Fixture& fixture, bool with_details) {
  const Data& data = context.data;
  const State state = state_of(fixture, context.now);
  const League& of = league_at(data, fixture);
  auto league = league_members(data, of, season_at(data, fixture).year);
  league.emplace_back("round", json_string(fixture.round));
  league.emplace_back("standings", of.plan.coverage.standings ? "true" : "false");
  std::vector<JsonMember> members{{"fixture", fixture_head(context, fixture, state)},
                                  {"league", json_object(league)},
                                  {"teams", json_object({{"home", side_json(data, fixture, state, 0)},
                                                         {"away", side_json(data, fixture, state, 1)}})},
                                  {"goals", json_score(state.goals)},
                                  {"score", json_object({{"halftime", json_score(state.halftime)},
                                                         {"fulltime", json_score(state.fulltime)},
                                                         {"extratime", json_score(state.extratime)},
                                                         {"penalty", json_score(state.penalty)}})}};
  if (with_details) {
    members.emplace_back("events", events_json(context, fixture));
    members.emplace_back("lineups", json_array(lineup_rows(context, fixture)));
    members.emplace_back("statistics", json_array(statistics_rows(context, fixture)));
    members.emplace_back("players", "[]");
  }
  return json_object(members);
}

const League* league_of(const Data& data, int id) {
  const auto found = std::find_if(data.leagues.begin(), data.leagues.end(),
                                  [&](const League& one) { return one.plan.id == id; });
  return found == data.leagues.end() ? nullptr : &*found;
}

const Season* season_of(const League& league, int year) {
  const auto found = std::find_if(league.seasons.begin(), league.seasons.end(),
                                  [&](const Season& one) { return one.year == year; });
  return found == league.seasons.end() ? nullptr : &*found;
}

// Both kinds of ids run without a gap.
const Fixture* fixture_of(const Context& context, int id) {
  const auto& all = context.data.fixtures;
  const int index = all.empty() ? -1 : id - all.front().id;
  if (index < 0 || index >= static_cast<int>(all.size())) return nullptr;
  const Fixture& found = fixture_at(context.data, index);
  return found.drawn <= context.now ? &found : nullptr;
}

int team_index(const Data& data, int id) {
  const int index = data.teams.empty() ? -1 : id - data.teams.front().id;
  return index < static_cast<int>(data.teams.size()) ? std::max(index, -1) : -1;
}

}  // namespace simulator::football
