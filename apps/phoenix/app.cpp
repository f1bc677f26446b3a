#include "phoenix/app.hpp"

#include <utility>

#include "program/settings.hpp"
#include "store/migrations.hpp"
#include "store/postgres.hpp"
#include "store/sqlite.hpp"

namespace phoenix {
namespace {

using config::DatabaseAddress;

constexpr std::size_t beside_workers = 6;  // connections: front, courier, leases, housekeeping, page
constexpr const char* ledger = "phoenix";
// All that the bot asks is short. A COMMIT is not given up before its answer, and a stop waits for it: a
// server that stands still may not hold it up for longer than the service manager does.
constexpr std::chrono::seconds statement_timeout{20};

// On the console; what a person looks for later is in the ledger.
telemetry::LogOptions log_options(const config::PhoenixSettings& settings) {
  return program::log_options(settings.logs, settings.base, {});
}

void hide_secrets(const config::LoadedPhoenixSettings& loaded, base::Redactor& redactor) {
  const config::PhoenixSettings& settings = loaded.settings;
  for (const base::Secret* secret : {&settings.telegram.token, &settings.telegram.webhook.secret,
                                     &settings.football.key, &settings.listen.token})
    redactor.add(*secret);
  program::hide_password(settings.store, redactor);
  program::hide_password_of_libpq(loaded.environment, redactor);
}

football::ClientOptions football_options(const config::PhoenixSettings& settings) {
  return {.key = settings.football.key,
          .base = settings.football.base,
          .timezone = settings.football.timezone,
          .per_minute = settings.football.per_minute,
          .daily_reserve = settings.football.daily_reserve};
}

}  // namespace

App::App(std::optional<std::string> path, config::LoadedPhoenixSettings the_settings, schedule::Zone the_zone)
    : config_path(std::move(path)),
      loaded(std::move(the_settings)),
      settings(loaded.settings),
      log(log_options(settings), clock, redactor),
      transport(http::make_curl_transport(program::curl_options(settings.http, settings.base))),
      engine(*transport, clock, base::Rng::from_entropy(), &metrics),
      zone(the_zone),
      cache(clock, settings.cache.max_size),
      football(engine, clock, cache, zone, football_options(settings), &metrics),
      telegram(engine, clock, {.token = settings.telegram.token, .base = settings.telegram.base}) {
  hide_secrets(loaded, redactor);
}

std::optional<config::LoadedPhoenixSettings> App::load(const std::optional<std::string>& config_path,
                                                       config::Faults& faults) {
  auto loaded = config::load_phoenix_settings(
      {.path = config_path, .directory = ".", .process_environment = program::process_environment()}, faults);
  if (!loaded) return std::nullopt;
  const config::PhoenixSettings& settings = loaded->settings;
  const std::string file = settings.file.string();
  if (!loaded->unusable.contains("store")) {
    config::Faults of_the_url;
    program::check_database_url(settings.store, "store", file, of_the_url);
    if (!of_the_url.empty()) loaded->unusable.emplace("store");  // said once, not asked in vain
    for (const config::Fault& fault : of_the_url.sorted()) faults.add(fault);
  }
  program::check_shared(settings.logs, settings.http, settings.base, file, faults);
  const auto zone = schedule::Zone::find(settings.football.timezone);
  if (!zone) {
    faults.add({file, {0, 0, "football.timezone"}, "", zone.error().message, "write America/Sao_Paulo"});
    return std::nullopt;
  }
  return loaded;
}

std::unique_ptr<App> App::create(const std::optional<std::string>& config_path, config::Faults& faults) {
  auto loaded = load(config_path, faults);
  if (!loaded) return nullptr;
  const auto zone = schedule::Zone::find(loaded->settings.football.timezone);
  if (!zone) return nullptr;  // load() has found it
  return std::unique_ptr<App>(new App(config_path, *std::move(loaded), *zone));
}

base::Result<store::Database*> App::open_store(std::chrono::milliseconds wait, std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  if (store_) return store_.get();
  const DatabaseAddress& address = settings.store;
  auto opened =
      address.engine == DatabaseAddress::Engine::postgresql
          ? store::open_postgres(
                {.url = address.url,
                 .pool_size = static_cast<std::size_t>(settings.queue.workers) + beside_workers,
                 .statement_timeout = statement_timeout,
                 .ledger = ledger},
                clock, stop)
          : store::open_sqlite(
                {.path = address.path, .lock_wait = wait, .read_only = false, .ledger = ledger}, clock, stop);
  auto database = TRY(std::move(opened));
  TRY_WITH(store::migrate(*database, store::embedded_migrations(), stop), "preparing {}",
           database->description());
  store_ = std::move(database);
  return store_.get();
}

}  // namespace phoenix
