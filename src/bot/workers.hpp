// Runs the jobs of the queue: one thread claims for all and keeps the leases, each job has a thread of its
// own from a bounded number. Every job that is claimed ends in exactly one of: its result in the outbox,
// together with the end of the job; back in the queue, as if it had not been claimed (stop); or in other
// hands, because its lease was lost, and then it writes nothing (QU5).
//
//   Workers workers(database, clock, rng, analyst, options);
//   workers.run(no_more, now);      // `no_more`: no new claims; returns when the running ones have ended,
//                                   // which `now` hurries
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/rng.hpp"
#include "bot/analyst.hpp"
#include "jobs/queue.hpp"
#include "store/database.hpp"

namespace bot {

// What became of a job: for metrics and the log.
struct JobEnd {
  std::string kind;
  std::string outcome;  // done, failed, dead, expired, returned, lost
  base::Duration waited{}, took{};
  std::string error{};
  std::optional<base::Code> fault{};  // of failed and dead: what the user's sentence speaks of
};

struct WorkersOptions {
  jobs::QueueOptions queue{};
  std::string owner{};
  int workers = 8;
  base::Duration run_time{std::chrono::minutes{2}};  // of one job
  base::Duration look_every{std::chrono::milliseconds{200}};
  std::function<std::string(const std::string&)>
      redact{};                        // errors, before they are kept; empty: as they are
  std::function<void()> on_message{};  // something is in the outbox
  std::function<void(const JobEnd&)> on_end{};
  std::function<void(const std::string&)> on_trouble{};
};

class Workers {
 public:
  Workers(store::Database& database, base::Clock& clock, base::Rng rng, Analyst& analyst,
          WorkersOptions options);
  ~Workers();
  void run(std::stop_token no_more, std::stop_token now);
  void wake();  // there may be something to claim
  int running() const;

 private:
  struct Task;
  void look(const std::stop_token& stop);
  void keep_leases(const std::stop_token& stop);
  void work(Task& task);
  void end(Task& task, base::Result<std::vector<View>> result);
  void finish(Task& task, const jobs::Ending& ending, const View& view, std::string outcome);
  enum class Written { yes, lost, no, never };  // never: however often it is tried
  Written try_finish(Task& task, const jobs::Ending& ending, const View* view, bool as_new);
  void give_back(Task& task);
  Written persist(Task& task, std::string_view what, const store::Work& work);
  void tell(const Task& task, std::string outcome, std::string error = {});
  void report_progress(Task& task, std::size_t done, std::size_t total);
  base::Result<int> minimum_confidence(std::int64_t user, std::stop_token stop);
  base::Duration delay_after(unsigned failures);

  store::Database& database_;
  base::Clock& clock_;
  std::mutex rng_mutex_;
  base::Rng rng_;
  Analyst& analyst_;
  const WorkersOptions options_;
  std::vector<jobs::Claim> doubtful_;  // of commits whose outcome is unknown; for run()'s thread

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = true;
  // By job and token: one whose lease was lost may be claimed again while it still runs here.
  std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<Task>> tasks_;
  base::SteadyTime looked_for_overdue_{};
};

}  // namespace bot
