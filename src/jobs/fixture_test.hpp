// For tests of the queue: each function in a transaction of its own, on every engine.
#pragma once

#include <fmt/format.h>

#include "jobs/queue.hpp"
#include "store/conformance_test.hpp"
#include "store/migrations.hpp"

namespace jobs::testing {

using Verdict = Admission::Verdict;

class Client {
 public:
  Client(store::Database& database, QueueOptions options)
      : session_(store::testing::session_of(database)), options_(std::move(options)) {}

  template <class Value>
  Value write(const std::function<base::Result<Value>(store::Connection&)>& work) {
    Value value{};
    const auto done =
        session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
          value = TRY(work(c));
          return {};
        });
    if (!done) ADD_FAILURE() << done.error().message;
    return value;
  }

  void open() {
    ASSERT_OK(session_->transact(store::Access::write, {},
                                 [&](store::Connection& c) { return jobs::open(c, options_); }));
  }
  std::vector<Admission::Answer> offer(const std::vector<NewJob>& jobs) {
    using Answers = std::vector<Admission::Answer>;
    return write<Answers>([&](store::Connection& c) -> base::Result<Answers> {
      std::vector<std::int64_t> users;
      for (const NewJob& job : jobs) users.push_back(job.user);
      Admission admission = TRY(Admission::begin(c, options_, users));
      Answers answers;
      for (const NewJob& job : jobs) answers.push_back(admission.offer(job));
      TRY(admission.write(c));
      return answers;
    });
  }
  Admission::Answer offer(std::int64_t user, const std::string& payload = "{}") {
    return offer(std::vector<NewJob>{{user, "goals", payload, "chat"}}).at(0);
  }
  std::vector<Job> claim(int limit, const std::string& owner = "worker") {
    return write<std::vector<Job>>([&](store::Connection& c) {
      return jobs::claim(c, options_, owner, limit, std::chrono::seconds(3600));
    });
  }
  std::vector<Claim> finish(const std::vector<Ending>& endings) {
    return write<std::vector<Claim>>(
        [&](store::Connection& c) { return jobs::finish(c, options_, endings); });
  }
  std::vector<Claim> finish(const std::vector<Job>& jobs, Ending::How how = Ending::How::done) {
    std::vector<Ending> endings;
    for (const Job& job : jobs) endings.push_back({.claim = job.claim, .how = how});
    return finish(endings);
  }
  std::vector<Claim> renew(const std::vector<Claim>& claims) {
    return write<std::vector<Claim>>(
        [&](store::Connection& c) { return jobs::renew(c, claims, std::chrono::seconds(3600)); });
  }
  void give_back(const std::vector<Job>& jobs, bool attempt_counts, base::Duration wait = {}) {
    std::vector<Claim> claims;
    for (const Job& job : jobs) claims.push_back(job.claim);
    ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& c) {
      return jobs::give_back(c, claims, attempt_counts, wait);
    }));
  }
  std::int64_t recover(bool all) {
    return write<std::int64_t>([&](store::Connection& c) { return jobs::recover(c, options_, all); });
  }
  std::optional<std::string> result(std::int64_t id) {
    const auto kept = write<std::optional<Kept>>([&](store::Connection& c) { return jobs::result(c, id); });
    return kept ? std::optional(kept->result) : std::nullopt;
  }
  Standing standing() {
    return write<Standing>([&](store::Connection& c) { return jobs::standing(c, options_); });
  }
  std::int64_t tidy(std::chrono::seconds older_than, int limit) {
    return write<std::int64_t>([&](store::Connection& c) { return jobs::tidy(c, older_than, limit); });
  }
  // Queued and running; −1: the counter says something else.
  std::int64_t used() {
    return store::testing::number(
        *session_,
        "SELECT CASE WHEN used - freed = there THEN there ELSE -1 END FROM (SELECT used, "
        "(SELECT count(*) FROM {ledger}jobs WHERE queue = name AND state IN ('queued', 'running')) AS there, "
        "(SELECT CAST(coalesce(sum(places), 0) AS {bigint}) FROM {ledger}job_places WHERE queue = name) "
        "AS freed FROM {ledger}job_queues WHERE name = 'analyses') AS q");
  }
  void sql(std::string_view text) { ASSERT_OK(store::testing::execute(*session_, text)); }

  QueueOptions& options() { return options_; }
  store::Session& session() { return *session_; }

 private:
  std::unique_ptr<store::Session> session_;
  QueueOptions options_;
};

class QueueTest : public ::testing::TestWithParam<store::testing::Engine> {
 protected:
  QueueTest() { EXPECT_TRUE(store::migrate(*database_, store::embedded_migrations(), {})); }
  Client client(QueueOptions options = {}) {
    Client made(*database_, std::move(options));
    made.open();
    return made;
  }
  bool is_server() const { return database_->dialect().is_server(); }

  store::testing::TempFolder folder_;
  std::unique_ptr<store::Database> database_ = GetParam().open(folder_);
};

inline std::vector<std::int64_t> users_of(const std::vector<Job>& jobs) {
  std::vector<std::int64_t> users;
  for (const Job& job : jobs) users.push_back(job.user);
  return users;
}

}  // namespace jobs::testing
