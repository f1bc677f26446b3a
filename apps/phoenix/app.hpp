// All parts of phoenix that every command needs, wired. Members stand in dependency order, so their reverse
// destruction is the shutdown order. What only the service has is in service.hpp.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/secret.hpp"
#include "config/phoenix_settings.hpp"
#include "football/cache.hpp"
#include "football/client.hpp"
#include "http/engine.hpp"
#include "http/transport.hpp"
#include "program/signals.hpp"
#include "schedule/zone.hpp"
#include "store/database.hpp"
#include "telegram/api.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace phoenix {

class App {
 public:
  // Nothing only if the settings cannot be read at all. Faults may also be there of parts of which the rest
  // of the program can do without for a while: then settings.unusable names them, and only a look around is
  // right.
  static std::unique_ptr<App> create(const std::optional<std::string>& config_path, config::Faults& faults);

  // What the files and the environment say now. Nothing only if they cannot be read at all.
  static std::optional<config::LoadedPhoenixSettings> load(const std::optional<std::string>& config_path,
                                                           config::Faults& faults);

  // Opens and migrates the store; on SQLite it waits that long for whoever else has it. `conflict`: another
  // phoenix has it.
  base::Result<store::Database*> open_store(std::chrono::milliseconds wait, std::stop_token stop);

  program::Signals signals;
  base::SystemClock clock;
  base::Redactor redactor;
  const std::optional<std::string> config_path;
  const config::LoadedPhoenixSettings loaded;
  const config::PhoenixSettings& settings;
  telemetry::Log log;
  telemetry::Metrics metrics{"phoenix"};
  std::unique_ptr<http::Transport> transport;
  http::Engine engine;
  const schedule::Zone zone;
  football::Cache cache;
  football::Client football;
  telegram::Api telegram;

 private:
  App(std::optional<std::string> config_path, config::LoadedPhoenixSettings settings, schedule::Zone zone);

  std::mutex mutex_;  // of the store's opening
  std::unique_ptr<store::Database> store_;
};

}  // namespace phoenix
