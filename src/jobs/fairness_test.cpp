// Users take turns (QU3), and many threads at once never pass the bound (QU1), on every engine.
#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <set>
#include <thread>

#include "base/rng.hpp"
#include "jobs/fixture_test.hpp"

namespace {

using namespace jobs::testing;
using jobs::Job;
using jobs::NewJob;
using jobs::QueueOptions;

class Turns : public QueueTest {};

TEST_P(Turns, OneUsersTwoHundredJobsDoNotDelayAnothersFirst) {
  auto queue = client({.per_user = 500, .deduplicate = false});
  const std::vector<NewJob> many(200, NewJob{1, "goals", "{}", ""});
  for (const auto& answer : queue.offer(many)) EXPECT_EQ(answer.verdict, Verdict::accepted);
  EXPECT_EQ(queue.claim(50).size(), 50u);
  queue.offer(2);
  queue.offer(3);
  queue.offer(2);
  EXPECT_EQ(users_of(queue.claim(6)), (std::vector<std::int64_t>{2, 3, 1, 2, 1, 1}));
  auto rest = queue.claim(500);
  EXPECT_EQ(rest.size(), 147u) << "nobody idles while there is work";
  queue.finish(rest);
  queue.offer(1);
  queue.offer(4);
  EXPECT_EQ(users_of(queue.claim(2)), (std::vector<std::int64_t>{1, 4})) << "in one turn, by their age";
}

// Round robin as one would write it by hand: in each round a user has one place.
class Rounds {
 public:
  void admit(std::int64_t user, std::int64_t id) {
    std::size_t round = served_;
    for (std::size_t i = 0; i < members_.size(); ++i)
      if (members_[i].contains(user)) round = std::max(round, i + 1);
    if (members_.size() <= round) members_.resize(round + 1), waiting_.resize(round + 1);
    members_[round][user] = id;
    waiting_[round].push_back(id);
  }
  std::int64_t next() {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i].empty()) continue;
      served_ = std::max(served_, i);
      const std::int64_t id = waiting_[i].front();
      waiting_[i].pop_front();
      return id;
    }
    return 0;
  }
  void end(std::int64_t id) {
    for (auto& round : members_)
      std::erase_if(round, [&](const auto& member) { return member.second == id; });
  }

 private:
  std::size_t served_ = 0;
  std::vector<std::map<std::int64_t, std::int64_t>> members_;  // of a round: user → job that has not ended
  std::vector<std::deque<std::int64_t>> waiting_;
};

TEST_P(Turns, AreThoseOfANaiveRoundRobin) {
  auto queue = client({.capacity = 60, .per_user = 12, .deduplicate = false});
  base::Rng rng(7);
  Rounds model;
  std::vector<Job> running;
  int claims = 0;
  for (int step = 0; step < 400; ++step) {
    const auto action = rng.below(10);
    if (action < 5) {
      std::vector<NewJob> jobs;
      for (auto n = rng.below(6); n > 0; --n)
        jobs.push_back({static_cast<std::int64_t>(rng.below(rng.below(2) == 0 ? 2 : 9)), "a", "{}", ""});
      const auto answers = queue.offer(jobs);
      for (std::size_t i = 0; i < jobs.size(); ++i)
        if (answers.at(i).verdict == Verdict::accepted) model.admit(jobs[i].user, answers[i].id);
    } else if (action < 8) {
      const auto claimed = queue.claim(static_cast<int>(rng.below(5)));
      for (const Job& job : claimed) ASSERT_EQ(job.claim.id, model.next()) << "claim " << ++claims;
      running.insert(running.end(), claimed.begin(), claimed.end());
    } else {
      std::vector<Job> ended;
      for (auto n = rng.below(8); n > 0 && !running.empty(); --n) {
        const auto at = running.begin() + static_cast<std::ptrdiff_t>(rng.below(running.size()));
        ended.push_back(*at);
        running.erase(at);
      }
      EXPECT_EQ(queue.finish(ended).size(), ended.size());
      for (const Job& job : ended) model.end(job.claim.id);
    }
    ASSERT_GE(queue.used(), 0) << "the counter is the rows";
  }
}

// ---- many at once ----

struct Seen {
  std::atomic<int> accepted = 0, finished = 0;
  std::mutex mutex;
  std::set<std::int64_t> claimed;  // no job twice
};

void offer_and_work(Client& client, std::uint64_t seed, int rounds, Seen& seen) {
  base::Rng rng(seed);
  for (int round = 0; round < rounds; ++round) {
    std::vector<NewJob> jobs;
    for (int i = 0; i < 10; ++i)
      jobs.push_back({static_cast<std::int64_t>(rng.below(1000)), "a", std::to_string(rng.next()), ""});
    for (const auto& answer : client.offer(jobs))
      if (answer.verdict == Verdict::accepted) ++seen.accepted;
    EXPECT_GE(client.used(), 0);
    EXPECT_LE(client.used(), client.options().capacity);
    if (round % 3 != 2) continue;
    const auto claimed = client.claim(15);
    {
      const std::lock_guard lock(seen.mutex);
      for (const Job& job : claimed) EXPECT_TRUE(seen.claimed.insert(job.claim.id).second);
    }
    seen.finished += static_cast<int>(client.finish(claimed).size());
  }
}

TEST_P(Turns, ManyThreadsNeverPassTheBound) {
  const std::size_t threads = is_server() ? 32 : 6;
  const QueueOptions options{.capacity = 150};
  client(options);
  std::unique_ptr<store::Database> pool;
  if (is_server()) {
    database_.reset();
    const auto url = store::testing::PostgresServer::instance().fresh_database();
    pool = store::testing::open_postgres_at(url, threads);
    ASSERT_TRUE(store::migrate(*pool, store::embedded_migrations(), {}));
  }
  store::Database& database = pool ? *pool : *database_;
  Client(database, options).open();
  Seen seen;
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < threads; ++i)
      workers.emplace_back([&, i] {
        Client own(database, options);
        offer_and_work(own, i, 12, seen);
      });
  }
  Client last(database, options);
  EXPECT_EQ(last.used(), seen.accepted - seen.finished);
  EXPECT_EQ(static_cast<int>(seen.claimed.size()), seen.finished);
  EXPECT_GT(seen.accepted, 150);
  std::vector<NewJob> more;
  for (int user = 2000; user < 2300; ++user) more.push_back({user, "a", "{}", ""});
  last.offer(more);
  EXPECT_EQ(last.used(), 150) << "and to the bound it goes";
}

INSTANTIATE_TEST_SUITE_P(Engines, Turns, testing::ValuesIn(store::testing::engines), store::testing::name_of);

}  // namespace
