// The scheduler and a store that is silent, full, or loses its answers (SS3): nothing is forgotten.
#include "base/text.hpp"
#include "keeper/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using collect::Outcome;
using keeper::testing::good;
using keeper::testing::House;
using keeper::testing::Texts;

const char* const hourly = "schedule: {every: 1h}\n";

TEST(SchedulerStore, SilenceAtTheStart) {
  House house({good("a", hourly)});
  house.silence();
  house.live(5min);
  EXPECT_EQ(house.launched(), Texts{});
  EXPECT_FALSE(house.scheduler->knows_all());
  EXPECT_NE(house.warnings().find("The store does not answer since"), std::string::npos);
  EXPECT_LE(house.scheduler->rest(), 2s);
  house.store.heal();
  house.live(2s);
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  EXPECT_EQ(house.warnings(), "");
  EXPECT_NE(house.logged.find("the store answers again after="), std::string::npos) << house.logged;
}

// Whatever call of a turn fails: in the end every slot is on record.
TEST(SchedulerStore, NothingIsForgottenWhereverATurnBreaks) {
  int fired = 0;
  for (int call = 1;; ++call) {
    House house({good("a", hourly), good("b", hourly)});
    house.scheduler->turn();
    for (std::size_t i : {0, 1}) house.end(house.begin(i), Outcome::success, i);
    house.scheduler->turn();
    house.launched();
    house.clock.advance(5h + 1min);
    house.store.fail_at(call, store::testing::FaultyDatabase::Lasting::for_good);
    house.scheduler->turn();
    if (!house.store.fired()) break;
    ++fired;
    house.clock.advance(1min);
    house.scheduler->turn();
    EXPECT_EQ(house.launched(), Texts{}) << house.store.where();
    house.store.heal();
    house.live(5s);
    EXPECT_EQ(house.launched(), (Texts{"a 300", "b 300"})) << house.store.where();
    for (const char* const name : {"a", "b"})
      EXPECT_EQ(house.slots(name), (Texts{"0 done success", "60-240 missed superseded"}))
          << house.store.where();
  }
  EXPECT_GT(fired, 3);
}

TEST(SchedulerStore, AnEndThatWasNotTakenIsRecordedLater) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  const auto run = house.begin();
  house.silence();
  house.end(run, Outcome::success, House::npos, false);
  house.live(10min);
  EXPECT_EQ(house.outcomes(), Texts{"running"});
  house.store.heal();
  house.live(2s);
  EXPECT_EQ(house.outcomes(), Texts{"success"});
  EXPECT_EQ(house.slots(), Texts{"0 done success"});
}

TEST(SchedulerStore, AnEndThatIsRefusedKeepsNobody) {
  House house({good("a", hourly), good("b", hourly)});
  house.scheduler->turn();
  auto run = house.begin(0);
  run.run.error = std::string("a\0b", 3);  // what no database takes
  house.end(run, Outcome::failed, 0, false);
  house.live(2s);
  EXPECT_EQ(house.outcomes(), Texts{"failed"});
  EXPECT_EQ(house.warnings(), "");
  EXPECT_NE(house.logged.find("recorded without the text of its error"), std::string::npos) << house.logged;
}

TEST(SchedulerStore, ARunThatBreaksInTheMiddleIsEndedAndTriedAgain) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  const auto run = house.begin();
  house.launches.back().options.on_begin(run.run.id);
  collect::RunReport thrown;  // all that whoever caught it knows
  thrown.run.outcome = Outcome::failed;
  thrown.run.error = "an error in pulse itself";
  house.scheduler->ended(house.launches.back().id, thrown);
  house.live(2s);
  EXPECT_EQ(house.outcomes(), Texts{"failed"});
  EXPECT_EQ(house.slots(), Texts{"0 due ladder"});
  house.live(1min);
  EXPECT_EQ(house.launched(), Texts{"a ~0"});
}

// Also if others, or we ourselves, look for the dead first.
TEST(SchedulerStore, AnEndOfOursIsRecordedBeforeItCountsAsLost) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  house.end(house.begin(), Outcome::success, House::npos, false);
  house.scheduler->look_around();
  house.scheduler->turn();
  EXPECT_EQ(house.outcomes(), Texts{"success"});
  EXPECT_EQ(house.slots(), Texts{"0 done success"});
}

TEST(SchedulerStore, ARefusedBeginIsTriedEvery15Seconds) {
  House house({good("a", hourly)});
  std::vector<base::SteadyTime> tries;
  const auto end = house.clock.steady() + 5min;
  while (house.clock.steady() < end) {
    house.live(std::min<base::Duration>(1s, end - house.clock.steady()));
    for (const std::string& it : house.launched()) {
      EXPECT_EQ(it, "a 0");
      tries.push_back(house.clock.steady());
      house.refuse();
    }
  }
  ASSERT_GE(tries.size(), 15U);
  for (std::size_t i = 1; i < tries.size(); ++i) EXPECT_GE(tries[i] - tries[i - 1], 15s);
  EXPECT_NE(house.warnings().find("Runs cannot begin"), std::string::npos);
  EXPECT_NE(house.logged.find("a run could not begin"), std::string::npos);
  house.live(20s);
  house.end(house.begin());
  EXPECT_EQ(house.warnings(), "");
  EXPECT_EQ(house.outcomes(), Texts{"success"});
}

