// What we must know of a PostgreSQL URL ourselves: names for people, hosts to pass over, the password to keep
// out of messages. All else is libpq's.
//
//   postgresql://user:password@one:5432,two:5433/pulse?sslmode=verify-full&target_session_attrs=read-write
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace store {

struct PostgresUrl {
  struct Host {
    std::string name;     // or a folder of unix sockets, or ""
    std::string address;  // hostaddr, or ""
    std::string port;
  };
  std::vector<Host> hosts;  // at least one
  std::string database;
  base::Secret password;
  std::string description() const;  // "PostgreSQL one:5432,two:5433/pulse"
};

// Error{invalid_config}, without the URL's text.
base::Result<PostgresUrl> parse_postgres_url(const base::Secret& url);

}  // namespace store
