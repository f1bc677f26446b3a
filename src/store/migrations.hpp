// Runs the numbered SQL files of migrations/ (embedded at build time), each in a transaction of its own
// together with its line in {pulse}schema_migrations. A file that was changed after it ran is refused by its
// hash; a database more than one version newer than the program is refused (DU2). Safe when several start at
// once; again is a no-op.
#pragma once

#include <span>
#include <stop_token>
#include <string_view>

#include "store/database.hpp"

namespace store {

struct Migration {
  int version;            // of the file name: 0001_collect_runs.sql → 1
  std::string_view name;  // collect_runs
  std::string_view sql;   // statements ended by ';', with the words in braces of database.hpp
};

// Versions 1, 2, 3 … without a gap.
std::span<const Migration> embedded_migrations();

// The schema's version afterwards. Error{invalid_config}: the database and these migrations do not belong
// together.
base::Result<int> migrate(Database& database, std::span<const Migration> migrations, std::stop_token stop);

// What tells this ledger from every other one: the moment it was made. Of a migrated database.
base::Result<std::string> ledger_identity(Session& session, std::stop_token stop);

}  // namespace store
