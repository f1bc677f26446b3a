#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "football/client.hpp"
#include "football/fixture_test.hpp"

namespace {

using namespace football::testing;
using base::Code;
using std::chrono::year_month_day;

const year_month_day today{std::chrono::year{2025}, std::chrono::month{11}, std::chrono::day{21}};

// Holds every request back until it is let go, or stopped.
class Door {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    return changed_.wait(lock, stop, [&] { return open_; });
  }
  void wait_for_inside(int count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 60s, [&] { return inside_ >= count; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
  int inside_ = 0;
};

std::vector<std::string> ids_in(const std::string& url) {
  std::vector<std::string> ids;
  const std::size_t at = url.find("ids=");
  if (at == std::string::npos) return ids;
  std::string rest = url.substr(at + 4);
  for (std::size_t dash = 0; dash != std::string::npos;) {
    dash = rest.find('-');
    ids.push_back(rest.substr(0, dash));
    rest.erase(0, dash == std::string::npos ? dash : dash + 1);
  }
  return ids;
}

// On a clock that stands still: whoever waits, waits.
struct Crowd : World {
  Crowd() : World(base::SimulatedClock::Mode::manual) {
    api.answers([this](const http::Request& request, const std::stop_token& stop) {
      if (!door.wait(stop)) return stopped();
      if (!failure.empty()) return told(failing(failure));
      std::vector<std::string> games;
      for (const std::string& id : ids_in(request.url))
        if (id != "404") games.push_back(game(std::stoll(id), clock.wall() + 2h));
      return told(envelope(games.empty() ? std::vector{game(1, clock.wall() + 2h)} : games));
    });
  }
  // Until that many wait for another's answer.
  void wait_for_sleepers(int count) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (clock.sleepers() < count && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    ASSERT_GE(clock.sleepers(), count);
  }
  auto ask_day(base::Duration time, std::stop_token stop = {}) {
    return client.fixtures_of(today, deadline(time), std::move(stop));
  }
  auto ask_ids(std::vector<std::int64_t> ids, base::Duration time = 60s, std::stop_token stop = {}) {
    return client.fixtures(ids, deadline(time), std::move(stop));
  }

  Door door;
  std::string failure;
};

TEST(ClientThreads, EqualQuestionsAreOneRequest) {
  Crowd crowd;
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { good += crowd.ask_day(60s)->value.size() == 1; });
    crowd.wait_for_sleepers(7);
    crowd.door.open();
  }
  EXPECT_EQ(good, 8);
  EXPECT_EQ(crowd.api.count(), 1U);
}

TEST(ClientThreads, AFailureIsSharedToo) {
  Crowd crowd;
  crowd.failure = R"({"plan":"no"})";
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] { refused += crowd.ask_day(60s).error().code == Code::permission; });
    crowd.wait_for_sleepers(3);
    crowd.door.open();
  }
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(crowd.api.count(), 1U);
}

TEST(ClientThreads, WhenTheAskerIsStoppedAnotherTakesOver) {
  Crowd crowd;
  std::stop_source stop;
  std::atomic<int> good = 0;
  {
    std::jthread first(
        [&] { EXPECT_EQ(crowd.ask_day(60s, stop.get_token()).error().code, Code::cancelled); });
    crowd.door.wait_for_inside(1);
    std::vector<std::jthread> others;
    for (int i = 0; i < 3; ++i) others.emplace_back([&] { good += crowd.ask_day(60s).has_value(); });
    crowd.wait_for_sleepers(3);
    stop.request_stop();
    first.join();
    crowd.door.wait_for_inside(2);
    crowd.door.open();
  }
  EXPECT_EQ(good, 3);
  EXPECT_EQ(crowd.api.count(), 2U);
}

TEST(ClientThreads, WhoWaitsKeepsHisOwnStopAndDeadline) {
  Crowd crowd;
  std::stop_source stop;
  std::jthread first([&] { EXPECT_TRUE(crowd.ask_day(60s)); });
  crowd.door.wait_for_inside(1);
  std::jthread stopped_one(
      [&] { EXPECT_EQ(crowd.ask_day(60s, stop.get_token()).error().code, Code::cancelled); });
  std::jthread hurried([&] { EXPECT_EQ(crowd.ask_day(1s).error().code, Code::timeout); });
  crowd.wait_for_sleepers(2);
  stop.request_stop();
  stopped_one.join();
  crowd.clock.advance(2s);
  hurried.join();
  crowd.door.open();
  first.join();
  EXPECT_EQ(crowd.api.count(), 1U);
}

