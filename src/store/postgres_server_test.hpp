// For tests: a PostgreSQL server of their own, on a unix socket in a temporary folder, started once a program
// when first asked for and ended with it, however it ends. Its settings are unlike those that the adapter
// needs, on purpose; fsync is on.
//
//   const std::string url = PostgresServer::instance().fresh_database();
//   const auto database = open_fresh_postgres();
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/postgres.hpp"
#include "store/testing.hpp"

namespace store::testing {

class PostgresServer {
 public:
  static PostgresServer& instance();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string folder() const { return folder_.string(); }  // of the socket .s.PGSQL.5432
  // An empty database, owned by the user `pulse`; its URL. Others: `locked`, with the password "s3cr3t-word",
  // `stranger`, who owns nothing, and `single`, who may connect once.
  std::string fresh_database();
  std::string url(const std::string& database, const std::string& user = "pulse") const;
  // As the superuser; the first value, or the server's complaint.
  std::string admin(const std::string& sql, const std::string& database = "postgres") const;
  void crash();  // and start again, with the same data

 private:
  PostgresServer();
  void wait_until_it_answers(const std::string& unlike = "") const;

  std::filesystem::path folder_;
  int lifeline_ = -1;  // the keeper ends the server when this closes
  pid_t keeper_ = -1;
  std::vector<std::string> databases_;
};

std::unique_ptr<Database> open_postgres_at(const std::string& url, std::size_t pool_size = 8,
                                           const std::string& ledger = "pulse");
std::unique_ptr<Database> open_fresh_postgres(const std::string& ledger = "pulse");

}  // namespace store::testing
