#include "resilience/bulkhead.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/rng.hpp"

using namespace std::chrono_literals;
using base::SimulatedClock;
using base::SteadyTime;
using resilience::Bulkhead;

namespace {

constexpr SteadyTime never = SteadyTime::max();

void await(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

TEST(Bulkhead, SoManyAndNoMore) {
  Bulkhead bulkhead({.concurrent = 2});
  auto first = bulkhead.try_enter();
  const auto second = bulkhead.try_enter();
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(bulkhead.try_enter());
  SimulatedClock clock(SimulatedClock::Mode::manual);
  EXPECT_FALSE(bulkhead.enter(clock, never, {})) << "nobody may wait";
  first.reset();
  EXPECT_EQ(bulkhead.in_flight(), 1);
  EXPECT_TRUE(bulkhead.try_enter());
}

TEST(Bulkhead, ASlotMovesItsPlace) {
  Bulkhead bulkhead({.concurrent = 2});
  auto a = bulkhead.try_enter(), b = bulkhead.try_enter();
  Bulkhead::Slot moved = *std::move(a);
  EXPECT_EQ(bulkhead.in_flight(), 2);
  moved = *std::move(b);
  EXPECT_EQ(bulkhead.in_flight(), 1);
  moved.release();
  moved.release();
  EXPECT_EQ(bulkhead.in_flight(), 0);
}

TEST(Bulkhead, AtLeastOnePlace) {
  Bulkhead bulkhead({.concurrent = -5, .waiting = -5});
  EXPECT_TRUE(bulkhead.try_enter());
}

TEST(Bulkhead, WaitersComeInTheirOrder) {
  SimulatedClock clock(SimulatedClock::Mode::manual);
  Bulkhead bulkhead({.concurrent = 1, .waiting = 3});
  auto inside = bulkhead.try_enter();
  std::vector<int> order;  // only who is inside writes
  std::vector<std::jthread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&, i] {
      const auto slot = bulkhead.enter(clock, never, {});
      order.push_back(slot ? i : -1);
    });
    await([&] { return bulkhead.waiting() == i + 1; });
  }
  EXPECT_FALSE(bulkhead.enter(clock, never, {})) << "the line is full";
  inside.reset();
  waiters.clear();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(bulkhead.in_flight(), 0);
}

TEST(Bulkhead, NobodyOvertakesAWaiter) {
  SimulatedClock clock(SimulatedClock::Mode::manual);
  Bulkhead bulkhead({.concurrent = 1, .waiting = 1});
  auto inside = bulkhead.try_enter();
  std::jthread waiter([&] { EXPECT_TRUE(bulkhead.enter(clock, never, {})); });
  await([&] { return bulkhead.waiting() == 1; });
  EXPECT_FALSE(bulkhead.try_enter());
  inside.reset();
}

TEST(Bulkhead, TheDeadlineEndsAWait) {
  SimulatedClock clock(SimulatedClock::Mode::automatic);
  Bulkhead bulkhead({.concurrent = 1, .waiting = 1});
  auto inside = bulkhead.try_enter();
  const SteadyTime deadline = clock.steady() + 5s;
  EXPECT_FALSE(bulkhead.enter(clock, deadline, {}));
  EXPECT_EQ(clock.steady(), deadline);
  EXPECT_EQ(bulkhead.waiting(), 0);
  inside.reset();
  EXPECT_TRUE(bulkhead.try_enter());
}

TEST(Bulkhead, AStopEndsAWait) {
  base::SystemClock clock;
  Bulkhead bulkhead({.concurrent = 1, .waiting = 1});
  const auto inside = bulkhead.try_enter();
  {
    std::jthread waiter(
        [&](const std::stop_token& stop) { EXPECT_FALSE(bulkhead.enter(clock, never, stop)); });
    await([&] { return bulkhead.waiting() == 1; });
  }
  EXPECT_EQ(bulkhead.waiting(), 0);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_FALSE(bulkhead.enter(clock, never, stopped.get_token()));
}

TEST(Bulkhead, LikeACounter) {
  base::Rng rng(5);
  for (int round = 0; round < 10; ++round) {
    const auto most = static_cast<int>(rng.between(1, 6));
    Bulkhead bulkhead({.concurrent = most});
    std::deque<Bulkhead::Slot> slots;
    for (int step = 0; step < 1000; ++step) {
      if (rng.below(2) == 0) {
        auto slot = bulkhead.try_enter();
        ASSERT_EQ(slot.has_value(), static_cast<int>(slots.size()) < most);
        if (slot) slots.push_back(*std::move(slot));
      } else if (!slots.empty()) {
        slots.pop_front();
      }
      ASSERT_EQ(bulkhead.in_flight(), static_cast<int>(slots.size()));
    }
  }
}

// Some wait without end, some until a deadline that passes at once, some are stopped: never more than two
// inside, and in the end nobody is left over.
TEST(Bulkhead, ThreadsInAllWays) {
  base::SystemClock clock;
  Bulkhead bulkhead({.concurrent = 2, .waiting = 3});
  std::atomic<int> inside = 0, most = 0, entered = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 6; ++i)
      workers.emplace_back([&, i] {
        base::Rng rng(static_cast<std::uint64_t>(i));
        for (int call = 0; call < 2000; ++call) {
          std::stop_source stop;
          if (rng.below(4) == 0) stop.request_stop();
          const SteadyTime deadline = rng.below(2) == 0 ? never : clock.steady() + 1us;
          const auto slot =
              rng.below(3) == 0 ? bulkhead.try_enter() : bulkhead.enter(clock, deadline, stop.get_token());
          if (!slot) continue;
          ++entered;
          const int now = ++inside;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          --inside;
        }
      });
  }
  EXPECT_LE(most, 2);
  EXPECT_GT(entered, 0);
  EXPECT_EQ(bulkhead.in_flight(), 0);
  EXPECT_EQ(bulkhead.waiting(), 0);
}

}  // namespace
