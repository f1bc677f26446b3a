// A Database that fails at its Nth call, to prove what a caller leaves behind: no matter where the store
// breaks, all or nothing must be there. Opening a session, beginning a transaction, each statement, each row
// of a load, and each commit (before it, and after it: done, but its answer lost) is one call.
//
//   FaultyDatabase faulty(*database);
//   do {
//     faulty.fail_at(++n, FaultyDatabase::Lasting::once);
//     work_with(faulty);
//     faulty.heal();
//     … what must hold after any failure …
//   } while (faulty.fired());
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace store::testing {

class FaultyDatabase final : public Database {
 public:
  enum class Lasting { once, for_good };

  explicit FaultyDatabase(Database& inner) : inner_(inner) {}

  void fail_at(int call, Lasting lasting) {
    const std::lock_guard lock(mutex_);
    at_ = call;
    lasting_ = lasting;
    calls_ = 0;
    fired_.clear();
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    at_ = 0;
  }
  bool fired() const { return !where().empty(); }
  std::string where() const {  // the call that failed first: "commit", or its SQL
    const std::lock_guard lock(mutex_);
    return fired_;
  }
  int calls() const {  // since fail_at()
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  const Dialect& dialect() const override { return inner_.dialect(); }
  std::string description() const override { return inner_.description(); }
  base::Result<std::unique_ptr<Session>> session(std::stop_token stop) override {
    TRY(call("session"));
    return std::make_unique<FaultySession>(*this, TRY(inner_.session(std::move(stop))));
  }
  base::Result<Table> describe(Connection& connection, std::string_view schema,
                               std::string_view table) override {
    return inner_.describe(connection, schema, table);  // its statements pass the connection, and count there
  }

 private:
  base::Result<void> call(std::string_view what) {
    const std::lock_guard lock(mutex_);
    ++calls_;
    if (at_ == 0 || calls_ < at_ || (calls_ > at_ && lasting_ == Lasting::once)) return {};
    if (fired_.empty()) fired_ = what;
    return base::error(base::Code::unavailable, "the database broke at call {} ({})", calls_, what);
  }

  class FaultyConnection final : public Connection {
   public:
    FaultyConnection(FaultyDatabase& database, Connection& inner) : database_(database), inner_(inner) {}
    const Dialect& dialect() const override { return inner_.dialect(); }
    base::Result<std::int64_t> execute(std::string_view sql, std::span<const Param> params) override {
      TRY(call(sql));
      return inner_.execute(sql, params);
    }
    base::Result<std::vector<Row>> query(std::string_view sql, std::span<const Param> params) override {
      TRY(call(sql));
      return inner_.query(sql, params);
    }
    base::Result<std::vector<std::string>> column_names(std::string_view sql) override {
      TRY(call(sql));
      return inner_.column_names(sql);
    }
    base::Result<std::int64_t> load(std::string_view table, const std::vector<std::string>& columns,
                                    const RowSource& rows) override {
      const std::int64_t count =
          TRY(inner_.load(table, columns, [&]() -> std::optional<std::span<const Param>> {
            if (!call("load")) return std::nullopt;
            return rows();
          }));
      if (spoiled) return *spoiled;
      return count;
    }

    std::optional<base::Error> spoiled;  // the first failure: nothing of the transaction may stay

   private:
    base::Result<void> call(std::string_view what) {
      if (spoiled) return *spoiled;
      auto passed = database_.call(what);
      if (!passed) spoiled = passed.error();
      return passed;
    }
    FaultyDatabase& database_;
    Connection& inner_;
  };

  class FaultySession final : public Session {
   public:
    FaultySession(FaultyDatabase& database, std::unique_ptr<Session> inner)
        : database_(database), inner_(std::move(inner)) {}
    base::Result<void> transact(Access access, std::stop_token stop, const Work& work) override {
      TRY(database_.call("begin"));
      TRY(inner_->transact(access, std::move(stop), [&](Connection& connection) -> base::Result<void> {
        FaultyConnection faulty(database_, connection);
        TRY(work(faulty));
        if (faulty.spoiled) return *faulty.spoiled;
        return database_.call("commit");
      }));
      TRY_WITH(database_.call("the answer of the commit"), "the outcome of the commit is unknown");
      return {};
    }

   private:
    FaultyDatabase& database_;
    std::unique_ptr<Session> inner_;
  };

  Database& inner_;
  mutable std::mutex mutex_;
  int at_ = 0;
  Lasting lasting_ = Lasting::once;
  int calls_ = 0;
  std::string fired_;
};

}  // namespace store::testing
