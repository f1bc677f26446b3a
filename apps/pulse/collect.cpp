#include <fstream>

#include "base/text.hpp"
#include "collect/run.hpp"
#include "program/output.hpp"
#include "pulse/app.hpp"
#include "pulse/collection.hpp"
#include "pulse/commands.hpp"
#include "pulse/delegate.hpp"
#include "pulse/exit_code.hpp"

namespace pulse {
namespace {

using program::complain;
using program::print_text;

constexpr std::chrono::milliseconds lock_turn{500};

bool write_metrics(const App& app, const std::string& path) {
  // By a rename, so that a reader never sees half a file.
  const std::string temporary = path + ".tmp";
  std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
  stream << app.metrics.exposition();
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(temporary, path, error);
  if (stream && !error) return true;
  complain("--metrics {}: cannot be written\n", path);
  return false;
}

// The store, or the exit code if a daemon that holds it has done the work.
struct Opened {
  store::Database* database = nullptr;
  std::optional<int> done{};
};

// Tries at once, and says whom it waits for before it waits. Lock and daemon are asked by turns: one that
// starts has the lock before it listens, one that ends listens no more before it lets go (SQ1).
base::Result<Opened> open_store(App& app, const CollectOptions& options, base::SteadyTime deadline) {
  const auto left = [&] {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - app.clock.steady());
    return std::max(rest, std::chrono::milliseconds{0});
  };
  auto opened = app.open_store(std::chrono::milliseconds{0});
  if (opened) return Opened{*opened};
  const bool is_server = app.settings.store.engine == config::DatabaseAddress::Engine::postgresql;
  const auto is_passing = [&] {
    const base::Code code = opened.error().code;
    return code == base::Code::conflict || (is_server && code == base::Code::unavailable);
  };
  if (left().count() == 0 || !is_passing()) return opened.error();
  app.log.logger().info("waiting for the database",
                        {{"for", base::format_duration(left())}, {"reason", opened.error().message}});
  while (!opened && is_passing() && left().count() > 0) {
    if (const auto code = delegate_collect(app, options, deadline)) return Opened{nullptr, code};
    opened = app.open_store(is_server ? left() : std::min(left(), lock_turn));
  }
  if (!opened) return opened.error();
  return Opened{*opened};
}

collect::Runner make_runner(App& app, store::Database* database) {
  return collect::Runner({.database = database,
                          .engine = app.engine,
                          .clock = app.clock,
                          .rng = app.rng,
                          .log = app.log,
                          .metrics = app.metrics,
                          .redactor = app.redactor,
                          .databases = [&app](const std::string& name, std::stop_token stop) {
                            return app.database(name, std::move(stop));
                          }});
}

}  // namespace

int collect(App& app, const CollectOptions& options) {
  const auto wait = parse_wait(options.wait);
  if (!wait) {
    complain("--wait {}: is not a duration of at most 24h; write 0s, 30s, 10m\n", options.wait);
    return usage;
  }
  const base::SteadyTime deadline = app.clock.steady() + *wait;
  if (!options.dry_run)
    if (const auto code = delegate_collect(app, options, deadline)) return *code;
  Order order = read_order(app, options, [&app](std::string_view text) { app.terminal.write(text); });
  CollectionPorts ports{.run = {}, .print = print_text, .stop = app.signals.token()};
  store::Database* database = nullptr;
  if (!order.collectors.empty() && !options.dry_run) {
    const auto opened = open_store(app, options, deadline);
    if (!opened) {
      const base::Code code = opened.error().code;
      if (code != base::Code::cancelled)
        app.log.logger().critical("the database cannot be used", {{"store", app.settings.store.description()},
                                                                  {"reason", opened.error().message}});
      order.codes.push_back(code == base::Code::conflict ? try_again : unavailable);
      order.collectors.clear();
    } else if (opened->done) {
      return *opened->done;
    } else {
      database = opened->database;
    }
  }
  collect::Runner runner = make_runner(app, database);
  ports.run = [&](const std::shared_ptr<const config::Collector>& collector, collect::RunOptions run) {
    app.terminal.begin(collector->name);
    run.progress = [&app](const collect::Progress& it) { app.terminal.show(it); };
    collect::RunReport report = runner.run(*collector, run, app.signals.token());
    app.terminal.end();
    return report;
  };
  const bool ran = !order.collectors.empty();
  const int code = carry_out(std::move(order), options, ports);
  if (ran && !options.metrics_file.empty() && !write_metrics(app, options.metrics_file))
    return worst({code, unavailable});
  return code;
}

}  // namespace pulse
