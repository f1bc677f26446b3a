#include "bot/poller.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "bot/fixture_test.hpp"
#include "bot/telegram_fixture_test.hpp"
#include "store/faulty_database_test.hpp"

namespace bot {
namespace {

using namespace testing;
using base::Code;
using http::Fate;
using nlohmann::json;
using store::testing::FaultyDatabase;

std::string start_of(std::int64_t id, std::int64_t user = 5) {
  return json{{"update_id", id},
              {"message",
               {{"message_id", 1},
                {"from", {{"id", user}}},
                {"chat", {{"id", user}, {"type", "private"}}},
                {"text", "/start"}}}}
      .dump();
}
http::Outcome updates(const std::vector<std::string>& list) {
  std::string all;
  for (const std::string& it : list) all += (all.empty() ? "" : ",") + it;
  return good("[" + all + "]");
}

// A Telegram that answers getUpdates from a list, and stops the poller when it is at its end.
struct World : TelegramWorld {
  explicit World(std::deque<http::Outcome> list) : script(std::move(list)) {
    EXPECT_TRUE(store::migrate(*database, store::embedded_migrations(), {}));
    session = store::testing::session_of(*database);
    EXPECT_TRUE(session->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
      TRY(jobs::open(c, {}));
      EXPECT_TRUE(TRY(hold(c, lease)));
      return {};
    }));
    transport.answer = [this](const std::string&, const std::string& body, const std::stop_token& stopped) {
      offsets.push_back(json::parse(body).value("offset", std::int64_t{0}));
      timeouts.push_back(json::parse(body).value("timeout", -1));
      asked.push_back(clock.steady());
      in_ledger.push_back(
          store::testing::number(*session, "SELECT COALESCE(max(update_id), 0) FROM {ledger}inbox"));
      if (script.empty()) {
        stop.request_stop();
        return broken(Fate::cancelled, Code::cancelled, "stopped");
      }
      http::Outcome outcome = std::move(script.front());
      script.pop_front();
      if (on_answer) on_answer();
      if (empty_after > 0s && outcome.response.body.find("[]") != std::string::npos)
        clock.sleep_for(empty_after, stopped);
      return outcome;
    };
  }
  void run() {
    Poller poller(faulty, clock, base::Rng(9), api, intake, lease,
                  {.timeout = 50s,
                   .on_taken =
                       [this](const Taken& it) {
                         taken.push_back(it.updates);
                         if (it.dead) dead.push_back(*it.dead);
                       },
                   .on_trouble =
                       [this](bool critical, const std::string& text) {
                         troubles.push_back((critical ? "critical: " : "") + text);
                         if (on_trouble) on_trouble();
                       },
                   .on_well = [this] { troubles.emplace_back("well"); }});
    poller.run(stop.get_token());
  }
  // How long it waited before each question.
  std::vector<base::Duration> waits() const {
    std::vector<base::Duration> list;
    for (std::size_t i = 1; i < asked.size(); ++i) list.push_back(asked[i] - asked[i - 1]);
    return list;
  }
  std::int64_t number(const std::string& sql) { return store::testing::number(*session, sql); }

  std::deque<http::Outcome> script;
  std::function<void()> on_answer, on_trouble;
  base::Duration empty_after = 50s;  // an empty answer takes the whole long poll
  std::unique_ptr<store::Database> database = store::testing::open(":memory:");
  std::unique_ptr<store::Session> session;
  FaultyDatabase faulty{*database};
  Intake intake{{.username = bot_name}, clock};
  Lease lease{.bot = 7, .owner = "me"};
  std::stop_source stop;
  std::vector<std::int64_t> offsets, in_ledger, taken, dead;
  std::vector<int> timeouts;
  std::vector<base::SteadyTime> asked;
  std::vector<std::string> troubles;
};

