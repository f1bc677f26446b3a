// What one collector should do now: start the run of a slot, leave slots out, cancel a run, or wait
// (semantics SC1, SC3, RT10). Pure: what the file says (Entry), what the ledger says (State) and the time
// decide.
//
//   Decision d = decide(entry, state, upstream, now);
//
// A slot is claimed once: last_slot only grows, so no wall clock brings a slot back. Planner (planner.hpp)
// does this for many collectors.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "schedule/recovery.hpp"
#include "schedule/timetable.hpp"

namespace schedule {

enum class RecoverMissed { last, all, none };
enum class Overlap { skip, queue, cancel };
enum class OnUpstreamFailure { skip, run };

// What the collector's file says.
struct Entry {
  std::string name;
  std::optional<Timetable> timetable{};  // nothing: only by hand
  bool enabled = true;
  base::Duration splay{};
  RecoverMissed recover_missed = RecoverMissed::last;
  std::optional<base::Duration> late_maximum_delay{};
  Overlap overlap = Overlap::skip;
  int priority = 0;     // the greater goes first
  std::string group{};  // of those with the same one runs at a time; empty: none
  std::vector<std::string> after;
  OnUpstreamFailure on_upstream_failure = OnUpstreamFailure::skip;
  std::optional<std::chrono::minutes> deadline{};  // time of day in the timetable's zone

  base::Duration offset() const { return splay_of(name, splay); }
};

// A slot whose run has ended and which still owes a success.
struct OpenSlot {
  WallTime slot;
  WallTime first_failed;
  WallTime try_at;
  bool on_ladder =
      false;  // else interrupted: its time is exact, and with recover_missed: all it keeps its turn
  std::optional<WallTime> sooner{};  // what it waits for is over: try it then; not for the ledger
};

// What the ledger says.
struct State {
  std::optional<WallTime> last_slot{};  // the newest one that was claimed or missed; nothing: it never ran
  struct Running {
    WallTime slot;  // of a run by hand: when it began
    WallTime began;
  };
  std::optional<Running> running{};
  std::optional<OpenSlot> open{};
  std::optional<WallTime>
      not_before;       // nothing starts earlier: a rate limit, a collector held back after crashes
  bool failed = false;  // the last run that ended is nothing to build on
  std::optional<WallTime>
      seen_due{};           // a slot waits since then, for something of our own; not for the ledger
  bool cancelling = false;  // the run under way has been told to stop; not for the ledger
};

enum class MissedReason {
  superseded,  // recover_missed: last, and a newer slot was due as well
  not_wanted,  // recover_missed: none
  too_late,    // late_maximum_delay
  overlap,     // the run before was still going
  upstream     // what it builds on has failed
};

struct Decision {
  struct Start {
    WallTime slot;
    bool again = false;                // a new try of a slot that was claimed before
    std::optional<WallTime> try_at{};  // again: as the ledger says it
  };
  struct Missed {
    WallTime first, last;  // these and all slots between them
    MissedReason reason;
  };
  std::optional<Start> start{};
  std::optional<Missed> missed{};     // older than `start`
  std::optional<WallTime> gave_up{};  // an open slot that gets no further try, because another one starts
  bool cancel = false;                // the run under way
  bool waiting = false;               // a slot is due, and something of our own keeps it
  // Without start, missed and cancel: when to ask again, if nothing happens before. After those, apply() and
  // ask at once.
  std::optional<WallTime> look_again{};
  bool acts() const { return start || missed || cancel; }
};

// The runs of `after`, as they stand for the slot in question.
struct Upstream {
  bool settled = true;  // none of them is going, tried again or due
  bool failed = false;  // one of them is nothing to build on
};

// On time is what starts at most this much after its slot; recover_missed is about what does not.
inline constexpr std::chrono::seconds misfire_threshold{60};

Decision decide(const Entry& entry, const State& state, const Upstream& upstream, WallTime now);

// The slot that would start next, if one is due.
std::optional<WallTime> pending_slot(const Entry& entry, const State& state, WallTime now);

// No slot up to this one is going, is tried again or is still to come.
bool is_settled(const Entry& entry, const State& state, WallTime slot);

// State after what was decided.
void apply(const Decision& decision, State& state, WallTime now);

struct RunEnd {
  Outcome outcome = Outcome::success;
  std::optional<FailureType> failure_type{};
  std::optional<WallTime> first_failed{};  // its first request that failed
  WallTime began{}, ended{};
  std::optional<WallTime> retry_at{};  // rate_limited: when the other side allows the next request
};

// State after a run. `max_retry_after` bounds retry_at: what is longer waits for the next slot, which probes
// (RT3).
State after_run(const Entry& entry, State state, const RunEnd& end, base::Rng& rng,
                base::Duration max_retry_after = std::chrono::hours{24});

}  // namespace schedule
