// What `pulse run` does, turn by turn: starts the runs of slots that are due, and those that somebody asks
// for, within the number of workers; writes down what was missed; knows from the ledger what became of each
// (SC3, SC4). The runs themselves are somebody else's: launch() hands them out, ended() takes them back. So
// months pass in a test in seconds.
//
//   Scheduler scheduler({.database = store, .clock = clock, …, .launch = …}, roster, board);
//   scheduler.turn();
//   sleep for scheduler.rest(), until a run has ended or somebody asks for one; then the next turn
//
// A database that does not answer stops nothing but the planning, until it does (SS3): nothing that was
// decided is forgotten. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "collect/history.hpp"
#include "collect/run.hpp"
#include "keeper/board.hpp"
#include "keeper/roster.hpp"
#include "schedule/planner.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace keeper {

// A run to be made, on another thread.
struct Launch {
  std::uint64_t id = 0;
  std::shared_ptr<const config::Collector> collector;
  collect::RunOptions options;
  std::stop_token stop;
};

// What somebody asks for, by hand.
struct Request {
  std::shared_ptr<const config::Collector> collector;
  collect::RunOptions options;
  base::SteadyTime deadline{};  // if it cannot begin by then, it does not
  std::stop_token stop;         // whoever asked is gone, or changed his mind
  // On the scheduler's thread. Nothing: the scheduler stops, or whoever asked is gone. A report that is
  // `busy`: it could not begin in time, and run.error says what was in its way.
  std::function<void(const std::optional<collect::RunReport>&)> on_end;
};

struct SchedulerParts {
  store::Database& database;
  base::Clock& clock;
  telemetry::Log& log;
  telemetry::Metrics& metrics;
  std::function<void(Launch)> launch;
  std::stop_token stop{};  // nobody waits for the store any longer
  std::size_t workers = 16;
};

class Scheduler {
 public:
  Scheduler(SchedulerParts parts, Roster roster, Board& board);
  ~Scheduler();

  void turn();
  base::Duration rest() const;  // how long nothing will be due; a minute at most, for clocks that are set

  void ended(std::uint64_t id, const collect::RunReport& report);
  void request(Request request);
  void renew(Roster roster);                   // after a reload; runs under way go on
  void host_is_back(const std::string& host);  // what waits for it is tried now, not at its next rung (RT9)
  void look_around();  // what others that share the database did, and which of them died
  void stop();         // every run; nothing begins any more
  void record_ends();  // those that the store did not take yet; once more, and not for long
  const Roster& roster() const { return roster_; }
  std::size_t running() const { return active_.size(); }
  bool knows_all() const { return planner_ != nullptr && first_read_.empty(); }  // the ledger was read
  bool store_answers() const { return !store_silent_since_; }                    // when it was asked last

 private:
  struct Active {
    std::string name;
    std::stop_source stop;
    std::shared_ptr<Request> request;  // by hand
    std::unique_ptr<std::stop_callback<std::function<void()>>> forward;
  };
  struct HoldOff {
    base::SteadyTime until;
    std::string refused;  // by the store, because of this; empty: others are at it
  };

  using LedgerWork = std::function<base::Result<void>(store::Session&, std::stop_token)>;
  base::Result<void> with_ledger(const LedgerWork& work);
  base::Result<void> with_ledger(base::Duration patience, const std::stop_token& stop,
                                 const LedgerWork& work);

  bool catch_up();
  base::Result<void> finish_ends(store::Session& session, const std::stop_token& stop);
  base::Result<void> write_missed(store::Session& session, const std::stop_token& stop);
  base::Result<void> read_news(store::Session& session, const std::stop_token& stop);
  void set(std::size_t member, const collect::Past& past);
  void plan();
  void start(const schedule::Plan::Start& start);
  void start_requests(bool can_begin);
  bool is_active(const std::string& name) const { return active_names_.contains(name); }
  bool group_is_busy(const std::string& group) const;
  void launch(std::shared_ptr<const config::Collector> collector, collect::RunOptions options,
              std::shared_ptr<Request> request);
  void watch_clock();
  std::string forget_own(std::uint64_t id);  // the run's id, if it is on record
  void judge();
  void say_what_stays();
  void forget_metrics();
  void say_store(const base::Error& error);
  void say_held_back(const std::string& name, std::optional<base::WallTime> until);
  void not_begun(const std::string& name, const collect::RunReport& report);
  void say_refused();
  std::optional<base::WallTime> begin_after(const std::string& name) const;

  SchedulerParts parts_;
  Roster roster_;
  Board& board_;
  std::unique_ptr<schedule::Planner> planner_;
  std::map<std::uint64_t, Active> active_;
  std::multiset<std::string> active_names_;
  std::uint64_t next_id_ = 0;
  std::deque<std::shared_ptr<Request>> requests_;
  bool stopping_ = false;

  std::set<std::string> news_;                       // collectors to be read again
  std::map<std::string, HoldOff> hold_off_;          // could not begin
  std::map<std::string, base::WallTime> gave_way_;   // the slot of a run that was cancelled for the next one
  std::map<std::string, collect::Past> first_read_;  // until all were read once
  std::map<std::uint64_t, std::string> own_runs_;    // on record and under way, by launch; guarded
  std::mutex own_runs_mutex_;
  struct Quiet {
    schedule::Condition condition;
    base::SteadyTime until;
    std::string why;
  };
  std::set<std::string> measured_;                   // collectors with metrics
  std::map<std::string, Quiet> found_so_;            // conditions that were there when we came
  std::map<std::string, base::WallTime> held_back_;  // and that was said
  std::vector<collect::MissedSlots> missed_;         // not written down yet
  std::vector<collect::RunReport> unfinished_;       // runs whose end is not on record yet
  std::optional<base::SteadyTime> store_silent_since_;
  base::SteadyTime ask_store_at_{};
  std::optional<base::WallTime> looked_around_at_;
  std::optional<std::pair<base::WallTime, base::SteadyTime>> last_turn_;
};

}  // namespace keeper
