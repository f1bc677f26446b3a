#include "store/sqlite_connection.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/check.hpp"
#include "base/system_error.hpp"
#include "store/call_work.hpp"
#include "store/sql_text.hpp"
#include "store/sqlite_functions.hpp"

namespace store {
namespace {

using base::Code;

constexpr std::size_t max_statements = 64;
constexpr std::chrono::milliseconds busy_step{10};
constexpr int busy_steps = 500;  // 5 s: what a foreign program may hold the file
constexpr int progress_steps = 1000;

Code code_of(int extended, int system_errno) {
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Code::conflict;
    case SQLITE_FULL: return Code::no_space;
    case SQLITE_IOERR:
      return base::code_of_errno(system_errno) == Code::no_space ? Code::no_space : Code::unavailable;
    case SQLITE_CANTOPEN: return base::code_of_errno(system_errno);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM: return Code::unavailable;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Code::permission;
    case SQLITE_INTERRUPT: return Code::cancelled;
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH: return Code::invalid_data;
    default: return Code::internal;
  }
}

Cell cell_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: return {};
    case SQLITE_INTEGER: return Cell(std::int64_t{sqlite3_column_int64(statement, column)});
    case SQLITE_FLOAT: return Cell(sqlite3_column_double(statement, column));
    default: {  // text; a blob gives its bytes
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return Cell(bytes == nullptr ? std::string() : std::string(bytes, size));
    }
  }
}

}  // namespace

struct SqliteConnection::Statement {
  Statement(std::string_view text, sqlite3_stmt* prepared) : sql(text), handle(prepared) {}
  ~Statement() { sqlite3_finalize(handle); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  const std::string sql;  // as written, before the words are replaced
  sqlite3_stmt* const handle;
  std::vector<int> slots;  // where $1, $2 … are bound
};

// A statement while it runs: whatever happens, it is reset and lets go of the caller's texts.
class SqliteConnection::Use {
 public:
  explicit Use(std::shared_ptr<Statement> statement) : statement_(std::move(statement)) {
    CHECK(sqlite3_stmt_busy(statement_->handle) == 0, "a statement started again while it runs");
  }
  ~Use() {
    sqlite3_reset(statement_->handle);
    sqlite3_clear_bindings(statement_->handle);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Statement& operator*() const { return *statement_; }
  sqlite3_stmt* handle() const { return statement_->handle; }

 private:
  std::shared_ptr<Statement> statement_;  // shared: the cache may drop it meanwhile
};

base::Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(
    const std::string& path, Kind kind, std::shared_ptr<const EngineDialect> dialect, base::Clock& clock) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(std::move(dialect), clock));
  // A reader too opens for writing: a WAL's index is shared memory that readers write. SQLite itself falls
  // back to reading when the file is write protected.
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (kind == Kind::writer ? SQLITE_OPEN_CREATE : 0);
  if (sqlite3_open_v2(path.c_str(), &connection->handle_, flags, nullptr) != SQLITE_OK)
    return connection->engine_error("").with("opening " + path);
  TRY_WITH(connection->configure(kind, path == ":memory:"), "opening {}", path);
  return connection;
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

base::Result<void> SqliteConnection::configure(Kind kind, bool in_memory) {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_handler(handle_, on_busy, this);
  // Not sqlite3_interrupt(): called between two statements it is lost, and the next one runs to its end.
  sqlite3_progress_handler(handle_, progress_steps, on_progress, this);
  if (!add_functions(handle_)) return engine_error("");
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);  // "colunm" is a fault, not a text
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  TRY(command("PRAGMA foreign_keys = ON"));
  TRY(command("PRAGMA cell_size_check = ON"));
  if (kind == Kind::reader) {
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    TRY(command("PRAGMA query_only = ON"));
    TRY(command("SELECT count(*) FROM sqlite_schema"));  // says now what is wrong with the file
    return {};
  }
  const std::string mode = TRY(command("PRAGMA journal_mode = WAL"));
  if (mode != "wal" && !in_memory) {
    return base::error(Code::unavailable,
                       "no write-ahead log is possible here (journal_mode {}): a network drive?", mode);
  }
  TRY(command("PRAGMA synchronous = FULL"));
  TRY(command("PRAGMA journal_size_limit = 67108864"));  // what a checkpoint leaves of a long WAL
  return {};
}

int SqliteConnection::on_busy(void* self, int times) {
  auto& connection = *static_cast<SqliteConnection*>(self);
  return times < busy_steps && connection.clock_.sleep_for(busy_step, connection.stop_) ? 1 : 0;
}

int SqliteConnection::on_progress(void* self) {
  return static_cast<SqliteConnection*>(self)->stop_.stop_requested() ? 1 : 0;
}

