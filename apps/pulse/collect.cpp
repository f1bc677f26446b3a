#include <fmt/format.h>

#include <fstream>

#include "base/text.hpp"
#include "collect/run.hpp"
#include "pulse/app.hpp"
#include "pulse/commands.hpp"
#include "pulse/delegate.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/json.hpp"
#include "pulse/output.hpp"
#include "pulse/selection.hpp"

namespace pulse {
namespace {

constexpr std::size_t rows_shown = 10;  // of a dry run; --json prints all
constexpr std::chrono::milliseconds lock_turn{500};

std::string summary(const collect::RunReport& report, bool dry_run) {
  const collect::RunRecord& run = report.run;
  if (report.busy) return fmt::format("{}: not run: {}\n", run.collector, base::escape_control(run.error));
  const collect::Counts& counts = run.counts;
  const std::string duration = base::format_duration(*run.finished_at - run.started_at);
  std::string line = fmt::format("{}: {} in {}", run.collector, to_string(run.outcome), duration);
  if (dry_run)
    line += fmt::format(": {} records, {} rows, {} would be quarantined; nothing was written",
                        grouped(counts.records), grouped(counts.staged), grouped(counts.quarantined));
  else
    line += fmt::format(": {} inserted, {} updated, {} unchanged, {} quarantined (run {})",
                        grouped(counts.inserted), grouped(counts.updated), grouped(counts.unchanged),
                        grouped(counts.quarantined), run.id);
  if (counts.conflicts > 0)
    line += fmt::format("; {} rows had the key of a later row", grouped(counts.conflicts));
  if (!run.error.empty())
    line += fmt::format("\n  {}{}{}", run.failure_type ? to_string(*run.failure_type) : "",
                        run.failure_type ? ": " : "", base::escape_control(run.error));
  for (std::size_t i = 0; dry_run && i < std::min<std::size_t>(report.quarantined.size(), 3); ++i)
    line += fmt::format("\n  record {}: {} {}", report.quarantined[i].position, report.quarantined[i].column,
                        report.quarantined[i].reason);
  return line + '\n';
}

std::string show_cell(const store::Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&cell)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&cell))
    return base::shorten(base::escape_control(*text), 100);
  return "NULL";
}

void print_rows(const collect::RunReport& report) {
  std::size_t width = 0;
  for (const std::string& column : report.columns) width = std::max(width, column.size());
  const std::size_t shown = std::min(rows_shown, report.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    print("-- row {} of {}\n", i + 1, grouped(report.run.counts.staged));
    for (std::size_t k = 0; k < report.columns.size(); ++k)
      print("{:>{}} | {}\n", report.columns[k], width, show_cell(report.rows[i][k]));
  }
  const std::int64_t more = report.run.counts.staged - static_cast<std::int64_t>(shown);
  if (more > 0) print("-- and {} more; --json shows up to 10,000\n", grouped(more));
}

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

// To the console alone: a dry run leaves no log file behind.
void warn(App& app, const config::Collector& collector, bool dry_run) {
  const telemetry::Logger logger = dry_run ? app.log.logger() : app.log.collector(collector.name);
  for (const config::Fault& it : collector.warnings.sorted())
    logger.warning(
        "key has no effect yet",
        {{"where", it.mark.origin.empty() ? fmt::format("{}:{}:{}", it.file, it.mark.line, it.mark.column)
                                          : it.mark.origin},
         {"key", it.key}});
}

// The collectors named, as far as they are valid; the faults of the others are on stderr and in `invalid`.
std::vector<config::Collector> load(App& app, const CollectOptions& options, std::vector<int>& codes,
                                    std::vector<InvalidCollector>& invalid) {
  Selection selection = select(app, options.names, options.set);
  std::vector<config::Collector> collectors;
  for (config::CatalogueEntry& entry : selection.entries) {
    if (entry.collector) {
      warn(app, *entry.collector, options.dry_run);
      collectors.push_back(std::move(*entry.collector));
    } else {
      invalid.push_back({entry.name, entry.faults.sorted()});
    }
  }
  if (!selection.faults.empty()) {
    codes.push_back(configuration);
    app.terminal.write(app.redactor.redact(selection.faults.text()));
  }
  return collectors;
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

}  // namespace

int collect(App& app, const CollectOptions& options) {
  std::vector<int> codes;
  const auto wait = base::parse_duration(options.wait == "0" ? "0s" : options.wait);
  if (!wait || *wait > std::chrono::hours{24}) {
    complain("--wait {}: is not a duration of at most 24h; write 0s, 30s, 10m\n", options.wait);
    return usage;
  }
  const base::SteadyTime deadline = app.clock.steady() + *wait;
  if (!options.dry_run)
    if (const auto code = delegate_collect(app, options, deadline)) return *code;
  std::vector<InvalidCollector> invalid;
  const std::vector<config::Collector> collectors = load(app, options, codes, invalid);

  store::Database* database = nullptr;
  std::vector<collect::RunReport> reports;
  const auto end = [&] {
    if (options.json) print_text(to_json(reports, invalid));
    return worst(codes);
  };
  if (collectors.empty()) return end();
  if (!options.dry_run) {
    const auto opened = open_store(app, options, deadline);
    if (!opened) {
      const base::Code code = opened.error().code;
      if (code != base::Code::cancelled)
        app.log.logger().critical("the database cannot be used", {{"store", app.settings.store.description()},
                                                                  {"reason", opened.error().message}});
      codes.push_back(code == base::Code::conflict ? try_again : unavailable);
      return end();
    }
    if (opened->done) return *opened->done;
    database = opened->database;
  }
  using Resume = collect::RunOptions::Resume;
  const Resume resume = options.fresh ? Resume::never : options.resume ? Resume::always : Resume::automatic;
  collect::Runner runner({.database = database,
                          .engine = app.engine,
                          .clock = app.clock,
                          .rng = app.rng,
                          .log = app.log,
                          .metrics = app.metrics,
                          .redactor = app.redactor,
                          .databases = [&app](const std::string& name, std::stop_token stop) {
                            return app.database(name, std::move(stop));
                          }});
  for (const config::Collector& collector : collectors) {
    if (app.signals.token().stop_requested()) break;
    app.terminal.begin(collector.name);
    const auto progress = [&](const collect::Progress& it) { app.terminal.show(it); };
    reports.push_back(runner.run(
        collector, {.dry_run = options.dry_run, .resume = resume, .wait = *wait, .progress = progress},
        app.signals.token()));
    app.terminal.end();
    const collect::RunReport& report = reports.back();
    codes.push_back(report.busy ? try_again : exit_code(report.run.outcome, report.run.allow_empty));
    if (!options.dry_run && !report.busy && !report.recorded) codes.push_back(unavailable);
    if (options.json) continue;
    if (options.dry_run) print_rows(report);
    print_text(summary(report, options.dry_run));
  }
  if (!options.metrics_file.empty() && !write_metrics(app, options.metrics_file))
    codes.push_back(unavailable);
  return end();
}

}  // namespace pulse
