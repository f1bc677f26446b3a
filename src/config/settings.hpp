// pulse.yaml and what stands above it: command line > environment (PULSE_LOGS__LEVEL, `__` = one level down)
// > .env beside the file > file > defaults. DATABASE_URL stands in for `store` where nobody set that.
//
//   Faults faults;
//   auto settings = load_settings({.path = cli_path, .environment = environment_with_dotenv…}, faults);
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "config/collector.hpp"
#include "config/database_address.hpp"
#include "config/fault.hpp"
#include "config/node.hpp"

namespace config {

enum class LogLevel { debug, info, warning, error, critical };
enum class LogFormat { text, json };

struct LogSettings {
  std::string directory;
  LogFormat format = LogFormat::text;
  std::int64_t days = 60;
  std::uint64_t disk_budget = 0;  // bytes
  LogLevel level = LogLevel::info;
  std::string timezone;  // IANA; empty = the system's
};

struct HttpSettings {
  std::vector<std::pair<std::string, std::string>> rewrite;
  std::string ca_file;
};

// Where the status page, its JSON and the metrics are. Whether an address is safe to listen on, and a token
// good enough, web::Guard says.
struct ListenSettings {
  std::string address;  // 127.0.0.1:8787, [::1]:0; or off
  base::Secret token;   // empty: none
  bool is_public = false;
  std::string name;  // under which a reverse proxy on this machine passes requests on; empty: none
  bool is_off() const { return address == "off"; }
};

struct RetentionSettings {
  base::Duration runs{}, quarantine{};
};

struct CollectorOverrides {
  Mark mark;  // of the collector's name
  std::vector<Override> list;
};

struct Settings {
  DatabaseAddress store;
  std::map<std::string, DatabaseAddress> databases;  // besides the store, by name
  std::string collectors;                            // a folder
  ListenSettings listen;
  LogSettings logs;
  std::int64_t workers = 16;  // runs at once
  RetentionSettings retention;
  HttpSettings http;
  std::map<std::string, CollectorOverrides> overrides;  // by collector name, or "*"

  std::filesystem::path base;  // paths in the file are relative to its folder
  std::filesystem::path file;  // empty: none was found, all defaults
  std::filesystem::path path_of(const std::string& relative) const { return base / relative; }
  std::vector<std::string> database_names() const;  // `store` is the first
};

struct SettingsQuery {
  std::optional<std::string> path;        // --config
  std::filesystem::path directory = ".";  // where ./pulse.yaml is looked for
  std::map<std::string, std::string> process_environment;
};

struct LoadedSettings {
  Settings settings;
  Environment environment;  // process environment, then .env
};

// Looks in this order: --config, $PULSE_CONFIG, ./pulse.yaml, $XDG_CONFIG_HOME/pulse/pulse.yaml,
// /etc/pulse/pulse.yaml.
std::optional<LoadedSettings> load_settings(const SettingsQuery& query, Faults& faults);

std::string settings_reference();  // of all keys, in Markdown
std::string settings_schema();     // the same as a JSON Schema

// One variable a line: NAME=value, `export ` may stand before it. UTF-8; a byte order mark is skipped.
//   A=some text # comment   without quotes: blanks around it are no part of it, " #" begins a comment
//   B='$x \n "y"'           in '…' every character is itself; there is no way to write a '
//   C="a \"b\" \\ \n"       in "…" these three are a quote, a backslash, a line break; any other \ is itself
// A value ends with its line. ${NAME} is not replaced. A name that stands twice: the last one counts.
// Anything else is a fault: a quote not closed, text behind the closing one.
std::map<std::string, std::string> parse_dotenv(std::string_view text, const std::string& file,
                                                Faults& faults);

}  // namespace config
