// What stands in an envelope's `response`, as models. Pure.
//
// A record that lacks what makes it one (ids, teams, kick-off, rank) is left out; if nothing of what is there
// can be read, that is invalid_data: the API has changed, and an empty list would be a lie. Everything else
// that is missing or out of its range is left empty.
//
//   Envelope envelope = TRY(open_envelope(body));
//   std::vector<Fixture> games = TRY(read_fixtures(envelope.response));
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "decode/value.hpp"
#include "football/models.hpp"

namespace football {

// NS TBD → not begun; FT AET PEN → finished; PST CANC ABD AWD WO → called off, as is any the API does not
// document: such a game is neither to come nor an evidence of strength; all others are under way.
Phase phase_of(std::string_view status);

std::optional<Fixture> read_fixture(const decode::Value& item);
base::Result<std::vector<Fixture>> read_fixtures(const decode::Value& response);  // /fixtures, its headtohead
base::Result<Standings> read_standings(const decode::Value& response);            // all groups
base::Result<std::vector<LeagueInfo>> read_leagues(const decode::Value& response);  // with a current season
// The best of all bookmakers' for each outcome of odds_key.hpp; of this game only.
base::Result<Odds> read_odds(const decode::Value& response, std::int64_t fixture);
base::Result<Account> read_account(const decode::Value& response);  // /status; never the owner's name

}  // namespace football
