// What the ledger need not know any more: runs with their slices, the slots of schedules, quarantine, and
// what answers are recognised by, once they are older than the settings say. What health is judged by, what
// goes on, and what the next run may go on with stays, however old it is.
//
//   const Purged gone = TRY(purge(*session, clock, {.runs = settings.retention.runs, …}, stop));
//   if (gone.more) …                                        // call it again
//
// In transactions of a bounded number of rows; several processes may do this at the same time. Belongs to the
// thread of its session. Errors: those of the database; what was deleted before one stays deleted.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace collect {

struct Retention {
  base::Duration runs = std::chrono::days{60};        // since they ended; slots likewise
  base::Duration quarantine = std::chrono::days{60};  // since the record came last
  std::int64_t rows_at_once = 1'000;                  // in one transaction
  std::int64_t transactions_at_most = 200;            // in one call
};

struct Purged {
  std::int64_t runs = 0, slices = 0, slots = 0, quarantine = 0, answers = 0;
  bool more = false;  // there is more to delete, for another call
};

base::Result<Purged> purge(store::Session& session, base::Clock& clock, const Retention& retention,
                           std::stop_token stop);

}  // namespace collect
