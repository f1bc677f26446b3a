#include "collect/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <map>

#include "base/check.hpp"
#include "base/text.hpp"
#include "collect/loader.hpp"
#include "collect/run_end.hpp"

namespace collect {
namespace {

using base::Code;
using base::Error;
using base::Result;

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

// One run's state while it goes on.
class Run {
 public:
  Run(const RunnerParts& parts, const config::Collector& collector, const RunOptions& options,
      RunReport& report)
      : parts_(parts),
        collector_(collector),
        options_(options),
        report_(report),
        deadline_(parts.clock.steady() + collector.timeout),
        logger_(options.dry_run ? parts.log.logger() : parts.log.collector(collector.name)) {}

  void announce() const {
    logger_.banner(telemetry::Level::info,
                   {fmt::format("START: {}", collector_.name), fmt::format("Run: {}", report_.run.id),
                    fmt::format("File: {}", collector_.file)});
  }

  Result<void> perform(store::Database& database, store::Session& session, Ledger& ledger,
                       std::stop_token stop) {
    Destination destination(collector_, report_.run.id, database, session);
    if (auto verified = destination.verify(stop);
        !verified) {  // before the first request: it costs the API nothing
      if (verified.error().code == Code::permission) verified.error().code = Code::invalid_config;
      return verified;
    }
    for (CursorRecord& it : TRY(ledger.cursors(collector_.name, stop)))
      states_[it.partition] = {std::move(it.high_water), it.covered_until};
    Loader loader(parts_, collector_, report_, fetch_options(), options_.progress,
                  LoadTarget{session, ledger, destination});
    TRY(load_all(loader, &session, stop));
    if (report_.run.outcome == Outcome::empty) report_.allow_empty = TRY(may_be_empty(ledger, stop));
    explain_empty();
    return {};
  }

  // Everything but the database.
  Result<void> rehearse(std::stop_token stop) {
    for (const config::Field& field : collector_.fields) report_.columns.push_back(field.column);
    Loader loader(parts_, collector_, report_, fetch_options(), options_.progress, std::nullopt);
    TRY(load_all(loader, nullptr, std::move(stop)));
    report_.allow_empty = collector_.allow_empty.always || collector_.allow_empty.within;
    explain_empty();
    return {};
  }

  // `stopped`: by our caller; a run stops itself at its deadline.
  void fail(const Error& error, bool stopped) {
    RunRecord& run = report_.run;
    run.outcome = outcome_of(error);
    run.error = parts_.redactor.redact(error.message);
    if (error.code == Code::cancelled && !stopped) {
      run.outcome = Outcome::timeout;
      run.error = fmt::format("the run took longer than its timeout of {}",
                              base::format_duration(collector_.timeout));
    } else if (error.code == Code::timeout && parts_.clock.steady() >= deadline_) {
      run.outcome = Outcome::timeout;
    }
    if (run.outcome != Outcome::cancelled) run.failure_type = failure_type_of(error);
  }

  const telemetry::Logger& logger() const { return logger_; }

 private:
  struct Tally {
    std::int64_t partitions = 0, tried = 0, failed = 0, failed_in_a_row = 0;
    std::int64_t slices = 0, committed = 0;
    std::optional<Error> first_error;
    std::string failures, incomplete, rejected;
  };

  http::FetchOptions fetch_options() {
    http::FetchOptions fetch{.retry = make_retry_policy(collector_.requester.error_handler),
                             .deadline = deadline_,
                             .on_retry = {},
                             .on_progress = {}};
    fetch.on_retry = [this](const http::RetryNotice& notice) {
      logger_.warning("attempt failed", {{"run", report_.run.id},
                                         {"attempt", notice.attempt},
                                         {"of", notice.max_attempts},
                                         {"next_in", base::format_duration(notice.delay)},
                                         {"cause", notice.cause}});
      show({.phase = Progress::Phase::wait,
            .expected = {},
            .note = fmt::format("{}; again in {}", notice.cause, base::format_duration(notice.delay))});
    };
    fetch.on_attempt = [this] {
      ++report_.run.counts.requests;
      show({.phase = Progress::Phase::request, .expected = {}, .note = {}});
    };
    fetch.on_progress = [this](std::uint64_t received, std::optional<std::uint64_t> total) {
      show({.phase = Progress::Phase::request, .received = received, .expected = total, .note = {}});
    };
    return fetch;
  }

