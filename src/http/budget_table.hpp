// All budgets that this process knows, in memory: finds those of a request, and takes one call of each, or of
// none. Bounded: those longest unused go first. No lock and no clock: `now` is the steady time, cut to
// microseconds; each budget's state keeps a time of its own, which is `offset` ahead of it.
//
//   const auto budgets = table.budgets(request, now);
//   const auto shares = table.shares(budgets);
//   if (const auto verdict = judge(shares, now); verdict.fits(latest)) book(shares, verdict.time, now);
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/budget_key.hpp"
#include "http/budget_state.hpp"
#include "http/message.hpp"

namespace http {

using BudgetSpan = BudgetState::Span;
using BudgetSteady = std::chrono::time_point<std::chrono::steady_clock, BudgetSpan>;

struct DeclaredWindow {
  BudgetWindow window;
  BudgetSteady at{};  // last
};

struct BudgetEntry {
  BudgetState state{};
  BudgetSpan offset{};  // its time minus the steady time
  std::vector<DeclaredWindow> declared{};
  std::string why{};       // of the last hold
  std::uint64_t used = 0;  // greater is later

  std::optional<BudgetSteady> written{};  // to the store
  bool loaded = false;                    // from a store that only this process uses
  std::int64_t stock = 0, block = 0;      // calls booked for this process to take, and how many at once
  BudgetSteady stock_until{};

  BudgetState::Time at(BudgetSteady time) const {
    return BudgetState::Time(time.time_since_epoch() + offset);
  }
  bool has_stock(BudgetSteady now) const { return stock > 0 && now < stock_until; }
};

// One of the budgets that a call is to be taken from.
struct BudgetShare {
  const BudgetPart* budget = nullptr;
  BudgetState* state = nullptr;
  BudgetSpan offset{};
  BudgetEntry* stock = nullptr;  // its long windows need not be asked: this entry has calls in stock
};
struct BudgetVerdict {
  BudgetSteady time;  // the first that all allow
  BudgetState::Reason reason = BudgetState::Reason::none;
  std::size_t share = 0;  // the one that moved it last
  bool fits(BudgetSteady latest) const { return time <= latest && reason != BudgetState::Reason::crowded; }
};
BudgetVerdict judge(const std::vector<BudgetShare>& shares, BudgetSteady now);
void book(const std::vector<BudgetShare>& shares, BudgetSteady time, BudgetSteady now);

class BudgetTable {
 public:
  static constexpr std::size_t max_entries = 4'096;

  explicit BudgetTable(BudgetSpan wall_offset) : wall_offset_(wall_offset) {}

  // Made if it is not there. A reference is good for a few calls: the oldest entries go.
  BudgetEntry& entry(const BudgetKey& key);
  const std::map<BudgetKey, BudgetEntry>& entries() const { return entries_; }

  // The most specific last. Windows of one budget hold for all its requests, whoever declared them, until
  // nobody has done so for ten minutes.
  std::vector<BudgetPart> budgets(const Request& request, BudgetSteady now);
  std::vector<BudgetShare> shares(const std::vector<BudgetPart>& budgets);
  // The API named the resource that requests like this one are taken from.
  void learn(const Request& request, const std::string& resource);
  void forget_store();  // what is in stock, and what is loaded

 private:
  const BudgetSpan wall_offset_;
  std::map<BudgetKey, BudgetEntry> entries_;
  // By host, credential and the path's first segment.
  std::map<BudgetKey, std::pair<std::string, std::uint64_t>> learned_;
  std::uint64_t uses_ = 0;
};

}  // namespace http
