// For tests of the outbox: each function in a transaction of its own, on every engine.
#pragma once

#include <fmt/format.h>

#include "outbox/outbox.hpp"
#include "store/conformance_test.hpp"
#include "store/migrations.hpp"

namespace outbox::testing {

class OutboxTest : public ::testing::TestWithParam<store::testing::Engine> {
 protected:
  OutboxTest() { EXPECT_TRUE(store::migrate(*database_, store::embedded_migrations(), {})); }

  template <class Value>
  Value write(const std::function<base::Result<Value>(store::Connection&)>& work) {
    Value value{};
    const auto done =
        session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
          value = TRY(work(c));
          return {};
        });
    if (!done) ADD_FAILURE() << done.error().message;
    return value;
  }
  std::int64_t add(const Message& message) {
    return write<std::int64_t>([&](store::Connection& c) { return outbox::add(c, message); });
  }
  std::vector<std::int64_t> add(const std::vector<Message>& messages) {
    return write<std::vector<std::int64_t>>([&](store::Connection& c) { return outbox::add(c, messages); });
  }
  base::Result<void> try_add(const Message& message) {
    return session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
      TRY(outbox::add(c, message));
      return {};
    });
  }
  std::vector<Claimed> claim(int limit = 100, Priority least = Priority::rejection) {
    dropped_.clear();
    return write<std::vector<Claimed>>([&](store::Connection& c) {
      return outbox::claim(c, "me", limit, std::chrono::seconds(3600), least, &dropped_);
    });
  }
  std::vector<std::int64_t> claim_ids(int limit = 100, Priority least = Priority::rejection) {
    std::vector<std::int64_t> ids;
    for (const Claimed& it : claim(limit, least)) ids.push_back(it.id);
    return ids;
  }
  void settle(const std::vector<Settled>& settled) {
    ASSERT_OK(session_->transact(store::Access::write, {},
                                 [&](store::Connection& c) { return outbox::settle(c, settled); }));
  }
  void sent(std::int64_t id, const std::string& receipt = "r", int attempt = 1) {
    settle({{.id = id, .attempt = attempt, .receipt = receipt}});
  }
  void recover(const std::string& owner) {
    dropped_.clear();
    ASSERT_OK(session_->transact(store::Access::write, {},
                                 [&](store::Connection& c) { return outbox::recover(c, owner, &dropped_); }));
  }
  // The holder of all claims died.
  void lose_claims() {
    if (!is_server()) return recover("");
    sql("UPDATE {ledger}outbox SET lease_until = '2020-01-01T00:00:00Z' WHERE state = 'sending'");
  }
  Standing standing() {
    return write<Standing>([&](store::Connection& c) { return outbox::standing(c); });
  }
  std::string state(std::int64_t id) {
    const auto rows = store::testing::query(
        *session_, "SELECT state, COALESCE(reason, '') FROM {ledger}outbox WHERE id = $1", {id});
    if (!rows || rows->empty()) return "none";
    const std::string reason = rows->front().text(1);
    return rows->front().text(0) + (reason.empty() ? "" : ": " + reason);
  }
  void sql(std::string_view text) { ASSERT_OK(store::testing::execute(*session_, text)); }
  bool is_server() const { return database_->dialect().is_server(); }

  store::testing::TempFolder folder_;
  std::unique_ptr<store::Database> database_ = GetParam().open(folder_);
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
  std::vector<Dropped> dropped_;
};

inline Message message_to(const std::string& address, Priority priority = Priority::notice,
                          std::optional<std::int64_t> after = {}) {
  return {.channel = "telegram",
          .address = address,
          .action = "send",
          .body = "hello " + address,
          .priority = priority,
          .after = after};
}

}  // namespace outbox::testing