base::Error SqliteConnection::engine_error(std::string_view sql) const {
  if (handle_ == nullptr) return base::error(Code::unavailable, "out of memory");
  const int extended = sqlite3_extended_errcode(handle_);
  const int system = sqlite3_system_errno(handle_);
  const int primary = extended & 0xff;
  Code code = code_of(extended, system);
  if (primary == SQLITE_BUSY && stop_.stop_requested()) code = Code::cancelled;
  if (code == Code::cancelled) return base::error(code, "stopped");
  std::string message = sqlite3_errmsg(handle_);
  if ((primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) && system != 0)
    message += fmt::format(" ({})", std::generic_category().message(system));
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) message += "; restore the file from a backup";
  if (!sql.empty()) message += fmt::format(" [{}]", excerpt(sql));
  return base::Error{code, std::move(message)};
}

base::Error SqliteConnection::spoil(base::Error error) {
  if (!spoiled_) spoiled_ = error;
  return error;
}

base::Result<std::string> SqliteConnection::command(const char* sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(handle_, sql, -1, &raw, nullptr) != SQLITE_OK) return engine_error(sql);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(raw, sqlite3_finalize);
  std::string first;
  int answer = sqlite3_step(raw);
  if (answer == SQLITE_ROW && sqlite3_column_bytes(raw, 0) > 0)
    first = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
  while (answer == SQLITE_ROW) answer = sqlite3_step(raw);
  if (answer != SQLITE_DONE) return engine_error(sql);
  return first;
}

// ---- statements ----

base::Result<std::shared_ptr<SqliteConnection::Statement>> SqliteConnection::prepare(std::string_view sql) {
  const std::string text = replace_words(sql, dialect_->words());
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  if (sqlite3_prepare_v3(handle_, text.c_str(), static_cast<int>(text.size() + 1), SQLITE_PREPARE_PERSISTENT,
                         &raw, &rest) != SQLITE_OK)
    return engine_error(sql);
  auto statement = std::make_shared<Statement>(sql, raw);
  if (raw == nullptr) return base::error(Code::internal, "no statement [{}]", excerpt(sql));
  if (!split_statements(rest).empty())
    return base::error(Code::internal, "more than one statement [{}]", excerpt(sql));
  for (int i = 1; i <= sqlite3_bind_parameter_count(raw); ++i) {
    const int slot = sqlite3_bind_parameter_index(raw, fmt::format("${}", i).c_str());
    if (slot == 0)
      return base::error(Code::internal, "parameters are $1, $2 … without a gap [{}]", excerpt(sql));
    statement->slots.push_back(slot);
  }
  return statement;
}

base::Result<std::shared_ptr<SqliteConnection::Statement>> SqliteConnection::statement(std::string_view sql) {
  if (spoiled_) return *spoiled_;
  // Otherwise the statement would be a transaction of its own, and stay whatever happens to the rest.
  if (sqlite3_get_autocommit(handle_) != 0)
    return base::error(Code::internal, "no transaction is open [{}]", excerpt(sql));
  // A plan tells of the schema as it was when it was made, which stepping it does not check: kept over a
  // change by others, it reads freed memory.
  if (sql.starts_with("EXPLAIN")) return prepare(sql);
  const auto found = std::ranges::find_if(statements_, [&](const auto& known) { return known->sql == sql; });
  if (found != statements_.end()) {
    statements_.splice(statements_.begin(), statements_, found);
  } else {
    statements_.push_front(TRY(prepare(sql)));
    if (statements_.size() > max_statements) statements_.pop_back();
  }
  return statements_.front();
}

base::Result<void> SqliteConnection::bind(Statement& statement, std::span<const Param> params,
                                          std::size_t width) {
  if (params.size() != statement.slots.size()) {
    return base::error(Code::internal, "{} parameters given, {} wanted [{}]", params.size(),
                       statement.slots.size(), excerpt(statement.sql));
  }
  for (std::size_t i = 0; i < params.size(); ++i) {
    const int slot = statement.slots[i];
    int answer = SQLITE_OK;
    if (const auto* text = std::get_if<std::string_view>(&params[i])) {
      if (text->find('\0') != std::string_view::npos)
        return base::error(Code::invalid_data, "${} holds a NUL byte [{}]", i % width + 1,
                           excerpt(statement.sql));
      // An empty view may have no address, and SQLite takes that for NULL.
      answer = sqlite3_bind_text64(statement.handle, slot, text->empty() ? "" : text->data(), text->size(),
                                   SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* integer = std::get_if<std::int64_t>(&params[i])) {
      answer = sqlite3_bind_int64(statement.handle, slot, *integer);
    } else if (const auto* number = std::get_if<double>(&params[i])) {
      if (std::isnan(*number))  // SQLite would store NULL, silently
        return base::error(Code::invalid_data, "${} is not a number [{}]", i % width + 1,
                           excerpt(statement.sql));
      answer = sqlite3_bind_double(statement.handle, slot, *number);
    } else {
      answer = sqlite3_bind_null(statement.handle, slot);
    }
    if (answer != SQLITE_OK) return engine_error(statement.sql);
  }
  return {};
}

template <class OnRow>
base::Result<void> SqliteConnection::run(std::string_view sql, std::span<const Param> params,
                                         const OnRow& on_row, std::size_t width) {
  auto found = statement(sql);
  if (!found) return spoil(found.error());
  const Use use(*std::move(found));
  if (auto bound = bind(*use, params, width); !bound) return spoil(bound.error());
  if (stop_.stop_requested()) return spoil(base::error(Code::cancelled, "stopped [{}]", excerpt(sql)));
  int answer = SQLITE_ROW;
  while ((answer = sqlite3_step(use.handle())) == SQLITE_ROW) on_row(use.handle());
  if (answer != SQLITE_DONE) return spoil(engine_error(sql));
  return {};
}

base::Result<std::int64_t> SqliteConnection::execute(std::string_view sql, std::span<const Param> params) {
  const std::int64_t before = sqlite3_total_changes64(handle_);
  TRY(run(sql, params, [](sqlite3_stmt*) {}));
  // Statements that are no INSERT, UPDATE or DELETE leave sqlite3_changes64() as it was.
  return sqlite3_total_changes64(handle_) == before ? 0 : std::int64_t{sqlite3_changes64(handle_)};
}

base::Result<std::vector<Row>> SqliteConnection::query(std::string_view sql, std::span<const Param> params) {
  std::vector<Row> rows;
  TRY(run(sql, params, [&](sqlite3_stmt* statement) {
    const int columns = sqlite3_column_count(statement);
    Row& row = rows.emplace_back();
    row.cells.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) row.cells.push_back(cell_of(statement, column));
  }));
  return rows;
}

