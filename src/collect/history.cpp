#include "collect/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "collect/ledger_columns.hpp"
#include "collect/settlement.hpp"

namespace collect {
namespace {

using base::Result;
using base::WallTime;
using store::Access;
using store::Connection;

constexpr std::string_view is_good =
    "(state IN ('success', 'not_modified') OR (state = 'empty' AND empty_allowed = 1))";

constexpr std::chrono::hours longest_retry_after{30 * 24};  // of config's max_retry_after

// The newest of them first, per collector.
using Crashes = std::map<std::string, std::vector<WallTime>>;

Result<Crashes> read_crashes(Connection& connection, WallTime now) {
  Crashes crashes;
  const std::string until = base::to_iso8601(believable_until(now));
  const std::string since = base::to_iso8601(now - crashes_within - held_back_for);
  for (const store::Row& row : TRY(connection.query(
           "SELECT collector, finished_at FROM {pulse}runs WHERE finished_at > $1 AND finished_at <= $2 AND "
           "state = 'lost' AND started_by <> 'command' ORDER BY finished_at DESC",
           {since, until})))
    if (const auto time = time_in(row, 1)) crashes[row.text(0)].push_back(*time);
  return crashes;
}

std::optional<WallTime> held_back_until(const std::vector<WallTime>& crashes, WallTime now) {
  for (std::size_t i = 0; i + crashes_to_hold_back <= crashes.size(); ++i)
    if (crashes[i] - crashes[i + crashes_to_hold_back - 1] <= crashes_within)
      return crashes[i] + held_back_for > now ? std::optional(crashes[i] + held_back_for) : std::nullopt;
  return std::nullopt;
}

Result<std::optional<WallTime>> first_time(Connection& connection, const std::string& sql,
                                           std::initializer_list<store::Param> params) {
  const auto rows = TRY(connection.query(sql, params));
  return rows.empty() ? std::nullopt : time_in(rows[0], 0);
}

}  // namespace

Result<void> History::read_runs(Connection& connection, const std::string& collector, Past& past) {
  past.first_run = TRY(
      first_time(connection, "SELECT min(started_at) FROM {pulse}runs WHERE collector = $1", {collector}));
  if (!past.first_run) return {};
  const WallTime believable = believable_until(clock_.wall());
  if (*past.first_run > believable) past.first_run.reset();
  const std::string until = base::to_iso8601(believable);
  const auto newest = [&](std::string_view condition,
                          std::initializer_list<store::Param> params) -> Result<std::optional<RunRecord>> {
    const auto rows = TRY(connection.query(
        fmt::format(
            "SELECT {} FROM {{pulse}}runs WHERE collector = $1 AND {} ORDER BY started_at DESC, id DESC "
            "LIMIT 1",
            run_columns(), condition),
        params));
    return rows.empty() ? std::nullopt : std::optional(read_run(rows[0]));
  };
  past.last = TRY(newest("state NOT IN ('running', 'cancelled') AND finished_at <= $2", {collector, until}));
  past.running = TRY(newest("state = 'running'", {collector}));
  past.last_success = TRY(first_time(
      connection,
      fmt::format(
          "SELECT finished_at FROM {{pulse}}runs WHERE collector = $1 AND finished_at <= $2 AND {} ORDER BY "
          "started_at DESC LIMIT 1",
          is_good),
      {collector, until}));
  past.last_change = TRY(first_time(connection,
                                    "SELECT finished_at FROM {pulse}runs WHERE collector = $1 AND "
                                    "finished_at <= $2 AND inserted + updated + deleted > 0 ORDER BY "
                                    "started_at DESC LIMIT 1",
                                    {collector, until}));
  if (!past.last || ended_well(*past.last)) return {};
  const std::string since = base::to_iso8601(past.last_success.value_or(WallTime()));
  past.first_failed =
      TRY(first_time(connection,
                     "SELECT min(first_failed) FROM {pulse}runs WHERE collector = $1 AND started_at >= $2 "
                     "AND finished_at <= $3",
                     {collector, since, until}));
  return {};
}

Result<void> History::read_slots(Connection& connection, const std::string& collector, Past& past) {
  schedule::State& state = past.state;
  const WallTime believable = believable_until(clock_.wall());
  const std::string until = base::to_iso8601(believable);
  state.last_slot = TRY(first_time(
      connection, "SELECT max(slot) FROM {pulse}schedule_slots WHERE collector = $1 AND slot <= $2",
      {collector, until}));
  if (!state.last_slot) state.last_slot = past.first_run;  // by hand, before it had a schedule
  if (past.running)
    state.running = schedule::State::Running{
        past.running->slot ? past.running->slot->time : past.running->started_at, past.running->started_at};
  if (past.last) state.failed = !schedule::is_good(schedule_outcome(*past.last));
  const auto rows = TRY(connection.query(
      "SELECT slot, reason, first_failed, try_at FROM {pulse}schedule_slots WHERE collector = $1 AND state = "
      "'due' AND state IN ('due', 'claimed')",
      {collector}));
  if (rows.empty()) return {};
  state.open = read_open(rows[0], 0, 1, 2, 3);
  if (!state.open || rows[0].text(1) != "rate_limited") return {};
  // A wait that no file allows: the clock was ahead. The next slot finds out what the other side says now.
  if (state.open->try_at > believable + longest_retry_after)
    state.open.reset();
  else
    state.not_before = state.open->try_at;
  return {};
}

Result<std::vector<Past>> History::of(const std::vector<std::string>& collectors, std::stop_token stop) {
  std::vector<Past> pasts;
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    pasts.assign(collectors.size(), {});
    const WallTime now = clock_.wall();
    const Crashes crashes = TRY(read_crashes(connection, now));
    for (std::size_t i = 0; i < collectors.size(); ++i) {
      Past& past = pasts[i];
      TRY(read_runs(connection, collectors[i], past));
      TRY(read_slots(connection, collectors[i], past));
      if (const auto found = crashes.find(collectors[i]); found != crashes.end())
        past.held_back_until = held_back_until(found->second, now);
      if (past.held_back_until)
        past.state.not_before = std::max(past.state.not_before.value_or(WallTime()), *past.held_back_until);
    }
    return {};
  }));
  return pasts;
}

