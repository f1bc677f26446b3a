#include "bot/workers_fixture_test.hpp"

namespace bot {
namespace {

using namespace testing;

TEST_P(WorkersTest, AResultAndItsJobsEndStandTogether) {
  sql("INSERT INTO {ledger}settings (user_id, minimum_confidence, updated_at) VALUES (5, 80, {now})");
  Assignment seen;
  analyst_.on_work = [&](const Assignment& assignment, const auto&) {
    seen = assignment;
    seen.on_progress = {};
    return Views{{.text = "first"}, {.text = "second"}};
  };
  const std::int64_t job = ask(5, "liga_39");
  start();
  ASSERT_TRUE(ends_with("league done"));
  EXPECT_EQ(seen.kind, "league");
  EXPECT_EQ(seen.payload, R"({"league":39})");
  EXPECT_EQ(seen.minimum_confidence, 80) << "the user's own";
  EXPECT_EQ(seen.deadline, clock_.steady() + 2min);
  EXPECT_EQ(said(), std::vector<std::string>{"edit: first"});
  EXPECT_EQ(count("outbox o JOIN {ledger}jobs j ON o.behind = j.placeholder"), 1);
  EXPECT_EQ(state(), "done");
  EXPECT_EQ(used(), 0);
  const auto stored =
      write<std::optional<jobs::Kept>>([&](store::Connection& c) { return jobs::result(c, job); });
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->user, 5);
  EXPECT_EQ(stored->address, "5");
  EXPECT_EQ(read_views(stored->result)->size(), 2U) << "for the pages";
}

TEST_P(WorkersTest, AListReplacesItsMenu) {
  ask(5, "stats_dia");
  start();
  ASSERT_TRUE(ends_with("day done"));
  EXPECT_EQ(said(), std::vector<std::string>{"edit: result"});
  EXPECT_EQ(count("outbox WHERE behind IS NOT NULL"), 0);
}

TEST_P(WorkersTest, AFailureIsExplained) {
  analyst_.on_work = [](const auto&, const auto&) { return base::error(Code::rate_limited, "a < b"); };
  ask(5);
  start();
  ASSERT_TRUE(ends_with("goals failed"));
  EXPECT_EQ(said(), std::vector<std::string>{"edit: " + failure("por causa de a < b").text});
  EXPECT_EQ(state(), "failed");
  EXPECT_EQ(used(), 0);
  EXPECT_EQ(analyst_.begun, 1) << "it is not tried again";
}

TEST_P(WorkersTest, WhatIsThrownIsTriedAgainAndThenTold) {
  analyst_.on_work = [this](const auto&, const auto&) -> Result<Views> {
    if (analyst_.begun == 1) throw std::runtime_error("a bug");
    throw 7;  // NOLINT: whatever it is
  };
  ask(5);
  start();
  ASSERT_TRUE(ends_with("goals returned"));
  EXPECT_EQ(state(), "queued");
  EXPECT_EQ(attempts(), "1") << "it counts";
  EXPECT_TRUE(said().empty());
  EXPECT_EQ(count("jobs WHERE not_before > {now}"), 1) << "not at once";
  sql("UPDATE {ledger}jobs SET not_before = NULL");
  ASSERT_TRUE(ends_with("goals dead"));
  EXPECT_EQ(state(), "dead");
  EXPECT_EQ(said(), std::vector<std::string>{"edit: " + gave_up("goals").text});
  EXPECT_EQ(used(), 0);
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(std::any_of(troubles_.begin(), troubles_.end(),
                          [](const std::string& it) { return it.find("a bug") != it.npos; }));
}

TEST_P(WorkersTest, WhatWasBegunTooOftenIsNotBegunAgain) {
  ask(5);
  sql("UPDATE {ledger}jobs SET attempt = 2");
  start();
  ASSERT_TRUE(ends_with("goals dead"));
  EXPECT_EQ(analyst_.begun, 0);
  EXPECT_EQ(said(), std::vector<std::string>{"edit: " + gave_up("goals").text});
}

TEST_P(WorkersTest, WhatWaitedTooLongIsAnsweredNotRun) {
  ask(5);
  sql("UPDATE {ledger}jobs SET created_at = '2020-01-01T00:00:00Z'");
  start();
  ASSERT_TRUE(ends_with("goals expired"));
  EXPECT_EQ(analyst_.begun, 0);
  EXPECT_EQ(said(),
            (std::vector<std::string>{"edit: " + too_late("goals").text, "send: " + notice("goals").text}));
  EXPECT_EQ(used(), 0);
}

TEST_P(WorkersTest, WhatATopicAskedForIsSaidThere) {
  analyst_.on_work = [this](const auto&, const auto&) {
    clock_.advance(16s);
    return Views{{.text = "result"}};
  };
  ask(5, "analise_btts", {-100, telegram::Chat::Kind::supergroup, 7});
  start();
  ASSERT_TRUE(ends_with("btts done"));
  const auto sends =
      store::testing::query(*session_, "SELECT body FROM {ledger}outbox WHERE action = 'send'");
  ASSERT_EQ(sends->size(), 2U) << "the placeholder and the notice";
  for (const store::Row& row : *sends)
    EXPECT_EQ(read_outgoing({.channel = "telegram", .address = "-100", .action = "send", .body = row.text(0)})
                  ->topic,
              7);
}

TEST_P(WorkersTest, AfterFifteenSecondsANoticeFollows) {
  const auto takes = [this](base::Duration time) {
    analyst_.on_work = [this, time](const auto&, const auto&) {
      clock_.advance(time);
      return Views{{.text = "result"}};
    };
  };
  takes(14s);
  ask(5);
  start();
  ASSERT_TRUE(ends_with("goals done"));
  EXPECT_EQ(said(), std::vector<std::string>{"edit: result"});
  stop();
  no_more_ = {};
  over_ = false;
  takes(16s);
  ask(5, "analise_btts");
  start();
  ASSERT_TRUE(ends_with("btts done"));
  EXPECT_EQ(said().back(), "send: " + notice("btts").text);
  EXPECT_EQ(said().size(), 3U);
}

TEST_P(WorkersTest, ProgressIsShownNowAndThenAndOnlyByWhoHasTheJob) {
  analyst_.on_work = [this](const Assignment& assignment, const auto&) {
    const auto say = [&](std::size_t done) { assignment.on_progress(done, 60); };
    say(1);  // too early
    clock_.advance(3s);
    say(2);
    clock_.advance(1s);
    say(3);  // too soon
    clock_.advance(2s);
    say(4);
    clock_.advance(3s);
    say(60);  // the result follows
    sql("UPDATE {ledger}jobs SET token = token + 1");
    clock_.advance(100ms);
    say(5);
    return Views{{.text = "result"}};
  };
  ask(5);
  start();
  ASSERT_TRUE(ends_with("goals lost"));
  EXPECT_EQ(count(fmt::format("outbox WHERE body LIKE '%{} de 60%'", 2)) +
                count(fmt::format("outbox WHERE body LIKE '%{} de 60%'", 4)),
            2);
  EXPECT_EQ(count("outbox WHERE body LIKE '% de 60%'"), 2);
  sql("UPDATE {ledger}jobs SET state = 'done', token = 0");
}

TEST_P(WorkersTest, WhoLostTheLeaseWritesNothing) {
  hold_all();
  ask(5);
  start();
  ASSERT_TRUE(eventually([&] { return analyst_.begun == 1; }));
  sql("UPDATE {ledger}jobs SET token = token + 1, owner = 'other'");
  const auto before = contents(*session_);
  if (!is_server()) released_ = true;  // nobody looks after leases there
  ASSERT_TRUE(ends_with("goals lost", time_passes()));
  EXPECT_EQ(contents(*session_), before);
  EXPECT_EQ(text("SELECT owner FROM {ledger}jobs"), "other");
  EXPECT_EQ(used(), 1);
}

TEST_P(WorkersTest, AJobThatIsClaimedAgainWhileItStillRunsHereEndsOnce) {
  hold_all();
  ask(5);
  start();
  ASSERT_TRUE(eventually([&] { return analyst_.begun == 1; }));
  sql("UPDATE {ledger}jobs SET state = 'queued'");  // its lease had passed
  ASSERT_TRUE(eventually([&] { return analyst_.begun == 2; }));
  released_ = true;
  ASSERT_TRUE(eventually([&] { return ends().size() == 2; }, time_passes()));
  std::vector<std::string> both = ends();
  std::sort(both.begin(), both.end());
  EXPECT_EQ(both, (std::vector<std::string>{"goals done", "goals lost"}));
  EXPECT_EQ(used(), 0);
}

TEST_P(WorkersTest, LeasesAreKeptAlsoWhileItDrains) {
  if (!is_server()) return;
  hold_all();
  ask(5);
  start();
  ASSERT_TRUE(eventually([&] { return analyst_.begun == 1; }));
  no_more_.request_stop();
  sql("UPDATE {ledger}jobs SET lease_until = '2020-01-01T00:00:00Z'");
  EXPECT_TRUE(eventually([&] { return count("jobs WHERE lease_until > now()") == 1; }, time_passes()));
  EXPECT_FALSE(over_);
  released_ = true;
  join();
  EXPECT_EQ(ends(), std::vector<std::string>{"goals done"});
}

TEST_P(WorkersTest, AfterAStopNothingIsBegunAndWhatRunsMayEnd) {
  hold_all();
  ask(5);
  start();
  ASSERT_TRUE(eventually([&] { return analyst_.begun == 1; }));
  EXPECT_EQ(workers_->running(), 1);
  no_more_.request_stop();
  ask(6);
  workers_->wake();
  released_ = true;
  join();
  EXPECT_EQ(ends(), std::vector<std::string>{"goals done"});
  EXPECT_EQ(analyst_.begun, 1);
  EXPECT_EQ(workers_->running(), 0);
  EXPECT_EQ(used(), 1);
}

TEST_P(WorkersTest, HurriedItGivesBackWithoutCountingTheAttempt) {
  hold_all();
  for (std::int64_t user = 1; user <= 3; ++user) ask(user);
  start(2);
  ASSERT_TRUE(eventually([&] { return analyst_.begun == 2; })) << "no more than there are hands";
  no_more_.request_stop();
  now_.request_stop();
  join();
  EXPECT_EQ(ends(), std::vector<std::string>(2, "goals returned"));
  EXPECT_EQ(count("jobs WHERE state = 'queued' AND attempt = 0 AND not_before IS NULL AND owner IS NULL"), 3);
  EXPECT_EQ(used(), 3);
  EXPECT_TRUE(said().empty());
}

TEST_P(WorkersTest, EverybodyIsServedInTurn) {
  std::vector<std::string> order;
  analyst_.on_work = [&](const Assignment& assignment, const auto&) {
    order.push_back(assignment.payload);
    return Views{{.text = "result"}};
  };
  for (int i = 1; i <= 3; ++i) ask(1, fmt::format("liga_{}", i));
  ask(2, "liga_7");
  start(1);
  ASSERT_TRUE(eventually([&] { return ends().size() == 4; }));
  EXPECT_EQ(order[1], R"({"league":7})") << "the second user's first comes before the first user's second";
}

// It is not the user's to be told, and no fault of API-Football's.
TEST_P(WorkersTest, ADatabaseThatIsGoneAtTheBeginningIsWaitedFor) {
  WatchedDatabase watched(*database_);
  std::atomic<int> commits = 0;
  watched.after_commit = [&] {
    if (++commits == 1) watched.is_gone = true;  // the claim
  };
  ask(5);
  start(watched);
  ASSERT_TRUE(eventually([&] { return troubles_with("reading settings") >= 3; }, time_passes()));
  EXPECT_EQ(analyst_.begun, 0);
  watched.is_gone = false;
  ASSERT_TRUE(ends_with("goals done", time_passes()));
  EXPECT_EQ(said_but_the_notice(), std::vector<std::string>{"edit: result"});
  stop();
}

INSTANTIATE_TEST_SUITE_P(Engines, WorkersTest, ::testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
