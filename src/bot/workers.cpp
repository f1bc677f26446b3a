#include "bot/workers.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/check.hpp"
#include "bot/intake.hpp"
#include "bot/settings.hpp"
#include "bot/views.hpp"
#include "outbox/outbox.hpp"
#include "resilience/backoff.hpp"
#include "resilience/deadline.hpp"

namespace bot {
namespace {

using base::Code;
using base::Result;
using outbox::Priority;
using store::Access;
using store::Connection;
using How = jobs::Ending::How;
using namespace std::chrono_literals;

constexpr std::chrono::seconds lease_time{3}, lease_renewal{1};  // ledger: a job's lease
constexpr base::Duration progress_every = 3s;                    // edits are messages, too
constexpr base::Duration soundless = 15s;                        // TG4: after this the user has looked away
constexpr base::Duration pause_after_crash = 5s;
constexpr unsigned conflicts_borne = 5;  // a lock passes; a message that is gone does not come back
constexpr base::Duration overdue_every = 5s;
constexpr base::Duration answer_within = 30s;  // of the database, for one try
constexpr base::Duration write_within = 5s;    // once a stop was asked for
const resilience::Backoff patience{.base = 200ms, .cap = 5s, .jitter = resilience::Jitter::equal};

}  // namespace

struct Workers::Task {
  jobs::Job job;
  base::SteadyTime began{};
  std::stop_source stop{};
  bool lost = false;  // under mutex_: the lease has gone to somebody else
  bool over = false;  // under mutex_: the thread can be joined
  base::SteadyTime told_progress{};
  std::optional<base::Code> fault{};  // that the user is told of
  std::jthread thread{};              // last: it uses the rest
};

Workers::Workers(store::Database& database, base::Clock& clock, base::Rng rng, Analyst& analyst,
                 WorkersOptions options)
    : database_(database), clock_(clock), rng_(rng), analyst_(analyst), options_(std::move(options)) {}
Workers::~Workers() = default;

void Workers::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

int Workers::running() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(tasks_.size());
}

void Workers::run(std::stop_token no_more, std::stop_token now) {
  std::jthread keeper([this](const std::stop_token& stop) { keep_leases(stop); });
  const std::stop_callback hurry(now, [this] {
    const std::lock_guard lock(mutex_);
    for (auto& [id, task] : tasks_) task->stop.request_stop();
    changed_.notify_all();
  });
  const auto reap = [this](std::unique_lock<std::mutex>& lock) {
    std::vector<std::unique_ptr<Task>> gone;
    for (auto task = tasks_.begin(); task != tasks_.end();)
      if (task->second->over) {
        gone.push_back(std::move(task->second));
        task = tasks_.erase(task);
      } else {
        ++task;
      }
    lock.unlock();
    gone.clear();  // joins
    lock.lock();
  };
  const auto any_over = [this] {
    return std::any_of(tasks_.begin(), tasks_.end(), [](const auto& task) { return task.second->over; });
  };
  std::unique_lock lock(mutex_);
  while (!no_more.stop_requested()) {
    reap(lock);
    woken_ = false;
    if (tasks_.size() < static_cast<std::size_t>(options_.workers)) {
      lock.unlock();
      look(no_more);
      lock.lock();
    }
    changed_.wait_for(lock, no_more, options_.look_every, [&] { return woken_ || any_over(); });
  }
  // What was claimed while the hurry came has not heard of it.
  if (now.stop_requested())
    for (auto& [id, task] : tasks_) task->stop.request_stop();
  while (!tasks_.empty()) {
    changed_.wait(lock, any_over);
    reap(lock);
  }
}

