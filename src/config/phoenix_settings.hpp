// phoenix.yaml and what stands above it (shared_settings.hpp says what that is). Owners' own variables stand
// in where nobody set a key: DATABASE_URL, TELEGRAM_BOT_TOKEN, TELEGRAM_API_BASE, API_FOOTBALL_KEY,
// API_FOOTBALL_BASE. Every fault at once, missing secrets among them; no fault shows a secret. Any thread.
//
//   Faults faults;
//   auto loaded = load_phoenix_settings({.path = cli_path, .process_environment = environment}, faults);
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "config/database_address.hpp"
#include "config/fault.hpp"
#include "config/node.hpp"
#include "config/shared_settings.hpp"

namespace config {

struct WebhookSettings {
  std::string url;  // that Telegram calls; empty in polling mode
  base::Secret secret;
  std::string listen;  // address and port that the calls reach
};

struct TelegramSettings {
  enum class Mode { polling, webhook };
  base::Secret token;
  std::string base;  // without a slash at its end
  Mode mode = Mode::polling;
  std::vector<std::int64_t> owners;  // may use /status, and are told of what needs a person
  std::int64_t messages_per_second = 0;
  std::int64_t carriers = 0;  // requests of messages under way at once
  base::Duration poll_timeout{};
  WebhookSettings webhook;
};

struct FootballSettings {
  base::Secret key;
  std::string base;                        // without a slash at its end
  std::optional<std::int64_t> per_minute;  // nothing: what the API itself says
  std::int64_t daily_reserve = 0;
  std::string timezone;
};

struct QueueSettings {
  std::int64_t capacity = 0, per_user = 0;  // queued and running together
  std::int64_t workers = 0;
  base::Duration deadline{};
  std::int64_t max_attempts = 0;
  bool deduplicate = true;
};

struct LimitSettings {
  std::int64_t calls = 0;
  base::Duration per{};
};
struct UserLimits {
  LimitSettings commands, navigation;
};

struct CacheSettings {
  std::filesystem::path file;  // below the folder of phoenix.yaml already
  base::Duration save_every{};
  std::uint64_t max_size = 0;  // bytes
};

struct ShutdownSettings {
  base::Duration drain{}, flush{}, save{};
};

struct PhoenixRetention {
  base::Duration jobs{}, inbox{}, outbox{}, dead_updates{};
};

struct PhoenixSettings {
  DatabaseAddress store;
  TelegramSettings telegram;
  FootballSettings football;
  QueueSettings queue;
  UserLimits limits;
  CacheSettings cache;
  ShutdownSettings shutdown;
  ListenSettings listen;
  LogSettings logs;
  HttpSettings http;
  PhoenixRetention retention;

  std::filesystem::path base;  // paths in the file are relative to its folder
  std::filesystem::path file;  // empty: none was found, all defaults
  std::filesystem::path path_of(const std::string& relative) const { return base / relative; }
};

struct LoadedPhoenixSettings {
  PhoenixSettings settings;
  Environment environment;    // process environment, then .env
  bool store_is_set = false;  // by the file, PHOENIX_STORE or DATABASE_URL; else it is the embedded default
  // Which of telegram.token, football.key and store have faults, and hold nothing that means anything here.
  std::set<std::string, std::less<>> unusable{};
};

// If nothing else is wrong than what `unusable` names, there are settings beside the faults: for a look at
// the other services (SS2). To start with them is wrong.
std::optional<LoadedPhoenixSettings> load_phoenix_settings(const SettingsQuery& query, Faults& faults);

std::string phoenix_settings_reference();  // of all keys, in Markdown
std::string phoenix_settings_schema();     // the same as a JSON Schema

}  // namespace config
