#include "collect/retention.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.hpp"
#include "collect/ledger.hpp"

namespace collect {
namespace {

using base::Result;
using store::Access;
using store::Connection;
using store::Param;

// A cycle grows until resumable_for after its first run began, and is read when a run begins: with a margin
// for whatever passes between a look and a deletion.
constexpr auto cycles_kept = 2 * resumable_for;

constexpr std::string_view is_success = "(state IN ('success', 'not_modified'))";
constexpr std::string_view is_good =
    "(state IN ('success', 'not_modified') OR (state = 'empty' AND empty_allowed = 1))";

// Of one collector ($1): the newest of a sort, or the oldest.
std::string end_of_runs(std::string_view condition, bool newest) {
  const std::string_view order = newest ? "DESC" : "ASC";
  return fmt::format(
      "SELECT id FROM (SELECT id FROM {{pulse}}runs WHERE collector = $1 AND {} "
      "ORDER BY started_at {}, id {} LIMIT 1) AS one",
      condition, order, order);
}

// History judges by them (R22), and begin(), last_success() and last_records() of the ledger go by them; the
// first run tells since when the collector is known, the first failure since when it fails.
std::string needed_runs() {
  const std::string began_failing = fmt::format(
      "state <> 'running' AND first_failed IS NOT NULL AND started_at > COALESCE((SELECT max(started_at) "
      "FROM "
      "{{pulse}}runs WHERE collector = $1 AND {}), '1970-01-01T00:00:00Z')",
      is_good);
  return base::join(std::vector<std::string>{end_of_runs("state <> 'running'", true),
                                             end_of_runs("state NOT IN ('running', 'cancelled')", true),
                                             end_of_runs(is_success, true), end_of_runs(is_good, true),
                                             end_of_runs("inserted + updated + deleted > 0", true),
                                             end_of_runs("records > 0", true), end_of_runs("1 = 1", false),
                                             end_of_runs(began_failing, false)},
                    " UNION ALL ");
}

class Purge {
 public:
  Purge(store::Session& session, base::Clock& clock, const Retention& retention, std::stop_token stop)
      : session_(session),
        retention_(retention),
        stop_(std::move(stop)),
        runs_before_(base::to_iso8601(clock.wall() - whole(retention.runs))),
        quarantine_before_(base::to_iso8601(clock.wall() - whole(retention.quarantine))),
        cycles_since_(base::to_iso8601(clock.wall() - cycles_kept)) {}

  Result<Purged> all() {
    TRY_WITH(runs(), "deleting old runs");
    TRY_WITH(slots(), "deleting old slots");
    TRY_WITH(quarantine(), "deleting old quarantine");
    TRY_WITH(answers(), "deleting what old answers were recognised by");
    return purged_;
  }

 private:
  using Key = std::vector<std::string>;

  static std::chrono::microseconds whole(base::Duration duration) {
    return std::chrono::floor<std::chrono::microseconds>(duration);
  }

  // Candidates are read beforehand, so that nobody waits for the search: what a search has found superfluous
  // stays so, for runs only get newer.
  Result<std::vector<Key>> read(const std::string& sql, const Key& given) {
    std::vector<Key> keys;
    TRY(session_.transact(Access::read, stop_, [&](Connection& connection) -> Result<void> {
      keys.clear();
      const std::vector<Param> params(given.begin(), given.end());
      for (const store::Row& row : TRY(connection.query(sql, params))) {
        Key& key = keys.emplace_back();
        for (std::size_t i = 0; i < row.cells.size(); ++i) key.push_back(row.text(i));
      }
      return {};
    }));
    return keys;
  }

  // False: enough for one call.
  bool goes_on() {
    purged_.more = purged_.more || transactions_ >= retention_.transactions_at_most;
    return !purged_.more;
  }

  Result<void> runs() {
    const auto collectors =
        TRY(read("SELECT DISTINCT collector FROM {pulse}runs WHERE finished_at < $1 ORDER BY collector",
                 {runs_before_}));
    for (const Key& collector : collectors)
      if (!purged_.more) TRY(runs_of(collector[0]));
    return {};
  }

  Result<void> runs_of(const std::string& collector) {
    const std::string sql = fmt::format(
        "SELECT id FROM {{pulse}}runs WHERE collector = $1 AND state <> 'running' AND finished_at < $2 AND "
        "id NOT "
        "IN ({}) AND COALESCE(cycle, id) NOT IN (SELECT cycle FROM {{pulse}}runs WHERE collector = $1 AND "
        "started_at >= $3 AND cycle IS NOT NULL) AND (slot IS NULL OR slot NOT IN (SELECT slot FROM "
        "{{pulse}}schedule_slots WHERE collector = $1 AND state IN ('due', 'claimed'))) "
        "ORDER BY started_at, id LIMIT {}",
        needed_runs(), retention_.rows_at_once);
    for (;;) {
      const auto ids = TRY(read(sql, {collector, runs_before_, cycles_since_}));
      if (ids.empty() || !goes_on()) return {};
      std::int64_t gone = 0;
      for (std::size_t next = 0; next < ids.size() && goes_on();) gone += TRY(delete_runs(ids, next));
      if (gone == 0) return {};  // others are at the same ones
    }
  }

