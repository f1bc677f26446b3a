#include "pulse/app.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "collect/ledger.hpp"
#include "pulse/output.hpp"
#include "store/migrations.hpp"
#include "store/sqlite.hpp"

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
  return {.directory = settings.path_of(settings.logs.directory),
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

// What only the parts that use a setting can judge.
void check_settings(const config::Settings& settings, config::Faults& faults) {
  const std::string file = settings.file.string();
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

App::App(config::LoadedSettings loaded)
    : settings(std::move(loaded.settings)),
      environment(std::move(loaded.environment)),
      log(log_options(settings, terminal), clock, redactor),
      transport(http::make_curl_transport(curl_options(settings))),
      engine(*transport, clock, base::Rng::from_entropy(), &metrics) {}

std::unique_ptr<App> App::create(const std::optional<std::string>& config_path) {
  config::Faults faults;
  auto loaded = config::load_settings(
      {.path = config_path, .directory = ".", .process_environment = process_environment()}, faults);
  if (loaded) check_settings(loaded->settings, faults);
  if (loaded && faults.empty()) return std::unique_ptr<App>(new App(std::move(*loaded)));
  complain_text(faults.text());
  return nullptr;
}

base::Result<store::Database*> App::open_store(std::chrono::milliseconds lock_wait) {
  const std::stop_token stop = signals.token();
  database = TRY(store::open_sqlite(
      {.path = settings.sqlite_path(), .lock_wait = lock_wait, .read_only = false}, clock, stop));
  TRY_WITH(store::migrate(*database, store::embedded_migrations(), stop), "preparing {}",
           database->description());
  const auto session = TRY(database->session(stop));
  for (const collect::RunRecord& run : TRY(collect::Ledger(*session, clock).mark_lost(stop)))
    log.collector(run.collector)
        .warning("run lost: its process ended without recording an end",
                 {{"run", run.id}, {"process", run.process}, {"host", run.host}});
  return database.get();
}

base::Result<std::unique_ptr<store::Database>> App::open_store_to_read() {
  return store::open_sqlite({.path = settings.sqlite_path(), .lock_wait = {}, .read_only = true}, clock,
                            signals.token());
}

}  // namespace pulse