// Claims as many as there are hands free.
void Workers::look(const std::stop_token& stop) {
  const int free = options_.workers - running();
  std::vector<jobs::Job> claimed;
  const base::SteadyTime now = clock_.steady();
  const bool looks_for_overdue = now >= looked_for_overdue_ + overdue_every;
  if (looks_for_overdue) looked_for_overdue_ = now;
  const auto session = database_.session(stop);
  Result<void> done =
      session ? (*session)->transact(
                    Access::write, stop,
                    [&](Connection& c) -> Result<void> {
                      if (c.dialect().is_server())
                        TRY(jobs::recover(c, options_.queue, false));
                      else
                        TRY(jobs::give_back(c, doubtful_, false));
                      if (looks_for_overdue) TRY(jobs::put_overdue_first(c, options_.queue));
                      claimed = TRY(jobs::claim(c, options_.queue, options_.owner, free, lease_time));
                      return {};
                    })
              : Result<void>(session.error());
  if (!done) {
    // If it was committed all the same, a server ends the leases; elsewhere nobody else would.
    for (const jobs::Job& job : claimed) doubtful_.push_back(job.claim);
    if (!stop.stop_requested()) {
      options_.on_trouble("claiming jobs: " + done.error().message);
      clock_.sleep_for(1s, stop);
    }
    return;
  }
  doubtful_.clear();
  const std::lock_guard lock(mutex_);
  for (jobs::Job& job : claimed) {
    auto task = std::make_unique<Task>();
    task->job = std::move(job);
    task->began = clock_.steady();
    Task& running = *task;
    tasks_[{running.job.claim.id, running.job.claim.token}] = std::move(task);
    running.thread = std::jthread([this, &running] {
      work(running);
      const std::lock_guard over(mutex_);
      running.over = true;
      changed_.notify_all();
    });
  }
  if (!claimed.empty()) woken_ = true;
}

// From a session of its own, so that no long transaction lets a lease pass (QU5). Also while draining.
void Workers::keep_leases(const std::stop_token& stop) {
  while (clock_.sleep_for(lease_renewal, stop)) {
    std::vector<jobs::Claim> ours, kept;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [id, task] : tasks_)
        if (!task->over) ours.push_back(task->job.claim);
    }
    if (ours.empty() || !database_.dialect().is_server()) continue;
    const auto session = database_.session(stop);
    if (!session) continue;
    const auto renewed = (*session)->transact(Access::write, stop, [&](Connection& c) -> Result<void> {
      kept = TRY(jobs::renew(c, ours, lease_time));
      return {};
    });
    if (!renewed) continue;  // the next time; whether it was too late is seen at the job's end
    const std::lock_guard lock(mutex_);
    for (const jobs::Claim& claim : ours) {
      const auto task = tasks_.find({claim.id, claim.token});
      const bool held = std::any_of(kept.begin(), kept.end(), [&](const jobs::Claim& other) {
        return other.id == claim.id && other.token == claim.token;
      });
      if (held || task == tasks_.end()) continue;
      task->second->lost = true;
      task->second->stop.request_stop();
    }
  }
}

void Workers::tell(const Task& task, std::string outcome, std::string error) {
  if (!options_.on_end) return;
  options_.on_end({.kind = task.job.kind,
                   .outcome = std::move(outcome),
                   .waited = task.job.waited,
                   .took = clock_.steady() - task.began,
                   .error = std::move(error),
                   .fault = task.fault});
}

// ---- a job, on its own thread ----

void Workers::work(Task& task) {
  const jobs::Job& job = task.job;
  try {
    if (job.attempt > options_.queue.max_attempts) {
      finish(task, {job.claim, How::dead, "", "it was begun too often"}, gave_up(job.kind), "dead");
      return;
    }
    if (job.expired) {
      finish(task, {job.claim, How::failed, "", "it waited too long"}, too_late(job.kind), "expired");
      return;
    }
    const std::stop_token stop = task.stop.get_token();
    auto minimum = minimum_confidence(job.user, stop);
    if (!minimum) return end(task, std::move(minimum).error());
    end(task, analyst_.work({.kind = job.kind,
                             .payload = job.payload,
                             .minimum_confidence = *minimum,
                             .deadline = resilience::after(clock_.steady(), options_.run_time),
                             .on_progress = [&](std::size_t done,
                                                std::size_t total) { report_progress(task, done, total); }},
                            stop));
  } catch (const std::exception& error) {  // a bug of ours: it must not take the others along
    options_.on_trouble(std::string("a job threw: ") + error.what());
    end(task, base::error(Code::internal, "{}", error.what()));
  } catch (...) {
    options_.on_trouble("a job threw what is no exception of the standard library");
    end(task, base::error(Code::internal, "a job threw"));
  }
}

