#include "program/settings.hpp"

#include <fmt/format.h>

#include "store/postgres_url.hpp"

extern char** environ;

namespace program {
namespace {

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

}  // namespace

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    if (const std::size_t equals = line.find('='); equals != std::string_view::npos)
      result[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  }
  return result;
}

telemetry::LogOptions log_options(const config::LogSettings& logs, const std::filesystem::path& base,
                                  std::function<void(std::string_view)> console) {
  const bool as_json = logs.format == config::LogFormat::json;
  return {.directory = base / logs.directory,
          .format = as_json ? telemetry::LogFormat::json : telemetry::LogFormat::text,
          .days = logs.days,
          .disk_budget = logs.disk_budget,
          .level = level_of(logs.level),
          .timezone = logs.timezone,
          .console = true,
          .console_writer = std::move(console)};
}

http::CurlOptions curl_options(const config::HttpSettings& http, const std::filesystem::path& base) {
  http::CurlOptions options;
  options.rewrite = {http.rewrite.begin(), http.rewrite.end()};
  options.user_agent = "phoenix-pulse/" PROGRAM_VERSION;
  if (!http.ca_file.empty()) options.ca_file = base / http.ca_file;
  return options;
}

void check_database_url(const config::DatabaseAddress& address, const std::string& key,
                        const std::string& file, config::Faults& faults) {
  if (address.engine != config::DatabaseAddress::Engine::postgresql) return;
  if (const auto parsed = store::parse_postgres_url(address.url); !parsed)
    faults.add({address.mark.origin.empty() ? file : "", address.mark, key, parsed.error().message, ""});
}

void check_shared(const config::LogSettings& logs, const config::HttpSettings& http,
                  const std::filesystem::path& base, const std::string& file, config::Faults& faults) {
  if (const auto zone = telemetry::Log::check_timezone(logs.timezone); !zone)
    faults.add({file,
                {0, 0, "logs.timezone"},
                "",
                zone.error().message,
                "write a name of the zone database: America/Sao_Paulo"});
  std::error_code error;
  if (const auto certificates = base / http.ca_file;
      !http.ca_file.empty() && !std::filesystem::is_regular_file(certificates, error))
    faults.add({file,
                {0, 0, "http.ca_file"},
                "",
                fmt::format("there is no file {}", certificates.string()),
                "name a PEM file"});
}

void hide_password(const config::DatabaseAddress& address, base::Redactor& redactor) {
  if (address.engine != config::DatabaseAddress::Engine::postgresql) return;
  const auto parsed = store::parse_postgres_url(address.url);
  if (!parsed || parsed->password.empty()) return;  // a URL without a password is what descriptions show
  redactor.add(parsed->password);
  redactor.add(address.url);
}

void hide_password_of_libpq(const config::Environment& environment, base::Redactor& redactor) {
  if (const auto password = environment("PGPASSWORD")) redactor.add(base::Secret(*password));
}

}  // namespace program
