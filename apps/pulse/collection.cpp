#include "pulse/collection.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "pulse/app.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/selection.hpp"

namespace pulse {
namespace {

constexpr std::size_t rows_shown = 10;  // of a dry run; --json prints all

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

void print_rows(const collect::RunReport& report, const CollectionPorts& ports) {
  std::size_t width = 0;
  for (const std::string& column : report.columns) width = std::max(width, column.size());
  const std::size_t shown = std::min(rows_shown, report.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    ports.print(fmt::format("-- row {} of {}\n", i + 1, grouped(report.run.counts.staged)));
    for (std::size_t k = 0; k < report.columns.size(); ++k)
      ports.print(fmt::format("{:>{}} | {}\n", report.columns[k], width, show_cell(report.rows[i][k])));
  }
  const std::int64_t more = report.run.counts.staged - static_cast<std::int64_t>(shown);
  if (more > 0) ports.print(fmt::format("-- and {} more; --json shows up to 10,000\n", grouped(more)));
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

}  // namespace

std::optional<base::Duration> parse_wait(const std::string& text) {
  const auto wait = base::parse_duration(text == "0" ? "0s" : text);
  return wait && *wait <= std::chrono::hours{24} ? std::optional(*wait) : std::nullopt;
}

Order read_order(App& app, const CollectOptions& options,
                 const std::function<void(std::string_view)>& complain) {
  Order order;
  Selection selection = select(app, options.names, options.set);
  for (config::CatalogueEntry& entry : selection.entries) {
    if (entry.collector) {
      warn(app, *entry.collector, options.dry_run);
      order.collectors.push_back(std::make_shared<config::Collector>(*std::move(entry.collector)));
    } else {
      order.invalid.push_back({entry.name, entry.faults.sorted()});
    }
  }
  if (!selection.faults.empty()) {
    order.codes.push_back(configuration);
    complain(app.redactor.redact(selection.faults.text()));
  }
  return order;
}

int carry_out(Order order, const CollectOptions& options, const CollectionPorts& ports) {
  using Resume = collect::RunOptions::Resume;
  const Resume resume = options.fresh ? Resume::never : options.resume ? Resume::always : Resume::automatic;
  std::vector<collect::RunReport> reports;
  for (const auto& collector : order.collectors) {
    if (ports.stop.stop_requested()) break;
    collect::RunOptions run{.dry_run = options.dry_run, .resume = resume};
    run.wait = parse_wait(options.wait).value_or(base::Duration{});
    reports.push_back(ports.run(collector, std::move(run)));
    const collect::RunReport& report = reports.back();
    order.codes.push_back(report.busy ? try_again : exit_code(report.run.outcome, report.run.allow_empty));
    if (!options.dry_run && !report.busy && !report.recorded) order.codes.push_back(unavailable);
    if (options.json) continue;
    if (options.dry_run) print_rows(report, ports);
    ports.print(summary(report, options.dry_run));
  }
  if (options.json) ports.print(to_json(reports, order.invalid));
  return worst(order.codes);
}

}  // namespace pulse