// A database that does not answer is ours to wait for, not the user's to be told. Errors: cancelled,
// internal.
Result<int> Workers::minimum_confidence(std::int64_t user, std::stop_token stop) {
  std::map<std::int64_t, UserSettings> found;
  for (unsigned failures = 0;; ++failures) {
    const auto session = database_.session(stop);
    const Result<void> done = session ? (*session)->transact(Access::read, stop,
                                                             [&](Connection& c) -> Result<void> {
                                                               found = TRY(load_settings(c, {&user, 1}));
                                                               return {};
                                                             })
                                      : Result<void>(session.error());
    if (done) return found[user].minimum_confidence;
    options_.on_trouble("reading settings: " + done.error().message);
    if (done.error().code == Code::internal || done.error().code == Code::invalid_data)
      return base::error(Code::internal, "the settings cannot be read: {}", done.error().message);
    if (!clock_.sleep_for(delay_after(failures), stop)) return base::error(Code::cancelled, "stopped");
  }
}

base::Duration Workers::delay_after(unsigned failures) {
  const std::lock_guard lock(rng_mutex_);
  return patience.delay(std::min(failures, 30U), {}, rng_);
}

void Workers::end(Task& task, Result<std::vector<View>> result) {
  const jobs::Job& job = task.job;
  if (result) {
    CHECK(!result->empty(), "a job that was done has something to show");
    std::string pages = result->size() > 1 ? write_views(*result) : "";
    if (pages.size() <= jobs::max_result) {
      const View first = page_of(*result, 0, job.claim.id);
      finish(task, {job.claim, How::done, std::move(pages), ""}, first, "done");
      return;
    }
    result = base::error(Code::internal, "the result has {} bytes, more than is kept", pages.size());
  }
  if (task.stop.stop_requested()) return give_back(task);
  const std::string said = options_.redact ? options_.redact(result.error().message) : result.error().message;
  if (result.error().code == Code::internal && !job.last_attempt) {
    options_.on_trouble("a job failed for a fault of ours and is tried again: " + said);
    return give_back(task);
  }
  const bool dead = result.error().code == Code::internal;
  task.fault = result.error().code;
  finish(task, {job.claim, dead ? How::dead : How::failed, "", said},
         dead ? gave_up(job.kind) : failure(analyst_.explain(result.error())), dead ? "dead" : "failed");
}

// The end of the job and its message commit together (QU4's other half). What cannot be written so is tried
// with less, down to an end without a word: no job keeps its place in the queue for ever.
void Workers::finish(Task& task, const jobs::Ending& ending, const View& view, std::string outcome) {
  const jobs::Ending dead{task.job.claim, How::dead, "", "its end could not be written"};
  const View sorry = gave_up(task.job.kind);
  struct Try {
    const jobs::Ending& ending;
    const View* view;
    bool as_new;  // not in the place of a message that may be gone
  };
  for (const Try& it : {Try{ending, &view, false}, Try{ending, &view, true}, Try{dead, &sorry, false},
                        Try{dead, &sorry, true}, Try{dead, nullptr, true}}) {
    const Written written = try_finish(task, it.ending, it.view, it.as_new);
    if (written == Written::never) continue;
    if (written == Written::yes) tell(task, &it.ending == &dead ? "dead" : outcome, it.ending.error);
    if (written == Written::lost) tell(task, "lost", it.ending.error);
    return;
  }
}

