#include <algorithm>

#include "football/fields.hpp"
#include "football/odds_key.hpp"
#include "football/readers.hpp"

namespace football {
namespace {

using decode::Value;

void take_bookmaker(Odds& best, const Value& bookmaker, std::size_t& quotes, std::size_t& read) {
  for (const Value& bet : at(bookmaker, {"bets"}).items())
    for (const Value& quote : at(bet, {"values"}).items()) {
      ++quotes;
      const Value name = at(quote, {"value"});
      const auto odd = decimal(at(quote, {"odd"}));
      if (!odd || name.is_null()) continue;
      ++read;
      const auto key = odds_key(at(bet, {"name"}).text(), name.text());
      if (!key || *odd < lowest_odd || *odd > highest_odd) continue;
      double& kept = best[*key];
      kept = std::max(kept, *odd);
    }
}

}  // namespace

base::Result<Odds> read_odds(const Value& response, std::int64_t fixture) {
  if (response.kind() != decode::Kind::array)
    return base::error(base::Code::invalid_data, "the list of odds is no list");
  Odds best;
  std::size_t quotes = 0, read = 0;
  for (const Value& item : response.items()) {
    if (integer(at(item, {"fixture", "id"}), 1, max_id) != fixture) continue;
    for (const Value& bookmaker : at(item, {"bookmakers"}).items())
      take_bookmaker(best, bookmaker, quotes, read);
  }
  if (quotes > 0 && read == 0)
    return base::error(base::Code::invalid_data, "none of {} odds can be read", quotes);
  return best;
}

}  // namespace football
