// The databases of pulse.yaml: the store, and those that destinations name. Each is opened when it is first
// asked for, and kept; several names for one database share it. Errors name the database and show no
// password. Thread-safe: who asks for a database that somebody opens right now waits for that.
//
//   store::Database* store = TRY(databases.open_store(60s, stop));
//   store::Database* other = TRY(databases.open("warehouse", stop));
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "config/settings.hpp"
#include "store/database.hpp"

namespace pulse {

class Databases {
 public:
  // Settings and clock outlive it.
  Databases(const config::Settings& settings, base::Clock& clock, base::Rng rng);

  // To write; its ledger is migrated. On SQLite `wait` is for the lock (then conflict); on PostgreSQL for a
  // server that is unavailable, which is asked again with backoff. 0: one try.
  base::Result<store::Database*> open_store(std::chrono::milliseconds wait, std::stop_token stop);
  // One try, nothing is migrated, and no lock is taken.
  base::Result<std::unique_ptr<store::Database>> open_store_to_read(std::stop_token stop);
  // `store`, or a key of `databases`; invalid_config if there is none of this name. One try; on SQLite up to
  // 60 s for the lock.
  base::Result<store::Database*> open(const std::string& name, std::stop_token stop);

 private:
  struct Kept {
    std::mutex mutex;
    std::unique_ptr<store::Database> database;
  };
  base::Result<std::unique_ptr<store::Database>> prepare_store(std::chrono::milliseconds lock_wait,
                                                               std::chrono::milliseconds connect_timeout,
                                                               std::stop_token stop);

  const config::Settings& settings_;
  base::Clock& clock_;
  base::Rng rng_;                                      // the store's mutex guards it
  std::map<std::string, std::shared_ptr<Kept>> kept_;  // by name; the map itself never changes
};

}  // namespace pulse
