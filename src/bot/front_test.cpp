#include "bot/front.hpp"

#include <algorithm>
#include <mutex>

#include "bot/fixture_test.hpp"
#include "bot/watched_database_test.hpp"

namespace bot {
namespace {

using namespace testing;

// A process, as far as it matters who speaks with Telegram.
class Process {
 public:
  Process(std::string name, store::Database& database, base::Clock& clock)
      : watched(database),
        clock_(clock),
        front_(watched, clock, {.bot = 7, .owner = std::move(name)},
               {.poll =
                    [this](const Lease& lease, const std::stop_token& stop) {
                      token = lease.token;
                      note("poll");
                      clock_.sleep_for(24h, stop);
                      note("poll ends");
                    },
                .deliver =
                    [this](const std::stop_token& stop) {
                      note("deliver");
                      clock_.sleep_for(24h, stop);
                      note("deliver ends");
                    },
                .on_change = [this](bool held,
                                    const std::string& why) { note(held ? "held" : "not held: " + why); }}),
        thread_([this] { front_.run(no_more.get_token(), now.get_token()); }) {}
  ~Process() { end(); }
  void end() {
    no_more.request_stop();
    now.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  bool noted(const std::string& beginning, const std::function<void()>& meanwhile = {}) {
    const bool found = eventually([&] { return has(beginning); }, meanwhile);
    if (!found) ADD_FAILURE() << "no \"" << beginning << "\"";
    return found;
  }
  bool has(const std::string& beginning) {
    const std::lock_guard lock(mutex_);
    return std::any_of(notes_.begin(), notes_.end(),
                       [&](const auto& it) { return it.starts_with(beginning); });
  }
  std::size_t place_of(const std::string& note) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::find(notes_.begin(), notes_.end(), note) - notes_.begin());
  }
  bool held() const { return front_.held(); }

  WatchedDatabase watched;
  std::stop_source no_more, now;
  std::atomic<std::int64_t> token = 0;

 private:
  void note(std::string what) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(what));
  }
  base::Clock& clock_;
  std::mutex mutex_;
  std::vector<std::string> notes_;
  Front front_;
  std::jthread thread_;
};

class FrontTest : public LedgerTest {};

TEST_P(FrontTest, UpdatesEndFirstThenDeliveriesThenTheLeaseGoesBack) {
  base::SystemClock clock;
  Process one("one", *database_, clock);
  ASSERT_TRUE(one.noted("poll"));
  ASSERT_TRUE(one.noted("deliver"));
  EXPECT_TRUE(one.held());
  one.no_more.request_stop();
  ASSERT_TRUE(one.noted("poll ends"));
  EXPECT_TRUE(one.held()) << "what was accepted is still delivered";
  EXPECT_FALSE(one.has("deliver ends"));
  one.end();
  EXPECT_TRUE(one.has("deliver ends"));
  EXPECT_LT(one.place_of("poll ends"), one.place_of("deliver ends"));
  EXPECT_FALSE(one.held());
  EXPECT_EQ(count("poller_lease WHERE lease_until IS NULL"), 1) << "for the next one, at once";
}

TEST_P(FrontTest, AStopBeforeItHasTheLeaseEndsIt) {
  base::SystemClock clock;
  Process one("one", *database_, clock);
  one.watched.is_gone = true;
  one.end();
  EXPECT_FALSE(one.held());
}

// Where one process has the database, nobody else can have the lease: it waits.
TEST_P(FrontTest, ADatabaseThatIsGoneIsWaitedForWhereNobodyElseCanHaveIt) {
  if (is_server()) return;
  base::SimulatedClock clock(base::SimulatedClock::Mode::manual);
  Process one("one", *database_, clock);
  ASSERT_TRUE(one.noted("poll"));
  one.watched.is_gone = true;
  const base::SteadyTime end = clock.steady() + 30s;
  EXPECT_TRUE(eventually([&] { return clock.steady() >= end; }, [&] { clock.advance(500ms); }));
  EXPECT_TRUE(one.held());
  EXPECT_FALSE(one.has("poll ends"));
}

class SharedFrontTest : public LedgerTest {};

TEST_P(SharedFrontTest, AnotherTakesOverWhatIsGivenBack) {
  base::SystemClock clock;
  Process one("one", *database_, clock);
  ASSERT_TRUE(one.noted("poll"));
  Process two("two", *database_, clock);
  ASSERT_TRUE(two.noted("not held: another process has the lease"));
  EXPECT_FALSE(two.held());
  one.end();
  ASSERT_TRUE(two.noted("poll"));
  EXPECT_GT(two.token, one.token);
  EXPECT_FALSE(one.held());
}

TEST_P(SharedFrontTest, WhoLosesTheDatabaseStopsAndAnotherTakesOver) {
  base::SystemClock clock;
  Process one("one", *database_, clock);
  ASSERT_TRUE(one.noted("poll"));
  Process two("two", *database_, clock);
  one.watched.is_gone = true;
  ASSERT_TRUE(two.noted("poll"));
  ASSERT_TRUE(one.noted("not held: the lease could not be renewed"));
  EXPECT_TRUE(one.has("poll ends"));
  EXPECT_TRUE(one.has("deliver ends"));
  one.watched.is_gone = false;
  ASSERT_TRUE(one.noted("not held: another process has the lease"));
  EXPECT_TRUE(two.held());
}

TEST_P(SharedFrontTest, AFailureShorterThanTheLeaseChangesNothing) {
  base::SimulatedClock clock(base::SimulatedClock::Mode::manual);
  Process one("one", *database_, clock);
  ASSERT_TRUE(one.noted("deliver"));
  const auto second = [&] {
    ASSERT_TRUE(eventually([&] { return clock.sleepers() == 3; }))
        << "it polls, delivers, and looks after both";
    clock.advance(1s);
  };
  const std::string lease = "SELECT CAST(lease_until AS TEXT) FROM {ledger}poller_lease";
  one.watched.is_gone = true;
  const std::string then = text(lease);
  second();
  EXPECT_TRUE(eventually([&] { return clock.sleepers() == 3; }));
  EXPECT_TRUE(one.held());
  EXPECT_EQ(text(lease), then);
  one.watched.is_gone = false;
  second();
  EXPECT_TRUE(eventually([&] { return text(lease) != then; })) << "renewed";
  EXPECT_TRUE(one.held());
  EXPECT_FALSE(one.has("poll ends"));
}

TEST_P(SharedFrontTest, WhoseTokenIsOldEndsBothAndBeginsAgain) {
  base::SystemClock clock;
  Process one("one", *database_, clock);
  ASSERT_TRUE(one.noted("poll"));
  const std::int64_t before = one.token;
  sql("UPDATE {ledger}poller_lease SET token = token + 10, lease_until = now()");
  ASSERT_TRUE(one.noted("not held: the lease has gone to another process"));
  EXPECT_TRUE(one.has("poll ends"));
  EXPECT_TRUE(eventually([&] { return one.token > before + 10; })) << "with a lease of its own";
}

INSTANTIATE_TEST_SUITE_P(Engines, FrontTest, ::testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);
INSTANTIATE_TEST_SUITE_P(Engines, SharedFrontTest, ::testing::Values(store::testing::engines.back()),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
