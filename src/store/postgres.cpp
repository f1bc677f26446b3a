#include "store/postgres.hpp"

#include <utility>
#include <vector>

#include "store/postgres_pool.hpp"

namespace store {
namespace {

using base::Code;
using namespace std::chrono_literals;

constexpr auto answer_grace = 10s;  // beyond statement_timeout, before the server counts as gone

class PostgresSession final : public Session {
 public:
  PostgresSession(PostgresPool& pool, PostgresPool::Lent connection)
      : pool_(pool), connection_(std::move(connection)) {}
  ~PostgresSession() override { pool_.release(std::move(connection_)); }
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  base::Result<void> transact(Access access, std::stop_token stop, const Work& work) override {
    if (stop.stop_requested()) return base::error(Code::cancelled, "stopped");
    auto begun = connection_->usable() ? connection_->begin(access, stop) : base::Result<void>();
    // A server that restarted shows at BEGIN, before anything has happened.
    if (!connection_->usable()) {
      TRY(reconnect(stop));
      begun = connection_->begin(access, stop);
    }
    if (!begun) return begun;
    return connection_->finish(work);
  }

 private:
  base::Result<void> reconnect(std::stop_token stop) {
    if (stop.stop_requested()) return base::error(Code::cancelled, "stopped");
    if (connection_->has_temp_tables()) {
      return base::error(Code::unavailable,
                         "the connection to the database broke, and the TEMP tables of this session are lost "
                         "with it: begin the work again");
    }
    connection_ = TRY(pool_.replace(std::move(stop)));
    return {};
  }

  PostgresPool& pool_;
  PostgresPool::Lent connection_;
};

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(PostgresConnection::Settings settings, const PostgresPool::Limits& limits,
                   base::Clock& clock)
      : description_(settings.link.parsed.description()), pool_(std::move(settings), limits, clock) {}

  base::Result<void> open(std::stop_token stop) {
    pool_.release(TRY(pool_.acquire(std::move(stop))));
    return {};
  }
  const Dialect& dialect() const override { return postgres_dialect(); }
  std::string description() const override { return description_; }
  base::Result<std::unique_ptr<Session>> session(std::stop_token stop) override {
    return std::make_unique<PostgresSession>(pool_, TRY(pool_.acquire(std::move(stop))));
  }
  base::Result<std::vector<Column>> columns(Connection& connection, std::string_view schema,
                                            std::string_view table) override;

 private:
  const std::string description_;
  PostgresPool pool_;
};

std::string_view kind_of(std::string_view relkind) {
  if (relkind == "v") return "a view";
  if (relkind == "m") return "a materialized view";
  if (relkind == "f") return "a foreign table";
  return "something else";
}

base::Result<std::vector<Column>> PostgresDatabase::columns(Connection& connection, std::string_view schema,
                                                            std::string_view table) {
  const std::string name = dialect().table(schema, table);
  const auto kinds =
      TRY(connection.query("SELECT relkind FROM pg_class WHERE oid = to_regclass($1)", {name}));
  if (kinds.empty()) return std::vector<Column>();
  if (const std::string kind = kinds[0].text(0); kind != "r" && kind != "p")
    return base::error(Code::invalid_config, "{} is {}, not a table", name, kind_of(kind));
  const auto rows = TRY(connection.query(
      "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull OR t.typnotnull, "
      "a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL "
      "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
      "WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
      {name}));
  std::vector<Column> columns;
  for (const Row& row : rows)
    columns.push_back({row.text(0), row.text(1), row.integer(2) != 0, row.integer(3) != 0});
  return columns;
}

}  // namespace

base::Result<std::unique_ptr<Database>> open_postgres(const PostgresOptions& options, base::Clock& clock,
                                                      std::stop_token stop) {
  if (options.pool_size == 0 || options.statement_timeout.count() < 0 || options.connect_timeout.count() <= 0)
    return base::error(Code::invalid_config,
                       "the pool of database connections needs a size above 0, and timeouts that are not "
                       "negative");
  const auto answer_timeout =
      options.statement_timeout.count() == 0 ? 0ms : options.statement_timeout + answer_grace;
  PostgresConnection::Settings settings{.link = {.url = options.url,
                                                 .parsed = TRY(parse_postgres_url(options.url)),
                                                 .connect_timeout = options.connect_timeout,
                                                 .answer_timeout = answer_timeout,
                                                 .clock = &clock},
                                        .statement_timeout = options.statement_timeout,
                                        .schema = options.schema};
  auto database = std::make_unique<PostgresDatabase>(
      std::move(settings),
      PostgresPool::Limits{options.pool_size, options.acquire_timeout, options.check_idle_after}, clock);
  TRY(database->open(std::move(stop)));
  return database;
}

}  // namespace store