TEST(Poller, ConfirmsOnlyWhatIsInTheLedger) {
  World world({updates({start_of(101), start_of(100)}), updates({}), updates({start_of(102)})});
  world.run();
  EXPECT_EQ(world.offsets, (std::vector<std::int64_t>{0, 102, 102, 103}));
  EXPECT_EQ(world.in_ledger, (std::vector<std::int64_t>{0, 101, 101, 102}));
  EXPECT_EQ(world.taken, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(world.timeouts[0], 50);
  EXPECT_TRUE(world.troubles.empty()) << world.troubles[0];
  EXPECT_EQ(world.number("SELECT next_offset FROM {ledger}poller_lease"), 103);
}

TEST(Poller, GoesOnWhereTheLastOneEnded) {
  World world({updates({start_of(100)})});
  world.run();
  world.stop = {};
  world.script = {updates({start_of(100), start_of(101)})};
  world.run();
  EXPECT_EQ(world.offsets, (std::vector<std::int64_t>{0, 101, 101, 102}));
  EXPECT_EQ(world.taken, (std::vector<std::int64_t>{1, 1})) << "100 came again and changed nothing";
  EXPECT_EQ(world.number("SELECT count(*) FROM {ledger}outbox"), 2);
}

TEST(Poller, AnUpdateThatNobodyCanTakeIsADeadLetterAndTheOthersGoOn) {
  World world({updates({start_of(1), start_of(2, 66), start_of(3)})});
  EXPECT_TRUE(
      store::testing::execute(*world.session,
                              "CREATE TRIGGER poison BEFORE INSERT ON pulse_outbox WHEN NEW.address = "
                              "'66' BEGIN SELECT abs(-9223372036854775807 - 1); END"));
  world.run();
  EXPECT_EQ(world.offsets, (std::vector<std::int64_t>{0, 4}));
  EXPECT_EQ(world.number("SELECT count(*) FROM {ledger}inbox"), 3);
  EXPECT_EQ(world.number("SELECT count(*) FROM {ledger}outbox"), 2) << "of the other two";
  EXPECT_EQ(world.dead, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(world.number("SELECT update_id FROM {ledger}dead_updates"), 2);
  EXPECT_EQ(world.number("SELECT next_offset FROM {ledger}poller_lease"), 4) << "confirmed";
}

TEST(Poller, WaitsAsEachFailureAsks) {
  const http::Outcome conflict = refused(409, "Conflict: terminated by other getUpdates request");
  World world({conflict, refused(429, "Too Many Requests", R"(,"parameters":{"retry_after":17})"),
               refused(401, "Unauthorized"), refused(500, "Internal Server Error"),
               broken(Fate::not_sent, Code::unavailable, "connection refused"),
               answered(200, "<html>a portal</html>"), updates({start_of(1)})});
  world.run();
  const auto waits = world.waits();
  ASSERT_EQ(waits.size(), 7U);
  EXPECT_GE(waits[0], 3s);
  EXPECT_LE(waits[0], 10s);
  EXPECT_GE(waits[1], 17s);
  EXPECT_LE(waits[1], 30s);
  EXPECT_GE(waits[2], 60s) << "a person must come";
  for (const std::size_t i : {3, 4, 5}) {
    EXPECT_GE(waits[i], 500ms) << i;
    EXPECT_LE(waits[i], 31s) << i;
  }
  EXPECT_EQ(waits[6], 0s) << "all is well again";
  EXPECT_EQ(world.offsets.back(), 2);
  ASSERT_EQ(world.troubles.size(), 6U) << "a 429 is no trouble";
  EXPECT_EQ(world.troubles.back(), "well");
  EXPECT_TRUE(world.troubles[0].starts_with("critical: Telegram gives the updates to somebody else"));
  EXPECT_TRUE(world.troubles[1].starts_with("critical: Telegram refuses TELEGRAM_BOT_TOKEN"));
  for (const std::string& trouble : world.troubles)
    EXPECT_EQ(trouble.find("AAExample"), std::string::npos) << trouble;
}

TEST(Poller, AConflictThatLastsIsNoStorm) {
  std::deque<http::Outcome> script(200, refused(409, "Conflict: terminated by other getUpdates request"));
  World world(std::move(script));
  world.run();
  const auto waits = world.waits();
  for (std::size_t i = 10; i < waits.size(); ++i) {
    EXPECT_GE(waits[i], 15s);
    EXPECT_LE(waits[i], 30s);
  }
}

TEST(Poller, FailuresThatAreOverAreForgotten) {
  std::deque<http::Outcome> script(10, refused(500, "Internal Server Error"));
  script.push_back(updates({}));
  script.push_back(refused(500, "Internal Server Error"));
  World world(std::move(script));
  world.run();
  EXPECT_GE(world.waits()[9], 15s);
  EXPECT_LE(world.waits().back(), 1s);
}

TEST(Poller, AServerThatDoesNotWaitIsNotAskedWithoutEnd) {
  World world(std::deque<http::Outcome>(100, updates({})));
  world.empty_after = 0s;
  world.run();
  EXPECT_GE(world.asked.back() - world.asked.front(), 10s);
  EXPECT_LE(world.asked.back() - world.asked.front(), 200s);
}

// Telegram may begin to count anew after a week without updates; then whoever still asks from the old number
// on would confirm what he has never seen.
TEST(Poller, AfterAWeekOfSilenceItAsksFromTheBeginning) {
  constexpr auto poll = 10min;  // of simulated time, to need fewer
  constexpr auto polls = static_cast<std::size_t>(8 * 24h / poll),
                 week = static_cast<std::size_t>(7 * 24h / poll);
  std::deque<http::Outcome> script = {updates({start_of(900'000)})};
  script.insert(script.end(), polls, updates({}));
  script.push_back(updates({start_of(12)}));
  World world(std::move(script));
  world.empty_after = poll;
  world.run();
  ASSERT_EQ(world.offsets.size(), polls + 3);
  for (std::size_t i = 1; i <= week; ++i) ASSERT_EQ(world.offsets[i], 900'001) << i;
  EXPECT_EQ(world.offsets[polls + 1], 0);
  EXPECT_EQ(world.offsets.back(), 13);
  EXPECT_EQ(world.taken, (std::vector<std::int64_t>{1, 1}));
}

TEST(Poller, WhoLostTheLeaseEndsAndTakesNothing) {
  World world({updates({start_of(1)}), updates({start_of(2)}), updates({start_of(3)})});
  world.on_answer = [&] {
    if (world.script.size() != 1) return;  // while the second is on its way
    EXPECT_TRUE(store::testing::execute(*world.session, "UPDATE {ledger}poller_lease SET token = token + 1"));
  };
  world.run();
  EXPECT_FALSE(world.stop.stop_requested()) << "it ended by itself";
  EXPECT_EQ(world.offsets, (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(world.number("SELECT max(update_id) FROM {ledger}inbox"), 1);
  EXPECT_EQ(world.number("SELECT next_offset FROM {ledger}poller_lease"), 2);
}

TEST(Poller, WaitsForADatabaseThatIsGoneAndLosesNothing) {
  World world({updates({start_of(1), start_of(2)})});
  world.on_answer = [&] { world.faulty.fail_at(1, FaultyDatabase::Lasting::for_good); };
  world.on_trouble = [&] {
    if (world.troubles.size() == 5) world.faulty.heal();
  };
  const base::SteadyTime began = world.clock.steady();
  world.run();
  EXPECT_EQ(world.offsets, (std::vector<std::int64_t>{0, 3})) << "not asked again meanwhile";
  EXPECT_EQ(world.taken, (std::vector<std::int64_t>{2}));
  EXPECT_GE(world.asked[1] - began, 5 * 500ms);
  EXPECT_LE(world.asked[1] - began, 5 * 31s);
  EXPECT_EQ(world.number("SELECT count(*) FROM {ledger}outbox"), 2);
}

TEST(Poller, ADatabaseThatIsGoneAtTheStartIsWaitedFor) {
  World world({updates({start_of(1)})});
  world.faulty.fail_at(1, FaultyDatabase::Lasting::for_good);
  world.on_trouble = [&] {
    if (world.troubles.size() == 3) world.faulty.heal();
  };
  world.run();
  EXPECT_EQ(world.offsets, (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(world.troubles.size(), 3U);
}

TEST(Poller, WhereverTheDatabaseBreaksEachUpdateIsTakenOnce) {
  for (int call = 1;; ++call) {
    World world({updates({start_of(1), start_of(2)}), updates({start_of(3)})});
    world.faulty.fail_at(call, FaultyDatabase::Lasting::once);
    world.run();
    const std::string where = world.faulty.where();
    world.faulty.heal();
    EXPECT_EQ(world.offsets, (std::vector<std::int64_t>{0, 3, 4})) << where;
    EXPECT_EQ(world.number("SELECT count(*) FROM {ledger}inbox"), 3) << where;
    EXPECT_EQ(world.number("SELECT count(*) FROM {ledger}outbox"), 3) << where;
    for (std::size_t i = 0; i < world.offsets.size(); ++i)
      EXPECT_LT(world.offsets[i], world.in_ledger[i] + 2) << "confirmed before it was there: " << where;
    if (where.empty()) {
      EXPECT_GT(call, 15);
      break;
    }
  }
}

TEST(Poller, AStopEndsItWithoutAWaitOrAWord) {
  World world({});
  world.transport.answer = [&](const auto&, const auto&, const auto&) {
    world.stop.request_stop();
    return refused(409, "Conflict");
  };
  const base::SteadyTime began = world.clock.steady();
  world.run();
  EXPECT_EQ(world.clock.steady(), began);
  EXPECT_TRUE(world.troubles.empty());
}

}  // namespace
}  // namespace bot
