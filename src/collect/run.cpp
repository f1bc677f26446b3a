#include "collect/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/check.hpp"
#include "base/text.hpp"
#include "collect/entry.hpp"
#include "collect/lease_keeper.hpp"
#include "collect/patience.hpp"
#include "collect/run_end.hpp"
#include "collect/settlement.hpp"
#include "collect/work.hpp"

namespace collect {
namespace {

using base::Code;
using base::Result;
using namespace std::chrono_literals;

constexpr base::Duration patience_at_the_end = 60s;  // a server that restarts just then
constexpr base::Duration patience_after_a_stop = 700ms;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// Sorts by time, is typed by hand without pain, and is unique: 20251121-103002-k7xq2m.
std::string new_run_id(base::WallTime now, base::Rng& rng) {
  constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789";
  const std::string iso = base::to_iso8601(now);
  std::string id = fmt::format("{}{}{}-{}{}{}-", iso.substr(0, 4), iso.substr(5, 2), iso.substr(8, 2),
                               iso.substr(11, 2), iso.substr(14, 2), iso.substr(17, 2));
  for (int i = 0; i < 6; ++i) id += letters[rng.below(letters.size())];
  return id;
}

std::optional<base::WallTime> since_when(RunOptions::Resume resume, const config::Collector& collector,
                                         base::WallTime now) {
  switch (resume) {
    case RunOptions::Resume::automatic: return resumable_since(collector, now);
    case RunOptions::Resume::always: return now - resumable_for;
    case RunOptions::Resume::never: break;
  }
  return std::nullopt;
}

// The run's first row; waits for another process at the same collector, and for a database to answer.
Result<void> record_begin(const RunnerParts& parts, const config::Collector& collector,
                          const RunOptions& options, RunReport& report, const telemetry::Logger& logger,
                          const std::stop_token& stop) {
  CHECK(parts.database != nullptr, "only dry runs go without a database");
  bool said = false;
  const Patience patience{parts.clock, parts.rng, parts.clock.steady() + options.wait,
                          [&](const base::Error& error, base::Duration) {
                            if (!std::exchange(said, true))
                              logger.info("waiting", {{"collector", report.run.collector},
                                                      {"for", base::format_duration(options.wait)},
                                                      {"reason", error.message}});
                          }};
  return patience.until(
      [&](bool&) -> Result<void> {
        const auto session = TRY(parts.database->session(stop));
        report.run.started_at = parts.clock.wall();
        return Ledger(*session, parts.clock)
            .begin(report.run, since_when(options.resume, collector, report.run.started_at), stop);
      },
      stop);
}

// Also after a stop the end of the run must be on record; but nobody who wants us to stop is kept waiting for
// a server (SS4). False: others have ended it, for they took it for dead.
Result<bool> record_end(const RunnerParts& parts, const RunReport& report, const std::stop_token& stop,
                        const telemetry::Logger& logger) {
  const RunRecord& run = report.run;
  const bool waits = parts.database->dialect().is_server();
  std::stop_source ending;
  std::unique_ptr<base::Clock::Alarm> alarm;
  const std::stop_callback end_soon(stop, [&] {
    alarm =
        parts.clock.alarm(parts.clock.steady() + patience_after_a_stop, [&ending] { ending.request_stop(); });
  });
  const Patience patience{
      parts.clock, parts.rng, parts.clock.steady() + (waits ? patience_at_the_end : base::Duration{}),
      [&](const base::Error& error, base::Duration next) {
        logger.warning("the end of the run is not recorded yet",
                       {{"run", run.id}, {"error", error.message}, {"next_in", base::format_duration(next)}});
      }};
  return patience.until(
      [&](bool&) -> Result<bool> {
        const auto session = TRY(parts.database->session(ending.get_token()));
        Ledger ledger(*session, parts.clock);
        if (!TRY(ledger.finish(run, report.open, ending.get_token()))) return false;
        if (const auto last = TRY(ledger.last_success(run.collector, ending.get_token())))
          parts.metrics
              .gauge("pulse_run_last_success_timestamp_seconds", "When the last successful run ended.",
                     {{"collector", run.collector}})
              .set(base::epoch_seconds(*last));
        return true;
      },
      stop);
}

void announce(const config::Collector& collector, const RunRecord& run, const telemetry::Logger& logger) {
  logger.banner(telemetry::Level::info,
                {fmt::format("START: {}", collector.name), fmt::format("Run: {}", run.id),
                 fmt::format("File: {}", collector.file)});
}

// From its first row on, to the outcome; one token for both ends of patience: the caller's stop and the run's
// own timeout.
void work_through(const RunnerParts& parts, const config::Collector& collector, const RunOptions& options,
                  RunReport& report, const telemetry::Logger& logger, const std::stop_token& stop) {
  const base::SteadyTime deadline = parts.clock.steady() + collector.timeout;
  std::stop_source ending;
  const std::stop_callback forward(stop, [&ending] { ending.request_stop(); });
  const auto alarm = parts.clock.alarm(deadline, [&ending] { ending.request_stop(); });
  std::optional<LeaseKeeper> keeper;
  if (!options.dry_run && parts.database->dialect().is_server())
    keeper.emplace(*parts.database, parts.clock, report.run, [&ending] { ending.request_stop(); });
  Work work(parts, collector, options, report, deadline, logger);
  const Result<void> done =
      options.dry_run ? work.rehearse(ending.get_token()) : work.perform(ending.get_token());
  if (keeper && keeper->lost()) say_lost(report.run);
  if (!done) work.fail(done.error(), stop.stop_requested());
}

// Another process is at it: no run, so nothing that ended.
RunReport not_run(RunReport report, const base::Error& error, const telemetry::Logger& logger) {
  // Of a slot that several daemons saw coming, all but one hear this.
  const bool is_usual = report.run.slot && report.run.started_by != StartedBy::request;
  report.busy = true;
  report.run.outcome = Outcome::failed;
  report.run.failure_type = FailureType::transient;
  report.run.error = error.message;
  report.run.finished_at = report.run.started_at;
  logger.log(is_usual ? telemetry::Level::debug : telemetry::Level::warning, "not run",
             {{"run", report.run.id}, {"reason", error.message}});
  return report;
}

}  // namespace

RunReport Runner::run(const config::Collector& collector, const RunOptions& options, std::stop_token stop) {
  RunReport report;
  RunRecord& record = report.run;
  record.collector = collector.name;
  record.started_at = parts_.clock.wall();
  record.id = new_run_id(record.started_at, parts_.rng);
  record.cycle = record.id;
  record.started_by = options.started_by;
  record.slot = options.slot;
  record.host = host_name();
  record.process = getpid();
  record.definition = collector.definition;

  const telemetry::Logger logger =
      options.dry_run ? parts_.log.logger() : parts_.log.collector(collector.name);
  if (options.dry_run) {
    announce(collector, record, logger);
    work_through(parts_, collector, options, report, logger, stop);
    record.finished_at = std::max(parts_.clock.wall(), record.started_at);
    return report;
  }
  if (const auto begun = record_begin(parts_, collector, options, report, logger, stop)) {
    report.begun = report.recorded = true;
    if (options.on_begin) options.on_begin(record.id);
    announce(collector, record, logger);
    work_through(parts_, collector, options, report, logger, stop);
  } else {
    if (begun.error().code == Code::conflict) return not_run(std::move(report), begun.error(), logger);
    record.outcome = outcome_of(begun.error());
    record.error = parts_.redactor.redact(begun.error().message);
    if (record.outcome != Outcome::cancelled)
      record.failure_type = failure_type_of(of_database(begun.error()));
  }
  record.finished_at = std::max(parts_.clock.wall(), record.started_at);  // whatever the clock was set to
  if (ended_well(record) || record.outcome == Outcome::cancelled)
    record.first_failed.reset();
  else if (!record.first_failed)
    record.first_failed = record.finished_at;
  if (report.recorded) {
    report.open = open_slot_after(collector, record, report.retry_at, parts_.rng);
    const auto ended = record_end(parts_, report, stop, logger);
    if (!ended) {
      report.recorded = false;
      logger.critical("the end of the run could not be recorded",
                      {{"run", record.id}, {"error", ended.error().message}});
    } else if (!*ended) {
      say_lost(record);
    }
  }
  report_end(report, logger, parts_.metrics);
  return report;
}

}  // namespace collect