Workers::Written Workers::try_finish(Task& task, const jobs::Ending& ending, const View* view, bool as_new) {
  const jobs::Job& job = task.job;
  bool ours = false;
  const Written written = persist(task, "ending a job", [&](Connection& c) -> Result<void> {
    ours = !TRY(jobs::finish(c, options_.queue, {&ending, 1})).empty();
    if (!ours || view == nullptr) return {};
    const Place place = TRY(read_place(job.address));
    const bool is_new = as_new || (place.message_id == 0 && !job.placeholder);
    const outbox::Message message =
        is_new ? in_topic(place.topic, send_at_most_once(place.chat, *view, Priority::result))
        : place.message_id != 0 ? edit(place.chat, place.message_id, *view, Priority::result)
                                : edit_after(place.chat, *job.placeholder, *view, Priority::result);
    const std::int64_t result = TRY(outbox::add(c, message));
    if (!is_new && job.waited + (clock_.steady() - task.began) > soundless) {
      outbox::Message told =
          in_topic(place.topic, send_at_most_once(place.chat, notice(job.kind), Priority::notice));
      told.after = result;  // none without the result
      TRY(outbox::add(c, told));
    }
    return {};
  });
  if (written != Written::yes) return written;
  if (ours && options_.on_message) options_.on_message();
  return ours ? Written::yes : Written::lost;
}

void Workers::give_back(Task& task) {
  const bool stopped = task.stop.stop_requested();
  {
    const std::lock_guard lock(mutex_);
    if (task.lost) return tell(task, "lost");
  }
  const Written written = persist(task, "giving a job back", [&](Connection& c) {
    return jobs::give_back(c, {&task.job.claim, 1}, !stopped, stopped ? base::Duration{} : pause_after_crash);
  });
  if (written == Written::yes) tell(task, "returned");
}

// Until the database takes it; after a stop only for a while: then the lease passes, and somebody else has
// it.
Workers::Written Workers::persist(Task& task, std::string_view what, const store::Work& work) {
  const std::stop_token stop = task.stop.get_token();
  std::optional<base::SteadyTime> last;
  for (unsigned failures = 0;; ++failures) {
    // A connection into nowhere must not outlast a stop.
    std::stop_source late;
    const auto alarm = clock_.alarm(clock_.steady() + (stop.stop_requested() ? write_within : answer_within),
                                    [&] { late.request_stop(); });
    const auto session = database_.session(late.get_token());
    const Result<void> done =
        session ? (*session)->transact(Access::write, late.get_token(), work) : Result<void>(session.error());
    if (done) return Written::yes;
    options_.on_trouble(std::string(what) + ": " + done.error().message);
    const Code code = done.error().code;
    if (code == Code::internal || code == Code::invalid_data ||
        (code == Code::conflict && failures >= conflicts_borne))
      return Written::never;
    if (stop.stop_requested() && !last) last = clock_.steady() + write_within;
    if (last && clock_.steady() >= *last) return Written::no;
    clock_.sleep_for(delay_after(failures), {});
  }
}

// Fenced like the end: a worker that was paused must not write over the result of another.
void Workers::report_progress(Task& task, std::size_t done, std::size_t total) {
  const base::SteadyTime now = clock_.steady();
  if (!task.job.placeholder || done >= total || now - task.began < progress_every ||
      now - task.told_progress < progress_every)
    return;
  task.told_progress = now;
  const auto session = database_.session(task.stop.get_token());
  if (!session) return;
  const auto written =
      (*session)->transact(Access::write, task.stop.get_token(), [&](Connection& c) -> Result<void> {
        if (TRY(jobs::renew(c, {&task.job.claim, 1}, lease_time)).empty()) return {};
        const Place place = TRY(read_place(task.job.address));
        TRY(outbox::add(c, edit_after(place.chat, *task.job.placeholder, progress(task.job.kind, done, total),
                                      Priority::notice)));
        return {};
      });
  if (written && options_.on_message) options_.on_message();
}

}  // namespace bot
