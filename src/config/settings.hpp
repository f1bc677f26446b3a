// pulse.yaml and what stands above it (shared_settings.hpp says what that is). DATABASE_URL stands in for
// `store` where nobody set that. Every fault at once; any thread.
//
//   Faults faults;
//   auto settings = load_settings({.path = cli_path, .process_environment = environment}, faults);
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/collector.hpp"
#include "config/database_address.hpp"
#include "config/fault.hpp"
#include "config/node.hpp"
#include "config/shared_settings.hpp"

namespace config {

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

struct LoadedSettings {
  Settings settings;
  Environment environment;  // process environment, then .env
};

std::optional<LoadedSettings> load_settings(const SettingsQuery& query, Faults& faults);

std::string settings_reference();  // of all keys, in Markdown
std::string settings_schema();     // the same as a JSON Schema

}  // namespace config
