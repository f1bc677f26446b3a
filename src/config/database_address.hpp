// Which database: a file of SQLite, or a PostgreSQL server, as `store` and `databases` of pulse.yaml and
// DATABASE_URL name it. Its URL may hold a password: no fault shows it, and neither does description().
//
//   sqlite:var/pulse.db
//   postgresql://pulse:${DB_PASSWORD}@one:5432,two/pulse?sslmode=verify-full
//
// A URL is judged here as far as its password could end up as a host or a port; the rest is libpq's.
#pragma once

#include <filesystem>
#include <string>

#include "base/secret.hpp"
#include "config/descriptor.hpp"

namespace config {

struct DatabaseAddress {
  enum class Engine { sqlite, postgresql };
  Engine engine = Engine::sqlite;
  std::filesystem::path path;       // of SQLite; load_settings() puts the folder of pulse.yaml before it
  base::Secret url;                 // of PostgreSQL
  Mark mark;                        // where it stands
  std::string description() const;  // without user, password and options
};

Type<DatabaseAddress> database_address();

}  // namespace config
