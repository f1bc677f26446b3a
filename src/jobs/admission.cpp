#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.hpp"
#include "jobs/queue.hpp"
#include "store/batch.hpp"

namespace jobs {
namespace {

using base::Code;
using base::Result;
using store::Batch;
using store::Connection;

constexpr std::size_t max_word = 256;  // bytes of a kind, and of an address

std::string key_of(std::string_view kind, std::string_view payload) {
  return std::string(kind).append(1, '\0').append(payload);
}

Result<void> check(const NewJob& job) {
  if (job.kind.size() > max_word || job.address.size() > max_word || job.payload.size() > max_payload)
    return base::error(
        Code::invalid_data,
        "a job has a kind of {} bytes, an address of {} and a payload of {}; at most {}, {} and "
        "{} are kept: make them shorter",
        job.kind.size(), job.address.size(), job.payload.size(), max_word, max_word, max_payload);
  if (!store::is_storable(job.kind) || !store::is_storable(job.address) || !store::is_storable(job.payload))
    return base::error(Code::invalid_data, "a job's texts must be UTF-8 without NUL bytes: encode them");
  return {};
}

}  // namespace

// The queue's line, its lock, and how far the turns have come. What has ended is folded in, whether anything
// is admitted or not.
Result<void> Admission::take_queue(Connection& connection) {
  const auto& dialect = connection.dialect();
  // From here on nobody else admits jobs, and a later statement sees all that others did (QU1).
  const auto queue = TRY(connection.query(
      fmt::format("SELECT capacity, used, turn, last_id, (SELECT max(turn) FROM {{ledger}}jobs WHERE queue = "
                  "$1 AND state = 'running') FROM {{ledger}}job_queues WHERE name = $1{}",
                  dialect.is_server() ? " FOR UPDATE" : ""),
      {options_.name}));
  if (queue.empty())
    return base::error(Code::conflict, "there is no queue '{}': open it before jobs are offered",
                       options_.name);
  options_.capacity = queue[0].integer(0);
  used_ = queue[0].integer(1);
  next_id_ = queue[0].integer(3) + 1;
  // After the look at what is running: whatever has ended since is among these.
  std::int64_t freed = 0, turn = queue[0].integer(2);
  for (const store::Row& row : TRY(connection.query(
           "DELETE FROM {ledger}job_places WHERE queue = $1 RETURNING places, turn", {options_.name}))) {
    freed += row.integer(0);
    turn = std::max(turn, row.integer(1));
  }
  if (freed > 0)
    TRY(connection.execute("UPDATE {ledger}job_queues SET used = used - $2, turn = $3 WHERE name = $1",
                           {options_.name, freed, turn}));
  used_ -= freed;
  turn_ = std::max(turn, queue[0].integer(4));
  return {};
}

Result<Admission> Admission::begin(Connection& connection, const QueueOptions& options,
                                   std::span<const std::int64_t> users) {
  Admission admission;
  admission.options_ = options;
  TRY(admission.take_queue(connection));

  const std::set<std::int64_t> distinct(users.begin(), users.end());
  for (const std::int64_t user : distinct) admission.users_[user];
  Batch batch = store::batch_of_ids({distinct.begin(), distinct.end()});
  const std::string where =
      " FROM {ledger}jobs WHERE queue = $2 AND state IN ('queued', 'running') AND "
      "user_id";
  const std::string sql =
      options.deduplicate
          ? store::of_each_id(connection.dialect(), 1, "SELECT user_id, 1, turn, id, kind, payload" + where)
          : store::of_each_id(connection.dialect(), 1,
                              "SELECT user_id, count(*), max(turn), 0, '', ''" + where, " GROUP BY user_id");
  const auto rows = TRY(connection.query(sql, {batch.text(), options.name}));
  for (const store::Row& row : rows) {
    User& user = admission.users_[row.integer(0)];
    user.jobs += row.integer(1);
    user.last_turn = std::max(user.last_turn, row.integer(2));
    if (options.deduplicate) user.keys[key_of(row.text(4), row.text(5))] = row.integer(3);
  }
  return admission;
}

Admission::Answer Admission::offer(NewJob job) {
  const auto found = users_.find(job.user);
  CHECK(found != users_.end(), "begin() must be told of every user whose jobs are offered");
  User& user = found->second;
  std::string key;
  if (options_.deduplicate) {
    key = key_of(job.kind, job.payload);
    if (const auto same = user.keys.find(key); same != user.keys.end())
      return {.verdict = Verdict::duplicate, .id = same->second};
  }
  if (user.jobs >= options_.per_user) return {.verdict = Verdict::too_many};
  if (used_ >= options_.capacity) return {.verdict = Verdict::full};
  Accepted& accepted = accepted_.emplace_back();
  accepted.job = std::move(job);
  accepted.id = next_id_++;
  accepted.turn = user.jobs == 0 ? turn_ : std::max(turn_, user.last_turn + 1);
  user.last_turn = accepted.turn;
  ++user.jobs;
  if (options_.deduplicate) user.keys.emplace(std::move(key), accepted.id);
  return {.verdict = Verdict::accepted, .id = accepted.id, .ahead = used_++};
}

void Admission::set_placeholder(std::int64_t job, std::int64_t message) {
  const auto found =
      std::ranges::lower_bound(accepted_, job, {}, [](const Accepted& accepted) { return accepted.id; });
  CHECK(found != accepted_.end() && found->id == job, "the placeholder of a job that was not accepted here");
  found->placeholder = message;
}

Result<void> Admission::write(Connection& connection) {
  if (accepted_.empty()) return {};
  Batch batch({{"id", Batch::Kind::integer},
               {"user_id", Batch::Kind::integer},
               {"turn", Batch::Kind::integer},
               {"kind"},
               {"payload"},
               {"address"},
               {"placeholder", Batch::Kind::integer}});
  for (const Accepted& it : accepted_) {
    TRY(check(it.job));
    batch.add({it.id, it.job.user, it.turn, it.job.kind, it.job.payload, it.job.address,
               it.placeholder ? store::Param(*it.placeholder) : store::Param()});
  }
  const auto taken = TRY(
      connection.execute("UPDATE {ledger}job_queues SET used = used + $2, last_id = $3 WHERE name = $1 AND "
                         "used + $2 <= capacity",
                         {options_.name, static_cast<std::int64_t>(accepted_.size()), accepted_.back().id}));
  if (taken != 1)
    return base::error(Code::internal, "the queue '{}' changed while its row was held", options_.name);
  TRY(connection.execute(
      "INSERT INTO {ledger}jobs (id, queue, state, user_id, turn, kind, payload, address, placeholder, "
      "created_at) SELECT s.id, $2, 'queued', s.user_id, s.turn, s.kind, s.payload, s.address, "
      "s.placeholder, "
      "{now} FROM " +
          batch.source(connection.dialect(), 1, "s"),
      {batch.text(), options_.name}));
  accepted_.clear();
  return {};
}

}  // namespace jobs
