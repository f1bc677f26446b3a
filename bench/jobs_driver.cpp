// Jobs through our queue on PostgreSQL, for bench/jobs.py: figures as one line of JSON. The database is for
// this only: its queue is emptied first.
//
//   jobs_driver work URL JOBS THREADS BATCH          all are admitted, then all are claimed and ended
//   jobs_driver admit URL JOBS CLIENTS BATCH         past a bound of 1,000, while others make room
//   jobs_driver fill URL CLIENTS BATCH               into a bound of 1,000 and nobody makes room
//
// A worker ends the jobs it has and claims the next ones in one transaction; an admission is one, too.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "jobs/queue.hpp"
#include "store/migrations.hpp"
#include "store/postgres.hpp"

namespace {

using base::Result;
using store::Connection;
using Clock = std::chrono::steady_clock;
using Verdict = jobs::Admission::Verdict;

constexpr std::int64_t bound = 1000;
constexpr int users = 5000;
constexpr std::chrono::seconds lease{60};

[[noreturn]] void die(std::string_view why) {
  fmt::print(stderr, "jobs_driver: {}\n", why);
  std::exit(1);
}

template <class Value>
Value must(Result<Value> result) {
  if (!result) die(result.error().message);
  if constexpr (!std::is_void_v<Value>) return *std::move(result);
}

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Of the values that were taken, in ms; 0 of none.
double percentile(std::vector<double>& seconds, double share) {
  if (seconds.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1));
  std::ranges::nth_element(seconds, seconds.begin() + static_cast<std::ptrdiff_t>(at));
  return seconds[at] * 1e3;
}

struct Setup {
  store::Database& database;
  jobs::QueueOptions queue{};
  int jobs = 0, threads = 1, batch = 1;
};

using Session = std::unique_ptr<store::Session>;

void write(store::Session& session, const store::Work& work) {
  must(session.transact(store::Access::write, {}, work));
}

// Offers as many jobs, each of another user; how many were accepted.
int admit(store::Session& session, const Setup& setup, int first_user, int count) {
  std::vector<std::int64_t> asking;
  for (int i = 0; i < count; ++i) asking.push_back(1 + (first_user + i) % users);
  int accepted = 0;
  write(session, [&](Connection& c) -> Result<void> {
    accepted = 0;
    auto admission = TRY(jobs::Admission::begin(c, setup.queue, asking));
    for (const std::int64_t user : asking)
      if (admission.offer({user, "goals", R"({"fixture":1035037,"page":0})", "42"}).verdict ==
          Verdict::accepted)
        ++accepted;
    return admission.write(c);
  });
  return accepted;
}

// One of those who work. Ends what it claimed the time before, and claims anew.
class Worker {
 public:
  explicit Worker(const Setup& setup) : setup_(setup), session_(must(setup.database.session({}))) {}
  // How many it has ended; `busy()` afterwards, if it has claimed some.
  int step() {
    std::size_t ended = 0;
    write(*session_, [&](Connection& c) -> Result<void> {
      ended = TRY(jobs::finish(c, setup_.queue, endings_)).size();
      claimed_ = TRY(jobs::claim(c, setup_.queue, "bench", setup_.batch, lease));
      return {};
    });
    if (ended != endings_.size()) die("jobs that were claimed here were ended by somebody else");
    endings_.clear();
    for (const jobs::Job& job : claimed_) endings_.push_back({.claim = job.claim});
    return static_cast<int>(ended);
  }
  bool busy() const { return !claimed_.empty(); }

 private:
  const Setup& setup_;
  Session session_;
  std::vector<jobs::Job> claimed_;
  std::vector<jobs::Ending> endings_;
};

// Queued and running, as they are counted one by one.
std::int64_t count_jobs(store::Session& session, std::string_view where) {
  std::int64_t number = 0;
  must(session.transact(store::Access::read, {}, [&](Connection& c) -> Result<void> {
    const auto rows = TRY(c.query(fmt::format("SELECT count(*) FROM {{ledger}}jobs WHERE {}", where)));
    number = rows.at(0).integer(0);
    return {};
  }));
  return number;
}

void work(const Setup& setup) {
  std::atomic<int> next = 0, ended = 0;
  const auto in_threads = [&](const auto& what) {
    const auto start = Clock::now();
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < setup.threads; ++i) threads.emplace_back(what);
    }
    return since(start);
  };
  const double inserting = in_threads([&] {
    const Session session = must(setup.database.session({}));
    for (int at = next.fetch_add(setup.batch); at < setup.jobs; at = next.fetch_add(setup.batch))
      admit(*session, setup, at, std::min(setup.batch, setup.jobs - at));
  });
  const double working = in_threads([&] {
    Worker worker(setup);
    do ended += worker.step();
    while (worker.busy());
  });
  const Session session = must(setup.database.session({}));
  fmt::print(
      "{{\"jobs\": {}, \"ended\": {}, \"done\": {}, \"inserted_per_second\": {:.0f}, "
      "\"worked_per_second\": {:.0f}}}\n",
      setup.jobs, ended.load(), count_jobs(*session, "state = 'done'"), setup.jobs / inserting,
      setup.jobs / working);
}

