// Port to a database: sessions, transactions, statements, bulk loading. Knows connections, not tables (those
// belong to the folders that own the noun). SQLite is one file with one writing connection behind a fair gate
// (semantics SQ2); of PostgreSQL each session holds one connection of a pool.
//
//   auto session = TRY(database.session(stop));
//   std::int64_t changed = 0;
//   TRY(session->transact(Access::write, stop, [&](Connection& c) -> base::Result<void> {
//     changed = TRY(c.execute("UPDATE {pulse}runs SET state = $1 WHERE id = $2", {"lost", id}));
//     return {};
//   }));
//
// SQL: one statement a call. Parameters are $1, $2 …, never pasted text. Words in braces (outside quotes) are
// the engine's: {ledger}runs (or {pulse}runs, whatever its name) a ledger table, {now} the database's time,
// {timestamp} {json} {bigint} {serial} column types. What differs otherwise is a function of Dialect.
// Statements are prepared once and kept. Errors: conflict (locked, constraint), no_space, unavailable,
// cancelled (stop), invalid_data, permission, internal (wrong SQL, an exception in the work). Threads:
// Database is thread-safe and outlives its sessions. A Session belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "store/dialect.hpp"

namespace store {

// NULL, integer, double (not NaN), text. Texts are UTF-8 without NUL bytes (invalid_data otherwise).
using Param = std::variant<std::monostate, std::int64_t, double, std::string_view>;
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

std::vector<Cell> to_cells(std::span<const Param> params);  // copies

struct Row {
  std::vector<Cell> cells;
  std::int64_t integer(std::size_t column) const;  // 0 for NULL; asking it of another text is a bug
  std::string text(std::size_t column) const;      // "" for NULL; numbers as text
  bool is_null(std::size_t column) const;
};

// Gives the next row's parameters, or nullopt at the end. The views must stay valid until the next call.
using RowSource = std::function<std::optional<std::span<const Param>>()>;

// Valid inside the work only. A statement that failed spoils the whole transaction, whatever the work returns
// (PostgreSQL can do no other, so no engine does).
class Connection {
 public:
  virtual ~Connection() = default;
  virtual const Dialect& dialect() const = 0;
  // Returns the rows changed.
  virtual base::Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) = 0;
  virtual base::Result<std::vector<Row>> query(std::string_view sql, std::span<const Param> params) = 0;
  // The columns that query() of this would give.
  virtual base::Result<std::vector<std::string>> column_names(std::string_view sql) = 0;
  // The fastest way this engine has to append rows to `table` (quoted already). Returns their number.
  virtual base::Result<std::int64_t> load(std::string_view table, const std::vector<std::string>& columns,
                                          const RowSource& rows) = 0;

  base::Result<std::int64_t> execute(std::string_view sql, std::initializer_list<Param> params = {}) {
    return execute(sql, std::span<const Param>(params.begin(), params.size()));
  }
  base::Result<std::vector<Row>> query(std::string_view sql, std::initializer_list<Param> params = {}) {
    return query(sql, std::span<const Param>(params.begin(), params.size()));
  }
};

enum class Access {
  read,     // a consistent view, without TEMP tables; blocks nobody; on SQLite another connection
  staging,  // writes TEMP tables only; takes no write lock
  write,    // BEGIN IMMEDIATE on SQLite; READ COMMITTED on PostgreSQL, where many write at once
};

using Work = std::function<base::Result<void>(Connection&)>;

// Keeps the TEMP tables made in it over its transactions, and drops them at its end. On SQLite all sessions
// share their names: name them after the run. A connection that broke takes them along: from then on the
// session is `unavailable`.
class Session {
 public:
  virtual ~Session() = default;
  // Runs the work in one transaction: committed if it returns a value and no statement failed, else rolled
  // back. A commit whose outcome is unknown returns `unavailable` with a message that says so: look it up,
  // never guess (CO2). Not from inside the work of another transaction.
  virtual base::Result<void> transact(Access access, std::stop_token stop, const Work& work) = 0;
};

struct Table {
  bool exists = false;
  bool has_schema = true;       // the schema that was asked for is there, or none was
  bool is_partitioned = false;  // its rows live in others
  std::vector<Column> columns{};
};

class Database {
 public:
  virtual ~Database() = default;
  virtual const Dialect& dialect() const = 0;
  virtual std::string description() const = 0;  // for people, without secrets: "SQLite var/pulse.db"
  virtual base::Result<std::unique_ptr<Session>> session(std::stop_token stop) = 0;
  // A table as it is now; invalid_config for a view.
  virtual base::Result<Table> describe(Connection& connection, std::string_view schema,
                                       std::string_view table) = 0;

  // Its columns; none if there is no such table.
  base::Result<std::vector<Column>> columns(Connection& connection, std::string_view schema,
                                            std::string_view table);
};

}  // namespace store
