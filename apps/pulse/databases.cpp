#include "pulse/databases.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "collect/patience.hpp"
#include "store/migrations.hpp"
#include "store/postgres.hpp"
#include "store/sqlite.hpp"

namespace pulse {
namespace {

using base::Code;
using config::DatabaseAddress;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds lock_wait_of_others = 60s;
constexpr milliseconds connect_timeout = 10s;

// A run keeps one from its begin to its end; the others are for leases, the scheduler, the status page, API
// budgets.
std::size_t connections(const config::Settings& settings) {
  return static_cast<std::size_t>(settings.workers) + 5;
}

using Opening = base::Result<std::unique_ptr<store::Database>>;

// Where tables that are named without a schema go. "" leaves that to the server's search path, but for one
// that leads into the ledger's schema: that of a user called `pulse` begins there, as soon as there is a
// ledger.
base::Result<std::string> schema_of_tables(store::Database& database, std::stop_token stop) {
  std::string schema;
  const auto session = TRY(database.session(stop));
  TRY(session->transact(store::Access::read, stop, [&](store::Connection& connection) -> base::Result<void> {
    const auto rows = TRY(connection.query(
        "SELECT s::text FROM unnest(current_schemas(false)) WITH ORDINALITY AS path (s, n) WHERE s <> "
        "'pulse' "
        "AND (current_user = 'pulse' OR 'pulse' = ANY (current_schemas(false))) ORDER BY n LIMIT 1"));
    if (!rows.empty()) schema = rows[0].text(0);
    return {};
  }));
  return schema;
}

Opening open_postgres(const DatabaseAddress& address, std::size_t connections, milliseconds timeout,
                      base::Clock& clock, std::stop_token stop) {
  store::PostgresOptions options{.url = address.url, .pool_size = connections, .connect_timeout = timeout};
  auto database = TRY(store::open_postgres(options, clock, stop));
  options.schema = TRY(schema_of_tables(*database, stop));
  if (options.schema.empty()) return database;
  return store::open_postgres(options, clock, std::move(stop));
}

Opening open_at(const DatabaseAddress& address, std::size_t connections, milliseconds lock_wait,
                milliseconds timeout, base::Clock& clock, std::stop_token stop) {
  if (address.engine == DatabaseAddress::Engine::postgresql)
    return open_postgres(address, connections, timeout, clock, std::move(stop));
  return store::open_sqlite({.path = address.path, .lock_wait = lock_wait, .read_only = false}, clock,
                            std::move(stop));
}

// The same for two names of one file: its lock can be taken once.
std::string identity(const DatabaseAddress& address) {
  if (address.engine == DatabaseAddress::Engine::postgresql) return address.url.reveal();
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(address.path, error);
  return error ? address.path.string() : whole.string();
}

}  // namespace

Databases::Databases(const config::Settings& settings, base::Clock& clock, base::Rng rng)
    : settings_(settings), clock_(clock), rng_(rng) {
  std::map<std::string, std::shared_ptr<Kept>> by_identity;
  const auto add = [&](const std::string& name, const DatabaseAddress& address) {
    std::shared_ptr<Kept>& kept = by_identity[identity(address)];
    if (!kept) kept = std::make_shared<Kept>();
    kept_[name] = kept;
  };
  add("store", settings.store);
  for (const auto& [name, address] : settings.databases) add(name, address);
}

Opening Databases::prepare_store(milliseconds lock_wait, milliseconds timeout, std::stop_token stop) {
  auto database = TRY(open_at(settings_.store, connections(settings_), lock_wait, timeout, clock_, stop));
  TRY_WITH(store::migrate(*database, store::embedded_migrations(), stop), "preparing {}",
           database->description());
  return database;
}

base::Result<store::Database*> Databases::open_store(milliseconds wait, std::stop_token stop) {
  Kept& kept = *kept_.at("store");
  const std::lock_guard lock(kept.mutex);
  if (kept.database) return kept.database.get();
  milliseconds timeout = connect_timeout;
  const base::SteadyTime deadline = clock_.steady() + wait;
  // A host that swallows everything must not hold us far beyond the end.
  const auto hasten = [&](const base::Error&, base::Duration pause) {
    timeout = std::clamp(std::chrono::ceil<milliseconds>(deadline - clock_.steady() - pause),
                         milliseconds{1s}, connect_timeout);
  };
  const auto open_once = [&](bool& of_server) -> base::Result<store::Database*> {
    auto opened = prepare_store(wait, timeout, stop);
    of_server = settings_.store.engine == DatabaseAddress::Engine::postgresql && !opened &&
                opened.error().code == Code::unavailable;
    if (!opened) return std::move(opened).error();
    kept.database = *std::move(opened);
    return kept.database.get();
  };
  return collect::Patience{clock_, rng_, deadline, hasten}.until(open_once, stop);
}

Opening Databases::open_store_to_read(std::stop_token stop) {
  if (settings_.store.engine == DatabaseAddress::Engine::postgresql)
    return open_postgres(settings_.store, connections(settings_), connect_timeout, clock_, std::move(stop));
  return store::open_sqlite({.path = settings_.store.path, .lock_wait = {}, .read_only = true}, clock_,
                            std::move(stop));
}

base::Result<store::Database*> Databases::open(const std::string& name, std::stop_token stop) {
  const auto kept_as = kept_.find(name);
  if (kept_as != kept_.end() && kept_as->second == kept_.at("store")) return open_store(0ms, std::move(stop));
  const auto address = settings_.databases.find(name);
  if (address == settings_.databases.end())
    return base::error(Code::invalid_config,
                       "\"{}\" is the name of no database; known: {}; add it under databases in pulse.yaml",
                       base::shorten(base::escape_control(name), 60),
                       fmt::join(settings_.database_names(), ", "));
  Kept& kept = *kept_as->second;
  const std::lock_guard lock(kept.mutex);
  if (!kept.database)
    kept.database = TRY_WITH(open_at(address->second, connections(settings_), lock_wait_of_others,
                                     connect_timeout, clock_, std::move(stop)),
                             "the database \"{}\"", name);
  return kept.database.get();
}

}  // namespace pulse
