// The SQLite adapter: WAL, synchronous=FULL (SS6), foreign keys on. The gate inside the process and the lock
// file between processes decide who writes (SQ1, SQ2); a foreign program that holds the file for a moment
// (the sqlite3 shell) is waited for, up to 5 s, then Error{conflict}.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "store/database.hpp"

namespace store {

struct SqliteOptions {
  std::filesystem::path path;                   // ":memory:" = private, for tests
  std::chrono::milliseconds lock_wait{60'000};  // for the lock file; 0 = try once
  bool read_only = false;        // for listings: no lock, no writes; a missing file is an error
  std::string ledger = "pulse";  // whose tables {ledger} stands for: the program's name, a to z
};

// Opens or creates the file (its folder too) and holds the lock file `<path>.lock` until destruction;
// Error{conflict} naming the holder's process id when the wait ends. The clock outlives the database.
base::Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options, base::Clock& clock,
                                                    std::stop_token stop);

}  // namespace store
