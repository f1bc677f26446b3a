#include <utility>

#include "football/fields.hpp"
#include "football/readers.hpp"

namespace football {
namespace {

using base::Code;
using decode::Kind;
using decode::Value;

// The newest of those that are called current.
Value current_season(const Value& item) {
  Value newest;
  int year = 0;
  for (const Value& season : at(item, {"seasons"}).items()) {
    const int its = small(at(season, {"year"}), 1900, 2200).value_or(0);
    if (its <= year || !flag(at(season, {"current"}))) continue;
    year = its;
    newest = season;
  }
  return newest;
}

}  // namespace

base::Result<std::vector<LeagueInfo>> read_leagues(const Value& response) {
  if (response.kind() != Kind::array)
    return base::error(Code::invalid_data, "the list of leagues is no list");
  std::vector<LeagueInfo> leagues;
  for (const Value& item : response.items()) {
    const Value season = current_season(item);
    const auto id = integer(at(item, {"league", "id"}), 1, max_id);
    LeagueInfo info;
    info.league = {id.value_or(0), text(at(item, {"league", "name"})), text(at(item, {"country", "name"})),
                   small(at(season, {"year"}), 1900, 2200).value_or(0)};
    if (!id || info.league.name.empty() || info.league.season == 0) continue;
    info.type = text(at(item, {"league", "type"}), 20);
    const Value coverage = at(season, {"coverage"});
    info.coverage = {flag(at(coverage, {"standings"})),
                     flag(at(coverage, {"fixtures", "statistics_fixtures"})), flag(at(coverage, {"odds"})),
                     flag(at(coverage, {"injuries"})), flag(at(coverage, {"fixtures", "lineups"}))};
    leagues.push_back(std::move(info));
  }
  if (leagues.empty() && !response.items().empty())
    return base::error(Code::invalid_data, "none of {} leagues can be read", response.items().size());
  return leagues;
}

}  // namespace football
