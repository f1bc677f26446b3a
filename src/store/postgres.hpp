// The PostgreSQL adapter, for servers 13 to 17: a pool of connections, one for each session; COPY for loads.
// What the URL says about hosts, TLS and services is libpq's own. Commits are durable also where the server's
// default is not (SS6). A stop cancels the statement under way on the server; a connection that broke is
// replaced at the next transaction, unless the session's TEMP tables went with it (unavailable).
//
//   auto database = TRY(open_postgres({.url = base::Secret("postgresql://pulse@db/pulse")}, clock, stop));
//
// Not prevented here: a staging transaction that writes to a table which is not TEMP.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "store/database.hpp"

namespace store {

struct PostgresOptions {
  base::Secret url{};  // postgresql://user:password@host:5432,other/database?sslmode=verify-full
  std::size_t pool_size = 8;
  std::chrono::milliseconds acquire_timeout{30'000};     // how long a session waits for a connection
  std::chrono::milliseconds connect_timeout{10'000};     // for each host of the URL
  std::chrono::milliseconds statement_timeout{300'000};  // for each statement, a whole COPY too; 0: any time
  std::chrono::milliseconds check_idle_after{30'000};    // a connection unused that long is asked first
  std::string schema{};          // of tables that are named without one; "": the server's search_path
  std::string ledger = "pulse";  // whose tables {ledger} stands for: the program's name, a to z; its schema
};

// Connects once, so that what is wrong shows now: invalid_config (the URL, no such database, a server too
// old), permission, unavailable. The clock outlives the database.
base::Result<std::unique_ptr<Database>> open_postgres(const PostgresOptions& options, base::Clock& clock,
                                                      std::stop_token stop);

}  // namespace store