  // From ids[next] on, as many as one transaction takes. A run with more slices than that goes in several,
  // its own line in the last one.
  Result<std::int64_t> delete_runs(const std::vector<Key>& ids, std::size_t& next) {
    std::size_t at = next;
    std::int64_t runs = 0, slices = 0;
    TRY(session_.transact(Access::write, stop_, [&](Connection& connection) -> Result<void> {
      at = next;
      runs = slices = 0;
      const std::string_view skip = connection.dialect().skip_locked();
      const std::string is_ours =
          fmt::format("SELECT 1 FROM {{pulse}}runs WHERE id = $1 AND state <> 'running'{}", skip);
      while (at < ids.size() && runs + slices < retention_.rows_at_once) {
        const std::string& id = ids[at][0];
        if (TRY(connection.query(is_ours, {id})).empty()) {
          ++at;
          continue;
        }
        const std::int64_t room = retention_.rows_at_once - runs - slices;
        slices +=
            TRY(connection.execute("DELETE FROM {pulse}slices WHERE run = $1 AND slice IN (SELECT slice FROM "
                                   "{pulse}slices WHERE run = $1 ORDER BY slice LIMIT $2)",
                                   {id, room}));
        if (runs + slices >= retention_.rows_at_once) break;
        runs += TRY(connection.execute("DELETE FROM {pulse}runs WHERE id = $1", {id}));
        ++at;
      }
      return {};
    }));
    ++transactions_;
    next = at;
    purged_.runs += runs;
    purged_.slices += slices;
    return runs + slices;
  }

  Result<void> slots() {
    return keyed(
        "SELECT collector, slot FROM {pulse}schedule_slots AS old WHERE updated_at < $1 AND state IN "
        "('done', 'missed') AND EXISTS (SELECT 1 FROM {pulse}schedule_slots AS newer WHERE "
        "newer.collector = old.collector AND newer.slot > old.slot)",
        "collector", "slot", "{pulse}schedule_slots", "state IN ('done', 'missed') AND updated_at < $3",
        runs_before_, purged_.slots);
  }

  Result<void> quarantine() {
    return keyed("SELECT collector, fingerprint FROM {pulse}quarantine WHERE last_seen < $1", "collector",
                 "fingerprint", "{pulse}quarantine", "last_seen < $3", quarantine_before_,
                 purged_.quarantine);
  }

  // Of partitions that nobody collects any more. A cursor with a position stays: without it all would be
  // collected anew.
  Result<void> answers() {
    const std::string old = "high_water IS NULL AND covered_until IS NULL AND updated_at < ";
    return keyed("SELECT collector, partition FROM {pulse}cursors WHERE " + old + "$1", "collector",
                 "partition", "{pulse}cursors", old + "$3", runs_before_, purged_.answers);
  }

  // Rows of a key of two columns, in its order, so that one way through the table finds all. Those that
  // somebody else is changing are left out: who waits for nobody is in nobody's way for long.
  Result<void> keyed(const std::string& search, std::string_view first, std::string_view second,
                     std::string_view table, std::string_view condition, const std::string& before,
                     std::int64_t& count) {
    const std::string key = fmt::format("{}, {}", first, second);
    const std::string order = fmt::format(" ORDER BY {} LIMIT {}", key, retention_.rows_at_once);
    Key last;
    for (;;) {
      const auto keys = last.empty() ? TRY(read(search + order, {before}))
                                     : TRY(read(fmt::format("{} AND ({}) > ($2, $3){}", search, key, order),
                                                {before, last[0], last[1]}));
      if (keys.empty() || !goes_on()) return {};
      std::int64_t gone = 0;
      TRY(session_.transact(Access::write, stop_, [&](Connection& connection) -> Result<void> {
        gone = 0;
        const std::string sql = fmt::format(
            "DELETE FROM {0} WHERE ({1}) IN (SELECT {1} FROM {0} WHERE {2} = $1 AND {3} = $2 AND {4}{5})",
            table, key, first, second, condition, connection.dialect().skip_locked());
        for (const Key& it : keys) gone += TRY(connection.execute(sql, {it[0], it[1], before}));
        return {};
      }));
      ++transactions_;
      count += gone;
      last = keys.back();
    }
  }

  store::Session& session_;
  const Retention& retention_;
  const std::stop_token stop_;
  const std::string runs_before_, quarantine_before_, cycles_since_;
  std::int64_t transactions_ = 0;
  Purged purged_;
};

}  // namespace

Result<Purged> purge(store::Session& session, base::Clock& clock, const Retention& retention,
                     std::stop_token stop) {
  return Purge(session, clock, retention, std::move(stop)).all();
}

}  // namespace collect
