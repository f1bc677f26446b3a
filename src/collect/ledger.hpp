// The audit trail: owner of the tables runs, slices, quarantine and cursors (migrations/000*_collect_*.sql).
// One row a run, written when it begins and when it ends; one row a slice and one cursor a partition, written
// in the transaction that commits the rows.
//
// A running row is its process's hold on the collector: there is one at a time. On a server it is a lease,
// to be renewed by hold(); whoever finds one that has passed marks it lost, and its process commits no more.
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
#include "collect/slots.hpp"
#include "store/database.hpp"

namespace collect {

struct RunFilter {
  std::string collector;  // empty: all
  std::optional<base::WallTime> started_since;
  std::int64_t limit = 20;  // newest first
};

// A part of a run that is committed on its own (CO1).
struct SliceRecord {
  bool open = false;      // its rows are committed, but are not all there are: it is to be fetched again
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

// A slice with the cursor that goes with it, as one transaction commits them.
struct Load {
  std::string run;
  SliceRecord slice;
  std::optional<CursorRecord> cursor;  // if it moved
};

struct RecordHistory {
  // When the newest run that got some began, or was told that they are still the same.
  std::optional<base::WallTime> last_with_records;
  std::optional<base::WallTime> first_run;  // when the oldest run on record began
};

inline constexpr std::chrono::seconds run_lease{30};
inline constexpr std::chrono::hours resumable_for{24};  // no cycle lasts longer

class Ledger {
 public:
  Ledger(store::Session& session, base::Clock& clock) : session_(session), clock_(clock) {}

  // State `running`. It joins the cycle of the run before (run.cycle) if that one, of the same definition,
  // left something open and showed life since then; nothing: in no case. The same twice is once. conflict:
  // another process is at it, and the message says which.
  base::Result<void> begin(RunRecord& run, std::optional<base::WallTime> resumable_since,
                           std::stop_token stop);
  // The final row, and what becomes of its slot; the same twice is once. False: somebody else has ended it,
  // for it was taken for dead.
  base::Result<bool> finish(const RunRecord& run, const std::optional<schedule::OpenSlot>& open,
                            std::stop_token stop);
  // Of each, whether it is on record now; if not, another process has claimed or missed one of these slots.
  base::Result<std::vector<bool>> miss(const std::vector<MissedSlots>& missed, std::stop_token stop);
  // Renews the lease; false: the run was marked lost, and is nobody's any more. Inside the slice's
  // transaction it keeps others from marking it until the end of that.
  base::Result<bool> hold(store::Connection& connection, const RunRecord& run);

  // The runs whose process left them `running`: whose lease has passed, or, where one process has the
  // database, all. Their counts become those of the slices they committed, their slots are due again. Returns
  // them as they are on record then, oldest first. `except`: ids of runs that the caller knows to be alive.
  base::Result<std::vector<RunRecord>> mark_lost(std::stop_token stop,
                                                 const std::vector<std::string>& except = {});

  struct Cycle {
    base::WallTime started_at{};
    std::vector<SliceRecord> committed;  // by all its runs
  };
  base::Result<Cycle> cycle(const RunRecord& run, std::stop_token stop);
  base::Result<void> leave_cycle(RunRecord& run, std::stop_token stop);  // it becomes the first of its own

  // unavailable, in words for people, if the database holds no ledger.
  base::Result<void> check_present(store::Database& database, std::stop_token stop);

  // When the last run that loaded everything ended.
  base::Result<std::optional<base::WallTime>> last_success(std::string_view collector, std::stop_token stop);

  // The run that asks is among them.
  base::Result<RecordHistory> last_records(std::string_view collector, std::stop_token stop);

  // By partition.
  base::Result<std::vector<CursorRecord>> cursors(std::string_view collector, std::stop_token stop);

  base::Result<std::vector<RunRecord>> list(const RunFilter& filter, std::stop_token stop);
  // For a commit whose answer was lost: nothing, if it never happened.
  base::Result<std::optional<SliceRecord>> find_slice(std::string_view run, std::string_view slice,
                                                      std::stop_token stop);

  // A slice that another database holds already (CO2): recorded with its cursor unless it is known, or its
  // run is not.
  base::Result<void> adopt(const Load& load, std::stop_token stop);

  // Inside the slice's transaction:
  base::Result<void> commit_slice(store::Connection& connection, const RunRecord& run,
                                  const SliceRecord& slice);
  base::Result<void> save_cursor(store::Connection& connection, const CursorRecord& cursor);
  base::Result<void> quarantine(store::Connection& connection, const RunRecord& run,
                                const std::vector<BadRecord>& records);

 private:
  base::Result<void> claim_slot(store::Connection& connection, RunRecord& run);
  base::Result<void> in_the_way(store::Connection& connection, const RunRecord& run) const;

  store::Session& session_;
  base::Clock& clock_;
};

}  // namespace collect
