#include "pulse/app.hpp"

#include "collect/ledger.hpp"
#include "collect/patience.hpp"
#include "program/output.hpp"
#include "program/settings.hpp"

namespace pulse {
namespace {

using program::complain_text;

// So that no log line or error shows them, whoever writes it.
void hide_passwords(const config::Settings& settings, const config::Environment& environment,
                    base::Redactor& redactor) {
  redactor.add(settings.listen.token);
  program::hide_password(settings.store, redactor);
  for (const auto& [name, address] : settings.databases) program::hide_password(address, redactor);
  program::hide_password_of_libpq(environment, redactor);
}

// What only the parts that use a setting can judge.
void check_settings(const config::Settings& settings, config::Faults& faults) {
  const std::string file = settings.file.string();
  program::check_database_url(settings.store, "store", file, faults);
  for (const auto& [name, address] : settings.databases)
    program::check_database_url(address, "databases." + name, file, faults);
  program::check_shared(settings.logs, settings.http, settings.base, file, faults);
}

}  // namespace

App::App(config::SettingsQuery asked, config::LoadedSettings loaded)
    : query(std::move(asked)),
      settings(std::move(loaded.settings)),
      environment(std::move(loaded.environment)),
      log(program::log_options(settings.logs, settings.base,
                               [this](std::string_view line) { terminal.write(line); }),
          clock, redactor),
      transport(http::make_curl_transport(program::curl_options(settings.http, settings.base))),
      engine(*transport, clock, base::Rng::from_entropy(), &metrics),
      databases_(settings, clock, base::Rng::from_entropy()),
      current_(std::make_shared<config::LoadedSettings>(config::LoadedSettings{settings, environment})) {
  hide_passwords(settings, environment, redactor);
}

// The store goes before the engine does.
App::~App() { engine.budgets().share(nullptr); }

std::optional<config::LoadedSettings> App::load(const config::SettingsQuery& query, config::Faults& faults) {
  auto loaded = config::load_settings(query, faults);
  if (loaded) check_settings(loaded->settings, faults);
  return loaded && faults.empty() ? std::move(loaded) : std::nullopt;
}

std::unique_ptr<App> App::create(const std::optional<std::string>& config_path) {
  config::Faults faults;
  auto app = create(config_path, faults);
  if (!app) complain_text(faults.text());
  return app;
}

std::unique_ptr<App> App::create(const std::optional<std::string>& config_path, config::Faults& faults) {
  const config::SettingsQuery query{
      .path = config_path, .directory = ".", .process_environment = program::process_environment()};
  if (auto loaded = load(query, faults)) return std::unique_ptr<App>(new App(query, *std::move(loaded)));
  return nullptr;
}

std::shared_ptr<const config::LoadedSettings> App::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void App::accept(config::LoadedSettings newer) {
  hide_passwords(newer.settings, newer.environment, redactor);
  auto fresh = std::make_shared<const config::LoadedSettings>(std::move(newer));
  const std::lock_guard lock(mutex_);
  current_ = std::move(fresh);
}

base::Result<store::Database*> App::open_store(std::chrono::milliseconds wait) {
  const std::stop_token stop = signals.token();
  store::Database* const database = TRY(databases_.open_store(wait, stop));
  const collect::Patience patience{clock, rng, clock.steady() + wait,
                                   [](const base::Error&, base::Duration) {}};
  const auto mark_lost = [&](bool& of_server) -> base::Result<std::vector<collect::RunRecord>> {
    of_server = database->dialect().is_server();
    const auto session = TRY(database->session(stop));
    return collect::Ledger(*session, clock).mark_lost(stop);
  };
  for (const collect::RunRecord& run : TRY(patience.until(mark_lost, stop)))
    log.collector(run.collector)
        .warning("run lost: its process ended without recording an end",
                 {{"run", run.id}, {"process", run.process}, {"host", run.host}});
  if (!budget_store_) {
    budget_store_ = std::make_unique<http::DatabaseBudgetStore>(*database, clock);
    engine.budgets().share(budget_store_.get());
  }
  return database;
}

base::Result<std::unique_ptr<store::Database>> App::open_store_to_read() {
  return databases_.open_store_to_read(signals.token());
}

base::Result<store::Database*> App::database(const std::string& name, std::stop_token stop) {
  return databases_.open(name, std::move(stop));
}

}  // namespace pulse
