// Budgets through a store that does as it is told: what is asked of it, and what happens when it fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <system_error>
#include <thread>

#include "http/budgets.hpp"

namespace {

using namespace std::chrono_literals;
using base::Duration;
using base::Result;
using http::BudgetKey;
using http::BudgetRow;
using http::Budgets;
using http::RateLimit;
using http::Request;

class FakeStore final : public http::BudgetStore {
 public:
  FakeStore(base::Clock& clock, bool is_shared) : clock_(clock), is_shared_(is_shared) {}

  bool is_shared() const override { return is_shared_; }
  Result<void> change(const std::vector<BudgetKey>& keys, const http::BudgetChange& work,
                      std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    ++changes;
    entered_ = true;
    changed_.notify_all();
    if (takes > 0s) static_cast<base::SimulatedClock&>(clock_).advance(takes);
    if (hangs) changed_.wait(lock, stop, [&] { return !hangs; });
    if (broken || stop.stop_requested()) return base::error(base::Code::unavailable, "the store broke");
    std::vector<BudgetRow> rows;
    for (const BudgetKey& key : keys) rows.push_back({key, http::BudgetState::decode(texts[key])});
    work(rows, clock_.wall());
    if (broken_at_commit) return base::error(base::Code::unavailable, "the commit broke");
    for (const BudgetRow& row : rows)
      if (row.changed) texts[row.key] = row.state.encode();
    return {};
  }
  Result<std::vector<BudgetRow>> held(std::size_t, base::WallTime& now, std::stop_token) override {
    const std::lock_guard lock(mutex_);
    ++looks;
    now = clock_.wall();
    std::vector<BudgetRow> rows;
    for (const auto& [key, text] : texts) {
      BudgetRow row{key, http::BudgetState::decode(text)};
      if (row.state.not_before(now)) rows.push_back(row);
    }
    if (broken) return base::error(base::Code::unavailable, "the store broke");
    return rows;
  }
  void wait_until_entered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, std::stop_token(), [&] { return entered_; });
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    hangs = false;
    changed_.notify_all();
  }

  std::map<BudgetKey, std::string> texts;
  std::atomic<int> changes = 0, looks = 0;
  Duration takes{};  // until it looks whether it still may
  bool hangs = false, broken = false, broken_at_commit = false;

 private:
  base::Clock& clock_;
  const bool is_shared_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool entered_ = false;
};

