#include "keeper/scheduler.hpp"

#include "base/text.hpp"
#include "keeper/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using collect::Outcome;
using keeper::testing::faulty;
using keeper::testing::good;
using keeper::testing::House;
using keeper::testing::Texts;

const char* const hourly = "schedule: {every: 1h}\n";

TEST(Scheduler, StartsWhatNeverRanAndThenEverySlot) {
  House house({good("a", hourly)});
  EXPECT_FALSE(house.scheduler->knows_all());
  house.scheduler->turn();
  EXPECT_TRUE(house.scheduler->knows_all());
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  EXPECT_EQ(house.launches[0].options.started_by, collect::StartedBy::schedule);
  const auto run = house.begin();
  house.live(5min);
  EXPECT_EQ(house.scheduler->running(), 1U);
  house.end(run);
  house.live(54min);
  EXPECT_EQ(house.launched(), Texts{});
  EXPECT_LE(house.scheduler->rest(), 1min);
  house.live(1min);
  EXPECT_EQ(house.launched(), Texts{"a 60"});
  EXPECT_EQ(house.slots(), Texts{"0 done success"});
}

TEST(Scheduler, AFailedRunComesDownTheLadder) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  house.end(house.begin(), Outcome::failed);
  house.live(29s);
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  house.live(1s);
  EXPECT_EQ(house.launched(), Texts{"a ~0"});
  EXPECT_EQ(house.launches.back().options.started_by, collect::StartedBy::retry);
  house.end(house.begin());
  EXPECT_EQ(house.slots(), Texts{"0 done success"});
}

// Another daemon has tried it in between: then it waits for the next rung (RT10).
TEST(Scheduler, ATryIsForTheTimeItWasPlannedFor) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  house.end(house.begin(), Outcome::failed);
  house.live(30s);
  EXPECT_EQ(house.launched(), (Texts{"a 0", "a ~0"}));
  EXPECT_FALSE(house.launches[0].options.slot->try_at);
  EXPECT_EQ(house.launches[1].options.slot->try_at, house.started + 30s);
}

// A machine that wakes up in another year, until somebody tells it the time.
TEST(Scheduler, ATimeThatWasAYearAheadStopsNothing) {
  House house({good("a", hourly)});
  house.live(1min);
  house.end(house.begin());
  house.clock.jump_wall(10'000h);
  house.live(1min);
  house.end(house.begin());
  EXPECT_EQ(house.launched(), (Texts{"a 0", "a 600000"}));
  house.clock.jump_wall(-10'000h);
  house.live(60min);
  EXPECT_EQ(house.launched(), Texts{"a 60"});
  house.end(house.begin());
  house.live(60min);
  EXPECT_EQ(house.launched(), Texts{"a 120"});
  house.end(house.begin(), Outcome::failed);
  house.live(1min);
  EXPECT_EQ(house.board.status().collectors[0].condition, schedule::Condition::recovering);
}

TEST(Scheduler, WhatWasMissedIsOnRecordBeforeTheNextBegins) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  house.end(house.begin());
  house.scheduler.reset();
  house.clock.advance(5h + 1min);
  house.start();
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), (Texts{"a 0", "a 300"}));
  EXPECT_EQ(house.slots(), (Texts{"0 done success", "60-240 missed superseded"}));
}

TEST(Scheduler, InvalidAndPausedOnesNeverStart) {
  House house({faulty("a"), good("b", "schedule: {every: 1h}\nenabled: false\n"), good("c")});
  house.live(3h);
  EXPECT_EQ(house.launched(), Texts{});
}

TEST(Scheduler, OverlapSkips) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  const auto run = house.begin();
  house.live(130min);
  house.end(run);
  house.live(60min);
  EXPECT_EQ(house.launched(), (Texts{"a 0", "a 180"}));
  EXPECT_EQ(house.slots(), (Texts{"0 done success", "60-60 missed overlap", "120-120 missed overlap"}));
}

TEST(Scheduler, OverlapQueues) {
  House house({good("a", "schedule: {every: 1h, overlap: queue}\n")});
  house.scheduler->turn();
  const auto run = house.begin();
  house.live(70min);
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  house.end(run);
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), Texts{"a 60"});
}

// It waited for us: that is not what recover_missed means.
TEST(Scheduler, WhatWaitedInTheQueueIsNotLate) {
  House house({good("a", "schedule: {every: 1h, overlap: queue, recover_missed: none}\n")});
  house.scheduler->turn();
  const auto run = house.begin();
  house.live(70min);
  house.end(run);
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), (Texts{"a 0", "a 60"}));
  EXPECT_EQ(house.slots(), Texts{"0 done success"});
}

