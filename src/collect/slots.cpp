#include "collect/slots.hpp"

#include <functional>

#include "base/rng.hpp"
#include "base/text.hpp"
#include "collect/ledger_columns.hpp"

namespace collect {
namespace {

using base::Result;
using base::WallTime;

constexpr std::string_view on_ladder = "ladder", interrupted = "interrupted", rate_limited = "rate_limited";

std::string_view to_string(schedule::MissedReason reason) {
  switch (reason) {
    case schedule::MissedReason::superseded: return "superseded";
    case schedule::MissedReason::not_wanted: return "not_wanted";
    case schedule::MissedReason::too_late: return "too_late";
    case schedule::MissedReason::overlap: return "overlap";
    case schedule::MissedReason::upstream: return "upstream";
  }
  return "superseded";
}

}  // namespace

Slots::Slots(store::Connection& connection, WallTime now)
    : connection_(connection),
      now_(base::to_iso8601(now)),
      believable_(base::to_iso8601(believable_until(now))) {}

Result<void> Slots::take_turns(const std::string& collector) {
  const std::string_view wait = connection_.dialect().take_turns();
  if (!wait.empty()) TRY(connection_.query(wait, {"schedule_slots " + collector}));
  return {};
}

// A clock that was years ahead must not bar all slots until then; its own slot stays taken for good.
Result<bool> Slots::is_passed(const std::string& collector, std::string_view slot) {
  const auto newer = TRY(connection_.query(
      "SELECT 1 FROM {pulse}schedule_slots WHERE collector = $1 AND slot >= $2 AND (slot = $2 OR slot <= $3) "
      "LIMIT 1",
      {collector, slot, believable_}));
  return !newer.empty();
}

Result<bool> Slots::is_running(const std::string& collector) {
  return !TRY(connection_.query("SELECT 1 FROM {pulse}runs WHERE collector = $1 AND state = 'running'",
                                {collector}))
              .empty();
}

// At most one slot of a collector is due: what is older has been given up. SQLite finds it by its own index
// only if the query repeats the condition of that.
Result<bool> Slots::claim(RunRecord& run) {
  TRY(take_turns(run.collector));
  const auto open = TRY(connection_.query(
      "SELECT slot, first_failed FROM {pulse}schedule_slots WHERE collector = $1 AND state = 'due' "
      "AND state IN ('due', 'claimed')",
      {run.collector}));
  if (!run.slot) {
    if (open.empty()) return true;
    run.slot = RunSlot{.time = time_in(open[0], 0).value_or(WallTime()), .again = true};
  }
  const std::string slot = base::to_iso8601(run.slot->time);
  if (run.slot->again) {
    run.slot->first_failed = open.empty() ? std::nullopt : time_in(open[0], 1);
    const std::string try_at = iso_or_empty(run.slot->try_at);
    // Planned for a time at which another process has tried it meanwhile: it waits for the next (RT10).
    return TRY(connection_.execute(
               "UPDATE {pulse}schedule_slots SET state = 'claimed', reason = NULL, run = $3, try_at = "
               "NULL, updated_at = $4 WHERE collector = $1 AND slot = $2 AND state = "
               "'due' AND COALESCE(try_at, slot) = COALESCE($5, try_at, slot)",
               {run.collector, slot, run.id, now_, text_or_null(try_at)})) == 1;
  }
  if (TRY(is_passed(run.collector, slot))) return false;
  TRY(connection_.execute(
      "UPDATE {pulse}schedule_slots SET state = 'done', reason = 'gave_up', try_at = NULL, "
      "updated_at = $2 WHERE collector = $1 AND state = 'due' AND state IN ('due', 'claimed')",
      {run.collector, now_}));
  TRY(connection_.execute(
      "INSERT INTO {pulse}schedule_slots (collector, slot, state, run, updated_at) VALUES "
      "($1, $2, 'claimed', $3, $4)",
      {run.collector, slot, run.id, now_}));
  return true;
}

Result<void> Slots::read(RunRecord& run) {
  const auto rows = TRY(connection_.query(
      "SELECT slot, first_failed FROM {pulse}schedule_slots WHERE collector = $1 AND run = $2 AND state = "
      "'claimed'",
      {run.collector, run.id}));
  if (rows.empty()) return {};
  const bool again = run.slot ? run.slot->again : true;
  run.slot = RunSlot{time_in(rows[0], 0).value_or(WallTime()), again, time_in(rows[0], 1)};
  return {};
}

// By the run alone: whoever did not learn that it had begun does not know which slot it took.
Result<void> Slots::settle(const RunRecord& run, const std::optional<schedule::OpenSlot>& open) {
  if (!run.slot && !open) return {};
  if (!open) {
    TRY(
        connection_.execute("UPDATE {pulse}schedule_slots SET state = 'done', reason = $3, updated_at = $4 "
                            "WHERE collector = $1 AND run = $2 AND state = 'claimed' AND state IN ('due', "
                            "'claimed')",
                            {run.collector, run.id, collect::to_string(run.outcome), now_}));
    return {};
  }
  const std::string first_failed = base::to_iso8601(open->first_failed),
                    try_at = base::to_iso8601(open->try_at);
  const bool is_cancelled = run.outcome == Outcome::cancelled;  // what failed before stays what it was
  const std::string_view reason = open->on_ladder                        ? on_ladder
                                  : run.outcome == Outcome::rate_limited ? rate_limited
                                                                         : interrupted;
  TRY(connection_.execute(
      "UPDATE {pulse}schedule_slots SET state = 'due', reason = $3, first_failed = COALESCE($4, "
      "first_failed), try_at = $5, updated_at = $6 WHERE collector = $1 AND run = $2 AND state = 'claimed' "
      "AND state IN ('due', 'claimed')",
      {run.collector, run.id, reason, is_cancelled ? store::Param() : store::Param(first_failed), try_at,
       now_}));
  return {};
}

// The first rung is due by then as a rule: a lease is as long as it. A run that takes its process with it
// comes down the ladder like any other, for its first failure stays what it was.
Result<void> Slots::put_back(const RunRecord& lost, WallTime alive) {
  if (!lost.slot) return {};
  const std::string slot = base::to_iso8601(lost.slot->time);
  const auto rows = TRY(
      connection_.query("SELECT first_failed FROM {pulse}schedule_slots WHERE collector = $1 AND slot = $2",
                        {lost.collector, slot}));
  const WallTime first_failed = (rows.empty() ? std::nullopt : time_in(rows[0], 0)).value_or(alive);
  base::Rng rng(std::hash<std::string>{}(lost.id));
  const auto next = schedule::next_try({first_failed, lost.started_at, alive}, std::nullopt, rng);
  const std::string failed_at = base::to_iso8601(first_failed),
                    try_at = base::to_iso8601(next.value_or(alive));
  TRY(
      connection_.execute("UPDATE {pulse}schedule_slots SET state = 'due', reason = $3, first_failed = $4, "
                          "try_at = $5, updated_at = $6 WHERE collector = $1 AND slot = $2 AND state = "
                          "'claimed' AND run = $7",
                          {lost.collector, slot, on_ladder, failed_at, try_at, now_, lost.id}));
  return {};
}

Result<bool> Slots::miss(const MissedSlots& missed) {
  TRY(take_turns(missed.collector));
  const std::string first = base::to_iso8601(missed.first), last = base::to_iso8601(missed.last);
  if (TRY(is_passed(missed.collector, first))) return false;
  // Who decided so may have known less than the ledger: the run in its way has ended.
  if (missed.reason == schedule::MissedReason::overlap && !TRY(is_running(missed.collector))) return false;
  TRY(
      connection_.execute("INSERT INTO {pulse}schedule_slots (collector, slot, state, reason, first_slot, "
                          "updated_at) VALUES ($1, $2, 'missed', $3, $4, $5)",
                          {missed.collector, last, to_string(missed.reason), first, now_}));
  return true;
}

std::optional<schedule::OpenSlot> read_open(const store::Row& row, std::size_t slot, std::size_t reason,
                                            std::size_t first_failed, std::size_t try_at) {
  const auto time = time_in(row, slot);
  if (!time) return std::nullopt;
  const auto at = time_in(row, try_at).value_or(*time);
  return schedule::OpenSlot{.slot = *time,
                            .first_failed = time_in(row, first_failed).value_or(at),
                            .try_at = at,
                            .on_ladder = row.text(reason) == on_ladder};
}

}  // namespace collect
