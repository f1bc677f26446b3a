// pulse.yaml and what stands above it: command line > environment (PULSE_LOGS__LEVEL, `__` = one level down)
// > .env beside the file > file > defaults.
//
//   Faults faults;
//   auto settings = load_settings({.path = cli_path, .environment = environment_with_dotenv…}, faults);
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/collector.hpp"
#include "config/fault.hpp"
#include "config/node.hpp"

namespace config {

enum class LogLevel { debug, info, warning, error, critical };

struct LogSettings {
  std::string directory;
  LogLevel level = LogLevel::info;
  std::string timezone;  // IANA; empty = the system's
};

struct HttpSettings {
  std::vector<std::pair<std::string, std::string>> rewrite;
  std::string ca_file;
};

struct Settings {
  std::string store;       // sqlite:PATH
  std::string collectors;  // a folder
  LogSettings logs;
  HttpSettings http;
  std::map<std::string, std::vector<Override>> overrides;  // by collector name, or "*"

  std::filesystem::path base;  // paths in the file are relative to its folder
  std::filesystem::path file;  // empty: none was found, all defaults
  std::filesystem::path path_of(const std::string& relative) const { return base / relative; }
  std::filesystem::path sqlite_path() const;
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

// NAME=value lines; quotes and `export ` as shells write them, # begins a comment. Anything else is a fault.
std::map<std::string, std::string> parse_dotenv(std::string_view text, const std::string& file,
                                                Faults& faults);

// The text of a file of at most max_file_size, or a fault about it.
std::optional<std::string> read_config_file(const std::filesystem::path& path, Faults& faults);

}  // namespace config