  Result<void> load_all(Loader& loader, store::Session* session, std::stop_token stop) {
    register_secrets(collector_, parts_.redactor);
    Planner planner({parts_.engine, parts_.clock, parts_.redactor}, collector_, fetch_options(), session);
    const std::vector<Partition> partitions = TRY(planner.partitions(stop));
    Tally tally;
    tally.partitions = static_cast<std::int64_t>(partitions.size());
    if (loads_together() && !partitions.empty()) {
      std::vector<Unit> units;
      for (const Partition& it : partitions) units.push_back({.partition = &it});
      CursorState none;
      tally.partitions = 1;
      TRY(load_slice(loader, "all", units, none, tally, stop));
    } else {
      for (const Partition& partition : partitions) {
        TRY(load_partition(loader, planner, partition, tally, stop));
        if (is_hopeless(tally)) break;
      }
    }
    if (loader.duplicate_keys() > 0)
      logger_.warning("object keys stand twice in the answer; the last one counts",
                      {{"run", report_.run.id}, {"keys", loader.duplicate_keys()}});
    if (loader.dropped() > 0)
      logger_.info("records dropped by schema_contract",
                   {{"run", report_.run.id}, {"records", loader.dropped()}});
    conclude(tally);
    return {};
  }

  // A table that is replaced must not lose what one partition could not give (CO1); rows without a key would
  // come twice if some partitions were committed and the run were tried again.
  bool loads_together() const {
    using Disposition = config::Destination::WriteDisposition;
    const config::Destination& it = collector_.destination;
    return it.write_disposition == Disposition::replace ||
           (it.write_disposition == Disposition::append && it.primary_key.empty());
  }

  // Three in a row, and either too many in all, or not one that was taken by the API: those behind them would
  // only cost it requests.
  bool is_hopeless(const Tally& tally) const {
    if (tally.failed_in_a_row < 3) return false;
    if (collector_.max_failed_partitions.exceeded(tally.failed, tally.partitions)) return true;
    const bool refused = tally.first_error && (tally.first_error->code == Code::permission ||
                                               tally.first_error->code == Code::invalid_config);
    return refused && tally.committed == 0;
  }

  // Its windows one after the other: none may overtake one that failed.
  Result<void> load_partition(Loader& loader, const Planner& planner, const Partition& partition,
                              Tally& tally, const std::stop_token& stop) {
    CursorState& state = states_[partition.key];
    const std::int64_t failed = tally.failed;
    for (const Unit& unit : TRY(planner.units(partition, state))) {
      TRY(load_slice(loader, unit.name(), {unit}, state, tally, stop));
      if (tally.failed > failed) break;
    }
    tally.failed_in_a_row = tally.failed > failed ? tally.failed_in_a_row + 1 : 0;
    ++tally.tried;
    return {};
  }

  // An error ends the run: where there is nothing but this slice, and where the others would fare no better.
  Result<void> load_slice(Loader& loader, const std::string& name, const std::vector<Unit>& units,
                          CursorState& state, Tally& tally, const std::stop_token& stop) {
    ++tally.slices;
    auto end = loader.load(name, units, state, stop);
    if (end) {
      using State = SliceEnd::State;
      if (end->state == State::committed || end->state == State::empty) ++tally.committed;
      if (end->state == State::incomplete) note(tally.incomplete, name, end->reason);
      if (end->state == State::rejected) note(tally.rejected, name, end->reason);
      if (end->state == State::rejected || end->state == State::incomplete) ++tally.failed;
      if (end->without_total)
        logger_.warning("paginator.total_path leads to no number: nobody knows whether all records came",
                        {{"run", report_.run.id}, {"slice", name}});
      if (end->without_cursor)
        logger_.warning("no record has a cursor: the next run asks for the same again",
                        {{"run", report_.run.id},
                         {"slice", name},
                         {"cursor_field", collector_.incremental_sync->cursor_field.text()}});
      return {};
    }
    const Error& error = end.error();
    const bool concerns_all = loader.is_fatal() || error.code == Code::cancelled ||
                              error.code == Code::rate_limited || error.code == Code::internal ||
                              stop.stop_requested();
    if (tally.partitions == 1 || concerns_all) return error;
    ++tally.failed;
    note(tally.failures, name, error.message);
    if (!tally.first_error) tally.first_error = error;
    logger_.warning("slice failed", {{"run", report_.run.id}, {"slice", name}, {"error", error.message}});
    return {};
  }

  static void note(std::string& list, const std::string& name, const std::string& reason) {
    constexpr std::size_t shown = 1'000;
    if (list.size() > shown) return;
    list += (list.empty() ? "" : "; ") + (name == "all" ? reason : name + ": " + reason);
  }

