// What every program makes of the settings that all have: options of its parts, faults that only those parts
// can judge, secrets to be hidden. Nothing here keeps anything; any thread.
//
//   check_shared(settings.logs, settings.http, base, file, faults);
//   telemetry::Log log(log_options(settings.logs, base, write_line), clock, redactor);
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "config/database_address.hpp"
#include "config/fault.hpp"
#include "config/node.hpp"
#include "config/shared_settings.hpp"
#include "http/transport.hpp"
#include "telemetry/log.hpp"

namespace program {

std::map<std::string, std::string> process_environment();

// `base`: the folder that paths are relative to. `console`: where log lines go besides the files.
telemetry::LogOptions log_options(const config::LogSettings& logs, const std::filesystem::path& base,
                                  std::function<void(std::string_view)> console);
http::CurlOptions curl_options(const config::HttpSettings& http, const std::filesystem::path& base);

// Faults: what libpq refuses; a time zone and a file of certificates that are not there. `file`: of the
// settings.
void check_database_url(const config::DatabaseAddress& address, const std::string& key,
                        const std::string& file, config::Faults& faults);
void check_shared(const config::LogSettings& logs, const config::HttpSettings& http,
                  const std::filesystem::path& base, const std::string& file, config::Faults& faults);

// So that no log line or error shows them, whoever writes it.
void hide_password(const config::DatabaseAddress& address, base::Redactor& redactor);
void hide_password_of_libpq(const config::Environment& environment, base::Redactor& redactor);  // PGPASSWORD

}  // namespace program
