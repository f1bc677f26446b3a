#include "collect/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/fingerprint.hpp"
#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "collect/ledger_columns.hpp"
#include "collect/slots.hpp"

namespace collect {
namespace {

using base::Result;
using store::Access;
using store::Connection;
using store::Param;

// What its slices committed, for a run that ended without saying so.
std::string sums_of_slices() {
  std::string assignments;
  for (const CountColumn& column : count_columns)
    if (column.in_slices)
      assignments += fmt::format(
          ", {0} = (SELECT COALESCE(sum({0}), 0) FROM {{pulse}}slices WHERE run = {{pulse}}runs.id AND "
          "state <> 'held')",
          column.name);
  return assignments;
}

Result<std::vector<RunRecord>> lose(Connection& connection, base::WallTime now, const std::string& condition,
                                    std::vector<Param> params) {
  const std::string finished = base::to_iso8601(now);
  params.push_back(finished);
  const std::string sql = fmt::format(
      "UPDATE {{pulse}}runs SET state = 'lost', failure_type = 'transient', finished_at = ${}, "
      "error = 'its process ended without recording an end'{} WHERE id IN (SELECT id FROM {{pulse}}runs "
      "WHERE "
      "state = 'running' AND ({}){}) AND state = 'running' RETURNING {}",
      params.size(), sums_of_slices(), condition, connection.dialect().skip_locked(),
      run_columns() +
          ", lease_until, (SELECT max(committed_at) FROM {pulse}slices WHERE run = {pulse}runs.id)");
  std::vector<RunRecord> lost;
  for (const store::Row& row : TRY_WITH(connection.query(sql, params), "marking lost runs")) {
    RunRecord run = read_run(row);
    const std::size_t end = row.cells.size();
    const auto lease = time_in(row, end - 2), committed = time_in(row, end - 1);
    run.first_failed = std::max(
        {run.started_at, committed.value_or(run.started_at), lease ? *lease - run_lease : run.started_at});
    const std::string alive = base::to_iso8601(*run.first_failed);
    TRY(connection.execute("UPDATE {pulse}runs SET first_failed = $2 WHERE id = $1", {run.id, alive}));
    TRY(Slots(connection, now).put_back(run, *run.first_failed));
    lost.push_back(std::move(run));
  }
  return lost;
}

// The cycle of the run before, if that one left something open and its last sign of life is young enough.
Result<std::string> open_cycle(Connection& connection, const RunRecord& run, base::WallTime since) {
  const std::string believable = base::to_iso8601(believable_until(run.started_at));
  const auto rows = TRY(connection.query(
      "SELECT COALESCE(cycle, id), state, definition, started_at, (SELECT max(committed_at) FROM "
      "{pulse}slices WHERE run = {pulse}runs.id) FROM {pulse}runs WHERE collector = $1 AND id <> $2 AND "
      "state <> 'running' "
      "AND started_at <= $3 ORDER BY started_at DESC, id DESC LIMIT 1",
      {run.collector, run.id, believable}));
  if (rows.empty() || rows[0].text(2) != run.definition) return std::string();
  const auto outcome = parse_outcome(rows[0].text(1));
  if (!outcome || !leaves_open(*outcome)) return std::string();
  const base::WallTime alive = std::max(time_in(rows[0], 3).value_or(base::WallTime()),
                                        time_in(rows[0], 4).value_or(base::WallTime()));
  if (alive < since) return std::string();
  const auto first = TRY(connection.query(
      "SELECT min(started_at) FROM {pulse}runs WHERE collector = $1 AND COALESCE(cycle, id) = $2",
      {run.collector, rows[0].text(0)}));
  const auto started = time_in(first.at(0), 0);
  return started && run.started_at - *started <= resumable_for ? rows[0].text(0) : std::string();
}

}  // namespace

Result<void> Ledger::begin(RunRecord& run, std::optional<base::WallTime> resumable_since,
                           std::stop_token stop) {
  const std::string started = base::to_iso8601(run.started_at);
  const std::optional<RunSlot> asked = run.slot;
  const auto begun = session_.transact(Access::write, stop, [&](Connection& connection) -> Result<void> {
    // One of our own that is still there: its end could not be recorded.
    TRY(lose(connection, clock_.wall(),
             "collector = $1 AND id <> $2 AND (lease_until < {now} OR (lease_until IS NULL AND host = $3 AND "
             "process = $4))",
             {run.collector, run.id, run.host, run.process}));
    const auto mine = TRY(connection.query(
        "SELECT COALESCE(cycle, id), started_at FROM {pulse}runs WHERE id = $1 AND state = 'running'",
        {run.id}));
    if (!mine.empty()) {
      run.cycle = mine[0].text(0);
      run.started_at = time_in(mine[0], 1).value_or(run.started_at);
      return Slots(connection, clock_.wall()).read(run);
    }
    const std::int64_t inserted = TRY_WITH(
        connection.execute(
            fmt::format(
                "INSERT INTO {{pulse}}runs (id, collector, state, attempt, host, process, started_at, "
                "definition, started_by, lease_until) VALUES ($1, $2, 'running', 1, $3, $4, $5, $6, $7, {}) "
                "ON CONFLICT (collector) WHERE state = 'running' DO NOTHING",
                connection.dialect().lease_end(run_lease.count())),
            {run.id, run.collector, run.host, run.process, started, run.definition,
             to_string(run.started_by)}),
        "recording the run");
    if (inserted != 1) return in_the_way(connection, run);
    TRY(claim_slot(connection, run));
    // Only now nobody else can end a run of this collector.
    run.cycle = resumable_since ? TRY(open_cycle(connection, run, *resumable_since)) : std::string();
    if (run.cycle.empty()) {
      run.cycle = run.id;
      return {};
    }
    TRY(connection.execute("UPDATE {pulse}runs SET cycle = $2 WHERE id = $1", {run.id, run.cycle}));
    return {};
  });
  if (!begun) run.slot = asked;  // the slot that was open may be another's by the next call
  return begun;
}

Result<void> Ledger::claim_slot(Connection& connection, RunRecord& run) {
  if (!TRY_WITH(Slots(connection, clock_.wall()).claim(run), "claiming the slot"))
    return base::error(base::Code::conflict, "the slot {} of {} is another process's",
                       base::to_iso8601(run.slot->time), run.collector);
  if (!run.slot) return {};
  const std::string slot = base::to_iso8601(run.slot->time);
  TRY(connection.execute(
      "UPDATE {pulse}runs SET slot = $2, attempt = 1 + (SELECT count(*) FROM {pulse}runs AS earlier WHERE "
      "earlier.collector = $3 AND earlier.slot = $2 AND earlier.started_at >= $2 AND "
      "earlier.id <> $1) WHERE id = $1",
      {run.id, slot, run.collector}));
  return {};
}

Result<void> Ledger::in_the_way(Connection& connection, const RunRecord& run) const {
  const auto rows = TRY(connection.query(
      "SELECT id, host, process, started_at FROM {pulse}runs WHERE collector = $1 AND state = 'running'",
      {run.collector}));
  if (rows.empty()) return base::error(base::Code::conflict, "another run of {} just ended", run.collector);
  return base::error(base::Code::conflict, "{} is being collected by process {} on {} since {} (run {})",
                     run.collector, rows[0].text(2), rows[0].text(1), rows[0].text(3), rows[0].text(0));
}

Result<bool> Ledger::hold(Connection& connection, const RunRecord& run) {
  return TRY_WITH(
             connection.execute(
                 fmt::format("UPDATE {{pulse}}runs SET lease_until = {} WHERE id = $1 AND state = 'running'",
                             connection.dialect().lease_end(run_lease.count())),
                 {run.id}),
             "renewing the lease of the run") == 1;
}

Result<bool> Ledger::finish(const RunRecord& run, const std::optional<schedule::OpenSlot>& open,
                            std::stop_token stop) {
  const std::string finished = base::to_iso8601(run.finished_at.value_or(clock_.wall())),
                    first_failed = iso_or_empty(run.first_failed);
  std::string sql =
      "UPDATE {pulse}runs SET state = $2, failure_type = $3, error = $4, finished_at = $5, first_failed = "
      "$6, "
      "empty_allowed = $7";
  std::vector<Param> params{run.id,
                            to_string(run.outcome),
                            run.failure_type ? Param(to_string(*run.failure_type)) : Param(),
                            text_or_null(run.error),
                            finished,
                            text_or_null(first_failed),
                            std::int64_t{run.allow_empty ? 1 : 0}};
  for (const CountColumn& column : count_columns) {
    params.push_back(run.counts.*column.member);
    sql += fmt::format(", {} = ${}", column.name, params.size());
  }
  sql += " WHERE id = $1 AND state = 'running'";
  bool ours = true;
  TRY(session_.transact(Access::write, stop, [&](Connection& connection) -> Result<void> {
    if (TRY_WITH(connection.execute(sql, params), "recording the end of the run") == 1)
      return Slots(connection, clock_.wall()).settle(run, open);
    // Ended already: by ourselves, if the answer to that was lost.
    ours =
        !TRY(connection.query("SELECT 1 FROM {pulse}runs WHERE id = $1 AND state = $2 AND finished_at = $3",
                              {run.id, to_string(run.outcome), finished}))
             .empty();
    return {};
  }));
  return ours;
}

Result<std::vector<bool>> Ledger::miss(const std::vector<MissedSlots>& missed, std::stop_token stop) {
  std::vector<bool> recorded;
  TRY(session_.transact(Access::write, std::move(stop), [&](Connection& connection) -> Result<void> {
    recorded.clear();
    Slots slots(connection, clock_.wall());
    for (const MissedSlots& it : missed)
      recorded.push_back(TRY_WITH(slots.miss(it), "recording missed slots"));
    return {};
  }));
  return recorded;
}

Result<std::vector<RunRecord>> Ledger::mark_lost(std::stop_token stop,
                                                 const std::vector<std::string>& except) {
  std::vector<RunRecord> lost;
  std::string condition = "(lease_until IS NULL OR lease_until < {now})";
  std::vector<Param> params;
  for (const std::string& run : except) {
    params.emplace_back(run);
    condition += fmt::format(" AND id <> ${}", params.size());
  }
  TRY(session_.transact(Access::write, stop, [&](Connection& connection) -> Result<void> {
    lost = TRY(lose(connection, clock_.wall(), condition, params));
    return {};
  }));
  std::sort(lost.begin(), lost.end(), [](const RunRecord& a, const RunRecord& b) {
    return std::tie(a.started_at, a.id) < std::tie(b.started_at, b.id);
  });
  return lost;
}

Result<Ledger::Cycle> Ledger::cycle(const RunRecord& run, std::stop_token stop) {
  Cycle cycle;
  cycle.started_at = run.started_at;
  if (run.cycle == run.id) return cycle;
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    const std::string same = " FROM {pulse}runs WHERE collector = $1 AND COALESCE(cycle, id) = $2";
    const auto since = TRY(connection.query("SELECT min(started_at)" + same, {run.collector, run.cycle}));
    cycle.started_at = time_in(since.at(0), 0).value_or(run.started_at);
    const auto rows = TRY(connection.query(
        fmt::format("SELECT {} FROM {{pulse}}slices WHERE state = 'committed' AND run IN (SELECT id{})",
                    slice_columns(), same),
        {run.collector, run.cycle}));
    for (const store::Row& row : rows) cycle.committed.push_back(read_slice(row, 0));
    return {};
  }));
  return cycle;
}

