// All parts of pulse, wired. Members stand in dependency order, so their reverse destruction is the shutdown
// order.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/secret.hpp"
#include "config/catalogue.hpp"
#include "config/settings.hpp"
#include "http/budget_store.hpp"
#include "http/engine.hpp"
#include "http/transport.hpp"
#include "program/signals.hpp"
#include "pulse/databases.hpp"
#include "pulse/terminal.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace pulse {

class App {
 public:
  // Nothing, and the faults are on stderr, if the settings are wrong.
  static std::unique_ptr<App> create(const std::optional<std::string>& config_path);
  // The same, with the faults in `faults`.
  static std::unique_ptr<App> create(const std::optional<std::string>& config_path, config::Faults& faults);
  // Faults are added if the settings are wrong.
  static std::optional<config::LoadedSettings> load(const config::SettingsQuery& query,
                                                    config::Faults& faults);

  // To write: see Databases::open_store(); marks lost runs, where one process at a time has the store.
  base::Result<store::Database*> open_store(std::chrono::milliseconds wait);
  base::Result<std::unique_ptr<store::Database>> open_store_to_read();
  // `store`, or a key of `databases`: opened when first asked for, and kept. Thread-safe.
  base::Result<store::Database*> database(const std::string& name, std::stop_token stop);

  // What the files said when they were last read and accepted; `settings` and `environment` are of the start.
  // Thread-safe.
  std::shared_ptr<const config::LoadedSettings> current() const;
  void accept(config::LoadedSettings newer);  // and hides its secrets

  const config::SettingsQuery query;  // with which the settings can be read again
  program::Signals signals;
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

  ~App();

 private:
  App(config::SettingsQuery asked, config::LoadedSettings loaded);

  Databases databases_;
  std::unique_ptr<http::BudgetStore> budget_store_;
  mutable std::mutex mutex_;
  std::shared_ptr<const config::LoadedSettings> current_;
};

}  // namespace pulse
