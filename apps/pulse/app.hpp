// All parts of pulse, wired. Members stand in dependency order, so their reverse destruction is the shutdown
// order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/secret.hpp"
#include "config/catalogue.hpp"
#include "config/settings.hpp"
#include "http/engine.hpp"
#include "http/transport.hpp"
#include "pulse/signals.hpp"
#include "pulse/terminal.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace pulse {

class App {
 public:
  // Nothing, and the faults are on stderr, if the settings are wrong.
  static std::unique_ptr<App> create(const std::optional<std::string>& config_path);

  base::Result<store::Database*> open_store(
      std::chrono::milliseconds lock_wait);  // to write: takes the lock, migrates, marks lost runs
  base::Result<std::unique_ptr<store::Database>> open_store_to_read();

  Signals signals;
  base::SystemClock clock;
  base::Redactor redactor;
  base::Rng rng = base::Rng::from_entropy();
  Terminal terminal{clock};
  const config::Settings settings;
  const config::Environment environment;
  telemetry::Log log;
  telemetry::Metrics metrics;
  std::unique_ptr<http::Transport> transport;
  http::Engine engine;
  std::unique_ptr<store::Database> database;

 private:
  explicit App(config::LoadedSettings loaded);
};

}  // namespace pulse
