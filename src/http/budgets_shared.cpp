// How budgets are kept in a store.
//
// Shared by processes (PostgreSQL): the row is the truth. Whoever asks stands in a line; one of the line
// leads, and takes the instants of all who stand there in one transaction, so the more callers, the fewer
// transactions a call. Budgets that only have long windows are asked still less: who comes back within a
// second books a growing stock of calls, a twentieth of the window at most, which is good until the window's
// next part begins. What is left of it then is lost, never given back.
//
// Used by one process (SQLite): memory is the truth, short windows live in it alone, and the row is an image
// of the long ones, written ahead by the same stock, so that a restart forgets none.
//
// Budgets without windows are never asked for. Their holds are read together, now and then.
#include <algorithm>
#include <exception>
#include <set>

#include "http/budgets.hpp"

namespace http {
namespace {

using namespace std::chrono_literals;
using base::Result;

constexpr std::size_t max_batch = 64, max_held = 1'000;
constexpr BudgetSpan store_patience = 1s, retry_after = 10s, refresh_every = 10s, busy = 1s,
                     may_be_busy_for = 60s;
constexpr std::int64_t stock_share = 20;  // of a window, in one transaction

bool has_long(const std::vector<BudgetWindow>& windows) {
  return std::ranges::any_of(windows, &BudgetWindow::is_long);
}
bool has_short(const std::vector<BudgetWindow>& windows) {
  return !std::ranges::all_of(windows, &BudgetWindow::is_long);
}

}  // namespace

// However it ends, somebody else may lead afterwards.
struct Budgets::Leads {
  Budgets& self;
  Lock& lock;
  Leads(Budgets& budgets, Lock& held) : self(budgets), lock(held) { self.leading_ = true; }
  Leads(const Leads&) = delete;
  ~Leads() {
    if (!lock.owns_lock()) lock.lock();
    std::erase_if(self.line_, [](const auto& it) { return it->answer || it->gone; });
    self.leading_ = false;
    self.changed_.notify_all();
  }
};

void Budgets::share(BudgetStore* store) {
  {
    const std::lock_guard one(store_mutex_);
    const Lock lock(mutex_);
    store_ = store;
    table_.forget_store();
    refresh_at_ = retry_at_ = {};
    in_trouble_ = Trouble::none;
  }
  Lock lock(mutex_);
  if (store == nullptr || leading_) return;
  const Leads leads(*this, lock);
  refresh(lock, {});  // what holds already is known before a run takes the connection that is there now
}

bool Budgets::is_stored(const BudgetPart& budget) {
  if (!store_->is_shared()) return has_long(budget.windows);
  const BudgetEntry& known = table_.entry(budget.key);
  return !budget.windows.empty() || known.state.is_slowed(known.at(now()));
}

// Unlocks meanwhile. False: it failed, or `stop` was requested. Whatever became of it is known before the
// next one may call, so that not each of them waits for a store that is silent.
bool Budgets::call_store(Lock& lock, const std::stop_token& stop, Trouble otherwise, const StoreCall& call) {
  lock.unlock();
  const std::lock_guard one(store_mutex_);
  lock.lock();
  BudgetStore* const store = has_store(now()) ? store_ : nullptr;
  if (store == nullptr || stop.stop_requested()) return false;
  lock.unlock();
  Result<void> result;
  bool is_late = false;
  try {
    std::stop_source end;
    const std::stop_callback stopped(stop, [&] { end.request_stop(); });
    const auto alarm =
        clock_.alarm(clock_.steady() + store_patience, [end]() mutable { end.request_stop(); });
    result = call(*store, end.get_token());
    is_late = end.stop_requested();
  } catch (const std::exception& e) {  // no thread for the alarm, or no memory
    result = base::error(base::Code::unavailable, "{}", e.what());
  }
  lock.lock();
  if (result) {
    if (in_trouble_ <= otherwise)
      in_trouble_ = Trouble::none;  // who can be read may still refuse to be written
  } else if (!stop.stop_requested()) {
    note_failure(*store, otherwise, is_late, result.error());
  }
  return static_cast<bool>(result);
}

// Who alone uses a file waits for his own writers, which may take their time with many rows.
void Budgets::note_failure(const BudgetStore& store, Trouble kind, bool is_late, const base::Error& error) {
  ++failures_;
  const BudgetSteady time = now();
  if (in_trouble_ == Trouble::none) {
    in_trouble_since_ = time;
    trouble_said_ = false;
  }
  in_trouble_ = std::max(in_trouble_, kind);
  retry_at_ = time + retry_after;
  const bool may_be_busy = !store.is_shared() && is_late && time - in_trouble_since_ <= may_be_busy_for;
  if (trouble_said_ || may_be_busy) return;
  trouble_said_ = true;
  trouble_ =
      std::string(store.is_shared() ? "until it answers they are neither shared with other processes nor "
                                      "kept over a restart: "
                                    : "until it answers they are not kept over a restart: ") +
      error.message;
}

// For one batch of the line, whether the leader is among them or not. They stay in the line until they have
// their answers: if the leader is stopped, another one goes on, in the same order.
void Budgets::lead(Lock& lock, const std::stop_token& stop) {
  const Leads leads(*this, lock);
  if (has_store(now()) && now() >= refresh_at_) refresh(lock, stop);
  Batch batch(line_.begin(), line_.begin() + static_cast<std::ptrdiff_t>(std::min(line_.size(), max_batch)));
  std::set<BudgetKey> keys;
  if (has_store(now()))
    for (const auto& it : batch)
      for (const BudgetPart& budget : it->budgets)
        if (is_stored(budget)) keys.insert(budget.key);
  if (!stop.stop_requested()) settle(batch, {keys.begin(), keys.end()}, lock, stop);
}

// The holds of all budgets: what other processes were told, and those from before a restart.
void Budgets::refresh(Lock& lock, const std::stop_token& stop) {
  std::vector<BudgetRow> rows;
  base::WallTime at{};
  BudgetSteady local{};
  const bool done =
      call_store(lock, stop, Trouble::reading, [&](BudgetStore& store, std::stop_token end) -> Result<void> {
        rows = TRY(store.held(max_held, at, std::move(end)));
        local = std::chrono::floor<BudgetSpan>(clock_.steady());
        return {};
      });
  if (!done || !store_) return;
  refresh_at_ = store_->is_shared() ? now() + refresh_every : BudgetSteady::max();
  const BudgetSpan offset = at.time_since_epoch() - local.time_since_epoch();
  for (const BudgetRow& row : rows) {
    BudgetEntry& known = table_.entry(row.key);
    known.state.learn(row.state, row_offset(known, offset) - known.offset);
  }
}

void Budgets::settle(Batch& batch, const std::vector<BudgetKey>& keys, Lock& lock,
                     const std::stop_token& stop) {
  std::vector<Answer> answers;
  if (!keys.empty()) {
    std::vector<BudgetRow> rows;
    std::vector<Stock> stocks;
    BudgetSpan offset{};
    const auto change = [&](std::vector<BudgetRow>& found, base::WallTime at) {
      const Lock inner(mutex_);
      const BudgetSteady time = now();
      offset = at.time_since_epoch() - time.time_since_epoch();
      answers = decide_on(found, batch, offset, time);
      for (BudgetRow& row : found) stocks.push_back(fill_stock(row, offset, time));
      rows = found;
    };
    const bool done = call_store(lock, stop, Trouble::writing, [&](BudgetStore& store, std::stop_token end) {
      return store.change(keys, change, std::move(end));
    });
    if (!done && stop.stop_requested()) return;
    if (!done) answers.clear();
    if (done) take_over(rows, stocks, offset);
  }
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (!batch[i]->gone)
      batch[i]->answer =
          i < answers.size() ? answers[i] : decide(table_.shares(batch[i]->budgets), batch[i]->latest, now());
}

// Inside the transaction: what it decides holds if that is committed.
std::vector<Budgets::Answer> Budgets::decide_on(std::vector<BudgetRow>& rows, const Batch& batch,
                                                BudgetSpan offset, BudgetSteady now) {
  for (BudgetRow& row : rows) {
    const BudgetEntry& known = table_.entry(row.key);
    if (is_truth(known))
      row.state = known.state;
    else
      row.state.learn(known.state, known.offset - row_offset(known, offset));
  }
  std::vector<Answer> answers;
  for (const auto& waiting : batch) {
    std::vector<BudgetShare> shares = table_.shares(waiting->budgets);
    std::vector<BudgetRow*> used;
    for (BudgetShare& share : shares) {
      const auto row = std::ranges::find(rows, share.budget->key, &BudgetRow::key);
      if (row == rows.end()) continue;
      share.state = &row->state;
      share.offset = row_offset(table_.entry(row->key), offset);
      used.push_back(&*row);
    }
    answers.push_back(waiting->gone ? Answer{Refusal{}} : decide(shares, waiting->latest, now));
    if (std::holds_alternative<Grant>(answers.back()))
      for (BudgetRow* row : used) row->changed = true;
  }
  return answers;
}

// Memory is the truth of what only one process uses, once the row was read.
bool Budgets::is_truth(const BudgetEntry& entry) const {
  return entry.loaded && store_ && !store_->is_shared();
}

BudgetSpan Budgets::row_offset(const BudgetEntry& entry, BudgetSpan of_store) const {
  return store_ && store_->is_shared() ? of_store : entry.offset;
}

Budgets::Stock Budgets::fill_stock(BudgetRow& row, BudgetSpan offset, BudgetSteady now) {
  const BudgetEntry& known = table_.entry(row.key);
  std::vector<BudgetWindow> windows;
  for (const DeclaredWindow& it : known.declared) windows.push_back(it.window);
  const bool only_long = store_ && (!store_->is_shared() || !has_short(windows));  // are in the row
  if (!row.changed || !only_long || !has_long(windows)) return {};
  const bool is_busy = known.written && now - *known.written < busy;
  std::int64_t block = is_busy ? std::max<std::int64_t>(1, known.block * 2) : known.block / 2;
  for (const BudgetWindow& it : windows)
    if (it.is_long()) block = std::min(block, it.calls / stock_share);
  offset = row_offset(known, offset);
  const auto time = BudgetState::Time(now.time_since_epoch() + offset);
  const auto end = BudgetState::stock_end(windows, time);
  const bool is_free = !row.state.is_slowed(time) && !row.state.has_bookings_after(time);
  return {block, is_free ? row.state.book_stock(windows, block, time) : 0,
          BudgetSteady(end.time_since_epoch() - offset)};
}

void Budgets::take_over(const std::vector<BudgetRow>& rows, const std::vector<Stock>& stocks,
                        BudgetSpan offset) {
  const BudgetSteady time = now();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    BudgetEntry& known = table_.entry(rows[i].key);
    BudgetState newer = rows[i].state;
    const BudgetSpan newer_offset = row_offset(known, offset);
    newer.learn(known.state, known.offset - newer_offset);  // what came meanwhile
    known.state = std::move(newer);
    known.offset = newer_offset;
    known.loaded = true;
    if (!rows[i].changed) continue;
    known.written = time;
    known.stock = (known.has_stock(time) ? known.stock : 0) + stocks[i].calls;
    known.block = stocks[i].block;
    known.stock_until = stocks[i].until;
  }
}

// After a hold: so that others keep to it too, and we after a restart.
void Budgets::persist(const BudgetKey& key, Lock& lock, const std::stop_token& stop) {
  if (!has_store(now())) return;
  const auto change = [&](std::vector<BudgetRow>& rows, base::WallTime at) {
    const Lock inner(mutex_);
    const BudgetSteady time = now();
    BudgetEntry& known = table_.entry(key);
    const BudgetSpan offset = row_offset(known, at.time_since_epoch() - time.time_since_epoch());
    if (is_truth(known))
      rows[0].state = known.state;
    else
      rows[0].state.learn(known.state, known.offset - offset);
    rows[0].changed = true;
    known.written = time;
  };
  call_store(lock, stop, Trouble::writing, [&](BudgetStore& store, std::stop_token end) {
    return store.change({key}, change, std::move(end));
  });
}

}  // namespace http
