#include "collect/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "base/fingerprint.hpp"
#include "base/iso8601.hpp"
#include "base/text.hpp"

namespace collect {
namespace {

using base::Result;
using store::Access;
using store::Connection;
using store::Param;

// The counting columns of runs, and where each stands in Counts: the one list of them.
struct CountColumn {
  const char* name;
  std::int64_t Counts::*member;
  bool in_slices;
};
constexpr std::array count_columns{
    CountColumn{"requests", &Counts::requests, false},
    CountColumn{"pages", &Counts::pages, false},
    CountColumn{"received_bytes", &Counts::received_bytes, false},
    CountColumn{"records", &Counts::records, true},
    CountColumn{"staged", &Counts::staged, true},
    CountColumn{"inserted", &Counts::inserted, true},
    CountColumn{"updated", &Counts::updated, true},
    CountColumn{"unchanged", &Counts::unchanged, true},
    CountColumn{"deleted", &Counts::deleted, true},
    CountColumn{"quarantined", &Counts::quarantined, true},
    CountColumn{"conflicts", &Counts::conflicts, true},
};

constexpr std::string_view run_columns =
    "id, collector, state, failure_type, error, started_at, finished_at, host, process, definition";

// In the order in which read_run() takes them.
std::string all_run_columns() {
  std::string columns(run_columns);
  for (const CountColumn& column : count_columns) columns += fmt::format(", {}", column.name);
  return columns;
}

std::optional<FailureType> parse_failure_type(std::string_view text) {
  for (const FailureType type : {FailureType::transient, FailureType::credentials, FailureType::endpoint_gone,
                                 FailureType::configuration, FailureType::data})
    if (to_string(type) == text) return type;
  return std::nullopt;
}

std::optional<base::WallTime> time_in(const store::Row& row, std::size_t column) {
  const auto time = base::parse_timestamp(row.text(column));
  return time ? std::optional(*time) : std::nullopt;
}

RunRecord read_run(const store::Row& row) {
  RunRecord run;
  run.id = row.text(0);
  run.collector = row.text(1);
  run.outcome = parse_outcome(row.text(2)).value_or(Outcome::failed);
  run.failure_type = parse_failure_type(row.text(3));
  run.error = row.text(4);
  run.started_at = time_in(row, 5).value_or(base::WallTime());
  run.finished_at = time_in(row, 6);
  run.host = row.text(7);
  run.process = row.integer(8);
  run.definition = row.text(9);
  std::size_t index = 10;
  for (const CountColumn& column : count_columns) run.counts.*column.member = row.integer(index++);
  return run;
}

Param text_or_null(std::string_view text) { return text.empty() ? Param() : Param(text); }

std::string iso_or_empty(const std::optional<base::WallTime>& time) {
  return time ? base::to_iso8601(*time) : std::string();
}

}  // namespace

Result<void> Ledger::begin(const RunRecord& run, std::stop_token stop) {
  const std::string started = base::to_iso8601(run.started_at);
  return session_.transact(Access::write, stop, [&](Connection& connection) -> Result<void> {
    TRY_WITH(
        connection.execute(
            "INSERT INTO {pulse}runs (id, collector, state, attempt, host, process, started_at, definition) "
            "VALUES ($1, $2, 'running', 1, $3, $4, $5, $6)",
            {run.id, run.collector, run.host, run.process, started, run.definition}),
        "recording the run");
    return {};
  });
}

Result<void> Ledger::finish(const RunRecord& run, std::stop_token stop) {
  const std::string finished = base::to_iso8601(run.finished_at.value_or(clock_.wall()));
  std::string sql = "UPDATE {pulse}runs SET state = $2, failure_type = $3, error = $4, finished_at = $5";
  std::vector<Param> params{run.id, to_string(run.outcome),
                            run.failure_type ? Param(to_string(*run.failure_type)) : Param(),
                            text_or_null(run.error), finished};
  for (const CountColumn& column : count_columns) {
    params.push_back(run.counts.*column.member);
    sql += fmt::format(", {} = ${}", column.name, params.size());
  }
  sql += " WHERE id = $1 AND state = 'running'";
  return session_.transact(Access::write, stop, [&](Connection& connection) -> Result<void> {
    const std::int64_t changed = TRY_WITH(connection.execute(sql, params), "recording the end of the run");
    if (changed != 1)
      return base::error(base::Code::conflict, "the run {} was ended by somebody else", run.id);
    return {};
  });
}

Result<std::vector<RunRecord>> Ledger::mark_lost(std::stop_token stop) {
  std::vector<RunRecord> lost;
  const std::string now = base::to_iso8601(clock_.wall());
  std::string update =
      "UPDATE {pulse}runs SET state = 'lost', failure_type = 'transient', finished_at = $1, "
      "error = 'its process ended without recording an end'";
  for (const CountColumn& column : count_columns)
    if (column.in_slices)
      update += fmt::format(
          ", {0} = (SELECT COALESCE(sum({0}), 0) FROM {{pulse}}slices WHERE run = {{pulse}}runs.id AND state "
          "= 'committed')",
          column.name);
  update += fmt::format(" WHERE state = 'running' RETURNING {}", all_run_columns());
  TRY(session_.transact(Access::write, stop, [&](Connection& connection) -> Result<void> {
    for (const store::Row& row : TRY_WITH(connection.query(update, {now}), "marking lost runs"))
      lost.push_back(read_run(row));
    return {};
  }));
  std::sort(lost.begin(), lost.end(), [](const RunRecord& a, const RunRecord& b) {
    return std::tie(a.started_at, a.id) < std::tie(b.started_at, b.id);
  });
  return lost;
}

Result<void> Ledger::check_present(store::Database& database, std::stop_token stop) {
  return session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    const std::string table = database.dialect().ledger("runs");
    if (!TRY(database.columns(connection, "", table)).empty()) return {};
    return base::error(base::Code::unavailable, "{} holds no runs: nothing was collected into it",
                       database.description());
  });
}

