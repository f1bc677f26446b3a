#include "store/sqlite.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>
#include <vector>

#include "base/system_error.hpp"
#include "store/gate.hpp"
#include "store/lock_file.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_dialect.hpp"

namespace store {
namespace {

using base::Code;
namespace fs = std::filesystem;

constexpr std::size_t max_idle_readers = 4;
using Names = std::set<std::string>;

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const SqliteOptions& options, const fs::path& file, base::Clock& clock)
      : dialect_(sqlite_dialect(options.ledger)),
        shown_(options.path.string()),
        file_(file.string()),
        read_only_(options.read_only),
        clock_(clock) {}

  base::Result<void> open(std::chrono::milliseconds lock_wait, std::stop_token stop) {
    if (read_only_) {
      idle_readers_.push_back(TRY(open_reader()));
      return {};
    }
    if (!in_memory()) lock_.emplace(TRY(LockFile::acquire(file_, lock_wait, clock_, std::move(stop))));
    writer_ = TRY(SqliteConnection::open(file_, SqliteConnection::Kind::writer, dialect_, clock_));
    return {};
  }

  const Dialect& dialect() const override { return *dialect_; }
  std::string description() const override { return "SQLite " + shown_; }
  base::Result<std::unique_ptr<Session>> session(std::stop_token stop) override;
  base::Result<Table> describe(Connection& connection, std::string_view schema,
                               std::string_view table) override;

  // `mine`: the session's TEMP tables, kept up to date.
  base::Result<void> transact(Access access, std::stop_token stop, const Work& work, Names& mine) {
    if (access == Access::read && !in_memory()) return read(std::move(stop), work);
    if (read_only_) return base::error(Code::permission, "{} is open for reading only", description());
    return write(access, std::move(stop), work, mine);
  }
  // The tables of a session that ended; the next one through the gate drops them.
  void abandon(const Names& tables) {
    std::lock_guard lock(abandoned_mutex_);
    abandoned_.insert(tables.begin(), tables.end());
  }

 private:
  bool in_memory() const { return file_ == ":memory:"; }
  base::Result<std::unique_ptr<SqliteConnection>> open_reader() {
    return SqliteConnection::open(file_, SqliteConnection::Kind::reader, dialect_, clock_);
  }
  base::Result<void> read(std::stop_token stop, const Work& work);
  base::Result<void> write(Access access, std::stop_token stop, const Work& work, Names& mine);
  void drop_abandoned();

  const std::shared_ptr<const EngineDialect> dialect_;
  const std::string shown_;
  const std::string file_;
  const bool read_only_;
  base::Clock& clock_;
  std::optional<LockFile> lock_;  // let go after the connections are closed

  Gate gate_;  // to writer_ and temp_tables_
  std::unique_ptr<SqliteConnection> writer_;
  Names temp_tables_;  // of all sessions

  std::mutex abandoned_mutex_;
  Names abandoned_;

  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_readers_;
};

class SqliteSession final : public Session {
 public:
  explicit SqliteSession(SqliteDatabase& database) : database_(database) {}
  ~SqliteSession() override { database_.abandon(temp_tables_); }
  SqliteSession(const SqliteSession&) = delete;
  SqliteSession& operator=(const SqliteSession&) = delete;
  base::Result<void> transact(Access access, std::stop_token stop, const Work& work) override {
    return database_.transact(access, std::move(stop), work, temp_tables_);
  }

 private:
  SqliteDatabase& database_;
  Names temp_tables_;
};

base::Result<std::unique_ptr<Session>> SqliteDatabase::session(std::stop_token) {
  return std::make_unique<SqliteSession>(*this);
}

