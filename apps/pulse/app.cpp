#include "pulse/app.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "collect/ledger.hpp"
#include "collect/patience.hpp"
#include "pulse/output.hpp"
#include "store/postgres_url.hpp"

extern char** environ;

namespace pulse {
namespace {

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    if (const std::size_t equals = line.find('='); equals != std::string_view::npos)
      result[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
  return result;
}

telemetry::Level level_of(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug: return telemetry::Level::debug;
    case config::LogLevel::info: return telemetry::Level::info;
    case config::LogLevel::warning: return telemetry::Level::warning;
    case config::LogLevel::error: return telemetry::Level::error;
    case config::LogLevel::critical: return telemetry::Level::critical;
  }
  return telemetry::Level::info;
}

telemetry::LogOptions log_options(const config::Settings& settings, Terminal& terminal) {
  const bool as_json = settings.logs.format == config::LogFormat::json;
  return {.directory = settings.path_of(settings.logs.directory),
          .format = as_json ? telemetry::LogFormat::json : telemetry::LogFormat::text,
          .days = settings.logs.days,
          .disk_budget = settings.logs.disk_budget,
          .level = level_of(settings.logs.level),
          .timezone = settings.logs.timezone,
          .console = true,
          .console_writer = [&terminal](std::string_view line) { terminal.write(line); }};
}

http::CurlOptions curl_options(const config::Settings& settings) {
  http::CurlOptions options;
  options.rewrite = {settings.http.rewrite.begin(), settings.http.rewrite.end()};
  options.user_agent = "phoenix-pulse/" PULSE_VERSION;
  if (!settings.http.ca_file.empty()) options.ca_file = settings.path_of(settings.http.ca_file);
  return options;
}

// What libpq refuses.
void check_database(const config::DatabaseAddress& address, const std::string& key, const std::string& file,
                    config::Faults& faults) {
  if (address.engine != config::DatabaseAddress::Engine::postgresql) return;
  if (const auto parsed = store::parse_postgres_url(address.url); !parsed)
    faults.add({address.mark.origin.empty() ? file : "", address.mark, key, parsed.error().message, ""});
}

// So that no log line or error shows them, whoever writes it.
void hide_passwords(const config::Settings& settings, const config::Environment& environment,
                    base::Redactor& redactor) {
  const auto hide = [&](const config::DatabaseAddress& address) {
    if (address.engine != config::DatabaseAddress::Engine::postgresql) return;
    const auto parsed = store::parse_postgres_url(address.url);
    if (!parsed || parsed->password.empty()) return;  // a URL without a password is what descriptions show
    redactor.add(parsed->password);
    redactor.add(address.url);
  };
  redactor.add(settings.listen.token);
  hide(settings.store);
  for (const auto& [name, address] : settings.databases) hide(address);
  if (const auto password = environment("PGPASSWORD")) redactor.add(base::Secret(*password));  // libpq's own
}

// What only the parts that use a setting can judge.
void check_settings(const config::Settings& settings, config::Faults& faults) {
  const std::string file = settings.file.string();
  check_database(settings.store, "store", file, faults);
  for (const auto& [name, address] : settings.databases)
    check_database(address, "databases." + name, file, faults);
  if (const auto zone = telemetry::Log::check_timezone(settings.logs.timezone); !zone)
    faults.add({file,
                {0, 0, "logs.timezone"},
                "",
                zone.error().message,
                "write a name of the zone database: America/Sao_Paulo"});
  std::error_code error;
  if (!settings.http.ca_file.empty() &&
      !std::filesystem::is_regular_file(settings.path_of(settings.http.ca_file), error))
    faults.add({file,
                {0, 0, "http.ca_file"},
                "",
                fmt::format("there is no file {}", settings.path_of(settings.http.ca_file).string()),
                "name a PEM file"});
}

}  // namespace

App::App(config::SettingsQuery asked, config::LoadedSettings loaded)
    : query(std::move(asked)),
      settings(std::move(loaded.settings)),
      environment(std::move(loaded.environment)),
      log(log_options(settings, terminal), clock, redactor),
      transport(http::make_curl_transport(curl_options(settings))),
      engine(*transport, clock, base::Rng::from_entropy(), &metrics),
      databases_(settings, clock, base::Rng::from_entropy()),
      current_(std::make_shared<config::LoadedSettings>(config::LoadedSettings{settings, environment})) {
  hide_passwords(settings, environment, redactor);
}

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
      .path = config_path, .directory = ".", .process_environment = process_environment()};
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
  return database;
}

base::Result<std::unique_ptr<store::Database>> App::open_store_to_read() {
  return databases_.open_store_to_read(signals.token());
}

base::Result<store::Database*> App::database(const std::string& name, std::stop_token stop) {
  return databases_.open(name, std::move(stop));
}

}  // namespace pulse
