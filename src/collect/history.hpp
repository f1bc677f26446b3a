// What the ledger knows of collectors, as those who schedule them and judge their health want it (R22: health
// comes from here, never from logs). Reads only; a History belongs to one thread at a time.
//
//   const std::vector<Past> pasts = TRY(History(*session, clock).of(names, stop));
//   schedule::Health it = schedule::health(entry, facts_of(pasts[0], known_since), clock.wall());
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "collect/ledger.hpp"
#include "schedule/health.hpp"

namespace collect {

struct Past {
  schedule::State state;
  std::optional<RunRecord> last;     // the newest that ended, other than cancelled
  std::optional<RunRecord> running;  // under way, on whatever machine
  std::optional<base::WallTime> first_run, last_success, last_change;
  std::optional<base::WallTime> first_failed;  // of all runs since the last success, if the last one failed
  std::optional<base::WallTime> held_back_until;  // it was going at too many ends of `pulse run` (SS3)
};

struct Totals {
  std::int64_t runs = 0, failed = 0, rows = 0;  // that ended; inserted and updated
};

// SS3: so many crashes in so long, and it rests.
inline constexpr int crashes_to_hold_back = 3;
inline constexpr std::chrono::minutes crashes_within{10}, held_back_for{15};

class History {
 public:
  History(store::Session& session, base::Clock& clock) : session_(session), clock_(clock) {}

  // In the order of the names.
  base::Result<std::vector<Past>> of(const std::vector<std::string>& collectors, std::stop_token stop);
  // Collectors with a run or slot that changed since then, by the clocks of those who changed them.
  base::Result<std::vector<std::string>> changed_since(base::WallTime since, std::stop_token stop);
  base::Result<Totals> totals(base::WallTime since, std::stop_token stop);

 private:
  base::Result<void> read_runs(store::Connection& connection, const std::string& collector, Past& past);
  base::Result<void> read_slots(store::Connection& connection, const std::string& collector, Past& past);

  store::Session& session_;
  base::Clock& clock_;
};

// `known_since`: when whoever asks first saw the collector; the ledger may know it longer. What its file says
// (timeout, expected_change_every) is for the caller to add.
schedule::Facts facts_of(const Past& past, base::WallTime known_since);

}  // namespace collect
