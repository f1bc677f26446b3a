// One connection to an SQLite file: settings, prepared statements, transactions, the translation of its
// errors. Used by one thread at a time; who may use it when is sqlite.cpp's business. Only its .cpp and
// sqlite_functions.cpp know sqlite3.h.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "store/database.hpp"
#include "store/engine_dialect.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace store {

class SqliteConnection final : public Connection {
 public:
  enum class Kind { writer, reader };

  // A writer creates the file; a reader wants it there, and writes nothing. ":memory:" is private.
  static base::Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Kind kind,
                                                              std::shared_ptr<const EngineDialect> dialect,
                                                              base::Clock& clock);
  ~SqliteConnection() override;

  base::Result<void> transact(Access access, std::stop_token stop, const Work& work);

  // Outside of transactions.
  std::vector<std::string> temp_tables();
  void drop_temp_table(const std::string& name);

  using Connection::execute;
  using Connection::query;
  const Dialect& dialect() const override { return *dialect_; }
  base::Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override;
  base::Result<std::vector<Row>> query(std::string_view sql, std::span<const Param> params) override;
  base::Result<std::vector<std::string>> column_names(std::string_view sql) override;
  base::Result<std::int64_t> load(std::string_view table, const std::vector<std::string>& columns,
                                  const RowSource& rows) override;

 private:
  struct Statement;
  class Use;
  static constexpr std::size_t max_width = 100'000;  // more than a statement has parameters

  SqliteConnection(std::shared_ptr<const EngineDialect> dialect, base::Clock& clock)
      : dialect_(std::move(dialect)), clock_(clock) {}
  base::Result<void> configure(Kind kind, bool in_memory);
  base::Result<std::string> command(const char* sql);  // the first value of its answer
  base::Result<std::shared_ptr<Statement>> statement(std::string_view sql);
  base::Result<std::shared_ptr<Statement>> prepare(std::string_view sql);
  // `width`: how many of the parameters make a row, for the words of an error.
  base::Result<void> bind(Statement& statement, std::span<const Param> params, std::size_t width);
  template <class OnRow>
  base::Result<void> run(std::string_view sql, std::span<const Param> params, const OnRow& on_row,
                         std::size_t width = max_width);
  base::Result<void> check(std::string_view sql);  // without running it
  base::Result<void> insert(std::string_view sql, std::span<const Param> params, std::size_t width);
  base::Result<void> finish(Access access, const Work& work);
  base::Result<void> commit();
  base::Error engine_error(std::string_view sql) const;
  base::Error spoil(base::Error error);

  static int on_busy(void* self, int times);
  static int on_progress(void* self);

  const std::shared_ptr<const EngineDialect> dialect_;
  base::Clock& clock_;
  sqlite3* handle_ = nullptr;
  std::list<std::shared_ptr<Statement>> statements_;  // the most recently used first
  std::stop_token stop_;                              // of the transaction under way
  std::optional<base::Error> spoiled_;                // its first failed statement
};

}  // namespace store
