// The endpoints of the simulated football API: each makes the `response` of one request out of the Data, as
// it stands at a time. They share the shapes at the end. Pure; what is wrong in a request comes back as
// faults.
//
//   if (const Endpoint* endpoint = find_endpoint("fixtures/headtohead"))
//     use(endpoint->answer({data, now, zone}, Query(request, endpoint->rules)).rows);
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/api_tools.hpp"
#include "simulator/football_model.hpp"
#include "simulator/football_query.hpp"
#include "simulator/football_zone.hpp"

namespace simulator::football {

struct Context {
  const Data& data;
  Time now;
  Zone zone{};
};

struct Reply {
  Faults faults{};
  std::vector<std::string> rows{};
  bool object = false;  // the response is rows[0] itself
  int page = 1, pages = 1;
};
inline Reply refuse(Faults faults) { return {.faults = std::move(faults)}; }

struct Endpoint {
  std::string_view name;
  std::span<const Rule> rules;
  Reply (*answer)(const Context& context, const Query& query);
};
const Endpoint* find_endpoint(std::string_view name);

// Fields of each row, and the parameters. Those behind "?" may be null.
// timezone: names.
Endpoint timezone_endpoint();
// leagues: league{id name type logo} country{name code? flag?} seasons[{year start end current
// coverage{fixtures{ events lineups statistics_fixtures statistics_players} standings players top_scorers
// top_assists top_cards injuries predictions odds}}]; by id name country code season team type current
// search.
Endpoint leagues_endpoint();
// teams: team{id name code? country founded? national logo} venue{id? name address? city? capacity surface
// image}; by id name league+season country code venue search.
Endpoint teams_endpoint();
// fixtures: fixture{id referee? timezone date timestamp periods{first? second?} venue{id? name city?}
// status{long short elapsed? extra?}} league{id name country logo flag? season round standings} teams{home{id
// name logo winner?} away} goals{home? away?} score{halftime fulltime extratime penalty}, and with id or ids
// events, lineups, statistics and players; by id ids date live league season team round status last next
// from+to timezone.
Endpoint fixtures_endpoint();
Endpoint head_to_head_endpoint();  // h2h, and date league season last next from+to status timezone
// statistics: team{id name logo} statistics[{type value?}]; by fixture, team, type. lineups: team{id name
// logo colors?} formation startXI[{player{id name number pos grid?}}] substitutes coach; by fixture, team.
Endpoint game_statistics_endpoint();
Endpoint lineups_endpoint();
// injuries: player{id name photo type reason} team fixture league; by fixture ids date league team season
// timezone.
Endpoint injuries_endpoint();
// standings: league{… standings[[{rank team points goalsDiff group form? status description? all{played win
// draw lose goals{for against}} home away update}]]}; by league, team, season.
Endpoint standings_endpoint();
// teams/statistics, one object: league team form? fixtures{played wins draws loses} goals{for{total average?
// minute under_over} against} biggest{streak wins? loses? goals} clean_sheet failed_to_score penalty lineups
// cards; by league+season+team, date.
Endpoint team_statistics_endpoint();
// odds: league fixture{id timezone date timestamp} update bookmakers[{id name bets[{id name values[{value
// odd}]}]}], ten a page; by fixture, date, league+season, bookmaker, bet, page, timezone.
Endpoint odds_endpoint();

// ---- finding; nullptr or -1: not there

const League* league_of(const Data& data, int id);
const Season* season_of(const League& league, int year);
const Fixture* fixture_of(const Context& context, int id);  // known to the public
int team_index(const Data& data, int id);
inline const Fixture& fixture_at(const Data& data, int index) {
  return data.fixtures[static_cast<std::size_t>(index)];
}
inline const Team& team_at(const Data& data, int index) {
  return data.teams[static_cast<std::size_t>(index)];
}
inline const League& league_at(const Data& data, const Fixture& fixture) {
  return data.leagues[static_cast<std::size_t>(fixture.league)];
}
inline const Season& season_at(const Data& data, const Fixture& fixture) {
  return league_at(data, fixture).seasons[static_cast<std::size_t>(fixture.season)];
}

// ---- shapes (football_shapes.cpp)

std::string json_or_null(const std::optional<int>& value);
std::string json_or_null(const std::optional<std::string>& value);
std::string picture(std::string_view folder, int id);  // a logo's address, as JSON
std::string flag_json(const Country& country);
std::string short_team_json(const Team& team);  // id, name, logo
std::vector<JsonMember> league_members(const Data& data, const League& league, int year);
std::string short_fixture_json(const Context& context,
                               const Fixture& fixture);  // id, timezone, date, timestamp
std::string fixture_json(const Context& context, const Fixture& fixture, bool with_details);

// ---- parts of one game (football_details.cpp), as arrays

std::string events_json(const Context& context, const Fixture& fixture);
std::vector<std::string> lineup_rows(const Context& context, const Fixture& fixture);
std::vector<std::string> statistics_rows(const Context& context, const Fixture& fixture);

}  // namespace simulator::football
