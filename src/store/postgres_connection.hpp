// One connection to a PostgreSQL server: prepared statements, transactions, COPY. Used by one thread at a
// time; who has it is the pool's and the session's business.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"
#include "store/postgres_dialect.hpp"
#include "store/postgres_link.hpp"

namespace store {

struct PostgresCopy {
  std::string sql;
  bool open = false;
  std::string buffer;
  std::int64_t rows = 0;
};

class PostgresConnection final : public Connection {
 public:
  struct Settings {
    PostgresLink::Settings link;
    std::chrono::milliseconds statement_timeout{};
    std::string schema;
    std::shared_ptr<const EngineDialect> dialect = postgres_dialect();
  };
  // The settings outlive the connection.
  static base::Result<std::unique_ptr<PostgresConnection>> open(const Settings& settings,
                                                                std::stop_token stop);

  // A transaction is begin(), then finish() once. When begin() fails, nothing has happened.
  base::Result<void> begin(Access access, std::stop_token stop);
  base::Result<void> finish(const Work& work);

  // Outside of transactions.
  bool usable() const { return !link_->lost() && !unfit_; }
  bool answers() { return usable() && link_->answers(); }
  bool has_temp_tables() const { return has_temp_tables_; }
  bool clean();  // for the next session; false: of no more use

  using Connection::execute;
  using Connection::query;
  const Dialect& dialect() const override { return *dialect_; }
  base::Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override;
  base::Result<std::vector<Row>> query(std::string_view sql, std::span<const Param> params) override;
  base::Result<std::vector<std::string>> column_names(std::string_view sql) override;
  base::Result<std::int64_t> load(std::string_view table, const std::vector<std::string>& columns,
                                  const RowSource& rows) override;

 private:
  struct Statement {
    std::string sql;   // as written, before the words are replaced
    std::string name;  // on the server
  };

  struct EndOfCopy;

  base::Result<void> configure(const Settings& settings);
  base::Result<const Statement*> statement(std::string_view sql);
  base::Result<Statement> prepare(std::string_view sql);
  base::Result<Answer> run(std::string_view sql, std::span<const Param> params);
  base::Result<Answer> try_run(std::string_view sql, std::span<const Param> params);
  base::Result<void> ready(std::string_view sql);
  base::Result<void> drop_old_statements();

  base::Result<void> open_copy();
  base::Result<void> send_copy();
  base::Result<void> close_copy();
  void break_copy();
  base::Result<void> try_load(std::size_t columns, const RowSource& rows);

  base::Result<void> complete(const Work& work);
  base::Result<void> commit();
  base::Error explain(base::Error error, std::string_view sql);
  base::Error spoil(base::Error error);

  std::shared_ptr<const EngineDialect> dialect_;
  std::unique_ptr<PostgresLink> link_;
  std::unique_ptr<PostgresLink::Watch> watch_;  // of the transaction under way
  std::list<Statement> statements_;             // the most recently used first
  std::vector<std::string> old_statements_;     // names to be dropped on the server
  std::uint64_t next_name_ = 1;
  std::optional<PostgresCopy> copy_;  // the load under way

  Access access_ = Access::read;
  std::stop_token stop_;                // of the transaction under way
  std::optional<base::Error> spoiled_;  // its first failed statement
  bool made_temp_tables_ = false;       // it has, so far uncommitted
  bool has_temp_tables_ = false;
  bool unfit_ = false;  // a standby, asked to write: the next connection may find the primary
};

}  // namespace store
