// Any bytes as an answer of API-Football: an error or models within their bounds, for every reader; what was
// packed for the cache reads the same. Any bytes as a bet's name: a bounded name or none.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "football/envelope.hpp"
#include "football/fields.hpp"
#include "football/odds_key.hpp"
#include "football/readers.hpp"

namespace {

using decode::Value;

template <class T>
bool same_fate(const base::Result<T>& left, const base::Result<T>& right) {
  return left.has_value() == right.has_value();
}

void check(const football::Fixture& game) {
  CHECK(game.id > 0 && game.home.id > 0 && game.away.id > 0 && game.league.id > 0, "a game has its ids");
  CHECK(game.goals.home.has_value() == game.goals.away.has_value(), "a score is whole");
  CHECK(game.home.name.size() <= football::max_name && game.round.size() <= football::max_name,
        "texts are short");
  CHECK(game.phase == football::phase_of(game.status), "the phase is the status's");
}

void check_readers(const Value& response) {
  if (const auto games = football::read_fixtures(response))
    for (const football::Fixture& it : *games) check(it);
  if (const auto odds = football::read_odds(response, 7))
    for (const auto& [name, odd] : *odds)
      CHECK(odd >= football::lowest_odd && odd <= football::highest_odd && name.size() < 64, "odds are sane");
  if (const auto tables = football::read_standings(response))
    for (const auto& table : *tables) CHECK(!table.empty() && table.front().rank > 0, "a table has rows");
  if (const auto leagues = football::read_leagues(response))
    for (const auto& it : *leagues) CHECK(it.league.season >= 1900, "a league has a season");
  if (const auto account = football::read_account(response)) CHECK(account->used >= 0, "calls are counted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(data), size);
  const std::size_t half = size / 2;
  if (const auto key = football::odds_key(body.substr(0, half), body.substr(half)))
    CHECK(!key->empty() && key->size() < 64, "a name is short");

  football::Complaint complaint;
  const auto ruling = football::rule_on({.status = 200, .body = body}, &complaint);
  CHECK(complaint.text.size() <= 203, "the API's words are shortened");
  const auto envelope = football::open_envelope(body);
  if (!envelope) return 0;
  CHECK(!ruling, "what is opened was not ruled out");
  check_readers(envelope->response);
  if (envelope->response.kind() != decode::Kind::array) return 0;

  const std::string packed = football::pack(envelope->response.items());
  const auto again = football::open_envelope(packed);
  CHECK(again.has_value(), "what is packed is an envelope");
  CHECK(football::pack(again->response.items()) == packed, "packed twice is packed once");
  const auto games = football::read_fixtures(envelope->response),
             kept = football::read_fixtures(again->response);
  CHECK(same_fate(games, kept), "the same can be read");
  CHECK(!games || games->size() == kept->size(), "as many games");
  CHECK(same_fate(football::read_leagues(envelope->response), football::read_leagues(again->response)),
        "leagues");
  CHECK(same_fate(football::read_standings(envelope->response), football::read_standings(again->response)),
        "tables");
  return 0;
}