TEST(SchedulerStore, AClockThatIsSetBackDoesNotLengthenTheWait) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  house.refuse();
  house.scheduler->turn();
  house.clock.jump_wall(-2h);
  house.live(1min + 15s);
  EXPECT_EQ(house.launched().size(), 2U);
}

TEST(SchedulerStore, TheWarningEndsWithItsCause) {
  House house({good("a", hourly), good("b", hourly)});
  house.scheduler->turn();
  house.refuse(false, 0);
  EXPECT_NE(house.warnings(), "");
  house.refuse(true, 1);  // another process is at it
  house.live(16s);
  ASSERT_EQ(house.launched(), (Texts{"a 0", "b 0", "b 0", "a 0"}));
  house.end(house.begin(3), Outcome::success, 3);
  EXPECT_EQ(house.warnings(), "");

  House gone({good("a", hourly), good("b")});
  gone.scheduler->turn();
  gone.refuse();
  EXPECT_NE(gone.warnings(), "");
  gone.renew({good("b")});
  EXPECT_EQ(gone.warnings(), "");
}

TEST(SchedulerStore, ABeginWhoseAnswerWasLostHoldsNothing) {
  for (const bool by_hand : {false, true}) {
    House house({good("a", hourly)});
    house.scheduler->turn();
    house.end(house.begin(), Outcome::failed);
    if (by_hand) {
      keeper::Request request;
      request.collector = house.launches[0].collector;
      request.on_end = [](const auto&) {};
      house.scheduler->request(std::move(request));
      house.scheduler->turn();
    } else {
      house.live(30s);
    }
    auto report = house.begin();  // it is on record, and nobody knows
    report.begun = false;
    report.run.slot = house.launches.back().options.slot;
    report.run.outcome = Outcome::failed;
    report.run.error = "the outcome of the commit is unknown";
    report.run.finished_at = house.clock.wall();
    house.scheduler->ended(house.launches.back().id, report);
    house.live(14s);
    EXPECT_EQ(house.outcomes(), (Texts{"failed", "cancelled"}));
    EXPECT_EQ(house.slots(), Texts{"0 due interrupted"});
    house.launched();
    house.live(2s);
    EXPECT_EQ(house.launched(), Texts{"a ~0"});
  }
}

// Two daemons: what the other has taken is nobody's fault, and is read again.
TEST(SchedulerStore, ASlotThatAnotherHasTakenIsLeftToIt) {
  House house({good("a", hourly)});
  house.scheduler->turn();
  collect::RunRecord other;
  other.id = "other";
  other.collector = "a";
  other.process = 2;
  other.started_at = house.clock.wall();
  other.slot = collect::RunSlot{.time = house.started};
  collect::Ledger ledger(*house.session, house.clock);
  ASSERT_OK(ledger.begin(other, std::nullopt, {}));
  house.refuse(true);
  EXPECT_EQ(house.warnings(), "");
  house.live(30min);
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  other.outcome = Outcome::success;
  other.finished_at = house.clock.wall();
  ASSERT_OK(ledger.finish(other, std::nullopt, {}));
  // It has not looked around since, and takes the other for busy still.
  house.live(31min);
  EXPECT_EQ(house.launched(), Texts{"a 60"});
  EXPECT_EQ(house.slots(), Texts{"0 done success"});
}

// Its clock is an hour behind ours, so that the end of its run looks old.
TEST(SchedulerStore, WhatRunsElsewhereIsAskedFor) {
  House house({good("a", "schedule: {every: 1h, overlap: queue}\n")});
  house.scheduler->turn();
  collect::RunRecord other;
  other.id = "other";
  other.collector = "a";
  other.process = 2;
  other.started_at = house.clock.wall() - 1h;
  other.slot = collect::RunSlot{.time = house.started};
  collect::Ledger ledger(*house.session, house.clock);
  ASSERT_OK(ledger.begin(other, std::nullopt, {}));
  house.refuse(true);
  house.live(30min);
  EXPECT_EQ(house.launched(), Texts{"a 0"});
  other.outcome = Outcome::success;
  other.finished_at = house.clock.wall() - 1h;
  ASSERT_OK(ledger.finish(other, std::nullopt, {}));
  const std::string ended = base::to_iso8601(*other.finished_at);
  ASSERT_OK(
      store::testing::execute(*house.session, "UPDATE {pulse}schedule_slots SET updated_at = $1", {ended}));
  house.live(10min);
  house.scheduler->look_around();
  house.live(21min);
  EXPECT_EQ(house.launched(), Texts{"a 60"});
}

}  // namespace
