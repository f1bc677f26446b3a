#include "store/gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace store {
namespace {

void wait_for_line(const Gate& gate, std::size_t length) {
  while (gate.waiting() < length) std::this_thread::yield();
}

TEST(Gate, LetsThreadsPassInTheOrderOfArrival) {
  Gate gate;
  std::vector<std::size_t> order;  // guarded by the gate
  std::vector<std::jthread> threads;
  {
    const auto first = gate.enter({});
    ASSERT_TRUE(first.has_value());
    for (std::size_t i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        const auto pass = gate.enter({});
        order.push_back(i);
      });
      wait_for_line(gate, i + 1);
    }
  }
  threads.clear();
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Gate, NobodyGetsAheadOfTheOthers) {
  Gate gate;
  constexpr std::size_t writers = 4;
  constexpr int turns = 100;
  std::array<int, writers> done{};  // guarded by the gate
  int widest = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t self = 0; self < writers; ++self) {
      threads.emplace_back([&, self] {
        for (int turn = 0; turn < turns; ++turn) {
          const auto pass = gate.enter({});
          // All who still want to are in line when the gate is left: then only its order decides who is next.
          const auto finished = std::count(done.begin(), done.end(), turns);
          wait_for_line(gate, writers - 1 - static_cast<std::size_t>(finished));
          ++done[self];
          const auto [least, most] = std::minmax_element(done.begin(), done.end());
          widest = std::max(widest, *most - *least);
        }
      });
    }
  }
  EXPECT_EQ(widest, 1);
  EXPECT_EQ(done, (std::array<int, writers>{turns, turns, turns, turns}));
}

TEST(Gate, AStoppedWaiterLeavesTheLine) {
  Gate gate;
  std::stop_source source;
  std::optional<base::Code> stopped;
  bool passed = false;
  std::jthread leaves;
  std::jthread stays;
  {
    const auto held = gate.enter({});
    leaves = std::jthread([&] {
      const auto pass = gate.enter(source.get_token());
      if (!pass) stopped = pass.error().code;
    });
    wait_for_line(gate, 1);
    stays = std::jthread([&] { passed = gate.enter({}).has_value(); });
    wait_for_line(gate, 2);
    source.request_stop();
    leaves.join();
    EXPECT_EQ(stopped, base::Code::cancelled);
    EXPECT_EQ(gate.waiting(), 1U);
  }
  stays.join();
  EXPECT_TRUE(passed);
  EXPECT_TRUE(gate.enter({}).has_value());
}

TEST(Gate, AStoppedCallerDoesNotEnter) {
  Gate gate;
  std::stop_source source;
  source.request_stop();
  const auto pass = gate.enter(source.get_token());
  ASSERT_FALSE(pass.has_value());
  EXPECT_EQ(pass.error().code, base::Code::cancelled);
  EXPECT_TRUE(gate.enter({}).has_value());
}

TEST(GateDeathTest, EnteringTwiceInOneThreadIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Gate gate;
  const auto pass = gate.enter({});
  EXPECT_DEATH(static_cast<void>(gate.enter({})), "waits for itself");
}

}  // namespace
}  // namespace store
