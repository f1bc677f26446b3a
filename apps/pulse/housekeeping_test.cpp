#include "pulse/housekeeping.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "store/migrations.hpp"
#include "store/testing.hpp"

namespace pulse {
namespace {

using namespace std::chrono_literals;

class HousekeepingTest : public testing::Test {
 protected:
  HousekeepingTest() { EXPECT_TRUE(store::migrate(*database_, store::embedded_migrations(), {})); }
  void add_quarantine(const std::string& fingerprint, base::WallTime seen) {
    const std::string time = base::to_iso8601(seen);
    EXPECT_TRUE(session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
      TRY(c.execute(
          "INSERT INTO {pulse}quarantine (collector, fingerprint, reason, raw, first_run, last_run, "
          "first_seen, last_seen) VALUES ('c', $1, 'r', '{}', 'a', 'b', $2, $2)",
          {fingerprint, time}));
      return {};
    }));
  }
  std::int64_t count() {
    std::int64_t number = -1;
    EXPECT_TRUE(session_->transact(store::Access::read, {}, [&](store::Connection& c) -> base::Result<void> {
      number = TRY(c.query("SELECT count(*) FROM {pulse}quarantine")).at(0).integer(0);
      return {};
    }));
    return number;
  }
  void turn(Housekeeping& house, std::stop_token stop = {}) {
    clock_.advance(house.next() - clock_.steady());
    house.turn(std::move(stop));
  }

  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  base::Redactor redactor_;
  std::string said_;
  telemetry::Log log_{
      {.directory = {}, .timezone = "UTC", .console_writer = [this](auto line) { said_ += line; }},
      clock_,
      redactor_};
  keeper::Board board_{keeper::Roster{}, "0", clock_.wall()};
  std::unique_ptr<store::Database> database_ = store::testing::open(":memory:");
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
};

TEST_F(HousekeepingTest, OldRecordsGoAMinuteAfterTheStartAndThenEverySixHours) {
  Housekeeping house({.store = *database_,
                      .clock = clock_,
                      .log = log_,
                      .board = board_,
                      .retention = {.quarantine = 24h, .rows_at_once = 1, .transactions_at_most = 1}});
  EXPECT_EQ(house.next() - clock_.steady(), 1min);
  for (const char* id : {"1", "2", "3"}) add_quarantine(id, clock_.wall() - 25h);
  turn(house);
  EXPECT_EQ(count(), 0) << "more than one call deletes";
  EXPECT_EQ(said_.find("\n"), said_.size() - 1) << said_;
  EXPECT_NE(said_.find("INFO: old records deleted runs=0 slices=0 slots=0 quarantine=3"), std::string::npos)
      << said_;

  said_.clear();
  add_quarantine("4", clock_.wall() - 25h);
  const base::SteadyTime before = clock_.steady();
  while (count() > 0) turn(house);
  EXPECT_EQ(clock_.steady() - before, 6h);
  EXPECT_NE(said_.find("quarantine=1"), std::string::npos) << said_;
}

TEST_F(HousekeepingTest, AStopIsNoFault) {
  Housekeeping house({.store = *database_, .clock = clock_, .log = log_, .board = board_, .retention = {}});
  std::stop_source stop;
  stop.request_stop();
  turn(house, stop.get_token());
  EXPECT_EQ(said_, "");
  house.work(stop.get_token());  // returns
}

TEST_F(HousekeepingTest, AStoreThatFailsIsAskedAgainLater) {
  EXPECT_TRUE(session_->transact(store::Access::write, {}, [](store::Connection& c) -> base::Result<void> {
    TRY(c.execute("ALTER TABLE {pulse}quarantine RENAME TO {pulse}away"));
    return {};
  }));
  Housekeeping house({.store = *database_, .clock = clock_, .log = log_, .board = board_, .retention = {}});
  turn(house);
  EXPECT_NE(said_.find("WARNING: old records not deleted; the next try is in an hour"), std::string::npos)
      << said_;
  EXPECT_TRUE(session_->transact(store::Access::write, {}, [](store::Connection& c) -> base::Result<void> {
    TRY(c.execute("ALTER TABLE {pulse}away RENAME TO {pulse}quarantine"));
    return {};
  }));
  said_.clear();
  const base::SteadyTime before = clock_.steady();
  while (said_.empty()) turn(house);
  EXPECT_EQ(clock_.steady() - before, 1h);
  EXPECT_NE(said_.find("old records deleted"), std::string::npos) << said_;
}

}  // namespace
}  // namespace pulse