TEST(Scheduler, OverlapCancels) {
  for (const char* const recover : {"last", "all", "none"}) {
    House house(
        {good("a", fmt::format("schedule: {{every: 1h, overlap: cancel, recover_missed: {}}}\n", recover))});
    house.scheduler->turn();
    const auto run = house.begin();
    house.live(59min);
    EXPECT_FALSE(house.launches[0].stop.stop_requested());
    house.live(1min);
    EXPECT_TRUE(house.launches[0].stop.stop_requested());
    house.clock.advance(1s);
    house.end(run, Outcome::cancelled);
    house.scheduler->turn();
    // The cancelled one gives way to the next for good.
    EXPECT_EQ(house.launched(), (Texts{"a 0", "a 60"})) << recover;
    house.begin();
    EXPECT_EQ(house.slots(), (Texts{"0 done gave_up", "60 claimed -"})) << recover;
  }
}

TEST(Scheduler, OneOfAGroupAndNoMoreThanThereAreWorkers) {
  House house(
      {good("a", "schedule: {every: 1h}\nconcurrency_group: g\n"),
       good("b", "schedule: {every: 1h}\nconcurrency_group: g\n"), good("c", hourly), good("d", hourly)},
      2);
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), (Texts{"a 0", "c 0"}));
  house.end(house.begin(1), Outcome::success, 1);
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), Texts{"d 0"});
  house.end(house.begin(0), Outcome::success, 0);
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), Texts{"b 0"});
}

TEST(Scheduler, AStopCancelsAllAndTheirSlotsAreDueAgain) {
  House house({good("a", hourly), good("b", hourly)}, 1);
  house.scheduler->turn();
  const auto run = house.begin();
  house.scheduler->stop();
  EXPECT_TRUE(house.launches[0].stop.stop_requested());
  house.end(run, Outcome::cancelled);
  house.live(2h);
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  EXPECT_EQ(house.scheduler->running(), 0U);
  EXPECT_EQ(house.slots(), Texts{"0 due interrupted"});
  house.clock.jump_wall(-2h);  // as if at once
  house.start();
  house.scheduler->turn();
  EXPECT_EQ(house.launched().size(), 1U);
}

TEST(Scheduler, AReloadLeavesRunsAlone) {
  House house({good("a", hourly), good("b", hourly)});
  house.scheduler->turn();
  const auto a = house.begin(0);
  const std::size_t b = 1;  // on its way into the ledger
  house.clock.advance(1min);
  house.renew({good("a", "schedule: {every: 30m}\n"), good("c", hourly)});
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), (Texts{"a 0", "b 0", "c 0"}));
  house.end(house.begin(b), Outcome::success, b);
  house.end(a, Outcome::success, 0);
  house.end(house.begin(2), Outcome::success, 2);
  EXPECT_EQ(house.scheduler->running(), 0U);
  house.live(29min);
  EXPECT_EQ(house.launched(), Texts{"a 30"});
  EXPECT_EQ(house.slots("b"), Texts{"0 done success"});
}

TEST(Scheduler, AReloadBeforeARunIsOnRecordDoesNotStartItTwice) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  house.renew({good("a", hourly)});
  house.live(10s);
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  house.end(house.begin());
  house.live(10min);
  EXPECT_EQ(house.launched(), Texts{});
}

TEST(Scheduler, ClocksThatAreSetAreLogged) {
  House house({good("a", hourly)});
  house.live(1min);
  house.clock.jump_wall(-2h);
  house.live(1min);
  EXPECT_NE(house.logged.find("the machine's clock was set by_seconds=-7200"), std::string::npos)
      << house.logged;
}

TEST(Scheduler, ThreeCrashesAreSaidOnce) {
  House house({good("a", hourly)});
  for (int i = 0; i < 3; ++i) {
    house.live(1min);
    ASSERT_FALSE(house.launched().empty());
    house.begin();
    house.scheduler.reset();
    ASSERT_OK(collect::Ledger(*house.session, house.clock).mark_lost({}));
    house.start();
  }
  const auto until = house.clock.wall() + 15min;
  house.live(14min);
  EXPECT_EQ(house.launched(), Texts{});
  const std::string line = "held back: it was running each time pulse crashed";
  EXPECT_NE(house.logged.find(line), std::string::npos);
  EXPECT_EQ(house.logged.find(line), house.logged.rfind(line));
  EXPECT_NE(house.board.status().collectors[0].error.find("held back until " + base::to_iso8601(until)),
            std::string::npos);
  house.live(1min);
  EXPECT_EQ(house.launched(), Texts{"a ~0"});
}

}  // namespace
