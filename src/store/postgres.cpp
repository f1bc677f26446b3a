#include "store/postgres.hpp"

#include <utility>
#include <vector>

#include "store/postgres_dialect.hpp"
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
      : dialect_(settings.dialect),
        description_(settings.link.parsed.description()),
        pool_(std::move(settings), limits, clock) {}

  base::Result<void> open(std::stop_token stop) {
    pool_.release(TRY(pool_.acquire(std::move(stop))));
    return {};
  }
  const Dialect& dialect() const override { return *dialect_; }
  std::string description() const override { return description_; }
  base::Result<std::unique_ptr<Session>> session(std::stop_token stop) override {
    return std::make_unique<PostgresSession>(pool_, TRY(pool_.acquire(std::move(stop))));
  }
  base::Result<Table> describe(Connection& connection, std::string_view schema,
                               std::string_view table) override;

 private:
  const std::shared_ptr<const EngineDialect> dialect_;
  const std::string description_;
  PostgresPool pool_;
};

std::string_view kind_of(std::string_view relkind) {
  if (relkind == "v") return "a view";
  if (relkind == "m") return "a materialized view";
  return "a foreign table";
}

// A domain may be made of another one; each may forbid NULL, and the outermost default counts.
constexpr std::string_view describe_columns = R"sql(
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull OR base.not_null,
       a.atthasdef OR a.attidentity <> '' OR base.has_default,
       a.attgenerated <> '' OR a.attidentity = 'a', a.attidentity <> '',
       format_type(base.type, base.modifier),
       coalesce(quote_ident(n.nspname) || '.' || quote_ident(c.collname), '')
FROM pg_attribute a
CROSS JOIN LATERAL (
  WITH RECURSIVE made_of(depth, type, modifier, not_null, has_default) AS (
    SELECT 0, a.atttypid, a.atttypmod, false, false
    UNION ALL
    SELECT depth + 1, t.typbasetype, t.typtypmod, made_of.not_null OR t.typnotnull,
           made_of.has_default OR t.typdefault IS NOT NULL
    FROM made_of JOIN pg_type t ON t.oid = made_of.type AND t.typtype = 'd')
  SELECT * FROM made_of ORDER BY depth DESC LIMIT 1) AS base
JOIN pg_type t ON t.oid = base.type
LEFT JOIN pg_collation c ON c.oid = a.attcollation AND c.oid <> t.typcollation
LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)sql";

// Where a statement would look. Not by to_regclass(): what it did not find once, it may go on not finding in
// this transaction, also when another has made it meanwhile.
constexpr std::string_view find_table = R"sql(
SELECT c.oid::bigint, c.relkind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $1 AND CASE WHEN $2 = '' THEN n.nspname = ANY (current_schemas(true)) ELSE n.nspname = $2 END
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY array_position(current_schemas(true), n.nspname) LIMIT 1)sql";

base::Result<Table> PostgresDatabase::describe(Connection& connection, std::string_view schema,
                                               std::string_view table) {
  const std::string_view in = clip_identifier(schema);
  const auto tables = TRY(connection.query(find_table, {clip_identifier(table), in}));
  if (tables.empty()) {
    const auto found = TRY(connection.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", {in}));
    return Table{.exists = false, .has_schema = schema.empty() || !found.empty()};
  }
  const std::string kind = tables[0].text(1);
  if (kind != "r" && kind != "p")
    return base::error(Code::invalid_config, "{} is {}, not a table", dialect().table(schema, table),
                       kind_of(kind));
  Table found{.exists = true, .is_partitioned = kind == "p"};
  for (const Row& row : TRY(connection.query(describe_columns, {tables[0].integer(0)})))
    found.columns.push_back({.name = row.text(0),
                             .type = row.text(1),
                             .not_null = row.integer(2) != 0,
                             .has_default = row.integer(3) != 0,
                             .is_computed = row.integer(4) != 0,
                             .is_identity = row.integer(5) != 0,
                             .enforced_type = row.text(6),
                             .collation = row.text(7)});
  return found;
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
                                                 .clock = &clock,
                                                 .application = options.ledger},
                                        .statement_timeout = options.statement_timeout,
                                        .schema = options.schema,
                                        .dialect = postgres_dialect(options.ledger)};
  auto database = std::make_unique<PostgresDatabase>(
      std::move(settings),
      PostgresPool::Limits{options.pool_size, options.acquire_timeout, options.check_idle_after}, clock);
  TRY(database->open(std::move(stop)));
  return database;
}

}  // namespace store
