// A durable queue of jobs with an exact bound (QU1), fair over users (QU3), with leases and fencing (QU5).
// Owner of {ledger}jobs, {ledger}job_queues and {ledger}job_places. All functions work inside the caller's
// transaction, so that a job is admitted with the update that asked for it, and ended with the message that
// tells its result.
//
//   queued → running (attempt, lease, token) → done | failed → dead; queued again after a lost lease
//
// Fairness: each job gets a turn when it is admitted: one more than the user's last one that is queued or
// running, but not before the turn that is being served. The lowest turn goes first, so users take turns
// however many jobs one of them has, and nobody idles while there is work.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/database.hpp"

namespace jobs {

inline constexpr std::size_t max_payload = 4u << 10, max_result = 256u << 10;

struct QueueOptions {
  std::string name = "analyses";
  std::int64_t capacity = 1000;        // queued and running together
  std::int64_t per_user = 5;           // queued and running of one user
  bool deduplicate = true;             // of a user, no two of the same kind and payload at once (QU6)
  std::chrono::seconds deadline{600};  // after this a job is answered, not run
  int max_attempts = 3;
};

// Makes the queue's row, or sets its capacity, for all processes; what is in it stays, even if that is more.
// At start.
base::Result<void> open(store::Connection& connection, const QueueOptions& options);

struct NewJob {
  std::int64_t user = 0;
  std::string kind;     // "goals"
  std::string payload;  // JSON, at most max_payload bytes
  std::string address;  // where its result goes: for the bot
};

// Admits jobs one after the other inside one write transaction; until its end nobody else does.
class Admission {
 public:
  // Takes the queue's row, and the places that ended jobs gave free; looks at what these users have in it.
  // `users` without limit on repeats. conflict: nobody opened the queue.
  static base::Result<Admission> begin(store::Connection& connection, const QueueOptions& options,
                                       std::span<const std::int64_t> users);
  enum class Verdict { accepted, full, too_many, duplicate };
  struct Answer {
    Verdict verdict = Verdict::full;
    std::int64_t id = 0;     // of the accepted; of the duplicate: the job that is there already
    std::int64_t ahead = 0;  // of the accepted: how many were in the queue before it, running ones too
  };
  // A user that begin() was not told of is a bug (CHECK).
  Answer offer(NewJob job);
  // The outbox message that the result will stand behind.
  void set_placeholder(std::int64_t job, std::int64_t message);
  // Writes what was accepted. Without it the transaction admits nothing. invalid_data: a job's texts are too
  // long, or no database keeps them.
  base::Result<void> write(store::Connection& connection);

 private:
  struct Accepted {
    NewJob job;
    std::int64_t id = 0, turn = 0;
    std::optional<std::int64_t> placeholder{};
  };
  struct User {
    std::int64_t jobs = 0, last_turn = 0;
    std::map<std::string, std::int64_t> keys;  // kind and payload → job
  };
  base::Result<void> take_queue(store::Connection& connection);

  QueueOptions options_;
  std::int64_t used_ = 0, next_id_ = 0, turn_ = 0;
  std::map<std::int64_t, User> users_;
  std::vector<Accepted> accepted_;
};

struct Claim {
  std::int64_t id = 0;
  std::int64_t token = 0;  // fencing
};
struct Job {
  Claim claim{};
  int attempt = 1;  // this one, counted at the claim
  std::int64_t user = 0;
  std::string kind{}, payload{}, address{};
  std::optional<std::int64_t> placeholder{};
  base::Duration waited{};    // since it was admitted
  bool expired = false;       // older than the queue's deadline
  bool last_attempt = false;  // no other follows; if attempt > max_attempts, it is not to be run, but ended
};

// Up to `limit` jobs, each user's turn, leased for `lease`. Jobs that another process takes are left out.
base::Result<std::vector<Job>> claim(store::Connection& connection, const QueueOptions& options,
                                     const std::string& owner, int limit, std::chrono::seconds lease);
// Queued jobs that waited longer than the deadline come next, whatever their turn: their users are to be
// told. Once in a while.
base::Result<void> put_overdue_first(store::Connection& connection, const QueueOptions& options);
// The claims that are still ours.
base::Result<std::vector<Claim>> renew(store::Connection& connection, std::span<const Claim> claims,
                                       std::chrono::seconds lease);

struct Ending {
  Claim claim{};
  enum class How { done, failed, dead } how = How::done;
  std::string result{};  // at most max_result bytes; kept for pages
  std::string error{};   // for people
};
// Ends those whose claim still holds, and gives their places free; returns which. The others are refused:
// whoever has them now ends them (QU5). invalid_data: a result is longer than max_result; nothing was
// written.
base::Result<std::vector<Claim>> finish(store::Connection& connection, const QueueOptions& options,
                                        std::span<const Ending> endings);
// Back to the queue, at their old turn. `attempt_counts` false: as if they had not been claimed (shutdown);
// true: they failed and are tried again after `wait`.
base::Result<void> give_back(store::Connection& connection, std::span<const Claim> claims,
                             bool attempt_counts, base::Duration wait = {});
// Running jobs whose lease has passed are queued again. With `all`: every running job, where one process has
// the database and has just started. Returns how many. Jobs that have no attempt left are claimed once more
// with `last_attempt` and attempt > max_attempts, so that somebody ends them as dead and says so.
base::Result<std::int64_t> recover(store::Connection& connection, const QueueOptions& options, bool all);

// The result of a job, for pages; nothing: there is none (any more). Who may see it is the caller's to say.
struct Kept {
  std::int64_t user = 0;
  std::string address{}, result{};
};
base::Result<std::optional<Kept>> result(store::Connection& connection, std::int64_t id);

struct Standing {
  std::int64_t capacity = 0, used = 0, queued = 0, running = 0;
  std::optional<base::Duration> oldest{};       // age of the oldest that is queued
  std::map<std::string, std::int64_t> ended{};  // state → number, of the last 24 hours
};
base::Result<Standing> standing(store::Connection& connection, const QueueOptions& options);
// Ended jobs older than that. Returns how many.
base::Result<std::int64_t> tidy(store::Connection& connection, std::chrono::seconds older_than, int limit);

}  // namespace jobs
