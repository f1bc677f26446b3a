// /fixtures and /fixtures/headtohead: choosing games.
#include <algorithm>

#include "simulator/football_endpoints.hpp"
#include "simulator/record_view.hpp"

namespace simulator::football {
namespace {

using namespace std::chrono_literals;

constexpr Rule fixture_rules[]{{"id", Type::id},       {"ids", Type::ids},      {"live", Type::live},
                               {"date", Type::date},   {"league", Type::id},    {"season", Type::season},
                               {"team", Type::id},     {"last", Type::count},   {"next", Type::count},
                               {"from", Type::date},   {"to", Type::date},      {"round", Type::text},
                               {"status", Type::text}, {"timezone", Type::zone}};
constexpr Rule pair_rules[]{{"h2h", Type::pair},      {"date", Type::date},  {"league", Type::id},
                            {"season", Type::season}, {"last", Type::count}, {"next", Type::count},
                            {"from", Type::date},     {"to", Type::date},    {"status", Type::text},
                            {"timezone", Type::zone}};

using Indexes = std::vector<int>;

// Which parameters only work together with others.
Faults combination_faults(const Query& query) {
  if (query.any({"id", "ids"})) return {};
  if (query.has("from") != query.has("to")) return alone(query.has("from") ? "from" : "to");
  const bool whose = query.any({"league", "team"});
  if (query.has("from") && !(whose && query.has("season"))) return alone("from");
  if (query.has("season") && !whose) return alone("season");
  if (query.has("round") && !(query.has("league") && query.has("season"))) return alone("round");
  const bool when = query.any({"season", "date", "live", "last", "next"});
  if (whose && !when) return alone(query.has("league") ? "league" : "team");
  if (query.has("status") && !when) return alone("status");
  if (!when) return none_given();
  return {};
}

bool is_chosen(const Context& context, const Query& query, const Fixture& game) {
  const Data& data = context.data;
  if (game.drawn > context.now || !query.is("league", league_at(data, game).plan.id) ||
      !query.is("season", season_at(data, game).year))
    return false;
  if (query.has("team")) {
    const int team = team_index(data, query.number("team"));
    if (game.teams[0] != team && game.teams[1] != team) return false;
  }
  if (query.has("round") && game.round != query.text("round")) return false;
  if (query.any({"date", "from"})) {
    const Day day = context.zone.day(game.kickoff);
    if (query.has("date") && day != query.day("date")) return false;
    if (query.has("from") && (day < query.day("from") || day > query.day("to"))) return false;
  }
  if (!query.any({"status", "live"})) return true;
  const State state = state_of(game, context.now);
  if (query.has("live")) {
    const Indexes leagues = query.list("live");
    if (!state.live ||
        (query.text("live") != "all" &&
         std::find(leagues.begin(), leagues.end(), league_at(data, game).plan.id) == leagues.end()))
      return false;
  }
  const auto wanted = split(query.text("status"), "-");
  return !query.has("status") || std::find(wanted.begin(), wanted.end(), state.brief) != wanted.end();
}

// The newest of those that began, the newest first; or the next ones.
Indexes around_now(const Context& context, Indexes games, const Query& query) {
  if (!query.any({"last", "next"})) return games;
  const bool last = query.has("last");
  std::erase_if(games,
                [&](int game) { return (fixture_at(context.data, game).kickoff <= context.now) != last; });
  if (last) std::reverse(games.begin(), games.end());
  games.resize(std::min(games.size(), static_cast<std::size_t>(query.number(last ? "last" : "next"))));
  return games;
}

// The shortest list that surely holds all that is asked for, by kick-off.
Indexes candidates(const Context& context, const Query& query) {
  const Data& data = context.data;
  if (query.has("team")) {
    const int team = team_index(data, query.number("team"));
    return team < 0 ? Indexes{} : data.of_team[static_cast<std::size_t>(team)];
  }
  if (query.has("league") && query.has("season")) {
    const League* league = league_of(data, query.number("league"));
    const Season* season = league == nullptr ? nullptr : season_of(*league, query.number("season"));
    return season == nullptr ? Indexes{} : season->fixtures;
  }
  auto first = data.by_kickoff.begin(), last = data.by_kickoff.end();
  const auto before = [&](int game, Time time) { return fixture_at(data, game).kickoff < time; };
  if (query.has("date")) {  // a day, and as much around it as zones can differ
    const Day day = query.day("date");
    first = std::lower_bound(first, last, Time{day} - 30h, before);
    last = std::lower_bound(first, last, Time{day} + 54h, before);
  } else if (query.has("live")) {
    first = std::lower_bound(first, last, context.now - 6h, before);
    last = std::lower_bound(first, last, context.now + 1min, before);
  }
  return {first, last};
}

Reply rows_of(const Context& context, const Indexes& games) {
  Reply reply;
  for (const int game : games)
    reply.rows.push_back(fixture_json(context, fixture_at(context.data, game), false));
  return reply;
}

Reply list_fixtures(const Context& context, const Query& query) {
  if (Faults faults = combination_faults(query); !faults.empty()) return refuse(std::move(faults));
  if (query.any({"id", "ids"})) {
    Reply reply;
    for (const int id : query.list(query.has("id") ? "id" : "ids"))
      if (const Fixture* game = fixture_of(context, id))
        reply.rows.push_back(fixture_json(context, *game, true));
    return reply;
  }
  Indexes games = candidates(context, query);
  std::erase_if(games, [&](int game) { return !is_chosen(context, query, fixture_at(context.data, game)); });
  return rows_of(context, around_now(context, std::move(games), query));
}

Reply head_to_head(const Context& context, const Query& query) {
  const Data& data = context.data;
  if (!query.has("h2h")) return refuse(missing("h2h"));
  if (query.has("from") != query.has("to")) return refuse(alone(query.has("from") ? "from" : "to"));
  const Indexes ids = query.list("h2h");
  const int one = team_index(data, ids[0]), other = team_index(data, ids[1]);
  Indexes games;
  if (one >= 0 && other >= 0 && one != other)
    for (const int game : data.of_team[static_cast<std::size_t>(one)]) {
      const Fixture& fixture = fixture_at(data, game);
      if ((fixture.teams[0] == other || fixture.teams[1] == other) && is_chosen(context, query, fixture))
        games.push_back(game);
    }
  return rows_of(context, around_now(context, std::move(games), query));
}

}  // namespace

Endpoint fixtures_endpoint() { return {"fixtures", fixture_rules, list_fixtures}; }
Endpoint head_to_head_endpoint() { return {"fixtures/headtohead", pair_rules, head_to_head}; }

const Endpoint* find_endpoint(std::string_view name) {
  static const std::vector all{
      timezone_endpoint(),     leagues_endpoint(),         teams_endpoint(),   fixtures_endpoint(),
      head_to_head_endpoint(), game_statistics_endpoint(), lineups_endpoint(), injuries_endpoint(),
      standings_endpoint(),    team_statistics_endpoint(), odds_endpoint()};
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Endpoint& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace simulator::football
