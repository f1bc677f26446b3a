#include "bot/webhook.hpp"

#include <fmt/format.h>

#include <atomic>
#include <latch>
#include <thread>

#include "store/conformance_test.hpp"
#include "store/faulty_database_test.hpp"
#include "store/migrations.hpp"

namespace bot {
namespace {

using namespace std::chrono_literals;
using store::testing::FaultyDatabase;

std::string message(std::int64_t update, std::int64_t user, const std::string& text = "/start") {
  return fmt::format(
      R"({{"update_id":{},"message":{{"message_id":1,"date":1760000000,"text":"{}",
          "from":{{"id":{},"is_bot":false,"first_name":"Ana"}},"chat":{{"id":{},"type":"private"}}}}}})",
      update, text, user, user);
}

// Holds each transaction back until it is let go, and counts them.
class SlowDatabase final : public store::Database {
 public:
  explicit SlowDatabase(store::Database& inner) : inner_(inner) {}
  const store::Dialect& dialect() const override { return inner_.dialect(); }
  std::string description() const override { return inner_.description(); }
  base::Result<std::unique_ptr<store::Session>> session(std::stop_token stop) override {
    ++sessions;
    if (sessions == 1) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any changed;
      const std::stop_callback stopped(stop, [&] { changed.notify_all(); });
      while (!is_open && !stop.stop_requested()) changed.wait_for(lock, 1ms);
      if (stop.stop_requested()) return base::error(base::Code::cancelled, "the database did not answer");
    }
    return inner_.session(std::move(stop));
  }
  base::Result<store::Table> describe(store::Connection& connection, std::string_view schema,
                                      std::string_view table) override {
    return inner_.describe(connection, schema, table);
  }
  std::atomic<int> sessions = 0;
  std::atomic<bool> is_open = false;

 private:
  store::Database& inner_;
};

class WebhookTest : public ::testing::TestWithParam<store::testing::Engine> {
 protected:
  WebhookTest() {
    EXPECT_TRUE(store::migrate(*database_, store::embedded_migrations(), {}));
    session_ = store::testing::session_of(*database_);
    EXPECT_TRUE(
        session_->transact(store::Access::write, {}, [](store::Connection& c) { return jobs::open(c, {}); }));
  }
  WebhookOptions options() {
    return {.on_taken =
                [this](const Taken& taken) {
                  const std::lock_guard lock(mutex_);
                  ++transactions_;
                  updates_ += taken.updates;
                  repeated_ += taken.repeated;
                  if (taken.dead) dead_.push_back(*taken.dead);
                },
            .on_trouble =
                [this](bool critical, const std::string& text) {
                  const std::lock_guard lock(mutex_);
                  troubles_.push_back((critical ? "! " : "") + text);
                }};
  }
  std::int64_t number(const std::string& sql) { return store::testing::number(*session_, sql); }
  std::int64_t inbox() { return number("SELECT count(*) FROM {ledger}inbox"); }
  std::int64_t outbox() { return number("SELECT count(*) FROM {ledger}outbox"); }

  store::testing::TempFolder folder_;
  std::unique_ptr<store::Database> database_ = GetParam().open(folder_);
  std::unique_ptr<store::Session> session_;
  base::SystemClock clock_;
  Intake intake_{{.username = "bot", .status = {}}, clock_};
  std::mutex mutex_;
  std::int64_t transactions_ = 0, updates_ = 0, repeated_ = 0;
  std::vector<std::string> troubles_;
  std::vector<std::int64_t> dead_;
};

