// What a run does between its first and its last row in the ledger: plans partitions and windows, leaves out
// what earlier runs of its cycle have committed, loads slice by slice, and says how it ended.
//
//   Work work(parts, collector, options, report, deadline, logger);
//   Result<void> done = work.perform(stop);       // or rehearse(stop), for a dry run
//   if (!done) work.fail(done.error(), stopped);
//
// Belongs to one thread; what it is made of must outlive it.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "collect/desk.hpp"
#include "collect/loader.hpp"
#include "collect/patience.hpp"
#include "collect/plan.hpp"
#include "collect/run.hpp"
#include "collect/tally.hpp"
#include "collect/windows.hpp"

namespace collect {

class Work {
 public:
  Work(const RunnerParts& parts, const config::Collector& collector, const RunOptions& options,
       RunReport& report, base::SteadyTime deadline, const telemetry::Logger& logger);

  base::Result<void> perform(std::stop_token stop);
  base::Result<void> rehearse(std::stop_token stop);  // everything but the databases

  // `stopped`: by our caller; a run stops itself at its deadline. A lost run stays lost.
  void fail(const base::Error& error, bool stopped);

 private:
  static std::shared_ptr<http::Opening> opening_of(const RunOptions& options);
  http::FetchOptions fetch_options();
  template <class Task>  // Result<T>(Desk&, bool again, bool& of_database)
  std::invoke_result_t<Task, Desk&, bool, bool&> at_desk(const std::stop_token& stop, const Task& task);
  base::Result<void> open_desk(std::stop_token stop);
  void close_desk();

  base::Result<void> load_all(std::stop_token stop);
  base::Result<std::vector<Partition>> plan(Planner& planner, const std::stop_token& stop);
  base::Result<void> load_together(const std::vector<Partition>& partitions, const std::stop_token& stop);
  base::Result<void> load_apart(const Planner& planner, const std::vector<Partition>& partitions,
                                const std::stop_token& stop);
  base::Result<void> load_partition(const Planner& planner, const Partition& partition,
                                    const std::stop_token& stop);
  base::Result<void> load_slice(const std::string& name, const std::vector<Unit>& units, Standing& state,
                                const std::stop_token& stop);
  base::Result<SliceEnd> load_once(const std::string& name, const std::vector<Unit>& units, Standing& state,
                                   const std::stop_token& stop);
  base::Result<std::optional<SliceEnd>> committed_before(Desk& desk, const std::string& name,
                                                         const std::vector<Unit>& units, bool not_modified,
                                                         Standing& state, const std::stop_token& stop);
  base::Result<std::vector<bool>> find_done(const Planner& planner, const std::vector<Partition>& partitions,
                                            const std::stop_token& stop);
  base::Result<bool> may_recognise_answers(Desk& desk, std::stop_token stop) const;
  base::Result<void> read_states(Desk& desk, std::stop_token stop);
  base::Result<bool> may_be_empty(Ledger& ledger, std::stop_token stop) const;
  bool loads_together() const;
  void warn_of(const SliceEnd& end, const std::string& name) const;
  void say_what_was_dropped() const;
  void explain_empty();
  void warn_of_database(const base::Error& error, base::Duration next);
  void show(const Progress& progress) const;

  const RunnerParts& parts_;
  const config::Collector& collector_;
  const RunOptions& options_;
  RunReport& report_;
  const base::SteadyTime deadline_;
  const telemetry::Logger& logger_;
  const Patience patience_;
  const std::shared_ptr<http::Opening> opening_;
  std::unique_ptr<Desk> desk_;
  std::unique_ptr<Loader> rehearsal_;       // of a dry run
  std::map<std::string, Standing> states_;  // by partition
  bool recognises_ = false;                 // answers of earlier runs
  Ledger::Cycle cycle_;
  Tally tally_;
  std::int64_t dropped_ = 0;
  std::uint64_t duplicate_keys_ = 0;
  std::string database_error_;  // the last one, until all is well again
  std::optional<base::SteadyTime> database_warned_at_;
  bool retrying_ = false;   // the next attempt repeats one that failed
  bool of_server_ = false;  // a database may be gone for a while
};

}  // namespace collect
