// Where budgets outlive a process and are shared by several: the table http_budgets
// (migrations/0005_http_budgets.sql), one row for each. Thread-safe; errors are those of the database.
//
//   TRY(store.change({key}, [&](std::vector<BudgetRow>& rows, base::WallTime now) {
//     rows[0].state.book(windows, now, now); rows[0].changed = true; }, stop));
//
// With several processes a row is locked while it is changed, and `now` is the database's clock, so that the
// clocks of their machines do not matter.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/budget_key.hpp"
#include "http/budget_state.hpp"
#include "store/database.hpp"

namespace http {

struct BudgetRow {
  BudgetKey key;
  BudgetState state{};   // empty if there is no such row
  bool changed = false;  // to be written
};
using BudgetChange = std::function<void(std::vector<BudgetRow>&, base::WallTime now)>;

class BudgetStore {
 public:
  virtual ~BudgetStore() = default;
  // Whether other processes change the rows too. If not, `now` is the caller's own clock.
  virtual bool is_shared() const = 0;
  // `keys` are sorted, each once. The work is done once, in one transaction.
  virtual base::Result<void> change(const std::vector<BudgetKey>& keys, const BudgetChange& work,
                                    std::stop_token stop) = 0;
  // At most `limit` rows whose not_before is still to come, the latest first.
  virtual base::Result<std::vector<BudgetRow>> held(std::size_t limit, base::WallTime& now,
                                                    std::stop_token stop) = 0;
};

// On the ledger's database; both outlive it.
class DatabaseBudgetStore final : public BudgetStore {
 public:
  DatabaseBudgetStore(store::Database& database, base::Clock& clock) : database_(database), clock_(clock) {}
  bool is_shared() const override { return database_.dialect().is_server(); }
  base::Result<void> change(const std::vector<BudgetKey>& keys, const BudgetChange& work,
                            std::stop_token stop) override;
  base::Result<std::vector<BudgetRow>> held(std::size_t limit, base::WallTime& now,
                                            std::stop_token stop) override;

 private:
  store::Database& database_;
  base::Clock& clock_;
};

// Deletes rows that were idle for a day longer than their longest window; returns how many.
base::Result<std::int64_t> purge_budgets(store::Session& session, base::Clock& clock, std::stop_token stop);

}  // namespace http
