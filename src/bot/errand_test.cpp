#include "bot/errand.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace bot {
namespace {

using namespace std::chrono_literals;

struct World {
  base::Result<void> act(base::SteadyTime deadline) {
    attempts.push_back(clock.steady());
    allowed.push_back(deadline - clock.steady());
    if (on_attempt) on_attempt();
    if (reasons.empty()) return {};
    const std::string reason = reasons.front();
    reasons.pop_front();
    return base::error(reason == "down" ? base::Code::unavailable : base::Code::permission,
                       "{} for the {}. time", reason, attempts.size());
  }
  base::SimulatedClock clock{base::SimulatedClock::Mode::automatic};
  std::deque<std::string> reasons;
  std::vector<base::SteadyTime> attempts;
  std::vector<base::Duration> allowed;
  std::vector<std::string> troubles;
  std::function<void()> on_attempt;
  Errand errand{"no commands",
                [this](base::SteadyTime deadline, const std::stop_token&) { return act(deadline); }, clock,
                base::Rng(4), [this](const std::string& text) { troubles.push_back(text); }};
};

TEST(Errand, OnceDoneItIsNotDoneAgain) {
  World world;
  EXPECT_TRUE(world.errand.attempt(3s, {}));
  EXPECT_TRUE(world.errand.attempt(3s, {}));
  world.errand.run({});
  EXPECT_EQ(world.attempts.size(), 1U);
  EXPECT_EQ(world.allowed[0], 3s);
  EXPECT_TRUE(world.troubles.empty());
}

TEST(Errand, ItIsTriedAgainWithPausesThatGrow) {
  World world;
  world.reasons = std::deque<std::string>(40, "down");
  world.errand.run({});
  ASSERT_EQ(world.attempts.size(), 41U) << "until it succeeds";
  const auto pause = [&](std::size_t i) { return world.attempts[i + 1] - world.attempts[i]; };
  EXPECT_GE(pause(0), 1s);
  EXPECT_LE(pause(0), 2s);
  EXPECT_GT(pause(5), pause(1));
  for (std::size_t i = 15; i < 40; ++i) {
    EXPECT_GE(pause(i), 5min);
    EXPECT_LE(pause(i), 10min);
  }
}

TEST(Errand, TheSameTroubleIsSaidOnce) {
  World world;
  world.reasons = {"down", "down", "refused", "refused", "down"};
  world.errand.run({});
  EXPECT_EQ(world.troubles,
            (std::vector<std::string>{"no commands: down for the 1. time; it is tried again",
                                      "no commands: refused for the 3. time; it is tried again",
                                      "no commands: down for the 5. time; it is tried again"}));
}

TEST(Errand, AStopEndsItWithoutAWord) {
  World world;
  world.reasons = std::deque<std::string>(40, "down");
  std::stop_source stop;
  world.on_attempt = [&] {
    if (world.attempts.size() == 3) stop.request_stop();
  };
  world.errand.run(stop.get_token());
  EXPECT_EQ(world.attempts.size(), 3U);
  EXPECT_EQ(world.troubles.size(), 1U);
}

}  // namespace
}  // namespace bot