  void conclude(const Tally& tally) {
    RunRecord& run = report_.run;
    const bool exceeded = collector_.max_failed_partitions.exceeded(tally.failed, tally.partitions);
    if (tally.first_error) {
      run.outcome = tally.committed > 0 && !exceeded ? Outcome::partial : outcome_of(*tally.first_error);
      run.failure_type = failure_type_of(*tally.first_error);
      run.error = fmt::format("{} of {} partitions failed", tally.failed, tally.partitions);
      if (tally.tried < tally.partitions)
        run.error += fmt::format(" ({} were not tried any more)", tally.partitions - tally.tried);
      run.error += ": " + tally.failures;
    } else if (!tally.rejected.empty()) {
      run.outcome = tally.committed > 0 && !exceeded ? Outcome::partial : Outcome::rejected;
      run.failure_type = FailureType::data;
      run.error = tally.rejected;
    } else if (!tally.incomplete.empty()) {
      run.outcome = Outcome::incomplete;
      run.failure_type = FailureType::transient;
      run.error = tally.incomplete;
    } else if (tally.slices == 0 && tally.partitions > 0) {
      run.outcome = Outcome::success;
      logger_.info("nothing is due: all up to incremental_sync.end has been collected", {{"run", run.id}});
    } else {
      run.outcome = run.counts.records == 0 ? Outcome::empty : Outcome::success;
    }
    run.error = parts_.redactor.redact(run.error);
  }

  // A quiet night is normal, a quiet month is not (CO7).
  Result<bool> may_be_empty(Ledger& ledger, std::stop_token stop) const {
    if (collector_.allow_empty.always) return true;
    if (!collector_.allow_empty.within) return false;
    const RecordHistory history = TRY(ledger.last_records(collector_.name, std::move(stop)));
    const auto since = history.last_with_records ? history.last_with_records : history.first_run;
    return since && parts_.clock.wall() - *since <= *collector_.allow_empty.within;
  }

  void explain_empty() {
    if (report_.run.outcome != Outcome::empty || report_.allow_empty) return;
    report_.run.error = collector_.allow_empty.within
                            ? fmt::format("no records for longer than allow_empty: {}",
                                          base::format_duration(*collector_.allow_empty.within))
                            : "the answer holds no records; if that is normal, set allow_empty: true";
  }

  void show(const Progress& progress) const {
    if (options_.progress) options_.progress(progress);
  }

  const RunnerParts& parts_;
  const config::Collector& collector_;
  const RunOptions& options_;
  RunReport& report_;
  const base::SteadyTime deadline_;
  telemetry::Logger logger_;
  std::map<std::string, CursorState> states_;  // by partition
};

// The run with its first row in the ledger.
Result<void> record_run(const RunnerParts& parts, Run& run, RunReport& report, std::stop_token stop) {
  run.announce();
  CHECK(parts.database != nullptr, "only dry runs go without a database");
  const auto session = TRY(parts.database->session(stop));
  Ledger ledger(*session, parts.clock);
  TRY(ledger.begin(report.run, stop));
  report.recorded = true;
  return run.perform(*parts.database, *session, ledger, std::move(stop));
}

// Also after a stop the end of the run must be on record: without a token, since the caller's has fired.
Result<void> record_end(const RunnerParts& parts, const RunRecord& run) {
  const auto session = TRY(parts.database->session({}));
  Ledger ledger(*session, parts.clock);
  TRY(ledger.finish(run, {}));
  if (const auto last = TRY(ledger.last_success(run.collector, {})))
    parts.metrics
        .gauge("pulse_run_last_success_timestamp_seconds", "When the last successful run ended.",
               {{"collector", run.collector}})
        .set(std::chrono::duration<double>(last->time_since_epoch()).count());
  return {};
}

}  // namespace

RunReport Runner::run(const config::Collector& collector, const RunOptions& options, std::stop_token stop) {
  RunReport report;
  RunRecord& record = report.run;
  record.collector = collector.name;
  record.started_at = parts_.clock.wall();
  record.id = new_run_id(record.started_at, parts_.rng);
  record.host = host_name();
  record.process = getpid();
  record.definition = collector.definition;

  // One token for both ends of patience: the caller's stop and the run's own timeout.
  std::stop_source ending;
  const std::stop_callback forward(stop, [&ending] { ending.request_stop(); });
  const auto alarm =
      parts_.clock.alarm(parts_.clock.steady() + collector.timeout, [&ending] { ending.request_stop(); });
  Run run(parts_, collector, options, report);
  const Result<void> result = options.dry_run ? run.rehearse(ending.get_token())
                                              : record_run(parts_, run, report, ending.get_token());
  if (!result) run.fail(result.error(), stop.stop_requested());
  record.finished_at = parts_.clock.wall();
  if (options.dry_run) return report;

  if (report.recorded) {
    if (const auto ended = record_end(parts_, record); !ended) {
      report.recorded = false;
      run.logger().critical("the end of the run could not be recorded",
                            {{"run", record.id}, {"error", ended.error().message}});
    }
  }
  report_end(report, run.logger(), parts_.metrics);
  return report;
}

}  // namespace collect
