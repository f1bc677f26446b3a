#include "resilience/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "base/rng.hpp"

using namespace std::chrono_literals;
using base::Duration;
using base::SimulatedClock;
using base::SteadyTime;
using resilience::BoundedQueue;
using resilience::no_deadline;
using resilience::Push;
using resilience::Shed;
using resilience::WhenFull;

namespace {

struct Queue : testing::Test {
  SimulatedClock clock{SimulatedClock::Mode::automatic};
  std::vector<std::pair<int, Shed>> shed;
  auto keep() {
    return [this](int&& item, Shed why) { shed.emplace_back(item, why); };
  }
};

TEST_F(Queue, FirstInFirstOut) {
  BoundedQueue<int> queue(clock, {.capacity = 3}, keep());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.push(int(i)), Push::queued);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.pop(), 0);
  EXPECT_EQ(queue.push(3), Push::queued);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(queue.try_pop(), i);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST_F(Queue, WhatIsRefusedStaysWithItsOwner) {
  BoundedQueue<std::unique_ptr<int>> queue(clock, {.capacity = 0, .when_full = WhenFull::reject},
                                           [](auto&&, Shed) {});
  EXPECT_EQ(queue.push(std::make_unique<int>(1)), Push::queued) << "there is at least one place";
  auto second = std::make_unique<int>(2);
  EXPECT_EQ(queue.push(std::move(second)), Push::full);
  EXPECT_TRUE(second);
  queue.close();
  EXPECT_EQ(queue.push(std::move(second)), Push::closed);
  EXPECT_TRUE(second);
}

TEST_F(Queue, TheOldestMakesRoom) {
  BoundedQueue<int> queue(clock, {.capacity = 2, .when_full = WhenFull::drop_oldest}, keep());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(queue.push(int(i)), Push::queued);
  EXPECT_EQ(shed, (std::vector<std::pair<int, Shed>>{{0, Shed::dropped}, {1, Shed::dropped}}));
  EXPECT_EQ(queue.pop(), 2);
}

TEST_F(Queue, WhatWaitedTooLongIsNotPopped) {
  BoundedQueue<int> queue(clock, {.max_age = 30s}, keep());
  (void)queue.push(1);
  clock.advance(1s);
  (void)queue.push(2);
  clock.advance(30s);
  EXPECT_EQ(queue.pop(), 2) << "exactly 30 s are not too long";
  EXPECT_EQ(shed, (std::vector<std::pair<int, Shed>>{{1, Shed::too_old}}));
  (void)queue.push(3);
  clock.advance(31s);
  EXPECT_EQ(queue.try_pop(), std::nullopt);
  EXPECT_EQ(shed.size(), 2U);
}

TEST_F(Queue, WaitsEndAtTheDeadline) {
  BoundedQueue<int> queue(clock, {.capacity = 1}, keep());
  const SteadyTime begin = clock.steady();
  EXPECT_EQ(queue.pop({}, begin + 5s), std::nullopt);
  EXPECT_EQ(clock.steady(), begin + 5s);
  (void)queue.push(1);
  EXPECT_EQ(queue.push(2, {}, begin + 7s), Push::deadline);
  EXPECT_EQ(clock.steady(), begin + 7s);
}

TEST_F(Queue, AfterCloseTheRestCanBePopped) {
  BoundedQueue<int> queue(clock, {}, keep());
  (void)queue.push(1);
  queue.close();
  EXPECT_EQ(queue.push(2), Push::closed);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST_F(Queue, AStopEndsWaitsAndLeavesTheRest) {
  BoundedQueue<int> queue(clock, {.capacity = 1}, keep());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(queue.pop(stop.get_token()), std::nullopt);
  (void)queue.push(1);
  EXPECT_EQ(queue.push(2, stop.get_token()), Push::stopped);
  EXPECT_EQ(queue.pop(stop.get_token()), std::nullopt);
  EXPECT_EQ(queue.size(), 1U);
}

TEST_F(Queue, LikeADeque) {
  base::Rng rng(77);
  for (int round = 0; round < 12; ++round) {
    const auto capacity = static_cast<std::size_t>(rng.between(1, 8));
    const bool drops = round % 2 == 0;
    const Duration age{rng.between(0, 50)};
    shed.clear();
    BoundedQueue<int> queue(clock, {capacity, drops ? WhenFull::drop_oldest : WhenFull::reject, age}, keep());
    std::deque<std::pair<int, SteadyTime>> model;
    std::vector<std::pair<int, Shed>> lost;
    for (int step = 0; step < 1000; ++step) {
      clock.advance(Duration(rng.between(0, 20)));
      if (rng.below(2) == 0) {
        const bool full = model.size() == capacity;
        ASSERT_EQ(queue.push(int(step)), full && !drops ? Push::full : Push::queued);
        if (full && drops) {
          lost.emplace_back(model.front().first, Shed::dropped);
          model.pop_front();
        }
        if (!full || drops) model.emplace_back(step, clock.steady());
      } else {
        while (!model.empty() && clock.steady() - model.front().second > age) {
          lost.emplace_back(model.front().first, Shed::too_old);
          model.pop_front();
        }
        const auto expected = model.empty() ? std::nullopt : std::optional(model.front().first);
        if (!model.empty()) model.pop_front();
        ASSERT_EQ(queue.try_pop(), expected) << "round " << round << ", step " << step;
      }
      ASSERT_EQ(queue.size(), model.size());
      ASSERT_EQ(shed, lost);
    }
  }
}

// Every item is popped once, shed once, or refused; consumers end at close().
TEST(QueueThreads, NothingIsLostOrDoubled) {
  base::SystemClock clock;
  for (const WhenFull when_full : {WhenFull::block, WhenFull::reject, WhenFull::drop_oldest}) {
    constexpr int producers = 3, items = 3000;
    std::vector<std::atomic<int>> seen(producers * items);
    BoundedQueue<int> queue(clock, {.capacity = 4, .when_full = when_full},
                            [&](int&& item, Shed) { ++seen[static_cast<std::size_t>(item)]; });
    std::vector<std::jthread> consumers, workers;
    for (int i = 0; i < 3; ++i)
      consumers.emplace_back([&, i] {
        // One of them gives up now and then, in the middle of a wait.
        for (;;) {
          const auto item = queue.pop({}, i == 0 ? clock.steady() + 10us : no_deadline);
          if (item) ++seen[static_cast<std::size_t>(*item)];
          if (!item && (i != 0 || queue.push(0) == Push::closed)) return;
          if (!item) --seen[0];
        }
      });
    for (int i = 0; i < producers; ++i)
      workers.emplace_back([&, i] {
        for (int number = 0; number < items; ++number) {
          const int item = i * items + number;
          if (queue.push(int(item)) == Push::full) ++seen[static_cast<std::size_t>(item)];
        }
      });
    workers.clear();
    queue.close();
    consumers.clear();
    for (std::size_t i = 1; i < seen.size(); ++i) ASSERT_EQ(seen[i], 1) << "item " << i;
  }
}

TEST(QueueThreads, AStopWakesBothSides) {
  base::SystemClock clock;
  BoundedQueue<int> empty(clock, {}, [](int&&, Shed) {}), full(clock, {.capacity = 1}, [](int&&, Shed) {});
  (void)full.push(1);
  std::jthread consumer([&](const std::stop_token& stop) { EXPECT_EQ(empty.pop(stop), std::nullopt); });
  std::jthread producer([&](const std::stop_token& stop) { EXPECT_EQ(full.push(2, stop), Push::stopped); });
}

}  // namespace
