#include "collect/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/check.hpp"
#include "base/text.hpp"
#include "collect/destination.hpp"
#include "collect/request.hpp"
#include "decode/json.hpp"

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

// What the database does not permit has nothing to do with the API's credentials.
Result<void> of_store(Result<void> result) {
  if (!result && result.error().code == Code::permission) result.error().code = Code::invalid_config;
  return result;
}

// A batch that may not be committed as it is (CO10).
struct Rejected {
  std::string reason;
};

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
        logger_(options.dry_run ? parts.log.logger() : parts.log.collector(collector.name)),
        fields_(collector.fields) {}

  void announce() const {
    logger_.banner(telemetry::Level::info,
                   {fmt::format("START: {}", collector_.name), fmt::format("Run: {}", report_.run.id),
                    fmt::format("File: {}", collector_.file)});
  }

  Result<void> perform(store::Database& database, store::Session& session, Ledger& ledger,
                       std::stop_token stop) {
    Destination destination(collector_, report_.run.id, database, session);
    TRY(of_store(destination.verify(
        stop)));  // before the first request: a table that does not fit costs the API nothing
    fields_ = destination.fields();
    TRY(fetch(stop));
    if (is_empty()) return {};
    return store_rows(session, ledger, destination, std::move(stop));
  }

  // Everything but the database.
  Result<void> rehearse(std::stop_token stop) {
    TRY(fetch(std::move(stop)));
    if (!is_empty()) map_all();
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
  // Sends the request and finds the records in the answer.
  Result<void> fetch(std::stop_token stop) {
    const http::Request request = TRY(make_request(collector_, parts_.redactor));
    http::FetchOptions fetch{.retry = make_retry_policy(collector_.requester.error_handler),
                             .deadline = deadline_,
                             .on_retry = {},
                             .on_progress = {}};
    fetch.on_retry = [&](const http::RetryNotice& notice) {
      logger_.warning("attempt failed", {{"run", report_.run.id},
                                         {"attempt", notice.attempt},
                                         {"of", notice.max_attempts},
                                         {"next_in", base::format_duration(notice.delay)},
                                         {"cause", notice.cause}});
      show({.phase = Progress::Phase::wait,
            .expected = {},
            .note = fmt::format("{}; again in {}", notice.cause, base::format_duration(notice.delay))});
    };
    fetch.on_attempt = [&] { ++report_.run.counts.requests; };
    fetch.on_progress = [&](std::uint64_t received, std::optional<std::uint64_t> total) {
      show({.phase = Progress::Phase::request, .received = received, .expected = total, .note = {}});
    };
    show({.phase = Progress::Phase::request, .expected = {}, .note = {}});
    http::Response response = TRY(parts_.engine.fetch(request, fetch, stop));
    report_.run.counts.pages = 1;
    report_.run.counts.received_bytes = static_cast<std::int64_t>(response.received_bytes);
    show({.phase = Progress::Phase::decode, .expected = {}, .note = {}});
    document_ = TRY_WITH(decode::decode_json(std::move(response.body)), "the answer of {}", response.url);
    if (document_.duplicate_keys > 0)
      logger_.warning("object keys stand twice in the answer; the last one counts",
                      {{"run", report_.run.id}, {"keys", document_.duplicate_keys}});
    records_ = TRY(select_records(document_, collector_.record_selector, holder_));
    report_.run.counts.records = static_cast<std::int64_t>(records_.size());
    return {};
  }

  bool is_empty() {
    if (!records_.empty()) return false;
    report_.run.outcome = Outcome::empty;
    if (!collector_.allow_empty)
      report_.run.error = "the answer holds no records; if that is normal, set allow_empty: true";
    return true;
  }

  // Gives mapped rows one by one, setting aside what does not fit.
  store::RowSource rows() {
    return [this]() -> std::optional<std::span<const store::Param>> {
      while (next_ < records_.size()) {
        const decode::Value& record = records_[next_++];
        if (next_ % 10'000 == 0) show_rows();
        if (auto row = mapper_.map(record, document_, static_cast<std::int64_t>(next_))) return row;
        report_.quarantined.push_back(redacted(mapper_.take_bad()));
        ++report_.run.counts.quarantined;
      }
      show_rows();
      return std::nullopt;
    };
  }

  // More bad rows than allowed: nothing of the batch is committed.
  std::optional<Rejected> judge() const {
    const Counts& counts = report_.run.counts;
    if (!collector_.max_bad_rows.exceeded(counts.quarantined, counts.records)) return std::nullopt;
    std::string reasons;
    for (std::size_t i = 0; i < report_.quarantined.size() && i < 3; ++i) {
      const BadRecord& bad = report_.quarantined[i];
      reasons += fmt::format("{}record {}: {}{}{}", i == 0 ? "" : "; ", bad.position, bad.column,
                             bad.column.empty() ? "" : " ", bad.reason);
    }
    return Rejected{
        fmt::format("{} of {} records do not fit, more than max_bad_rows allows; nothing was committed: {}",
                    counts.quarantined, counts.records, reasons)};
  }

  Result<void> store_rows(store::Session& session, Ledger& ledger, Destination& destination,
                          std::stop_token stop) {
    TRY(of_store(destination.stage(rows(), stop)));
    if (const auto rejected = judge()) {
      report_.run.outcome = Outcome::rejected;
      report_.run.failure_type = FailureType::data;
      report_.run.error = rejected->reason;
      return {};
    }
    TRY(of_store(destination.fold(report_.run.counts, stop)));
    show({.phase = Progress::Phase::commit, .expected = {}, .rows = report_.run.counts.staged, .note = {}});
    Counts counts = report_.run.counts;
    constexpr std::string_view slice = "all";
    const auto commit = [&](store::Connection& connection) -> Result<void> {
      TRY(destination.merge(connection, parts_.clock.wall(), counts));
      TRY(ledger.quarantine(connection, report_.run, report_.quarantined));
      RunRecord record = report_.run;
      record.counts = counts;
      return ledger.commit_slice(connection, record, slice);
    };
    if (const auto committed = session.transact(store::Access::write, stop, commit); !committed) {
      // A commit whose answer was lost is looked up, never guessed (CO2); with a fresh token, for it is over.
      if (committed.error().code != Code::unavailable) return of_store(committed);
      const auto found = ledger.is_committed(report_.run.id, slice, {});
      if (!found || !*found) return committed;
    }
    report_.run.counts = counts;  // only what was committed counts
    report_.run.outcome = Outcome::success;
    return {};
  }

  void map_all() {
    for (const config::Field& field : collector_.fields) report_.columns.push_back(field.column);
    const store::RowSource source = rows();
    while (const auto row = source()) report_.rows.push_back(redacted(store::to_cells(*row)));
    report_.run.counts.staged = static_cast<std::int64_t>(report_.rows.size());
    report_.run.outcome = Outcome::success;
    if (const auto rejected = judge()) {
      report_.run.outcome = Outcome::rejected;
      report_.run.failure_type = FailureType::data;
      report_.run.error = rejected->reason;
    }
  }

  // An API may echo credentials in its records.
  BadRecord redacted(BadRecord bad) const {
    bad.reason = parts_.redactor.redact(bad.reason);
    bad.raw = parts_.redactor.redact(bad.raw);
    return bad;
  }
  std::vector<store::Cell> redacted(std::vector<store::Cell> cells) const {
    for (store::Cell& cell : cells)
      if (auto* text = std::get_if<std::string>(&cell)) *text = parts_.redactor.redact(*text);
    return cells;
  }
  void show(const Progress& progress) const {
    if (options_.progress) options_.progress(progress);
  }
  void show_rows() const {
    show({.phase = Progress::Phase::stage,
          .expected = {},
          .rows = static_cast<std::int64_t>(next_),
          .records = report_.run.counts.records,
          .note = {}});
  }

  const RunnerParts& parts_;
  const config::Collector& collector_;
  const RunOptions& options_;
  RunReport& report_;
  const base::SteadyTime deadline_;
  telemetry::Logger logger_;
  decode::Document document_;
  decode::Value holder_;
  std::span<const decode::Value> records_;
  std::size_t next_ = 0;
  std::vector<config::Field> fields_;
  Mapper mapper_{fields_};
};

bool is_good(const RunReport& report) {
  return report.run.outcome == Outcome::success ||
         (report.run.outcome == Outcome::empty && report.allow_empty);
}

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
  if (shown < report.quarantined.size())
    logger.warning("more records set aside", {{"run", run.id}, {"count", report.quarantined.size() - shown}});

  using telemetry::Level;
  const bool cancelled = run.outcome == Outcome::cancelled;
  const Level level = is_good(report) ? Level::info : cancelled ? Level::warning : Level::error;
  const std::string_view word = is_good(report) ? "FINISHED" : cancelled ? "CANCELLED" : "FAILED";
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
  report.allow_empty = collector.allow_empty;
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
  log_end(report, run.logger());
  count_end(report, parts_.metrics);
  return report;
}

}  // namespace collect