Request request(std::vector<RateLimit> limits = {}, const std::string& path = "/items") {
  return {.url = "https://api.example" + path, .rate_limits = std::move(limits)};
}
const RateLimit five{5, 1s}, search{2, 1h, "search", "/search/"}, many{10'000, 1h};

struct Process {
  explicit Process(base::Clock& clock, FakeStore& store) : clock(clock), budgets(clock) {
    budgets.share(&store);
  }
  std::optional<Duration> ask(const Request& request, Duration patience = 24h) {
    const auto answer = budgets.reserve(request, clock.steady() + patience, {});
    if (const auto* grant = std::get_if<Budgets::Grant>(&answer)) return grant->send_at - clock.steady();
    wait = std::get<Budgets::Refusal>(answer).wait;
    why = std::get<Budgets::Refusal>(answer).why;
    return std::nullopt;
  }
  base::Clock& clock;
  Budgets budgets;
  Duration wait{};
  std::string why;
};

// Of a machine that has no more threads to give.
class PoorClock final : public base::Clock {
 public:
  explicit PoorClock(base::Clock& clock) : clock_(clock) {}
  base::SteadyTime steady() const override { return clock_.steady(); }
  base::WallTime wall() const override { return clock_.wall(); }
  std::unique_ptr<Alarm> alarm(base::SteadyTime time, std::function<void()> action) override {
    if (is_poor) throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    return clock_.alarm(time, std::move(action));
  }
  bool sleep_until(base::SteadyTime time, std::stop_token stop) override {
    return clock_.sleep_until(time, std::move(stop));
  }
  bool is_poor = false;

 private:
  base::Clock& clock_;
};

class SharedBudgets : public testing::TestWithParam<bool> {
 protected:
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  FakeStore store_{clock_, GetParam()};
};

TEST_P(SharedBudgets, ARestartForgetsNoLongWindow) {
  const Request query = request({search}, "/search/x");
  Process first(clock_, store_);
  EXPECT_EQ(first.ask(query, 1min), 0ms);
  EXPECT_EQ(first.ask(query, 1min), 0ms);
  clock_.advance(1min);
  Process second(clock_, store_);
  EXPECT_EQ(second.ask(query, 1min), std::nullopt);
  EXPECT_GE(second.wait, 59min);
  EXPECT_LE(second.wait, 60min);
  EXPECT_EQ(second.ask(request({search}, "/repos/x"), 1min), 0ms);
}

TEST_P(SharedBudgets, ARestartForgetsNoHold) {
  Process first(clock_, store_);
  first.budgets.hold(request(), 10min, "429");
  Process second(clock_, store_);
  EXPECT_EQ(second.ask(request(), 1min), std::nullopt);
  EXPECT_EQ(second.wait, 10min);
  EXPECT_NE(second.why.find("in 10 min (kept in http_budgets)"), std::string::npos) << second.why;
  clock_.advance(10min);
  EXPECT_EQ(second.ask(request(), 1min), 0ms);
}

TEST_P(SharedBudgets, WithoutLimitsAndHoldsNothingIsAskedForByName) {
  Process process(clock_, store_);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(process.ask(request()), 0ms);
  EXPECT_EQ(store_.changes, 0);
  EXPECT_EQ(store_.looks, 1);
}

TEST_P(SharedBudgets, AStockSparesTheStore) {
  Process process(clock_, store_);
  for (int i = 0; i < 2'000; ++i) ASSERT_EQ(process.ask(request({many}), 0s), 0ms) << i;
  EXPECT_LE(store_.changes, 16);
  // Slow callers keep no stock, so that little is lost with a process.
  const int before = store_.changes;
  for (int i = 0; i < 20; ++i) {
    clock_.advance(2min);
    ASSERT_EQ(process.ask(request({many}), 0s), 0ms);
  }
  EXPECT_EQ(store_.changes, before + 20);
  // All in all never more than the limit, whoever asks.
  int sent = 2'020;
  std::optional<Process> other;
  if (GetParam()) other.emplace(clock_, store_);
  while (other && other->ask(request({many}), 0s)) ++sent;
  while (process.ask(request({many}), 0s)) ++sent;
  EXPECT_LE(sent, 10'000);
  EXPECT_GE(sent, 9'000);
  EXPECT_LE(store_.changes, before + 20 + 60);
}

TEST_P(SharedBudgets, WhenTheStoreFailsLimitsStillHoldAndItIsSaidOnce) {
  Process process(clock_, store_);
  EXPECT_EQ(process.ask(request({search}, "/search/x"), 0s), 0ms);
  store_.broken_at_commit = true;
  EXPECT_EQ(process.ask(request({search}, "/search/x"), 0s), 0ms)
      << "what was decided for that commit is void";
  EXPECT_EQ(process.ask(request({search}, "/search/x"), 0s), std::nullopt);
  const auto trouble = process.budgets.take_trouble();
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->find("the commit broke"), std::string::npos);
  clock_.advance(11s);
  EXPECT_EQ(process.ask(request({search}, "/search/x"), 0s), std::nullopt);
  EXPECT_FALSE(process.budgets.take_trouble());
  EXPECT_EQ(process.budgets.store_failures(), 2u);
  store_.broken_at_commit = false;
  clock_.advance(11s);
  process.budgets.hold(request({search}, "/search/x"), 2h, "429");
  EXPECT_EQ(Process(clock_, store_).ask(request({search}, "/search/x"), 1h), std::nullopt);
  store_.broken = true;
  Process late(clock_, store_);
  EXPECT_EQ(late.ask(request({five}), 0s), 0ms);
  EXPECT_EQ(late.ask(request({five}), 1s), 200ms);
  EXPECT_TRUE(late.budgets.take_trouble());
}

TEST_P(SharedBudgets, AStoreThatDoesNotAnswerIsGivenASecond) {
  Process process(clock_, store_);
  store_.hangs = true;
  std::optional<Duration> granted;
  std::jthread asking([&] { granted = process.ask(request({search}, "/search/x")); });
  store_.wait_until_entered();
  clock_.advance(1s);
  asking.join();
  EXPECT_EQ(granted, 0ms);
  EXPECT_EQ(process.budgets.store_failures(), 1u);
}

TEST_P(SharedBudgets, WithoutAThreadForTheAlarmTheStoreIsDoneWithout) {
  PoorClock poor(clock_);
  Process process(poor, store_);
  poor.is_poor = true;
  EXPECT_EQ(process.ask(request({search}, "/search/x")), 0ms);
  process.budgets.hold(request({{9, 1h, "items", "/items"}}), 1h, "429");
  EXPECT_EQ(store_.changes, 0);
  EXPECT_EQ(process.budgets.store_failures(), 1u);
  EXPECT_TRUE(process.budgets.take_trouble());
  poor.is_poor = false;
  clock_.advance(11s);
  EXPECT_EQ(process.ask(request({search}, "/search/x")), 0ms) << "the others do not wait for ever";
  EXPECT_EQ(store_.changes, 1);
}

TEST_P(SharedBudgets, ManyWhoWriteDoNotWaitForASilentStoreOneAfterTheOther) {
  Process process(clock_, store_);
  store_.hangs = true;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        const RateLimit own{1'000, 1h, "r" + std::to_string(i), "/"};
        process.budgets.hold(request({own}), 1h, "429");
      });
    store_.wait_until_entered();
    clock_.advance(1s);
  }
  EXPECT_EQ(store_.changes, 1);
  EXPECT_EQ(process.budgets.store_failures(), 1u);
}

TEST_P(SharedBudgets, WhoIsStoppedWritesNothing) {
  Process process(clock_, store_);
  store_.hangs = true;
  std::stop_source stop;
  std::jthread holding([&] { process.budgets.hold(request(), 1h, "429", stop.get_token()); });
  store_.wait_until_entered();
  stop.request_stop();
  holding.join();
  EXPECT_EQ(process.budgets.store_failures(), 0u);
  EXPECT_EQ(process.ask(request(), 1min), std::nullopt) << "it still holds here";
}

TEST_P(SharedBudgets, AFileThatIsBusyForAMinuteIsNoTrouble) {
  Process process(clock_, store_);
  store_.takes = 1s;
  std::optional<std::string> trouble;
  for (int seconds = 0; seconds < 60; seconds += 12) {
    EXPECT_FALSE(process.budgets.take_trouble());
    process.ask(request({search}, "/search/x"), 0s);
    if (GetParam()) break;
    clock_.advance(11s);
  }
  if (!GetParam()) {
    EXPECT_FALSE(process.budgets.take_trouble());
    process.ask(request({search}, "/search/x"), 0s);
    EXPECT_FALSE(process.budgets.take_trouble()) << "sixty seconds are not over";
    clock_.advance(11s);
    process.ask(request({search}, "/search/x"), 0s);
  }
  trouble = process.budgets.take_trouble();
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->find("over a restart"), std::string::npos);
  EXPECT_EQ(trouble->find("other processes") != std::string::npos, GetParam());
  clock_.advance(11s);
  process.ask(request({search}, "/search/x"), 0s);
  EXPECT_FALSE(process.budgets.take_trouble()) << "once";
}

