#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace base {
namespace {

using namespace std::chrono_literals;

void wait_for_sleepers(const SimulatedClock& clock, int count) {
  while (clock.sleepers() != count) std::this_thread::yield();
}

TEST(SimulatedClock, AdvanceWakesAtTheTime) {
  SimulatedClock clock(SimulatedClock::Mode::manual);
  const SteadyTime begin = clock.steady();
  SteadyTime woken;
  bool reached = false;
  std::jthread sleeper([&](std::stop_token stop) {
    reached = clock.sleep_until(begin + 1h, stop);
    woken = clock.steady();
  });
  wait_for_sleepers(clock, 1);
  clock.advance(1h - 1ns);
  EXPECT_EQ(clock.sleepers(), 1);
  clock.advance(1ns);
  wait_for_sleepers(clock, 0);
  sleeper.join();
  EXPECT_TRUE(reached);
  EXPECT_EQ(woken, begin + 1h);
}

TEST(SimulatedClock, WakesOnlyThoseWhoseTimeHasCome) {
  SimulatedClock clock(SimulatedClock::Mode::manual);
  std::atomic<int> woken = 0;
  std::vector<std::jthread> sleepers;
  for (int minutes = 1; minutes <= 3; ++minutes) {
    sleepers.emplace_back([&clock, &woken, minutes](std::stop_token stop) {
      if (clock.sleep_for(std::chrono::minutes(minutes), stop)) ++woken;
    });
  }
  wait_for_sleepers(clock, 3);
  clock.advance(2min);
  wait_for_sleepers(clock, 1);
  sleepers.back().request_stop();
  sleepers.clear();
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(clock.sleepers(), 0);
}

TEST(SimulatedClock, StopWakes) {
  SimulatedClock clock(SimulatedClock::Mode::manual);
  bool reached = true;
  std::jthread sleeper([&](std::stop_token stop) { reached = clock.sleep_for(1h, stop); });
  wait_for_sleepers(clock, 1);
  sleeper.request_stop();
  sleeper.join();
  EXPECT_FALSE(reached);
}

TEST(SimulatedClock, AutomaticMovesToTheEndOfEachSleep) {
  SimulatedClock clock(SimulatedClock::Mode::automatic, WallTime{1000s});
  const SteadyTime begin = clock.steady();
  EXPECT_TRUE(clock.sleep_for(90min, {}));
  EXPECT_EQ(clock.steady(), begin + 90min);
  EXPECT_EQ(clock.wall(), WallTime{1000s + 90min});
  EXPECT_TRUE(clock.sleep_until(begin, {}));  // long past: time does not go back
  EXPECT_EQ(clock.steady(), begin + 90min);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.sleep_for(1h, stop.get_token()));
  EXPECT_EQ(clock.steady(), begin + 90min);
}

TEST(SimulatedClock, WallJumpsAlone) {
  SimulatedClock clock(SimulatedClock::Mode::manual, WallTime{1000s});
  const SteadyTime begin = clock.steady();
  clock.jump_wall(-400s);
  EXPECT_EQ(clock.wall(), WallTime{600s});
  EXPECT_EQ(clock.steady(), begin);
  clock.advance(1500ms);
  EXPECT_EQ(clock.wall(), WallTime{601'500ms});
}

TEST(Clock, TheLongestSleepDoesNotOverflow) {
  SimulatedClock clock(SimulatedClock::Mode::manual);
  const SteadyTime begin = clock.steady();
  bool reached = true;
  std::jthread sleeper([&](std::stop_token stop) { reached = clock.sleep_for(Duration::max(), stop); });
  wait_for_sleepers(clock, 1);
  sleeper.request_stop();
  sleeper.join();
  EXPECT_FALSE(reached);
  EXPECT_TRUE(clock.sleep_for(-1h, {}));
  EXPECT_EQ(clock.steady(), begin);
}

TEST(SystemClock, TimePasses) {
  SystemClock clock;
  const SteadyTime begin = clock.steady();
  EXPECT_TRUE(clock.sleep_for(2ms, {}));
  EXPECT_GE(clock.steady() - begin, 2ms);
  EXPECT_TRUE(clock.sleep_until(begin, {}));
  EXPECT_GT(clock.wall(), WallTime{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}});
}

// The best of some tries, so that a busy machine does not fail the test; a clock that polls slowly fails them
// all.
TEST(SystemClock, StopEndsAnHourLongSleepAtOnce) {
  SystemClock clock;
  Duration best = Duration::max();
  for (int round = 0; round < 10; ++round) {
    std::atomic<bool> started = false;
    bool reached = true;
    std::jthread sleeper([&](std::stop_token stop) {
      started = true;
      started.notify_all();
      const SteadyTime end = round % 2 == 0 ? clock.steady() + 1h : SteadyTime::max();
      reached = clock.sleep_until(end, stop);
    });
    started.wait(false);
    for (int i = 0; i < 100; ++i) std::this_thread::yield();  // most likely inside the sleep by now
    const SteadyTime begin = clock.steady();
    sleeper.request_stop();
    sleeper.join();
    best = std::min(best, clock.steady() - begin);
    EXPECT_FALSE(reached);
  }
  EXPECT_LT(best, 10ms);
}

TEST(SimulatedClock, AlarmsRingAtTheirTimeWhileOthersSleep) {
  SimulatedClock clock(SimulatedClock::Mode::automatic);
  const SteadyTime start = clock.steady();
  std::vector<Duration> rung;
  const auto ring = [&] { rung.push_back(clock.steady() - start); };
  const auto late = clock.alarm(start + 30s, ring);
  const auto early = clock.alarm(start + 10s, ring);
  auto cancelled = clock.alarm(start + 20s, ring);
  cancelled.reset();
  EXPECT_TRUE(clock.sleep_until(start + 1min, {}));
  EXPECT_EQ(rung, (std::vector<Duration>{10s, 30s}));

  std::stop_source stop;
  const auto stopping = clock.alarm(clock.steady() + 5s, [&] { stop.request_stop(); });
  const SteadyTime before = clock.steady();
  EXPECT_FALSE(clock.sleep_until(before + 1h, stop.get_token()));
  EXPECT_EQ(clock.steady(), before + 5s);
}

TEST(SimulatedClock, AdvancingRingsAlarmsToo) {
  SimulatedClock clock(SimulatedClock::Mode::manual);
  int rung = 0;
  const auto alarm = clock.alarm(clock.steady() + 10s, [&] { ++rung; });
  clock.advance(9s);
  EXPECT_EQ(rung, 0);
  clock.advance(1s);
  clock.advance(1h);
  EXPECT_EQ(rung, 1);
  const auto past = clock.alarm(clock.steady() - 1s, [&] { ++rung; });
  EXPECT_EQ(rung, 2);
}

TEST(SystemClock, AlarmRingsOnceAndNotAfterItIsGone) {
  SystemClock clock;
  std::promise<void> rung;
  {
    const auto alarm = clock.alarm(clock.steady() + 1ms, [&] { rung.set_value(); });
    rung.get_future().wait();
  }
  const auto far = clock.alarm(clock.steady() + 1h, [] { FAIL(); });
}

}  // namespace
}  // namespace base
