// One run of one collector: request → decode → map → stage → commit (CO1). Rows, slice record and quarantine
// commit in one transaction; whatever goes wrong before leaves the table as it was and a final row in the
// ledger that says why. A database server that goes away is waited for until the run's timeout; what was
// under way then begins again.
//
//   Runner runner({.database = …, .engine = …, .clock = …, .rng = …, .log = …, .metrics = …, .redactor = …});
//   RunReport report = runner.run(collector, {.dry_run = false}, stop);
//
// Never throws, and always reports; a Runner belongs to one thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "base/secret.hpp"
#include "collect/ledger.hpp"
#include "collect/mapper.hpp"
#include "collect/outcome.hpp"
#include "config/collector.hpp"
#include "http/engine.hpp"
#include "store/database.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace collect {

struct Progress {
  enum class Phase { request, wait, decode, stage, commit };
  Phase phase = Phase::request;
  std::uint64_t received = 0;             // request
  std::optional<std::uint64_t> expected;  // request, if the server said
  std::int64_t rows = 0;                  // stage
  std::int64_t records = 0;               // stage: of so many
  std::string note;                       // wait: why
};
using ProgressSink = std::function<void(const Progress&)>;

struct RunOptions {
  bool dry_run = false;  // fetch and map, write nothing
  // Whether only what the runs before left open is fetched (CO1): if that was for the same slot, see
  // resumable_since(); however long ago, within resumable_for; never.
  enum class Resume { automatic, always, never };
  Resume resume = Resume::automatic;
  StartedBy started_by = StartedBy::command;
  // Claimed as the run begins; busy, if others have. Nothing: the slot that is open, if one is.
  std::optional<RunSlot> slot{};
  std::function<void(const std::string& run)> on_begin{};  // it is on record; on the run's thread
  base::Duration wait{};    // for another process that collects the same, and for a database to answer
  ProgressSink progress{};  // called on several threads
};

struct RunReport {
  RunRecord run;
  std::vector<BadRecord> quarantined;          // with their raw records; at most the first 10,000
  std::vector<std::string> columns;            // dry run
  std::vector<std::vector<store::Cell>> rows;  // dry run; at most the first 10,000
  std::optional<base::WallTime> retry_at;      // rate_limited: when the other side allows the next request
  std::optional<schedule::OpenSlot> open;      // what is left to do for its slot
  bool begun = false;                          // its beginning is in the ledger
  bool recorded = false;                       // its beginning and its end are in the ledger
  bool busy = false;                           // it did not begin: another process is at it
};

struct RunnerParts {
  store::Database* database;  // null for dry runs
  http::Engine& engine;
  base::Clock& clock;
  base::Rng& rng;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  base::Redactor& redactor;
  // What destination.database names, unless it is the store; absent if there are no others.
  std::function<base::Result<store::Database*>(const std::string& name, std::stop_token stop)> databases{};
};

class Runner {
 public:
  explicit Runner(RunnerParts parts) : parts_(std::move(parts)) {}
  RunReport run(const config::Collector& collector, const RunOptions& options, std::stop_token stop);

 private:
  RunnerParts parts_;
};

}  // namespace collect