base::Result<std::vector<std::string>> SqliteConnection::column_names(std::string_view sql) {
  auto found = statement(sql);
  if (!found) return spoil(found.error());
  const Use use(*std::move(found));
  std::vector<std::string> names;
  for (int column = 0; column < sqlite3_column_count(use.handle()); ++column)
    names.emplace_back(sqlite3_column_name(use.handle(), column));
  return names;
}

base::Result<void> SqliteConnection::check(std::string_view sql) {
  if (const auto found = statement(sql); !found) return spoil(found.error());
  return {};
}

base::Result<void> SqliteConnection::insert(std::string_view sql, std::span<const Param> params,
                                            std::size_t width) {
  return run(
      sql, params, [](sqlite3_stmt*) {}, width);
}

// ---- transactions ----

base::Result<void> SqliteConnection::transact(Access access, std::stop_token stop, const Work& work) {
  if (stop.stop_requested()) return base::error(Code::cancelled, "stopped");
  spoiled_.reset();
  stop_ = std::move(stop);
  const bool guard_reads = access == Access::read && TRY(command("PRAGMA query_only")) == "0";
  if (guard_reads) TRY(command("PRAGMA query_only = ON"));
  base::Result<void> outcome = finish(access, work);
  stop_ = {};  // a rollback runs to its end
  if (sqlite3_get_autocommit(handle_) == 0) {
    if (const auto undone = command("ROLLBACK"); !undone && outcome) outcome = undone.error();
  }
  if (guard_reads) {
    if (const auto restored = command("PRAGMA query_only = OFF"); !restored && outcome)
      outcome = restored.error();
  }
  return outcome;
}

// From BEGIN to COMMIT; on an error the transaction may still be open.
base::Result<void> SqliteConnection::finish(Access access, const Work& work) {
  TRY(command(access == Access::write ? "BEGIN IMMEDIATE" : "BEGIN"));
  TRY(call_work(work, *this));
  if (spoiled_) return *spoiled_;
  if (sqlite3_get_autocommit(handle_) != 0)
    return base::error(Code::internal, "the work ended the transaction itself");
  if (access == Access::staging && sqlite3_txn_state(handle_, "main") == SQLITE_TXN_WRITE)
    return base::error(Code::internal, "a staging transaction wrote to a table that is not TEMP");
  if (stop_.stop_requested()) return base::error(Code::cancelled, "stopped before the commit");
  return commit();
}

base::Result<void> SqliteConnection::commit() {
  stop_ = {};  // a COMMIT that has begun runs to its end (SS4)
  auto done = command("COMMIT");
  if (done) return {};
  base::Error error = std::move(done).error();
  if (error.code != Code::unavailable) return error;
  // A failed sync may still have reached the disk; after a crash the WAL is believed.
  return std::move(error).with("the outcome of the commit is unknown");
}

// ---- TEMP tables ----

std::vector<std::string> SqliteConnection::temp_tables() {
  std::vector<std::string> names;
  sqlite3_stmt* raw = nullptr;
  sqlite3_prepare_v2(handle_,
                     "SELECT name FROM sqlite_temp_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                     -1, &raw, nullptr);
  while (sqlite3_step(raw) == SQLITE_ROW)
    names.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(raw, 0)));
  sqlite3_finalize(raw);
  return names;
}

void SqliteConnection::drop_temp_table(const std::string& name) {
  // Should it fail, the table lasts until the connection closes.
  static_cast<void>(command(("DROP TABLE IF EXISTS " + dialect().table("temp", name)).c_str()));
}

}  // namespace store