Result<void> Ledger::leave_cycle(RunRecord& run, std::stop_token stop) {
  TRY(session_.transact(Access::write, std::move(stop), [&](Connection& connection) -> Result<void> {
    TRY(connection.execute("UPDATE {pulse}runs SET cycle = NULL WHERE id = $1", {run.id}));
    return {};
  }));
  run.cycle = run.id;
  return {};
}

Result<void> Ledger::check_present(store::Database& database, std::stop_token stop) {
  return session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    const auto columns = TRY(columns_of_ledger(database, connection, "runs"));
    const bool is_current = std::any_of(columns.begin(), columns.end(),
                                        [](const store::Column& column) { return column.name == "slot"; });
    if (is_current) return {};
    if (!columns.empty())
      return base::error(base::Code::unavailable,
                         "{} was written by an older pulse; the next pulse collect brings it up to date",
                         database.description());
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
    const auto rows =
        TRY(connection.query("SELECT max(CASE WHEN records > 0 OR state = 'not_modified' THEN started_at "
                             "END), min(started_at) FROM {pulse}runs "
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
  const std::string since = base::to_iso8601(filter.started_since.value_or(base::WallTime()));
  const std::string sql = fmt::format(
      "SELECT {} FROM {{pulse}}runs WHERE ($1 = '' OR collector = $1) AND started_at >= $2 "
      "ORDER BY started_at DESC, id DESC LIMIT $3",
      run_columns());
  TRY(session_.transact(Access::read, stop, [&](Connection& connection) -> Result<void> {
    for (const store::Row& row : TRY(connection.query(sql, {filter.collector, since, filter.limit})))
      runs.push_back(read_run(row));
    return {};
  }));
  return runs;
}

Result<void> Ledger::commit_slice(Connection& connection, const RunRecord& run, const SliceRecord& slice) {
  const std::string now = base::to_iso8601(clock_.wall());
  const SliceTexts texts(slice);
  ColumnValues values;
  values.add("run", run.id);
  values.add("collector", run.collector);
  values.add("state", slice.open ? "open" : "committed");
  values.add("committed_at", now);
  add_slice(values, slice, texts);
  TRY_WITH(connection.execute(values.insert_into("{pulse}slices"), values.params()), "recording the slice");
  // What another definition committed is not what the table holds from now on, also should that one come
  // back.
  TRY_WITH(
      connection.execute("UPDATE {pulse}cursors SET etag = NULL, last_modified = NULL, content_hash = NULL "
                         "WHERE collector = $1 AND content_hash IS NOT NULL AND definition <> $2",
                         {run.collector, run.definition}),
      "forgetting the answers to an earlier definition");
  return {};
}

Result<std::optional<SliceRecord>> Ledger::find_slice(std::string_view run, std::string_view slice,
                                                      std::stop_token stop) {
  std::optional<SliceRecord> found;
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    const auto rows = TRY(connection.query(
        fmt::format("SELECT {}, state FROM {{pulse}}slices WHERE run = $1 AND slice = $2", slice_columns()),
        {run, slice}));
    if (rows.empty()) return {};
    found = read_slice(rows[0], 0);
    found->open = rows[0].text(slice_column_count()) == "open";
    return {};
  }));
  return found;
}

Result<void> Ledger::adopt(const Load& load, std::stop_token stop) {
  return session_.transact(Access::write, std::move(stop), [&](Connection& connection) -> Result<void> {
    const auto known =
        TRY(connection.query("SELECT collector, definition FROM {pulse}runs WHERE id = $1", {load.run}));
    const auto there = TRY(connection.query("SELECT 1 FROM {pulse}slices WHERE run = $1 AND slice = $2",
                                            {load.run, load.slice.name}));
    if (known.empty() || !there.empty()) return {};
    RunRecord run;
    run.id = load.run;
    run.collector = known[0].text(0);
    run.definition = known[0].text(1);
    TRY(commit_slice(connection, run, load.slice));
    if (load.cursor) TRY(save_cursor(connection, *load.cursor));
    // Marked lost before its last slices were known.
    TRY(connection.execute(
        fmt::format("UPDATE {{pulse}}runs SET collector = collector{} WHERE id = $1 AND state = 'lost'",
                    sums_of_slices()),
        {load.run}));
    return {};
  });
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
