// What the daemon does now and then besides collecting: ends the days of log files whose collectors are
// silent, says when their disk budget is short, and deletes what is older than `retention` from the ledger.
// On a thread of its own, so that no slot waits for it.
//
//   Housekeeping house({.store = store, …});
//   house.work(stop);              // until the stop
#pragma once

#include <stop_token>

#include "base/clock.hpp"
#include "collect/retention.hpp"
#include "keeper/board.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"

namespace pulse {

struct HousekeepingParts {
  store::Database& store;
  base::Clock& clock;
  telemetry::Log& log;
  keeper::Board& board;
  collect::Retention retention;
};

class Housekeeping {
 public:
  explicit Housekeeping(const HousekeepingParts& parts);

  void work(std::stop_token stop);
  // What is due now; errors are logged, and it is tried again later.
  void turn(std::stop_token stop);
  base::SteadyTime next() const { return next_; }  // turn

 private:
  void tidy_logs();
  base::Result<collect::Purged> purge(std::stop_token stop);

  const HousekeepingParts parts_;
  base::SteadyTime next_, purge_at_;
};

}  // namespace pulse