Result<std::optional<base::WallTime>> Ledger::last_success(std::string_view collector, std::stop_token stop) {
  std::optional<base::WallTime> last;
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    const auto rows =
        TRY(connection.query("SELECT max(finished_at) FROM {pulse}runs WHERE collector = $1 AND state IN "
                             "('success', 'not_modified')",
                             {collector}));
    if (const auto time = base::parse_timestamp(rows.at(0).text(0))) last = *time;
    return {};
  }));
  return last;
}

Result<RecordHistory> Ledger::last_records(std::string_view collector, std::stop_token stop) {
  RecordHistory history;
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    const auto rows = TRY(connection.query(
        "SELECT max(CASE WHEN records > 0 THEN started_at END), min(started_at) FROM {pulse}runs "
        "WHERE collector = $1",
        {collector}));
    history = {time_in(rows.at(0), 0), time_in(rows.at(0), 1)};
    return {};
  }));
  return history;
}

Result<std::vector<CursorRecord>> Ledger::cursors(std::string_view collector, std::stop_token stop) {
  std::vector<CursorRecord> cursors;
  const auto read = [&](Connection& connection) -> Result<void> {
    const auto rows =
        TRY_WITH(connection.query("SELECT partition, high_water, covered_until, etag, last_modified, "
                                  "content_hash, definition, run, "
                                  "updated_at FROM {pulse}cursors WHERE collector = $1 ORDER BY partition",
                                  {collector}),
                 "reading the cursors");
    for (const store::Row& row : rows)
      cursors.push_back({std::string(collector), row.text(0), row.text(1), time_in(row, 2), row.text(3),
                         row.text(4), row.text(5), row.text(6), row.text(7),
                         time_in(row, 8).value_or(base::WallTime())});
    return {};
  };
  TRY(session_.transact(Access::read, std::move(stop), read));
  return cursors;
}