TEST(ClientThreads, WhoHasMoreTimeThanTheAskerGoesOn) {
  Crowd crowd;
  crowd.api.answers(
      [&, n = std::make_shared<std::atomic<int>>(0)](const http::Request&, const std::stop_token& stop) {
        if (++*n > 1) return told(envelope({game(1, crowd.clock.wall() + 2h)}));
        crowd.door.wait(stop);
        return no_answer();
      });
  std::jthread first([&] { EXPECT_EQ(crowd.ask_day(500ms).error().code, Code::timeout); });
  crowd.door.wait_for_inside(1);
  std::jthread patient([&] { EXPECT_TRUE(crowd.ask_day(60s)); });
  crowd.wait_for_sleepers(1);
  crowd.door.open();
  first.join();
  patient.join();
  EXPECT_EQ(crowd.api.count(), 2U);
}

// ---- games by id

TEST(ClientThreads, GamesComeInTheOrderOfTheirIdsTwentyARequest) {
  Crowd crowd;
  crowd.door.open();
  std::vector<std::int64_t> ids{404};
  for (int i = 30; i >= 1; --i) ids.push_back(i);
  ids.push_back(30);
  const auto games = crowd.ask_ids(ids);
  ASSERT_TRUE(games) << games.error().message;
  ASSERT_EQ(games->value.size(), 31U);
  EXPECT_EQ(games->value[0].id, 30);
  EXPECT_EQ(games->value[29].id, 1);
  EXPECT_EQ(crowd.api.count(), 2U);
  EXPECT_EQ(ids_in(crowd.api.requests()[0].url).size(), 20U);
  EXPECT_TRUE(crowd.ask_ids({5, 404, 6, 0, -3}));
  EXPECT_EQ(crowd.api.count(), 2U) << "known, and known to be unknown";
  EXPECT_TRUE(crowd.ask_ids({})->value.empty());
}

TEST(ClientThreads, IdsGatherWhileARequestIsUnderWay) {
  Crowd crowd;
  std::atomic<int> good = 0;
  {
    std::jthread first([&] { good += crowd.ask_ids({1})->value.size() == 1; });
    crowd.door.wait_for_inside(1);
    std::vector<std::jthread> others;
    for (int i = 2; i <= 9; ++i)
      others.emplace_back([&, i] { good += crowd.ask_ids({i, 1})->value.size() == 2; });
    crowd.wait_for_sleepers(8);
    crowd.door.open();
  }
  EXPECT_EQ(good, 9);
  EXPECT_EQ(crowd.api.count(), 2U);
  EXPECT_EQ(ids_in(crowd.api.last()).size(), 8U);
}

TEST(ClientThreads, AnErrorSpoilsTheIdsOfItsRequestOnly) {
  Crowd crowd;
  crowd.failure = R"({"plan":"no"})";
  std::jthread first([&] { EXPECT_EQ(crowd.ask_ids({1}).error().code, Code::permission); });
  crowd.door.wait_for_inside(1);
  std::jthread same([&] { EXPECT_EQ(crowd.ask_ids({1}).error().code, Code::permission); });
  crowd.wait_for_sleepers(1);
  crowd.door.open();
  first.join();
  same.join();
  EXPECT_EQ(crowd.api.count(), 1U);
  crowd.failure.clear();
  EXPECT_TRUE(crowd.ask_ids({1}));
}

TEST(ClientThreads, WhenTheAskerOfIdsIsStoppedAnotherTakesOver) {
  Crowd crowd;
  std::stop_source stop;
  std::jthread first(
      [&] { EXPECT_EQ(crowd.ask_ids({1}, 60s, stop.get_token()).error().code, Code::cancelled); });
  crowd.door.wait_for_inside(1);
  std::jthread second([&] { EXPECT_EQ(crowd.ask_ids({1, 2})->value.size(), 2U); });
  crowd.wait_for_sleepers(1);
  stop.request_stop();
  first.join();
  crowd.door.wait_for_inside(2);
  crowd.door.open();
  second.join();
  EXPECT_EQ(crowd.api.count(), 2U);
}

TEST(ClientThreads, OldGamesBridgeAFailure) {
  Crowd crowd;
  crowd.door.open();
  const base::WallTime told_at = crowd.clock.wall();
  ASSERT_TRUE(crowd.ask_ids({1, 2}));
  crowd.clock.advance(1h);
  crowd.failure = R"({"date":"no"})";
  const auto games = crowd.ask_ids({2, 1});
  ASSERT_TRUE(games);
  EXPECT_EQ(games->value.size(), 2U);
  EXPECT_EQ(games->stale_since, told_at);
  EXPECT_EQ(crowd.ask_ids({2, 3}).error().code, Code::invalid_data) << "of one nothing is known";
}

}  // namespace
