#include "keeper/board.hpp"

#include "base/text.hpp"
#include "keeper/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::WallTime;
using collect::Outcome;
using collect::Past;
using keeper::Board;
using keeper::Change;
using keeper::make_roster;
using keeper::Roster;
using keeper::testing::catalogue;
using keeper::testing::faulty;
using keeper::testing::good;
using schedule::Condition;

const WallTime now{1'772'323'200s};
const char* const hourly = "schedule: {every: 1h}\ndescription: words\n";

Past success(WallTime slot) {
  Past past;
  past.first_run = slot;
  past.last_success = slot + 1min;
  past.state.last_slot = slot;
  past.last.emplace();
  past.last->outcome = Outcome::success;
  past.last->started_at = slot;
  past.last->counts.staged = 7;
  past.last->finished_at = slot + 1min;
  return past;
}
Past failure(WallTime slot) {
  Past past = success(slot);
  past.last->outcome = Outcome::failed;
  past.last->failure_type = collect::FailureType::transient;
  past.last->error = "refused";
  past.last_success.reset();
  past.first_failed = slot;
  past.state.failed = true;
  return past;
}

class BoardTest : public ::testing::Test {
 protected:
  Roster roster_ = make_roster(catalogue({good("a", hourly), good("b"), faulty("c")}), now);
  Board board_{roster_, "1.2", now};

  const web::Collector& shown(std::size_t i) {
    status_ = board_.status();
    return status_.collectors.at(i);
  }
  web::Status status_;
};

TEST_F(BoardTest, JudgesAllAtFirstAndThenWhatChanged) {
  std::vector<Change> changes = board_.judge(now);
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].collector, "a");
  EXPECT_FALSE(changes[0].before);
  EXPECT_EQ(changes[0].now.condition, Condition::never_ran);
  EXPECT_EQ(changes[2].now.condition, Condition::invalid);
  EXPECT_EQ(changes[2].why, "c.yaml:3:1: typo is unknown");
  EXPECT_TRUE(board_.judge(now).empty());

  board_.set(0, success(now));
  changes = board_.judge(now + 1min);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].before, Condition::never_ran);
  EXPECT_EQ(changes[0].now.condition, Condition::healthy);
  board_.set(0, success(now));
  EXPECT_TRUE(board_.judge(now + 1min).empty());
}

TEST_F(BoardTest, ConditionsSetInByTimeAlone) {
  board_.set(0, failure(now));
  EXPECT_EQ(board_.judge(now + 1min)[0].now.condition, Condition::recovering);
  EXPECT_EQ(board_.next_change(), now + 4min);
  EXPECT_TRUE(board_.judge(now + 4min - 1us).empty());
  const auto changes = board_.judge(now + 4min);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].before, Condition::recovering);
  EXPECT_EQ(changes[0].now, (schedule::Health{Condition::failing, now + 4min}));
  EXPECT_EQ(changes[0].why, "refused");
}

TEST_F(BoardTest, ShowsWhatTheLedgerSays) {
  board_.judge(now);
  board_.set(0, success(now));
  board_.judge(now + 1min);
  EXPECT_EQ(shown(0).name, "a");
  EXPECT_EQ(shown(0).description, "words");
  EXPECT_EQ(shown(0).condition, Condition::healthy);
  EXPECT_EQ(shown(0).last_run->outcome, "success");
  EXPECT_EQ(shown(0).last_run->ended, now + 1min);
  EXPECT_EQ(shown(0).last_run->rows, 7U);
  EXPECT_EQ(shown(0).next_start, now + 1h);
  EXPECT_EQ(shown(0).error, "");
  EXPECT_FALSE(shown(0).running_since);
  EXPECT_FALSE(shown(1).next_start);
  EXPECT_EQ(shown(2).condition, Condition::invalid);
  EXPECT_NE(shown(2).error, "");
  EXPECT_EQ(status_.version, "1.2");
  EXPECT_EQ(status_.started_at, now);
}

TEST_F(BoardTest, TheNextStartIsATryOrASlotAndNeverBeforeItMayBe) {
  Past past = failure(now);
  past.state.open = schedule::OpenSlot{now, now, now + 90s, true};
  board_.set(0, past);
  EXPECT_EQ(shown(0).next_start, now + 90s);
  EXPECT_EQ(shown(0).next_is, web::Collector::NextIs::retry);
  EXPECT_EQ(shown(0).error, "refused");
  past.state.not_before = past.held_back_until = now + 2h;
  board_.set(0, past);
  EXPECT_EQ(shown(0).next_start, now + 2h);
  EXPECT_NE(shown(0).error.find("held back until 2026-03-01T02:00"), std::string::npos);

  past = failure(now);
  past.state.open = schedule::OpenSlot{now, now, now + 20min, false};
  past.state.not_before = now + 20min;
  board_.set(0, past);
  EXPECT_EQ(shown(0).next_start, now + 20min);
  EXPECT_EQ(shown(0).next_is, web::Collector::NextIs::rate_limit);
  board_.set(0, success(now));
  EXPECT_EQ(shown(0).next_is, web::Collector::NextIs::slot);
}

TEST_F(BoardTest, RunningBeforeTheLedgerSaysSo) {
  board_.set_running(0, now + 5s);
  EXPECT_EQ(shown(0).running_since, now + 5s);
  board_.judge(now + 5s);
  EXPECT_EQ(board_.judge(now + 5s + 10min).at(0).now.condition, Condition::stuck);
  board_.set(0, success(now));
  EXPECT_FALSE(shown(0).running_since);
}

TEST_F(BoardTest, WarningsAndTotals) {
  board_.warn("store", "it is silent");
  board_.warn("begin", "it is full");
  EXPECT_EQ(board_.status().warnings, (std::vector<std::string>{"it is full", "it is silent"}));
  board_.warn("begin", "");
  board_.warn("unknown", "");
  EXPECT_EQ(board_.status().warnings, std::vector<std::string>{"it is silent"});
  board_.set_totals({.runs = 5, .failed = 2, .rows = -1});
  EXPECT_EQ(board_.status().totals.runs, 5U);
  EXPECT_EQ(board_.status().totals.failed_runs, 2U);
  EXPECT_EQ(board_.status().totals.rows, 0U);
}

// The store may be silent just then: what was known of a collector is not asked again.
TEST_F(BoardTest, AReloadKeepsWhatIsKnown) {
  board_.judge(now);
  Past past = failure(now);
  past.running.emplace().started_at = now + 2min;
  past.state.running = schedule::State::Running{now, now + 2min};
  board_.set(0, past);
  board_.judge(now + 5min);
  board_.renew(keeper::renewed(
      roster_, catalogue({good("0"), good("a", "schedule: {every: 2h}\n"), faulty("b")}), now + 5min));
  const auto changes = board_.judge(now + 5min);
  ASSERT_EQ(changes.size(), 1U);  // the new one
  EXPECT_EQ(changes[0].collector, "0");
  EXPECT_EQ(shown(1).name, "a");
  EXPECT_EQ(shown(1).condition, Condition::failing);
  EXPECT_EQ(shown(1).last_run->outcome, "failed");
  EXPECT_EQ(shown(1).error, "refused");
  EXPECT_EQ(shown(1).running_since, now + 2min);
  EXPECT_EQ(shown(1).next_start, now + 2h);
  EXPECT_EQ(shown(1).description, "");
  EXPECT_EQ(status_.warnings.size(), 1U);
  EXPECT_EQ(status_.warnings[0].rfind("b runs as it was before its file became faulty", 0), 0U);
}

}  // namespace
