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

// A batch that may not be committed as it is (CO10).
struct Rejected {
  std::string reason;
};

// One run's state while it goes on. The steps stand in the order in which they happen.
class Run {
 public:
  Run(const RunnerParts& parts, const config::Collector& collector, const RunOptions& options,
      RunReport& report)
      : parts_(parts),
        collector_(collector),
        options_(options),
        report_(report),
        deadline_(parts.clock.steady() + collector.timeout),
        logger_(parts.log.collector(collector.name)) {}

  // The records, decoded; null error = go on.
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

  Result<void> check_deadline() const {
    if (parts_.clock.steady() < deadline_) return {};
    return base::error(Code::timeout, "the run took longer than its timeout of {}",
                       base::format_duration(collector_.timeout));
  }

  Result<void> store_rows(store::Session& session, Ledger& ledger, Destination& destination,
                          std::stop_token stop) {
    TRY(destination.stage(rows(), stop));
    if (const auto rejected = judge()) {
      report_.run.outcome = Outcome::rejected;
      report_.run.failure_type = FailureType::data;
      report_.run.error = rejected->reason;
      return {};
    }
    TRY(destination.fold(report_.run.counts, stop));
    TRY(check_deadline());
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
      if (committed.error().code != Code::unavailable) return committed;
      const auto found = ledger.is_committed(report_.run.id, slice, {});
      if (!found || !*found) return committed;
    }
    report_.run.counts = counts;  // only what was committed counts
    report_.run.outcome = Outcome::success;
    return {};
  }

  void dry_run() {
    for (const config::Field& field : collector_.fields) report_.columns.push_back(field.column);
    const store::RowSource source = rows();
    while (const auto row = source()) report_.rows.push_back(store::to_cells(*row));
    report_.run.counts.staged = static_cast<std::int64_t>(report_.rows.size());
    report_.run.outcome = Outcome::success;
    if (const auto rejected = judge()) {
      report_.run.outcome = Outcome::rejected;
      report_.run.failure_type = FailureType::data;
      report_.run.error = rejected->reason;
    }
  }

  bool is_empty() {
    if (!records_.empty()) return false;
    report_.run.outcome = Outcome::empty;
    if (!collector_.allow_empty)
      report_.run.error = "the answer holds no records; if that is normal, set allow_empty: true";
    return true;
  }

  void fail(const Error& error) {
    report_.run.outcome = outcome_of(error);
    if (error.code == Code::timeout && parts_.clock.steady() >= deadline_)
      report_.run.outcome = Outcome::timeout;
    if (report_.run.outcome != Outcome::cancelled) report_.run.failure_type = failure_type_of(error);
    report_.run.error = parts_.redactor.redact(error.message);
    report_.retry_after = error.retry_after;
  }

  telemetry::Logger& logger() { return logger_; }

 private:
  // An API may echo credentials in its records.
  BadRecord redacted(BadRecord bad) const {
    bad.reason = parts_.redactor.redact(bad.reason);
    bad.raw = parts_.redactor.redact(bad.raw);
    return bad;
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
  Mapper mapper_{collector_.fields};
};

Result<void> perform(Run& run, RunReport& report, const config::Collector& collector,
                     store::Database& database, store::Session& session, Ledger& ledger,
                     std::stop_token stop) {
  Destination destination(collector, report.run.id, database, session);
  TRY(destination.verify(stop));  // before the first request: a table that does not fit costs the API nothing
  TRY(run.fetch(stop));
  if (run.is_empty()) return {};
  return run.store_rows(session, ledger, destination, stop);
}

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
  if (is_good(report))
    metrics
        .gauge("pulse_run_last_success_timestamp_seconds", "When the last successful run ended.",
               {{"collector", name}})
        .set(std::chrono::duration<double>(run.finished_at->time_since_epoch()).count());
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
  Run run(parts_, collector, options, report);

  if (options.dry_run) {
    const auto fetched = run.fetch(stop);
    if (!fetched)
      run.fail(fetched.error());
    else if (!run.is_empty())
      run.dry_run();
    record.finished_at = parts_.clock.wall();
    return report;
  }

  run.logger().banner(telemetry::Level::info,
                      {fmt::format("START: {}", collector.name), fmt::format("Run: {}", record.id),
                       fmt::format("File: {}", collector.file)});
  CHECK(parts_.database != nullptr, "only dry runs go without a database");
  bool recorded = false;
  auto session = parts_.database->session(stop);
  const auto end = [&](const Result<void>& result) {
    if (!result) run.fail(result.error());
    record.finished_at = parts_.clock.wall();
    if (recorded) {
      // Also after a stop: the end of the run must be on record. A fresh token, since the caller's has fired.
      Ledger ledger(**session, parts_.clock);
      if (const auto finished = ledger.finish(record, {}); !finished)
        run.logger().critical("the end of the run could not be recorded",
                              {{"run", record.id}, {"error", finished.error().message}});
    }
    log_end(report, run.logger());
    count_end(report, parts_.metrics);
    return report;
  };
  if (!session) return end(session.error());
  Ledger ledger(**session, parts_.clock);
  if (const auto begun = ledger.begin(record, stop); !begun) return end(begun);
  recorded = true;
  return end(perform(run, report, collector, *parts_.database, **session, ledger, stop));
}

}  // namespace collect
