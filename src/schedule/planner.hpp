// What is due, for all collectors of a daemon. due() looks only at those whose time has come or whose state
// has changed: ten thousand that sleep cost nothing.
//
//   Planner planner(entries, states);
//   Plan plan = planner.due(now, free_workers);        // then: claim the slots, write down the missed ones
//   sleep until planner.next_wake(), a run's end, or a minute has passed
//   planner.update(i, after_run(planner.entry(i), planner.state(i), end, rng));
//
// The minute is for the wall clock, which may be set forward while the daemon sleeps; that it was set back,
// due() notices. One thread at a time. Entries are named by their index.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "schedule/decision.hpp"

namespace schedule {

struct Plan {
  struct Start {
    std::size_t entry;
    WallTime slot;
    bool again;                      // a new try of a slot that was claimed before
    std::optional<WallTime> try_at;  // again: as the ledger says it
  };
  struct Missed {
    std::size_t entry;
    WallTime first, last;  // and all slots between: Timetable::between()
    MissedReason reason;
  };
  struct GaveUp {
    std::size_t entry;
    WallTime slot;
  };
  std::vector<Start> starts;  // the greatest priority first, then what is due longest
  std::vector<Missed> missed;
  std::vector<GaveUp> gave_up;       // slots that failed and get no further try, for the next one begins
  std::vector<std::size_t> cancels;  // runs under way that make room for the next one
};

class Planner {
 public:
  // One state for each entry.
  Planner(std::vector<Entry> entries, std::vector<State> states);

  // At most `room` starts, and of a group one at a time, runs by hand included; what finds no room or its
  // group taken stays due. What is planned counts as done: a start as a run under way, until update() says
  // otherwise.
  Plan due(WallTime now, std::size_t room);

  // When due() will have something new, unless an update comes first; in the past: at once. Nothing: only
  // then.
  std::optional<WallTime> next_wake() const;
  std::size_t ready() const { return ready_.size(); }  // due, without room or with its group taken

  const Entry& entry(std::size_t i) const { return entries_[i]; }
  const State& state(std::size_t i) const { return states_[i]; }
  // A run has ended, a slot was claimed elsewhere, somebody runs it by hand: what the ledger says now.
  void update(std::size_t i, const State& state);

 private:
  using Ready = std::tuple<int, WallTime, std::size_t>;  // -priority, due since, entry

  Upstream upstream(std::size_t i, WallTime now) const;
  Decision decision(std::size_t i, WallTime now) const;
  void look(std::size_t i, WallTime now, Plan& plan);
  void carry_out(std::size_t i, const Decision& decision, WallTime now, Plan& plan);
  void look_again(std::size_t i, std::optional<WallTime> time);
  void set_aside(std::size_t i);
  template <class Change>
  void change_state(std::size_t i, Change change);  // the one way to begin or end a run: groups are counted

  std::vector<Entry> entries_;
  std::vector<State> states_;
  std::vector<std::vector<std::size_t>> upstreams_, dependents_;
  std::vector<std::size_t> group_;             // of each entry; the first stands for "none"
  std::vector<std::size_t> running_in_group_;  // how many runs are under way
  std::vector<std::optional<WallTime>> wake_;
  std::vector<std::optional<Ready>> ready_key_;
  std::set<std::pair<WallTime, std::size_t>> wakes_;
  std::set<Ready> ready_;
  std::optional<WallTime> last_now_{};
};

// What is wrong with the `after` of these entries: a name that is not there, a circle. Nothing: all is well.
std::optional<std::string> order_fault(const std::vector<Entry>& entries);

}  // namespace schedule
