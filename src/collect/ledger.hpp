// The audit trail: owner of the tables runs, slices, quarantine and cursors (migrations/000*_collect_*.sql).
// One row a run, written when it begins and when it ends; one row a slice and one cursor a partition, written
// in the transaction that commits the rows.
//
// Threads: a Ledger belongs to one thread at a time; each call that takes a stop token is a transaction of
// its own.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "collect/mapper.hpp"
#include "collect/outcome.hpp"
#include "store/database.hpp"

namespace collect {

struct RunFilter {
  std::string collector;  // empty: all
  std::optional<base::WallTime> started_since;
  std::int64_t limit = 20;  // newest first
};

// A part of a run that is committed on its own (CO1).
struct SliceRecord {
  std::string name;       // unique in its run
  std::string partition;  // "" if there are none
  std::optional<base::WallTime> window_start, window_end;
  Counts counts;  // its own
};

// How far a partition has come, and how its last answer is recognised (CO5, CO12). Empty texts: not known.
struct CursorRecord {
  std::string collector, partition;
  std::string high_water;                       // in the format of the collector's cursor
  std::optional<base::WallTime> covered_until;  // end of the last window
  std::string etag, last_modified, content_hash;
  std::string definition;  // of the collector then: if it is another now, the three before are void
  std::string run;
  base::WallTime updated_at{};  // set by save_cursor()
};

struct RecordHistory {
  std::optional<base::WallTime> last_with_records;  // when the newest run that got some began
  std::optional<base::WallTime> first_run;          // when the oldest run on record began
};

class Ledger {
 public:
  Ledger(store::Session& session, base::Clock& clock) : session_(session), clock_(clock) {}

  base::Result<void> begin(const RunRecord& run, std::stop_token stop);   // state `running`
  base::Result<void> finish(const RunRecord& run, std::stop_token stop);  // the final row

  // What an earlier process left `running`. The caller holds the store's lock, so nobody works on these any
  // more. Their counts become those of the slices they committed. Returns them as they are on record then,
  // oldest first.
  base::Result<std::vector<RunRecord>> mark_lost(std::stop_token stop);

  // unavailable, in words for people, if the database holds no ledger.
  base::Result<void> check_present(store::Database& database, std::stop_token stop);

  // When the last run that loaded everything ended.
  base::Result<std::optional<base::WallTime>> last_success(std::string_view collector, std::stop_token stop);

  // The run that asks is among them.
  base::Result<RecordHistory> last_records(std::string_view collector, std::stop_token stop);

  // By partition.
  base::Result<std::vector<CursorRecord>> cursors(std::string_view collector, std::stop_token stop);

  base::Result<std::vector<RunRecord>> list(const RunFilter& filter, std::stop_token stop);
  // For a commit whose answer was lost.
  base::Result<bool> is_committed(std::string_view run, std::string_view slice, std::stop_token stop);

  // Inside the slice's transaction:
  base::Result<void> commit_slice(store::Connection& connection, const RunRecord& run,
                                  const SliceRecord& slice);
  base::Result<void> commit_slice(store::Connection& connection, const RunRecord& run,
                                  std::string_view slice);  // the only one: it has the run's counts
  base::Result<void> save_cursor(store::Connection& connection, const CursorRecord& cursor);
  base::Result<void> quarantine(store::Connection& connection, const RunRecord& run,
                                const std::vector<BadRecord>& records);

 private:
  store::Session& session_;
  base::Clock& clock_;
};

}  // namespace collect
