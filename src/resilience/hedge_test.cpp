#include "resilience/hedge.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "base/result.hpp"

using namespace std::chrono_literals;
using base::Code;
using base::Result;
using base::SimulatedClock;
using resilience::hedge;
using resilience::RetryBudget;

namespace {

void await(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

void until_stopped(const std::stop_token& stop) {
  await([&] { return stop.stop_requested(); });
}

// Time stands still until a test moves it.
struct Hedge : testing::Test {
  SimulatedClock clock{SimulatedClock::Mode::manual};
  RetryBudget budget{{.initial = 1}};
  std::atomic<int> begun = 0;

  // The second attempt waits for its time; then that comes.
  void let_it_come() {
    await([&] { return clock.sleepers() == 1; });
    clock.advance(200ms);
  }
};

TEST_F(Hedge, AQuickAnswerNeedsNoSecond) {
  const Result<int> result = hedge(clock, {.budget = &budget}, [&](const std::stop_token&) -> Result<int> {
    ++begun;
    return 1;
  });
  EXPECT_EQ(result.value(), 1);
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(budget.tokens(), 1);
}

TEST_F(Hedge, AnErrorBeforeTheDelayEndsTheCall) {
  const auto result = hedge(clock, {.budget = &budget}, [&](const std::stop_token&) -> Result<int> {
    ++begun;
    return base::error(Code::unavailable, "503");
  });
  EXPECT_EQ(result.error().message, "503");
  EXPECT_EQ(begun, 1);
}

TEST_F(Hedge, TheSecondWinsAndTheFirstIsStopped) {
  const auto result =
      hedge(clock, {.budget = &budget}, [&](const std::stop_token& stop) -> Result<std::string> {
        if (++begun == 2) return std::string("second");
        let_it_come();
        until_stopped(stop);
        return base::error(Code::cancelled, "stopped");
      });
  EXPECT_EQ(result.value(), "second");
  EXPECT_EQ(budget.tokens(), 0);
}

TEST_F(Hedge, TheFirstWinsAndTheSecondIsStopped) {
  const auto result = hedge(clock, {}, [&](const std::stop_token& stop) -> Result<int> {
    if (++begun == 2) {
      until_stopped(stop);
      return base::error(Code::cancelled, "stopped");
    }
    let_it_come();
    await([&] { return begun == 2; });
    return 1;
  });
  EXPECT_EQ(result.value(), 1);
}

TEST_F(Hedge, AFailedFirstWaitsForTheSecond) {
  std::atomic<bool> first_over = false;
  const auto result = hedge(clock, {}, [&](const std::stop_token&) -> Result<int> {
    if (++begun == 2) {
      await([&] { return first_over.load(); });
      return 2;
    }
    let_it_come();
    await([&] { return begun == 2; });
    first_over = true;
    return base::error(Code::unavailable, "503");
  });
  EXPECT_EQ(result.value(), 2);
}

TEST_F(Hedge, WhenBothFailTheErrorIsTheFirsts) {
  const auto result = hedge(clock, {}, [&](const std::stop_token&) -> Result<int> {
    if (++begun == 2) return base::error(Code::unavailable, "second");
    let_it_come();
    await([&] { return begun == 2; });
    return base::error(Code::unavailable, "first");
  });
  EXPECT_EQ(result.error().message, "first");
}

TEST_F(Hedge, ASpentBudgetOnlySuppressesTheSecond) {
  ASSERT_TRUE(budget.take_retry());
  const auto result = hedge(clock, {.budget = &budget}, [&](const std::stop_token&) -> Result<int> {
    ++begun;
    let_it_come();
    return 1;
  });
  EXPECT_EQ(result.value(), 1);
  EXPECT_EQ(begun, 1);
}

TEST_F(Hedge, AStopReachesBoth) {
  std::stop_source stop;
  const auto result = hedge(
      clock, {},
      [&](const std::stop_token& own) -> Result<int> {
        if (++begun == 1) {
          let_it_come();
          await([&] { return begun == 2; });
          stop.request_stop();
        }
        until_stopped(own);
        return base::error(Code::cancelled, "stopped");
      },
      stop.get_token());
  EXPECT_EQ(result.error().code, Code::cancelled);
}

}  // namespace
