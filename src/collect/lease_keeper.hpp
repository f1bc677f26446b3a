// Renews a running run's lease on a database server, from a thread and a session of its own, so that no long
// page or statement lets it pass. Short runs never open that session.
//
//   LeaseKeeper keeper(database, clock, run, [&] { ending.request_stop(); });   // called once, if it is lost
//   …
//   if (keeper.lost()) …
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.hpp"
#include "collect/ledger.hpp"
#include "store/database.hpp"

namespace collect {

class LeaseKeeper {
 public:
  LeaseKeeper(store::Database& database, base::Clock& clock, RunRecord run, std::function<void()> on_lost);
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  bool lost() const { return lost_; }  // another process took the run for dead

 private:
  void keep(const std::stop_token& stop);
  base::Result<void> renew(std::stop_token stop);
  void set_alarm();

  store::Database& database_;
  base::Clock& clock_;
  const RunRecord run_;
  const std::function<void()> on_lost_;
  std::atomic<bool> lost_ = false;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool due_ = false;
  std::unique_ptr<base::Clock::Alarm> alarm_;
  std::jthread thread_;
};

}  // namespace collect
