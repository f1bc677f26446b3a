#include "store/migrations.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "store/sql_text.hpp"

namespace store {
namespace {

using base::Code;

base::Result<std::string> sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
    return base::error(Code::internal, "libcrypto gives no SHA-256");
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string label(std::int64_t version, std::string_view name) {
  return fmt::format("{:04}_{}", version, name);
}

// What ran on this database so far; the table is there afterwards.
base::Result<std::vector<Row>> history(Connection& connection) {
  for (const std::string& statement : connection.dialect().before_migrations())
    TRY(connection.execute(statement));
  TRY(connection.execute(
      "CREATE TABLE IF NOT EXISTS {pulse}schema_migrations (version {bigint} PRIMARY KEY, name TEXT NOT NULL,"
      " sha256 TEXT NOT NULL, applied_at {timestamp} NOT NULL)"));
  return connection.query("SELECT version, name, sha256 FROM {pulse}schema_migrations ORDER BY version");
}

// Only a history of 1, 2, 3 … with the same contents may be continued.
base::Result<void> verify(const std::vector<Row>& applied, std::span<const Migration> migrations) {
  const std::int64_t newest = applied.empty() ? 0 : applied.back().integer(0);
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (newest > known + 1) {
    return base::error(Code::invalid_config,
                       "the database is at version {} ({}), this program knows {}: install a newer program",
                       newest, label(newest, applied.back().text(1)), known);
  }
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const std::int64_t version = applied[i].integer(0);
    if (version != static_cast<std::int64_t>(i) + 1) {
      return base::error(Code::invalid_config, "the database says that migration {} ran, but not {}",
                         label(version, applied[i].text(1)), i + 1);
    }
    if (i >= migrations.size()) return {};  // one newer: its own program keeps it usable for us (DU2)
    const std::string ours = TRY(sha256(migrations[i].sql));
    if (const std::string theirs = applied[i].text(2); ours != theirs) {
      return base::error(
          Code::invalid_config,
          "migration {} has changed since it ran on this database (as {}): SHA-256 was {}, is {}",
          label(version, migrations[i].name), label(version, applied[i].text(1)), theirs, ours);
    }
  }
  return {};
}

base::Result<void> apply(Connection& connection, const Migration& migration) {
  for (const std::string& statement : split_statements(migration.sql)) TRY(connection.execute(statement));
  const std::string hash = TRY(sha256(migration.sql));
  TRY(connection.execute(
      "INSERT INTO {pulse}schema_migrations (version, name, sha256, applied_at) VALUES ($1, $2, $3, {now})",
      {migration.version, migration.name, hash}));
  return {};
}

}  // namespace

base::Result<int> migrate(Database& database, std::span<const Migration> migrations, std::stop_token stop) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version != static_cast<int>(i) + 1) {
      return base::error(Code::internal, "migration {} stands at place {}",
                         label(migrations[i].version, migrations[i].name), i + 1);
    }
  }
  auto session = TRY(database.session(stop));
  std::size_t version = 0;
  // Each round looks again, inside its write transaction: another session may have been here meanwhile.
  for (bool complete = false; !complete;) {
    TRY_WITH(session->transact(Access::write, stop,
                               [&](Connection& connection) -> base::Result<void> {
                                 const auto applied = TRY(history(connection));
                                 TRY(verify(applied, migrations));
                                 version = applied.size();
                                 complete = version >= migrations.size();
                                 if (complete) return {};
                                 const Migration& next = migrations[version];
                                 TRY_WITH(apply(connection, next), "migration {}",
                                          label(next.version, next.name));
                                 return {};
                               }),
             "migrating {}", database.description());
  }
  return static_cast<int>(version);
}

base::Result<std::string> ledger_identity(Session& session, std::stop_token stop) {
  std::string identity;
  TRY(session.transact(Access::read, std::move(stop), [&](Connection& connection) -> base::Result<void> {
    const auto rows = TRY(connection.query("SELECT min(applied_at) FROM {pulse}schema_migrations"));
    identity = rows.at(0).text(0);
    return {};
  }));
  return identity;
}

}  // namespace store
