#include "http/budgets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"

namespace http {
namespace {

using Reason = BudgetState::Reason;

constexpr BudgetSpan longest_hold = BudgetState::longest_hold;
constexpr std::size_t max_why = 200, max_name = 64;

BudgetSteady cut(base::SteadyTime time) { return std::chrono::floor<BudgetSpan>(time); }

BudgetSpan wall_offset(base::Clock& clock) {
  return clock.wall().time_since_epoch() - cut(clock.steady()).time_since_epoch();
}

std::string words_of(const std::vector<BudgetWindow>& windows) {
  std::vector<std::string> list;
  for (const BudgetWindow& it : windows)
    list.push_back(fmt::format("{} {} per {}", it.calls, it.calls == 1 ? "call" : "calls",
                               base::format_duration(it.per)));
  return base::join(list, ", ");
}

std::string words_of(Reason reason, const BudgetPart& budget, const std::string& why) {
  switch (reason) {
    case Reason::hold: return why.empty() ? "the API asked for a pause" : why;
    case Reason::spread: return "little of the API's own budget is left until it is filled again";
    case Reason::crowded: return fmt::format("{} calls wait already", BudgetState::max_booked);
    default: return fmt::format("its budget ({}) is used up", words_of(budget.windows));
  }
}

}  // namespace

// The wall clock may be set later; the time of our budgets does not jump with it.
Budgets::Budgets(base::Clock& clock) : clock_(clock), table_(wall_offset(clock)) {}

BudgetSteady Budgets::now() const { return cut(clock_.steady()); }

Budgets::Refusal Budgets::refusal(const BudgetShare& share, const BudgetVerdict& verdict, BudgetSteady now) {
  const base::Duration wait = verdict.time - now;
  const bool is_kept = store_ != nullptr && verdict.reason == Reason::hold;
  return {wait, fmt::format("{}: {}; the next call may be sent in {}{}", describe(share.budget->key),
                            words_of(verdict.reason, *share.budget, table_.entry(share.budget->key).why),
                            base::format_duration(wait), is_kept ? " (kept in http_budgets)" : "")};
}

Budgets::Answer Budgets::decide(const std::vector<BudgetShare>& shares, BudgetSteady latest,
                                BudgetSteady now) {
  const BudgetVerdict verdict = judge(shares, now);
  if (!verdict.fits(latest)) return refusal(shares[verdict.share], verdict, now);
  book(shares, verdict.time, now);
  return Grant{verdict.time};
}

// What needs no store: nothing, if it does.
std::optional<Budgets::Answer> Budgets::decide_here(const std::vector<BudgetPart>& budgets,
                                                    BudgetSteady latest) {
  const BudgetSteady time = now();
  std::vector<BudgetShare> shares = table_.shares(budgets);
  if (!has_store(time)) return decide(shares, latest, time);
  if (time >= refresh_at_) return std::nullopt;
  BudgetSteady stock_until = BudgetSteady::max();
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    BudgetEntry& known = table_.entry(budgets[i].key);
    // A hold is only ever made longer, so there is nothing to ask.
    const auto held = known.state.not_before(known.at(time));
    if (held && *held > known.at(latest)) return decide({shares[i]}, latest, time);
    if (!is_stored(budgets[i])) continue;
    if (leading_ || !known.has_stock(time)) return std::nullopt;
    shares[i].stock = &known;
    stock_until = std::min(stock_until, known.stock_until);
  }
  const BudgetVerdict verdict = judge(shares, time);
  if (verdict.fits(latest) && verdict.time >= stock_until) return std::nullopt;
  return decide(shares, latest, time);
}

Budgets::Answer Budgets::reserve(const Request& request, base::SteadyTime latest, std::stop_token stop) {
  Lock lock(mutex_);
  std::vector<BudgetPart> budgets = table_.budgets(request, now());
  const BudgetSteady last = cut(latest);
  if (auto answer = decide_here(budgets, last)) return *std::move(answer);
  return wait_in_line(std::move(budgets), last, lock, stop);
}

// However it ends: nobody takes a call for who is gone.
struct Budgets::LeavesTheLine {
  Budgets& self;
  Lock& lock;
  const std::shared_ptr<Waiting>& me;
  ~LeavesTheLine() {
    if (!lock.owns_lock()) lock.lock();
    me->gone = true;
    std::erase(self.line_, me);
  }
};

