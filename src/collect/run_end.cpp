#include "collect/run_end.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace collect {
namespace {

double seconds_of(const RunRecord& run) {
  return std::chrono::duration<double>(*run.finished_at - run.started_at).count();
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

void log_end(const RunReport& report, const telemetry::Logger& logger) {
  constexpr std::size_t shown = 10;
  const RunRecord& run = report.run;
  for (std::size_t i = 0; i < std::min(shown, report.quarantined.size()); ++i) {
    const BadRecord& bad = report.quarantined[i];
    logger.warning(
        "record set aside",
        {{"run", run.id}, {"record", bad.position}, {"column", bad.column}, {"reason", bad.reason}});
  }
  const auto more =
      run.counts.quarantined - static_cast<std::int64_t>(std::min(shown, report.quarantined.size()));
  if (more > 0) logger.warning("more records set aside", {{"run", run.id}, {"count", more}});

  using telemetry::Level;
  const bool cancelled = run.outcome == Outcome::cancelled;
  const Level level = ended_well(report.run) ? Level::info : cancelled ? Level::warning : Level::error;
  const std::string_view word = ended_well(report.run) ? "FINISHED" : cancelled ? "CANCELLED" : "FAILED";
  if (!run.error.empty())
    logger.log(level, "run ended",
               {{"run", run.id},
                {"outcome", to_string(run.outcome)},
                {"failure_type", run.failure_type ? to_string(*run.failure_type) : "none"},
                {"error", run.error}});
  const Counts& counts = run.counts;
  logger.banner(level, {fmt::format("{}: {}", word, run.collector), fmt::format("Run: {}", run.id),
                        fmt::format("Rows inserted: {}, updated: {}, unchanged: {}, quarantined: {}",
                                    counts.inserted, counts.updated, counts.unchanged, counts.quarantined),
                        fmt::format("Duration: {:.2f}s", seconds_of(run)),
                        fmt::format("Status: {}", upper(to_string(run.outcome)))});
}

void count_end(const RunReport& report, telemetry::Metrics& metrics) {
  const RunRecord& run = report.run;
  const std::string& name = run.collector;
  metrics
      .counter("pulse_runs_total", "Runs that ended, by outcome.",
               {{"collector", name}, {"outcome", std::string(to_string(run.outcome))}})
      .add();
  metrics.histogram("pulse_run_duration_seconds", "How long runs took.", {{"collector", name}})
      .observe(seconds_of(run));
  for (const auto& [result, count] : {std::pair{"inserted", run.counts.inserted},
                                      {"updated", run.counts.updated},
                                      {"unchanged", run.counts.unchanged},
                                      {"quarantined", run.counts.quarantined}})
    metrics
        .counter("pulse_rows_total", "Rows by what became of them.",
                 {{"collector", name}, {"result", result}})
        .add(static_cast<double>(count));
}

}  // namespace

void report_end(const RunReport& report, const telemetry::Logger& logger, telemetry::Metrics& metrics) {
  log_end(report, logger);
  count_end(report, metrics);
}

}  // namespace collect
