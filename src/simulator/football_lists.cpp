// /timezone, /leagues and /teams.
#include <algorithm>

#include "simulator/football_endpoints.hpp"
#include "simulator/record_view.hpp"

namespace simulator::football {
namespace {

constexpr Rule league_rules[]{{"id", Type::id},     {"name", Type::text},     {"country", Type::text},
                              {"code", Type::text}, {"season", Type::season}, {"team", Type::id},
                              {"type", Type::text}, {"current", Type::flag},  {"search", Type::search}};
constexpr Rule team_rules[]{{"id", Type::id},         {"name", Type::text},    {"league", Type::id},
                            {"season", Type::season}, {"country", Type::text}, {"code", Type::text},
                            {"venue", Type::id},      {"search", Type::search}};

const char* truth_json(bool value) { return value ? "true" : "false"; }

bool contains(std::string_view text, std::string_view part) {
  return lower(text).find(lower(part)) != std::string::npos;
}

std::string date_json(Day day) { return json_string(iso_day(day)); }

std::string season_json(const Season& season, const League& league) {
  const Coverage& coverage = league.plan.coverage;
  const std::string fixtures = json_object({{"events", "true"},
                                            {"lineups", truth_json(coverage.statistics)},
                                            {"statistics_fixtures", truth_json(coverage.statistics)},
                                            {"statistics_players", "false"}});
  return json_object({{"year", std::to_string(season.year)},
                      {"start", date_json(season.first)},
                      {"end", date_json(season.last)},
                      {"current", truth_json(&season == &league.seasons.back())},
                      {"coverage", json_object({{"fixtures", fixtures},
                                                {"standings", truth_json(coverage.standings)},
                                                {"players", "false"},
                                                {"top_scorers", "false"},
                                                {"top_assists", "false"},
                                                {"top_cards", "false"},
                                                {"injuries", truth_json(coverage.statistics)},
                                                {"predictions", "false"},
                                                {"odds", truth_json(coverage.odds)}})}});
}

bool plays(const Data& data, const League& league, int team) {
  const auto& teams = league.seasons.back().teams;
  return std::find(teams.begin(), teams.end(), team_index(data, team)) != teams.end();
}

Reply list_leagues(const Context& context, const Query& query) {
  const Data& data = context.data;
  Reply reply;
  for (const League& league : data.leagues) {
    const Country& country = data.countries[static_cast<std::size_t>(league.country)];
    const std::string type = league.plan.kind == Kind::league ? "League" : "Cup";
    const auto same = [&](std::string_view name, std::string_view value) {
      return !query.has(name) || lower(query.text(name)) == lower(value);
    };
    if (!query.is("id", league.plan.id) || !same("name", league.plan.name) ||
        !same("country", country.name) || !same("code", country.code) || !same("type", type) ||
        (query.has("team") && !plays(data, league, query.number("team"))) ||
        (query.has("search") && !contains(league.plan.name, query.text("search")) &&
         !contains(country.name, query.text("search"))))
      continue;
    std::vector<std::string> seasons;
    for (const Season& season : league.seasons)
      if (query.is("season", season.year) &&
          (!query.has("current") || (query.text("current") == "true") == (&season == &league.seasons.back())))
        seasons.push_back(season_json(season, league));
    if (seasons.empty()) continue;
    reply.rows.push_back(json_object(
        {{"league", json_object({{"id", std::to_string(league.plan.id)},
                                 {"name", json_string(league.plan.name)},
                                 {"type", json_string(type)},
                                 {"logo", picture("leagues", league.plan.id)}})},
         {"country", json_object({{"name", json_string(country.name)},
                                  {"code", country.code.empty() ? "null" : json_string(country.code)},
                                  {"flag", flag_json(country)}})},
         {"seasons", json_array(seasons)}}));
  }
  return reply;
}

std::string team_json(const Data& data, const Team& team) {
  const Country& country = data.countries[static_cast<std::size_t>(team.country)];
  return json_object({{"team", json_object({{"id", std::to_string(team.id)},
                                            {"name", json_string(team.name)},
                                            {"code", json_or_null(team.code)},
                                            {"country", json_string(country.name)},
                                            {"founded", json_or_null(team.founded)},
                                            {"national", "false"},
                                            {"logo", picture("teams", team.id)}})},
                      {"venue", json_object({{"id", json_or_null(team.venue_id)},
                                             {"name", json_string(team.venue)},
                                             {"address", "null"},
                                             {"city", json_or_null(team.city)},
                                             {"capacity", std::to_string(team.capacity)},
                                             {"surface", "\"grass\""},
                                             {"image", picture("venues", 20'000 + team.id)}})}});
}

Reply list_teams(const Context& context, const Query& query) {
  const Data& data = context.data;
  if (query.values().empty()) return refuse(none_given());
  if (query.has("league") != query.has("season"))
    return refuse(query.has("league") ? missing("season") : alone("season"));
  const League* league = query.has("league") ? league_of(data, query.number("league")) : nullptr;
  const Season* season = league == nullptr ? nullptr : season_of(*league, query.number("season"));
  Reply reply;
  if (query.has("league") && season == nullptr) return reply;
  for (std::size_t i = 0; i < data.teams.size(); ++i) {
    const Team& team = data.teams[i];
    const std::string& country = data.countries[static_cast<std::size_t>(team.country)].name;
    if (season != nullptr &&
        std::find(season->teams.begin(), season->teams.end(), static_cast<int>(i)) == season->teams.end())
      continue;
    if (query.is("id", team.id) && (!query.has("venue") || team.venue_id == query.number("venue")) &&
        (!query.has("name") || lower(team.name) == lower(query.text("name"))) &&
        (!query.has("country") || lower(country) == lower(query.text("country"))) &&
        (!query.has("code") || team.code == query.text("code")) &&
        (!query.has("search") || contains(team.name, query.text("search"))))
      reply.rows.push_back(team_json(data, team));
  }
  return reply;
}

Reply list_zones(const Context&, const Query&) {
  Reply reply;
  for (const std::string& name : zone_names()) reply.rows.push_back(json_string(name));
  return reply;
}

}  // namespace

Endpoint timezone_endpoint() { return {"timezone", {}, list_zones}; }
Endpoint leagues_endpoint() { return {"leagues", league_rules, list_leagues}; }
Endpoint teams_endpoint() { return {"teams", team_rules, list_teams}; }

}  // namespace simulator::football