// Clients offer until so many were accepted; two others make room, and one looks whether the bound holds.
void admit_past_bound(const Setup& setup) {
  std::atomic<std::int64_t> accepted = 0, offered = 0, ended = 0, most = 0;
  std::atomic<bool> over = false;
  std::vector<double> seconds;
  std::mutex mutex;
  const auto start = Clock::now();
  double took = 0;
  {
    Setup room = setup;
    room.batch = 100;
    std::vector<std::jthread> makers;  // joined while all they use still lives
    for (int i = 0; i < 2; ++i)
      makers.emplace_back([&] {
        Worker worker(room);
        bool last = false;
        do {
          last = over;  // what was let in before is looked for once more
          ended += worker.step();
        } while (worker.busy() || !last);
      });
    makers.emplace_back([&] {
      const Session session = must(setup.database.session({}));
      while (!over) {
        most = std::max<std::int64_t>(most, count_jobs(*session, "state IN ('queued', 'running')"));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
    {
      std::vector<std::jthread> clients;
      for (int i = 0; i < setup.threads; ++i)
        clients.emplace_back([&, i] {
          const Session session = must(setup.database.session({}));
          std::vector<double> taken;
          for (int user = i * 300; accepted < setup.jobs; user += setup.batch) {
            const auto before = Clock::now();
            const int in = admit(*session, setup, user, setup.batch);
            taken.push_back(since(before));
            accepted += in;
            offered += setup.batch;
          }
          const std::lock_guard lock(mutex);
          seconds.insert(seconds.end(), taken.begin(), taken.end());
        });
    }
    took = since(start);
    over = true;
  }
  fmt::print(
      "{{\"accepted\": {}, \"ended\": {}, \"most\": {}, \"bound\": {}, \"accepted_per_second\": {:.0f}, "
      "\"decided_per_second\": {:.0f}, \"p50_ms\": {:.3f}, \"p99_ms\": {:.3f}}}\n",
      accepted.load(), ended.load(), most.load(), bound, static_cast<double>(accepted) / took,
      static_cast<double>(offered) / took, percentile(seconds, 0.5), percentile(seconds, 0.99));
}

// All together offer half as many again as there are places.
void fill(const Setup& setup) {
  std::atomic<std::int64_t> accepted = 0, offered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < setup.threads; ++i)
      clients.emplace_back([&] {
        const Session session = must(setup.database.session({}));
        while (offered.fetch_add(setup.batch) < bound * 3 / 2)
          accepted += admit(*session, setup, static_cast<int>(offered), setup.batch);
      });
  }
  const Session session = must(setup.database.session({}));
  fmt::print("{{\"accepted\": {}, \"stored\": {}, \"bound\": {}}}\n", accepted.load(),
             count_jobs(*session, "state IN ('queued', 'running')"), bound);
}

int number(const char* word) {
  const std::string_view text(word);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1)
    die(fmt::format("\"{}\" is no number above 0", text));
  return value;
}

void prepare(const Setup& setup) {
  must(store::migrate(setup.database, store::embedded_migrations(), {}));
  const Session session = must(setup.database.session({}));
  write(*session, [&](Connection& c) -> Result<void> {
    TRY(c.execute("DELETE FROM {ledger}jobs"));
    TRY(c.execute("DELETE FROM {ledger}job_queues"));
    return jobs::open(c, setup.queue);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const int numbers = what == "fill" ? 2 : 3;
  if ((what != "work" && what != "admit" && what != "fill") || argc != numbers + 3)
    die("usage: jobs_driver work|admit URL JOBS THREADS BATCH, or fill URL CLIENTS BATCH");
  base::SystemClock clock;
  const auto database =
      must(store::open_postgres({.url = base::Secret(argv[2]), .pool_size = 24}, clock, {}));
  Setup setup{.database = *database,
              .queue = {.capacity = what == "work" ? 100'000'000 : bound,
                        .per_user = 1'000'000,
                        .deduplicate = false},
              .jobs = numbers == 3 ? number(argv[3]) : 0,
              .threads = number(argv[argc - 2]),
              .batch = number(argv[argc - 1])};
  prepare(setup);
  if (what == "work") work(setup);
  if (what == "admit") admit_past_bound(setup);
  if (what == "fill") fill(setup);
  return 0;
}
