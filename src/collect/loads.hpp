// What was committed into a destination that is another database than the store (CO2): owner of its small
// table `loads`, made where it is missing. A slice's rows and its line there are one transaction; the ledger,
// which cannot be part of it, is brought up to date from the line, now or by the next run.
//
//   Loads loads(database, session, clock);
//   for (const Load& load : TRY(loads.claim(store, run, stop))) TRY(ledger.adopt(load, stop));  // what a
//   crash left TRY(loads.forget_earlier(run, stop)); … in the slice's transaction:  if
//   (!TRY(loads.hold(connection, run))) …  TRY(loads.record(connection, load));
//
// Belongs to one thread at a time.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "collect/ledger.hpp"
#include "store/database.hpp"

namespace collect {

class Loads {
 public:
  Loads(store::Database& database, store::Session& session, base::Clock& clock)
      : database_(database), session_(session), clock_(clock) {}

  // From here on this run alone commits for its collector: one before it that still lives is refused by
  // hold(). Returns what earlier runs committed and the ledger may not know. `store` tells the ledger from
  // others that use the same destination, and know nothing of each other's runs. Comes first.
  base::Result<std::vector<Load>> claim(const std::string& store, const RunRecord& run, std::stop_token stop);
  // Lines that the ledger knows: of earlier runs; of this one.
  base::Result<void> forget_earlier(const RunRecord& run, std::stop_token stop);
  base::Result<void> forget(const RunRecord& run, std::stop_token stop);
  // For a commit whose answer was lost: nothing, if it never happened.
  base::Result<std::optional<Load>> find(const RunRecord& run, std::string_view slice, std::stop_token stop);

  // By partition: the content (Validators) that its rows were committed from last. It is as durable as they
  // are; the ledger's own word is not.
  base::Result<std::map<std::string, std::string>> contents(const RunRecord& run, std::stop_token stop);

  // Inside the slice's transaction:
  base::Result<bool> hold(store::Connection& connection, const RunRecord& run);
  base::Result<void> record(store::Connection& connection, const RunRecord& run, const Load& load);

 private:
  base::Result<void> make_table(store::Connection& connection);
  base::Result<void> record_content(store::Connection& connection, const CursorRecord& cursor);
  base::Result<void> remove(const RunRecord& run, std::string_view comparison, std::stop_token stop);

  store::Database& database_;
  store::Session& session_;
  base::Clock& clock_;
  std::string store_;
};

}  // namespace collect