Result<void> Ledger::save_cursor(Connection& connection, const CursorRecord& cursor) {
  const std::string covered = iso_or_empty(cursor.covered_until), now = base::to_iso8601(clock_.wall());
  TRY_WITH(
      connection.execute(
          "INSERT INTO {pulse}cursors (collector, partition, high_water, covered_until, etag, last_modified, "
          "content_hash, definition, run, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
          "ON CONFLICT (collector, partition) DO UPDATE SET high_water = excluded.high_water, "
          "covered_until = excluded.covered_until, etag = excluded.etag, "
          "last_modified = excluded.last_modified, content_hash = excluded.content_hash, "
          "definition = excluded.definition, run = excluded.run, updated_at = excluded.updated_at",
          {cursor.collector, cursor.partition, text_or_null(cursor.high_water), text_or_null(covered),
           text_or_null(cursor.etag), text_or_null(cursor.last_modified), text_or_null(cursor.content_hash),
           text_or_null(cursor.definition), cursor.run, now}),
      "recording the cursor of \"{}\"", cursor.partition);
  return {};
}

Result<std::vector<RunRecord>> Ledger::list(const RunFilter& filter, std::stop_token stop) {
  std::vector<RunRecord> runs;
  const std::string since = filter.started_since ? base::to_iso8601(*filter.started_since) : "";
  const std::string sql = fmt::format(
      "SELECT {} FROM {{pulse}}runs WHERE ($1 = '' OR collector = $1) AND started_at >= $2 "
      "ORDER BY started_at DESC, id DESC LIMIT $3",
      all_run_columns());
  TRY(session_.transact(Access::read, stop, [&](Connection& connection) -> Result<void> {
    for (const store::Row& row : TRY(connection.query(sql, {filter.collector, since, filter.limit})))
      runs.push_back(read_run(row));
    return {};
  }));
  return runs;
}

Result<void> Ledger::commit_slice(Connection& connection, const RunRecord& run, std::string_view slice) {
  return commit_slice(connection, run,
                      SliceRecord{.name = std::string(slice),
                                  .partition = {},
                                  .window_start = {},
                                  .window_end = {},
                                  .counts = run.counts});
}

Result<void> Ledger::commit_slice(Connection& connection, const RunRecord& run, const SliceRecord& slice) {
  const std::string now = base::to_iso8601(clock_.wall());
  const std::string start = iso_or_empty(slice.window_start), end = iso_or_empty(slice.window_end);
  std::string columns = "run, collector, slice, state, committed_at, partition, window_start, window_end";
  std::string values = "$1, $2, $3, 'committed', $4, $5, $6, $7";
  std::vector<Param> params{
      run.id,           run.collector, slice.name, now, text_or_null(slice.partition), text_or_null(start),
      text_or_null(end)};
  for (const CountColumn& column : count_columns) {
    if (!column.in_slices) continue;
    params.push_back(slice.counts.*column.member);
    columns += fmt::format(", {}", column.name);
    values += fmt::format(", ${}", params.size());
  }
  TRY_WITH(connection.execute(fmt::format("INSERT INTO {{pulse}}slices ({}) VALUES ({})", columns, values),
                              params),
           "recording the slice");
  return {};
}

Result<bool> Ledger::is_committed(std::string_view run, std::string_view slice, std::stop_token stop) {
  bool found = false;
  TRY(session_.transact(Access::read, stop, [&](Connection& connection) -> Result<void> {
    found = !TRY(connection.query(
                     "SELECT 1 FROM {pulse}slices WHERE run = $1 AND slice = $2 AND state = 'committed'",
                     {run, slice}))
                 .empty();
    return {};
  }));
  return found;
}

Result<void> Ledger::quarantine(Connection& connection, const RunRecord& run,
                                const std::vector<BadRecord>& records) {
  const std::string now = base::to_iso8601(clock_.wall());
  for (const BadRecord& record : records) {
    // The same record in every run is one row whose `times` grows, not a row a run.
    const std::string fingerprint = base::fingerprint(record.column + '\n' + record.raw);
    TRY_WITH(
        connection.execute(
            "INSERT INTO {pulse}quarantine (collector, fingerprint, column_name, reason, raw, first_run, "
            "last_run, first_seen, last_seen) "
            "VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $7) ON CONFLICT (collector, fingerprint) DO UPDATE SET "
            "reason = excluded.reason, last_run = excluded.last_run, last_seen = excluded.last_seen, "
            "times = {pulse}quarantine.times + 1",
            {run.collector, fingerprint, text_or_null(record.column), record.reason, record.raw, run.id,
             now}),
        "quarantining record {}", record.position);
  }
  return {};
}

}  // namespace collect