Result<std::vector<std::string>> History::changed_since(WallTime since, std::stop_token stop) {
  std::set<std::string> names;
  const std::string from = base::to_iso8601(since);
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    names.clear();
    for (const char* sql : {"SELECT DISTINCT collector FROM {pulse}schedule_slots WHERE updated_at >= $1",
                            "SELECT DISTINCT collector FROM {pulse}runs WHERE finished_at >= $1",
                            "SELECT collector FROM {pulse}runs WHERE state = 'running' AND started_at >= $1"})
      for (const store::Row& row : TRY(connection.query(sql, {from}))) names.insert(row.text(0));
    return {};
  }));
  return std::vector<std::string>(names.begin(), names.end());
}

Result<Totals> History::totals(WallTime since, std::stop_token stop) {
  Totals totals;
  const std::string from = base::to_iso8601(since);
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    const auto rows = TRY(connection.query(
        fmt::format(
            "SELECT count(*), COALESCE(sum(CASE WHEN {} OR state = 'cancelled' THEN 0 ELSE 1 END), 0), "
            "COALESCE(sum(inserted + updated), 0) FROM {{pulse}}runs WHERE finished_at >= $1",
            is_good),
        {from}));
    totals = {rows.at(0).integer(0), rows.at(0).integer(1), rows.at(0).integer(2)};
    return {};
  }));
  return totals;
}

schedule::Facts facts_of(const Past& past, WallTime known_since) {
  schedule::Facts facts{};
  facts.known_since = std::min(known_since, past.first_run.value_or(known_since));
  facts.state = past.state;
  facts.last_success = past.last_success;
  facts.last_change = past.last_change;
  if (past.last)
    facts.last_run =
        schedule::Facts::LastRun{schedule_outcome(*past.last), schedule_failure(*past.last),
                                 past.last->finished_at.value_or(past.last->started_at), past.first_failed};
  return facts;
}

}  // namespace collect