TEST_P(SharedBudgets, WhoeverIsStoppedLeavesTheLineAtOnceAndOthersAreServed) {
  Process process(clock_, store_);
  store_.hangs = true;
  std::stop_source stop_first, stop_second;
  const auto ask = [&](std::stop_source& stop, Budgets::Answer& answer) {
    answer = process.budgets.reserve(request({search}, "/search/x"), clock_.steady(), stop.get_token());
  };
  Budgets::Answer first, second, third;
  std::stop_source none;
  std::jthread one([&] { ask(stop_first, first); });
  store_.wait_until_entered();
  std::jthread two([&] { ask(stop_second, second); });
  stop_second.request_stop();
  two.join();
  EXPECT_TRUE(std::holds_alternative<Budgets::Refusal>(second));
  std::jthread three([&] { ask(none, third); });
  stop_first.request_stop();  // it leads, and the other takes over
  one.join();
  EXPECT_TRUE(std::holds_alternative<Budgets::Refusal>(first));
  store_.let_go();
  three.join();
  EXPECT_TRUE(std::holds_alternative<Budgets::Grant>(third));
  EXPECT_EQ(process.budgets.store_failures(), 0u);
}

TEST_P(SharedBudgets, WhoComesWhileTheStoreIsAskedSharesTheNextTransaction) {
  Process process(clock_, store_);
  store_.hangs = true;
  const Request each = request({{1'000, 1h}, {5, 1s}});
  std::mutex mutex;
  std::vector<Duration> instants;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 40; ++i)
      threads.emplace_back([&] {
        const auto granted = process.ask(each);
        const std::lock_guard lock(mutex);
        instants.push_back(granted.value_or(-1s));
      });
    store_.wait_until_entered();
    store_.let_go();
  }
  std::ranges::sort(instants);
  for (std::size_t i = 0; i < instants.size(); ++i) EXPECT_EQ(instants[i], i * 200ms);
  EXPECT_LE(store_.changes, 40);
}

INSTANTIATE_TEST_SUITE_P(Stores, SharedBudgets, testing::Values(true, false), [](const auto& info) {
  return info.param ? "of_several_processes" : "of_one_process";
});

TEST(SharedBudgetsOfProcesses, TakeTurnsWhateverTheirClocksSay) {
  base::SimulatedClock of_store(base::SimulatedClock::Mode::manual);
  base::SimulatedClock ahead(base::SimulatedClock::Mode::manual, of_store.wall() + 3h);
  FakeStore store(of_store, true);
  Process one(of_store, store), two(ahead, store);
  EXPECT_EQ(one.ask(request({five})), 0ms);
  EXPECT_EQ(two.ask(request({five})), 200ms);
  EXPECT_EQ(one.ask(request({five})), 400ms);
  of_store.advance(300ms);
  ahead.advance(300ms);
  EXPECT_EQ(two.ask(request({five})), 300ms);
  two.budgets.hold(request({five}), 1min, "429");
  EXPECT_EQ(one.ask(request({five}), 59s), std::nullopt);
  EXPECT_EQ(one.wait, 1min);
}

TEST(SharedBudgetsOfProcesses, HearOfHoldsOfBudgetsWithoutLimits) {
  base::SimulatedClock clock(base::SimulatedClock::Mode::manual);
  FakeStore store(clock, true);
  Process one(clock, store), two(clock, store);
  EXPECT_EQ(two.ask(request()), 0ms);
  one.budgets.hold(request(), 10min, "429");
  clock.advance(10s);
  EXPECT_EQ(two.ask(request(), 1min), std::nullopt);
  clock.advance(10min);
  EXPECT_EQ(two.ask(request()), 0ms);
  EXPECT_EQ(one.ask(request()), 100ms) << "no herd of processes either";
}

TEST(SharedBudgetsOfOneProcess, ShortWindowsLiveInMemory) {
  base::SimulatedClock clock(base::SimulatedClock::Mode::manual);
  FakeStore store(clock, false);
  Process process(clock, store);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(process.ask(request({five})), i * 200ms);
  EXPECT_EQ(store.changes, 0);
}

}  // namespace
