// The budgets of all APIs (RT4): who may send a call, and when. A request is subject to those of its host and
// of its resource (budget_key.hpp); nothing is taken unless all allow it. What the API says slows a budget
// down before it refuses, and its not_before outranks all else.
//
//   const auto answer = budgets.reserve(request, deadline, stop);
//   if (const auto* grant = std::get_if<Budgets::Grant>(&answer)) …   // sleep until grant->send_at, send
//   budgets.observe(request, response, notes);                       // each answer
//
// Thread-safe; whoever asks first gets the earlier instant, and everybody one of his own. Limits of one
// budget hold for all its requests in this process, whoever declared them. With a store, budgets outlive the
// process and are shared by several (budgets_shared.cpp): holds always, limits as far as each process has a
// collector that declares them. If the store does not answer within a second, the limits hold within this
// process for a while, and take_trouble() says so once. Nothing here fails.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/budget_store.hpp"
#include "http/budget_table.hpp"
#include "http/message.hpp"

namespace http {

class Budgets {
 public:
  explicit Budgets(base::Clock& clock);
  Budgets(const Budgets&) = delete;
  Budgets& operator=(const Budgets&) = delete;

  // From now on also through a database, which is read at once; null: in memory only. Waits for a call to the
  // store that is under way; the store before is not used afterwards.
  void share(BudgetStore* store);

  struct Grant {
    base::SteadyTime send_at;  // a call was taken: send it then, not before
  };
  struct Refusal {
    base::Duration wait{};  // until the earliest instant, which is later than `latest`; nothing was taken
    std::string why{};      // for people: whose budget, and when the next call may be sent
  };
  using Answer = std::variant<Grant, Refusal>;
  Answer reserve(const Request& request, base::SteadyTime latest, std::stop_token stop);
  // It was not sent after all. Of a budget that processes share, only what can go back to this one's stock.
  void give_back(const Request& request, const Grant& grant);

  // All that the answer says; what is spent is held as long as request.max_retry_after at most. Once stopped,
  // neither this nor hold() waits for the store.
  void observe(const Request& request, const Response& response, const std::vector<LimitNote>& notes,
               const std::stop_token& stop = {});
  // No call of the request's most specific budget for this long, 24 h at most; never shortened.
  void hold(const Request& request, base::Duration wait, std::string_view why,
            const std::stop_token& stop = {});

  struct State {
    std::string host, credential, resource;
    std::optional<std::int64_t> remaining, limit;  // as the API said last
    std::optional<base::WallTime> not_before;
  };
  std::vector<State> states() const;  // of which there is something to say

  // Once for each time that the store stopped answering. One of this process alone may be busy for a minute.
  std::optional<std::string> take_trouble();
  std::uint64_t store_failures() const;

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Waiting {
    std::vector<BudgetPart> budgets;
    BudgetSteady latest;
    std::optional<Answer> answer{};
    bool gone = false;  // nobody waits for it any more
  };
  using Batch = std::vector<std::shared_ptr<Waiting>>;
  struct LeavesTheLine;
  struct Leads;

  // With mutex_ locked.
  BudgetSteady now() const;
  std::optional<Answer> decide_here(const std::vector<BudgetPart>& budgets, BudgetSteady latest);
  Answer decide(const std::vector<BudgetShare>& shares, BudgetSteady latest, BudgetSteady now);
  Refusal refusal(const BudgetShare& share, const BudgetVerdict& verdict, BudgetSteady now);
  Answer wait_in_line(std::vector<BudgetPart> budgets, BudgetSteady latest, Lock& lock,
                      const std::stop_token& stop);

  // budgets_shared.cpp
  bool has_store(BudgetSteady now) const { return store_ != nullptr && now >= retry_at_; }
  bool is_stored(const BudgetPart& budget);
  void lead(Lock& lock, const std::stop_token& stop);
  void refresh(Lock& lock, const std::stop_token& stop);
  void settle(Batch& batch, const std::vector<BudgetKey>& keys, Lock& lock, const std::stop_token& stop);
  std::vector<Answer> decide_on(std::vector<BudgetRow>& rows, const Batch& batch, BudgetSpan offset,
                                BudgetSteady now);
  bool is_truth(const BudgetEntry& entry) const;
  BudgetSpan row_offset(const BudgetEntry& entry, BudgetSpan of_store) const;
  struct Stock {
    std::int64_t block = 0, calls = 0;
    BudgetSteady until{};
  };
  Stock fill_stock(BudgetRow& row, BudgetSpan offset, BudgetSteady now);
  void take_over(const std::vector<BudgetRow>& rows, const std::vector<Stock>& stocks, BudgetSpan offset);
  void persist(const BudgetKey& key, Lock& lock, const std::stop_token& stop);
  using StoreCall = std::function<base::Result<void>(BudgetStore&, std::stop_token)>;
  enum class Trouble { none, reading, writing };
  bool call_store(Lock& lock, const std::stop_token& stop, Trouble otherwise, const StoreCall& call);
  void note_failure(const BudgetStore& store, Trouble kind, bool is_late, const base::Error& error);

  base::Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  BudgetTable table_;

  BudgetStore* store_ = nullptr;
  std::deque<std::shared_ptr<Waiting>> line_;
  bool leading_ = false;  // somebody asks the store for those who were in the line
  BudgetSteady refresh_at_{}, retry_at_{}, in_trouble_since_{};
  Trouble in_trouble_ = Trouble::none;
  bool trouble_said_ = false;
  std::optional<std::string> trouble_;
  std::uint64_t failures_ = 0;

  std::mutex store_mutex_;  // one call at a time; not to be waited for with mutex_ locked
};

}  // namespace http
