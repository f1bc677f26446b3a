#include "bot/workers_fixture_test.hpp"
#include "store/faulty_database_test.hpp"

namespace bot {
namespace {

using namespace testing;

class WorkersFaultsTest : public WorkersTest {};

TEST_P(WorkersFaultsTest, AHurryDuringTheClaimReachesWhatItClaimed) {
  hold_all();
  ask(5);
  WatchedDatabase watched(*database_);
  watched.after_commit = [this] {
    no_more_.request_stop();
    now_.request_stop();
  };
  start(watched);
  join();
  EXPECT_EQ(ends(), std::vector<std::string>{"goals returned"});
  EXPECT_EQ(attempts(), "0");
}

TEST_P(WorkersFaultsTest, AResultThatCannotBeSentEndsTheJobAndIsTold) {
  analyst_.on_work = [](const auto&, const auto&) {
    return Views{{.text = std::string(outbox::max_body + 1, 'x')}};
  };
  ask(5);
  start();
  ASSERT_TRUE(ends_with("goals dead"));
  EXPECT_EQ(said(), std::vector<std::string>{"edit: " + gave_up("goals").text});
  EXPECT_EQ(state(), "dead");
  EXPECT_EQ(used(), 0);
}

TEST_P(WorkersFaultsTest, AResultWhosePlaceholderIsGoneIsANewMessage) {
  ask(5);
  sql("DELETE FROM {ledger}outbox");
  start();
  ASSERT_TRUE(ends_with("goals done", time_passes()));
  EXPECT_EQ(said(), std::vector<std::string>{"send: result"});
  EXPECT_EQ(used(), 0);
}

TEST_P(WorkersFaultsTest, AJobWhosePlaceNobodyCanReadEnds) {
  ask(5);
  sql("UPDATE {ledger}jobs SET address = 'nowhere'");
  start();
  ASSERT_TRUE(ends_with("goals dead"));
  EXPECT_TRUE(said().empty());
  EXPECT_EQ(used(), 0);
}

TEST_P(WorkersFaultsTest, AFaultOfOursIsToldEachTimeNotOnlyTheLast) {
  analyst_.on_work = [](const auto&, const auto&) -> base::Result<Views> {
    return base::error(base::Code::internal, "the question broke");
  };
  ask(5);
  start();
  ASSERT_TRUE(ends_with("goals returned"));
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(std::any_of(troubles_.begin(), troubles_.end(),
                          [](const auto& it) { return it.find("the question broke") != it.npos; }));
}

TEST_P(WorkersFaultsTest, AResultWithTooManyPagesIsABug) {
  analyst_.on_work = [](const auto&, const auto&) {
    return Views(100, View{.text = std::string(4000, 'x')});
  };
  ask(5);
  sql("UPDATE {ledger}jobs SET attempt = 1");
  start();
  ASSERT_TRUE(ends_with("goals dead"));
  EXPECT_EQ(used(), 0);
}

TEST_P(WorkersFaultsTest, ADatabaseThatIsGoneAtTheEndIsWaitedFor) {
  WatchedDatabase watched(*database_);
  analyst_.on_work = [&](const auto&, const auto&) {
    watched.is_gone = true;
    return Views{{.text = "result"}};
  };
  ask(5);
  start(watched);
  ASSERT_TRUE(eventually([&] { return troubles_with("ending a job") >= 3; }, time_passes()));
  watched.is_gone = false;
  ASSERT_TRUE(ends_with("goals done", time_passes()));
  EXPECT_EQ(said_but_the_notice(), std::vector<std::string>{"edit: result"});
  stop();
}

// Whichever call fails once, the job is answered exactly once, with its result.
TEST_P(WorkersFaultsTest, WhereverTheDatabaseBreaksTheJobIsAnsweredOnce) {
  for (int call = 1; call <= 24; ++call) {
    store::testing::FaultyDatabase faulty(*database_);
    faulty.fail_at(call, store::testing::FaultyDatabase::Lasting::once);
    sql("DELETE FROM {ledger}outbox");
    sql("DELETE FROM {ledger}jobs");
    sql("DELETE FROM {ledger}limits");
    ask(5);
    no_more_ = {};
    over_ = false;
    start(faulty);
    EXPECT_TRUE(eventually([&] { return state() == "done"; }, time_passes())) << "call " << call;
    EXPECT_TRUE(eventually([&] { return workers_->running() == 0; }, time_passes()));
    // The failing call may still be one of those that look for more.
    EXPECT_TRUE(eventually(
        [&] {
          const std::lock_guard lock(mutex_);
          return faulty.calls() > call;
        },
        time_passes()));
    stop();
    faulty.heal();
    EXPECT_TRUE(faulty.fired());
    ASSERT_EQ(said_but_the_notice(), std::vector<std::string>{"edit: result"}) << faulty.where();
    ASSERT_EQ(used(), 0) << faulty.where();
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, WorkersFaultsTest, ::testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
