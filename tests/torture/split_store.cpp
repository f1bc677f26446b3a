// Makes of pulse a program with the bug that the torture is there to catch: the transaction of a slice is
// split in two, its rows first, its record and its cursor after them. Linked instead of the adapters'
// open functions by --wrap (tests/CMakeLists.txt), so that the product holds no hook for it.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/postgres.hpp"
#include "store/sqlite.hpp"

namespace {

using base::Result;
using store::Access;
using store::Cell;
using store::Connection;
using store::Param;

struct Deferred {
  std::string sql;
  std::vector<Cell> params;
};

Param view_of(const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return std::string_view(*text);
  if (const auto* integer = std::get_if<std::int64_t>(&cell)) return *integer;
  if (const auto* number = std::get_if<double>(&cell)) return *number;
  return {};
}

class SplitConnection final : public Connection {
 public:
  SplitConnection(Connection& inner, std::vector<Deferred>& later) : inner_(inner), later_(later) {}
  const store::Dialect& dialect() const override { return inner_.dialect(); }
  Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override {
    if (!sql.starts_with("INSERT INTO {pulse}slices") && !sql.starts_with("INSERT INTO {pulse}cursors"))
      return inner_.execute(sql, params);
    later_.push_back({std::string(sql), store::to_cells(params)});
    return 1;
  }
  Result<std::vector<store::Row>> query(std::string_view sql, std::span<const Param> params) override {
    return inner_.query(sql, params);
  }
  Result<std::vector<std::string>> column_names(std::string_view sql) override {
    return inner_.column_names(sql);
  }
  Result<std::int64_t> load(std::string_view table, const std::vector<std::string>& columns,
                            const store::RowSource& rows) override {
    return inner_.load(table, columns, rows);
  }

 private:
  Connection& inner_;
  std::vector<Deferred>& later_;
};

class SplitSession final : public store::Session {
 public:
  explicit SplitSession(std::unique_ptr<Session> inner) : inner_(std::move(inner)) {}
  Result<void> transact(Access access, std::stop_token stop, const store::Work& work) override {
    if (access != Access::write) return inner_->transact(access, std::move(stop), work);
    std::vector<Deferred> later;
    TRY(inner_->transact(access, stop, [&](Connection& connection) -> Result<void> {
      SplitConnection split(connection, later);
      return work(split);
    }));
    if (later.empty()) return {};
    return inner_->transact(access, stop, [&](Connection& connection) -> Result<void> {
      for (const Deferred& it : later) {
        std::vector<Param> params;
        for (const Cell& cell : it.params) params.push_back(view_of(cell));
        TRY(connection.execute(it.sql, params));
      }
      return {};
    });
  }

 private:
  std::unique_ptr<Session> inner_;
};

class SplitDatabase final : public store::Database {
 public:
  explicit SplitDatabase(std::unique_ptr<Database> inner) : inner_(std::move(inner)) {}
  const store::Dialect& dialect() const override { return inner_->dialect(); }
  std::string description() const override { return inner_->description(); }
  Result<std::unique_ptr<store::Session>> session(std::stop_token stop) override {
    return std::make_unique<SplitSession>(TRY(inner_->session(std::move(stop))));
  }
  Result<store::Table> describe(Connection& connection, std::string_view schema,
                                std::string_view table) override {
    return inner_->describe(connection, schema, table);
  }

 private:
  std::unique_ptr<Database> inner_;
};

using Opened = Result<std::unique_ptr<store::Database>>;

Opened split(Opened opened) {
  if (!opened) return opened;
  return std::make_unique<SplitDatabase>(std::move(*opened));
}

}  // namespace

// --wrap renames the linker's symbols, which are the mangled ones.
#define SQLITE_SYMBOL "_ZN5store11open_sqliteERKNS_13SqliteOptionsERN4base5ClockESt10stop_token"
#define POSTGRES_SYMBOL "_ZN5store13open_postgresERKNS_15PostgresOptionsERN4base5ClockESt10stop_token"

namespace torture {

Opened real_sqlite(const store::SqliteOptions&, base::Clock&,
                   std::stop_token) __asm__("__real_" SQLITE_SYMBOL);
Opened open_sqlite(const store::SqliteOptions&, base::Clock&,
                   std::stop_token) __asm__("__wrap_" SQLITE_SYMBOL);
Opened real_postgres(const store::PostgresOptions&, base::Clock&,
                     std::stop_token) __asm__("__real_" POSTGRES_SYMBOL);
Opened open_postgres(const store::PostgresOptions&, base::Clock&,
                     std::stop_token) __asm__("__wrap_" POSTGRES_SYMBOL);

Opened open_sqlite(const store::SqliteOptions& options, base::Clock& clock, std::stop_token stop) {
  return split(real_sqlite(options, clock, std::move(stop)));
}
Opened open_postgres(const store::PostgresOptions& options, base::Clock& clock, std::stop_token stop) {
  return split(real_postgres(options, clock, std::move(stop)));
}

}  // namespace torture