Budgets::Answer Budgets::wait_in_line(std::vector<BudgetPart> budgets, BudgetSteady latest, Lock& lock,
                                      const std::stop_token& stop) {
  const auto me = std::make_shared<Waiting>(Waiting{std::move(budgets), latest});
  line_.push_back(me);
  const LeavesTheLine leaves{*this, lock, me};
  while (!me->answer && !stop.stop_requested()) {
    if (leading_)
      changed_.wait(lock, stop, [&] { return me->answer || !leading_; });
    else
      lead(lock, stop);
  }
  if (me->answer) return *std::move(me->answer);
  return Refusal{{}, "stopped while waiting for a budget"};
}

void Budgets::give_back(const Request& request, const Grant& grant) {
  const Lock lock(mutex_);
  const BudgetSteady time = now(), sent = cut(grant.send_at);
  for (const BudgetPart& it : table_.budgets(request, time)) {
    BudgetEntry& known = table_.entry(it.key);
    const bool elsewhere = has_store(time) && store_->is_shared() && is_stored(it);
    if (!elsewhere)
      known.state.give_back(known.at(sent));
    else if (time < known.stock_until && sent < known.stock_until)
      ++known.stock;
  }
}

void Budgets::observe(const Request& request, const Response&, const std::vector<LimitNote>& notes,
                      const std::stop_token& stop) {
  Lock lock(mutex_);
  const BudgetSteady time = now();
  const auto named = std::ranges::find_if(notes, [](const LimitNote& it) { return !it.resource.empty(); });
  if (named != notes.end()) table_.learn(request, named->resource);
  const BudgetKey own = table_.budgets(request, time).back().key;
  std::map<BudgetKey, std::vector<LimitNote>> told;
  for (const LimitNote& note : notes) {
    // The API may have another name than we for what this request was taken from.
    BudgetKey theirs = own;
    if (!note.resource.empty()) theirs.resource = base::shorten(note.resource, max_name);
    for (const BudgetKey& key : std::set{own, theirs}) told[key].push_back(note);
  }
  const BudgetSpan longest =
      std::chrono::floor<BudgetSpan>(std::min<base::Duration>(request.max_retry_after, longest_hold));
  std::vector<BudgetKey> changed;
  for (const auto& [key, list] : told) {
    BudgetEntry& known = table_.entry(key);
    const auto held = known.state.not_before(known.at(time));
    if (!known.state.observe(list, known.at(time), longest)) continue;
    const bool longer = known.state.not_before(known.at(time)) != held;
    if (longer) known.why = "the API says that its budget is used up";
    // How the rest is spread changes with each answer; others need not know it to the call.
    if (longer || !known.written || time - *known.written >= std::chrono::seconds{1}) changed.push_back(key);
  }
  for (const BudgetKey& key : changed) persist(key, lock, stop);
}

void Budgets::hold(const Request& request, base::Duration wait, std::string_view why,
                   const std::stop_token& stop) {
  Lock lock(mutex_);
  const BudgetSteady time = now();
  const BudgetKey key = table_.budgets(request, time).back().key;
  BudgetEntry& known = table_.entry(key);
  const auto before = known.state.not_before(known.at(time));
  const base::Duration bounded = std::min<base::Duration>(wait, longest_hold);
  known.state.hold(known.at(time) + std::chrono::ceil<BudgetSpan>(bounded), known.at(time));
  if (known.state.not_before(known.at(time)) == before) return;
  known.why = base::shorten(why, max_why);
  persist(key, lock, stop);
}

std::vector<Budgets::State> Budgets::states() const {
  const Lock lock(mutex_);
  std::vector<State> list;
  for (const auto& [key, known] : table_.entries()) {
    const auto held = known.state.not_before(known.at(now()));
    if (!held && !known.state.limit() && !known.state.remaining()) continue;
    list.push_back(
        {key.host, key.credential, key.resource, known.state.remaining(), known.state.limit(), held});
  }
  return list;
}

std::optional<std::string> Budgets::take_trouble() {
  const Lock lock(mutex_);
  return std::exchange(trouble_, std::nullopt);
}

std::uint64_t Budgets::store_failures() const {
  const Lock lock(mutex_);
  return failures_;
}

}  // namespace http