base::Result<Table> SqliteDatabase::describe(Connection& connection, std::string_view schema,
                                             std::string_view table) {
  // Without a schema SQLite looks where a statement would: in temp, main, then attached databases. Its own
  // function tables (json_each …) are in no list and are none of ours.
  const auto kinds = TRY(connection.query(
      "SELECT type, strict FROM pragma_table_list WHERE lower(name) = lower($1) AND ($2 = '' OR schema = $2) "
      "LIMIT 1",
      {table, schema}));
  if (kinds.empty()) {
    const auto found =
        TRY(connection.query("SELECT 1 FROM pragma_database_list WHERE lower(name) = lower($1)", {schema}));
    return Table{.exists = false, .has_schema = schema.empty() || !found.empty()};
  }
  if (kinds[0].text(0) != "table")
    return base::error(Code::invalid_config, "{} is a {}, not a table", dialect().table(schema, table),
                       kinds[0].text(0));
  const bool strict = kinds[0].integer(1) != 0;
  // `hidden` is 2 or 3 of generated columns.
  const std::string sql = fmt::format(
      "SELECT name, type, \"notnull\", dflt_value IS NOT NULL OR hidden > 1 OR (pk = 1 AND upper(type) = "
      "'INTEGER'), hidden > 1 FROM pragma_table_xinfo({}) WHERE hidden <> 1",
      schema.empty() ? "$1" : "$1, $2");
  const auto rows =
      schema.empty() ? TRY(connection.query(sql, {table})) : TRY(connection.query(sql, {table, schema}));
  Table found{.exists = true};
  for (const Row& row : rows)
    found.columns.push_back({.name = row.text(0),
                             .type = row.text(1),
                             .not_null = row.integer(2) != 0,
                             .has_default = row.integer(3) != 0,
                             .is_computed = row.integer(4) != 0,
                             .enforced_type = strict && row.text(1) != "ANY" ? row.text(1) : ""});
  return found;
}

base::Result<void> SqliteDatabase::read(std::stop_token stop, const Work& work) {
  std::unique_ptr<SqliteConnection> reader;
  {
    std::lock_guard lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
    }
  }
  if (!reader) reader = TRY(open_reader());
  auto outcome = reader->transact(Access::read, std::move(stop), work);
  if (!outcome && outcome.error().code == Code::unavailable) return outcome;  // a fresh one next time
  std::lock_guard lock(readers_mutex_);
  if (idle_readers_.size() < max_idle_readers) idle_readers_.push_back(std::move(reader));
  return outcome;
}

base::Result<void> SqliteDatabase::write(Access access, std::stop_token stop, const Work& work, Names& mine) {
  const Gate::Pass pass = TRY(gate_.enter(stop));
  drop_abandoned();
  auto outcome = writer_->transact(access, std::move(stop), work);
  if (!outcome || access == Access::read) return outcome;  // nothing came or went
  auto tables = writer_->temp_tables();
  Names now(std::make_move_iterator(tables.begin()), std::make_move_iterator(tables.end()));
  std::erase_if(mine, [&](const std::string& name) { return !now.contains(name); });
  std::ranges::set_difference(now, temp_tables_, std::inserter(mine, mine.end()));
  temp_tables_ = std::move(now);
  return outcome;
}

void SqliteDatabase::drop_abandoned() {
  Names tables;
  {
    std::lock_guard lock(abandoned_mutex_);
    tables.swap(abandoned_);
  }
  for (const std::string& name : tables) {
    writer_->drop_temp_table(name);
    temp_tables_.erase(name);
  }
}

// Its missing folders, closed to others: the database holds what collectors were sent.
base::Result<void> create_folders(const fs::path& folder) {
  std::error_code fault;
  if (folder.empty() || fs::is_directory(folder, fault)) return {};
  if (folder.has_relative_path()) TRY(create_folders(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return base::system_error(errno, "creating the folder " + folder.string());
  return {};
}

// That makes the database. Only pulse has one that ends by itself.
std::string first_command(const std::string& ledger) {
  return ledger == "pulse" ? "pulse collect" : ledger + " run";
}

// One name for one file, so that two ways to it meet at one lock file.
base::Result<fs::path> resolve(const SqliteOptions& options) {
  const fs::path& path = options.path;
  if (path == ":memory:") return path;
  if (path.empty()) return base::error(Code::invalid_config, "the database's path is empty");
  std::error_code fault;
  if (fs::is_directory(path, fault))
    return base::error(Code::invalid_config, "{} is a folder, not a database file", path.string());
  if (!options.read_only) {
    TRY_WITH(create_folders(path.parent_path()), "the database {}", path.string());
  } else if (!fs::exists(path, fault)) {
    return base::error(Code::unavailable, "no database at {} yet: run `{}` first", path.string(),
                       first_command(options.ledger));
  }
  fs::path file = fs::weakly_canonical(path, fault);
  if (fault) return base::system_error(fault.value(), "the database " + path.string());
  return file;
}

}  // namespace

base::Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options, base::Clock& clock,
                                                    std::stop_token stop) {
  const fs::path file = TRY(resolve(options));
  auto database = std::make_unique<SqliteDatabase>(options, file, clock);
  TRY(database->open(options.lock_wait, std::move(stop)));
  return database;
}

}  // namespace store
