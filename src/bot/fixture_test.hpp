// For tests of the bot: updates as they come from Telegram, and a ledger of its own on every engine.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "jobs/queue.hpp"
#include "store/conformance_test.hpp"
#include "store/migrations.hpp"
#include "telegram/types.hpp"

namespace bot::testing {

using namespace std::chrono_literals;

inline const std::string bot_name = "AnalyTipsBot";

inline telegram::Update message(std::int64_t id, std::int64_t user, std::string text,
                                telegram::Chat chat = {}) {
  if (chat.id == 0) chat = {user, telegram::Chat::Kind::person};
  return {id,
          telegram::Message{.id = 1000 + id, .from = {.id = user}, .chat = chat, .text = std::move(text)}};
}
inline telegram::Update tap(std::int64_t id, std::int64_t user, std::string data,
                            std::int64_t message_id = 77) {
  return {id, telegram::Tap{.id = fmt::format("tap{}", id),
                            .from = {.id = user},
                            .chat = {user, telegram::Chat::Kind::person},
                            .message_id = message_id,
                            .data = std::move(data)}};
}

// Waits for what other threads do.
inline bool eventually(const std::function<bool()>& holds, const std::function<void()>& meanwhile = {}) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
    if (meanwhile) meanwhile();
    std::this_thread::sleep_for(1ms);
  }
  return holds();
}

class LedgerTest : public ::testing::TestWithParam<store::testing::Engine> {
 protected:
  LedgerTest() { EXPECT_TRUE(store::migrate(*database_, store::embedded_migrations(), {})); }

  base::Result<void> try_write(const store::Work& work) {
    return session_->transact(store::Access::write, {}, work);
  }
  template <class Value>
  Value write(const std::function<base::Result<Value>(store::Connection&)>& work) {
    Value value{};
    const auto done = try_write([&](store::Connection& c) -> base::Result<void> {
      value = TRY(work(c));
      return {};
    });
    if (!done) ADD_FAILURE() << done.error().message;
    return value;
  }
  void sql(std::string_view text) { ASSERT_OK(store::testing::execute(*session_, text)); }
  std::int64_t count(const std::string& from) {
    return store::testing::number(*session_, "SELECT count(*) FROM {ledger}" + from);
  }
  std::string text(const std::string& query) {
    const auto rows = store::testing::query(*session_, query);
    if (!rows || rows->empty()) return rows ? "nothing" : rows.error().message;
    return rows->front().text(0);
  }
  // Queued and running; -1: the counter of the queue says something else than its rows.
  std::int64_t used() {
    return store::testing::number(
        *session_,
        "SELECT CASE WHEN q.taken = (SELECT count(*) FROM {ledger}jobs WHERE queue = 'analyses' AND state IN "
        "('queued', 'running')) THEN q.taken ELSE -1 END FROM (SELECT used - (SELECT coalesce(sum(places), "
        "0) FROM "
        "{ledger}job_places WHERE queue = name) AS taken FROM {ledger}job_queues WHERE name = 'analyses') AS "
        "q");
  }
  bool is_server() const { return database_->dialect().is_server(); }

  store::testing::TempFolder folder_;
  std::unique_ptr<store::Database> database_ = GetParam().open(folder_);
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
};

// What is in the ledger, without what depends on the time: for comparing two of them.
inline std::vector<std::string> contents(store::Session& session) {
  std::vector<std::string> lines;
  for (const char* query :
       {"SELECT update_id, user_id FROM {ledger}inbox ORDER BY update_id",
        R"(SELECT user_id, bucket, length(taken) - length(replace(taken, ' ', '')),
           CASE WHEN told_at > 0 THEN 1 ELSE 0 END FROM {ledger}limits ORDER BY user_id, bucket)",
        "SELECT user_id, minimum_confidence FROM {ledger}settings ORDER BY user_id",
        "SELECT name, used, turn FROM {ledger}job_queues ORDER BY name",
        "SELECT user_id, turn, kind, payload, address, state, attempt FROM {ledger}jobs ORDER BY id",
        "SELECT address, action, body, priority, state FROM {ledger}outbox ORDER BY id",
        "SELECT bot, next_offset FROM {ledger}poller_lease ORDER BY bot"}) {
    const auto rows = store::testing::query(session, query);
    if (!rows) {
      ADD_FAILURE() << rows.error().message;
      continue;
    }
    for (const store::Row& row : *rows) {
      std::string& line = lines.emplace_back();
      for (std::size_t i = 0; i < row.cells.size(); ++i) line += row.text(i) + "|";
    }
  }
  return lines;
}

}  // namespace bot::testing
