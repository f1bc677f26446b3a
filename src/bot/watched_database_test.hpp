// For tests of what goes on when the database does not answer. Thread-safe, but for after_commit, which is
// set before the threads begin.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "store/database.hpp"

namespace bot::testing {

// A database that can be cut off, and that tells of each commit.
class WatchedDatabase final : public store::Database {
 public:
  explicit WatchedDatabase(store::Database& inner) : inner_(inner) {}
  std::atomic<bool> is_gone = false;
  std::function<void()> after_commit{};

  const store::Dialect& dialect() const override { return inner_.dialect(); }
  std::string description() const override { return inner_.description(); }
  base::Result<std::unique_ptr<store::Session>> session(std::stop_token stop) override {
    if (is_gone) return base::error(base::Code::unavailable, "the database is gone");
    return std::make_unique<WatchedSession>(*this, TRY(inner_.session(std::move(stop))));
  }
  base::Result<store::Table> describe(store::Connection& connection, std::string_view schema,
                                      std::string_view table) override {
    return inner_.describe(connection, schema, table);
  }

 private:
  class WatchedSession final : public store::Session {
   public:
    WatchedSession(WatchedDatabase& database, std::unique_ptr<store::Session> inner)
        : database_(database), inner_(std::move(inner)) {}
    base::Result<void> transact(store::Access access, std::stop_token stop,
                                const store::Work& work) override {
      if (database_.is_gone) return base::error(base::Code::unavailable, "the database is gone");
      TRY(inner_->transact(access, std::move(stop), work));
      if (database_.after_commit) database_.after_commit();
      return {};
    }

   private:
    WatchedDatabase& database_;
    std::unique_ptr<store::Session> inner_;
  };
  store::Database& inner_;
};

}  // namespace bot::testing