TEST_P(WebhookTest, ADeliveryIsDurableAndARepeatedOneChangesNothing) {
  Webhook webhook(*database_, clock_, intake_, options());
  EXPECT_EQ(webhook.deliver(message(7, 1)).status, 200);
  EXPECT_EQ(inbox(), 1);
  EXPECT_EQ(outbox(), 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(webhook.deliver(message(7, 1)).status, 200);
  EXPECT_EQ(webhook.deliver(message(6, 2)).status, 200) << "an older one that came late is not lost";
  EXPECT_EQ(inbox(), 2);
  EXPECT_EQ(outbox(), 2);
  EXPECT_EQ(updates_, 2);
  EXPECT_EQ(repeated_, 3);
  EXPECT_TRUE(troubles_.empty());
}

TEST_P(WebhookTest, WhatIsNoUpdateIsRefused) {
  Webhook webhook(*database_, clock_, intake_, options());
  for (const char* body :
       {"", "{}", "[]", "null", "{\"update_id\":\"x\"}", "{\"update_id\":1", "hello", "\xff"})
    EXPECT_EQ(webhook.deliver(body).status, 400) << body;
  EXPECT_EQ(inbox(), 0);
  EXPECT_EQ(troubles_.size(), 1U) << "said once in a while";
  EXPECT_EQ(webhook.deliver(R"({"update_id":9,"poll":{"id":"1"}})").status, 200)
      << "of a kind that the bot does not use";
  EXPECT_EQ(inbox(), 1);
  EXPECT_EQ(outbox(), 0);
}

// Wherever it breaks: a 200 means that it is durable, any other answer that it may come again.
TEST_P(WebhookTest, ADatabaseThatBreaksAnywhere) {
  FaultyDatabase faulty(*database_);
  std::int64_t update = 100;
  int call = 0, refused = 0;
  bool fired = false;
  do {
    ++update;
    Webhook webhook(faulty, clock_, intake_, options());
    faulty.fail_at(++call, FaultyDatabase::Lasting::once);
    const Webhook::Answer first = webhook.deliver(message(update, update));
    fired = faulty.fired();
    faulty.heal();
    EXPECT_EQ(first.status, fired ? 503 : 200) << faulty.where();
    EXPECT_EQ(first.retry_after, fired ? 1s : 0s);
    refused += fired ? 1 : 0;
    EXPECT_EQ(webhook.deliver(message(update, update)).status, 200);
    EXPECT_EQ(number(fmt::format("SELECT count(*) FROM {{ledger}}inbox WHERE update_id = {}", update)), 1);
    EXPECT_EQ(number(fmt::format("SELECT count(*) FROM {{ledger}}outbox WHERE address = '{}'", update)), 1);
  } while (fired && call < 100);
  EXPECT_GT(refused, 4);
}

TEST_P(WebhookTest, TheOneThatBreaksTheTransactionIsADeadLetter) {
  // No message is as long as that: the transaction fails, however often it is tried.
  Intake intake({.username = "bot", .owners = {666}, .status = [] { return std::string(1 << 20, 'x'); }},
                clock_);
  Webhook webhook(*database_, clock_, intake, options());
  EXPECT_EQ(webhook.deliver(message(5, 666, "/status")).status, 200);
  EXPECT_EQ(inbox(), 1) << "its number is kept";
  EXPECT_EQ(outbox(), 0);
  EXPECT_EQ(dead_, (std::vector<std::int64_t>{5}));
  EXPECT_EQ(number("SELECT count(*) FROM {ledger}dead_updates WHERE update_id = 5"), 1);
  EXPECT_EQ(webhook.deliver(message(5, 666, "/status")).status, 200) << "and is known when it comes again";
  EXPECT_EQ(dead_.size(), 1U);
  EXPECT_EQ(webhook.deliver(message(6, 1)).status, 200);
  EXPECT_EQ(outbox(), 1);
}

TEST_P(WebhookTest, WhoeverWaitsIsTakenTogether) {
  constexpr int many = 40;
  SlowDatabase slow(*database_);
  Webhook webhook(slow, clock_, intake_, options());
  std::atomic<int> good = 0, begun = 0;
  {
    std::vector<std::jthread> senders;
    for (int i = 0; i < many; ++i)
      senders.emplace_back([&, i] {
        ++begun;
        // Each comes twice, at the same time.
        if (webhook.deliver(message(1 + i / 2, 1 + i / 2)).status == 200) ++good;
      });
    while (begun < many || slow.sessions == 0) std::this_thread::yield();
    slow.is_open = true;
  }
  EXPECT_EQ(good, many);
  EXPECT_EQ(inbox(), many / 2);
  EXPECT_EQ(outbox(), many / 2);
  EXPECT_EQ(updates_, many / 2);
  EXPECT_EQ(updates_ + repeated_, many);
  EXPECT_LT(transactions_, many / 2) << "most shared one";
}

TEST_P(WebhookTest, ADatabaseThatDoesNotAnswerIsNotWaitedForLong) {
  SlowDatabase slow(*database_);
  WebhookOptions short_of_time = options();
  short_of_time.patience = 20ms;
  Webhook hasty(slow, clock_, intake_, short_of_time), webhook(slow, clock_, intake_, options());
  EXPECT_EQ(hasty.deliver(message(1, 1)).status, 503);
  EXPECT_EQ(inbox(), 0);
  ASSERT_EQ(troubles_.size(), 1U);
  EXPECT_NE(troubles_.front().find("1 updates wait for the database"), std::string::npos)
      << troubles_.front();
  EXPECT_EQ(webhook.deliver(message(1, 1)).status, 200);
}

TEST_P(WebhookTest, CloseEndsTheWaitingAndRefusesTheRest) {
  SlowDatabase slow(*database_);
  WebhookOptions patient = options();
  patient.patience = 1h;
  Webhook webhook(slow, clock_, intake_, patient);
  std::atomic<int> status = 0;
  std::jthread waits([&] { status = webhook.deliver(message(1, 1)).status; });
  while (slow.sessions == 0) std::this_thread::yield();
  webhook.close();
  waits.join();
  EXPECT_EQ(status, 503);
  EXPECT_EQ(webhook.deliver(message(2, 2)).status, 503);
  EXPECT_EQ(inbox(), 0);
  EXPECT_TRUE(troubles_.empty()) << "a stop is no trouble";
}

INSTANTIATE_TEST_SUITE_P(Engines, WebhookTest, ::testing::ValuesIn(store::testing::engines_of_phoenix),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
