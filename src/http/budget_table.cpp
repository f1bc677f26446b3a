#include "http/budget_table.hpp"

#include <algorithm>

#include "http/url.hpp"

namespace http {
namespace {

constexpr std::size_t max_learned = 1'024, max_resource = 64, max_declared = 16;
// A limit that was changed in a file must go some day, and that of a collector that seldom runs is still
// counted for it.
constexpr BudgetSpan declared_for = std::chrono::minutes{10};

BudgetState::Time own_time(const BudgetShare& share, BudgetSteady time) {
  return BudgetState::Time(time.time_since_epoch() + share.offset);
}

std::vector<BudgetWindow> short_ones(std::vector<BudgetWindow> windows) {
  std::erase_if(windows, [](const BudgetWindow& it) { return it.is_long(); });
  return windows;
}

void declare(std::vector<DeclaredWindow>& declared, const BudgetWindow& window, BudgetSteady now) {
  const auto known = std::ranges::find(declared, window, &DeclaredWindow::window);
  if (known != declared.end()) {
    known->at = now;
    return;
  }
  if (declared.size() >= max_declared)
    declared.erase(std::ranges::min_element(declared, {}, &DeclaredWindow::at));
  declared.push_back({window, now});
}

BudgetKey place_of(const Request& request) {
  return {host_label(request.url), request.credential, first_segment(request.url)};
}

template <class Map, class Used>
void drop_oldest(Map& map, const Used& used) {
  map.erase(std::ranges::min_element(map, {}, [&](const auto& it) { return used(it.second); }));
}

}  // namespace

// Each budget may only move it forward, so what they agree on is the earliest.
BudgetVerdict judge(const std::vector<BudgetShare>& shares, BudgetSteady now) {
  BudgetVerdict verdict{now};
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const BudgetShare& it = shares[i];
      const auto& all = it.budget->windows;
      const auto [time, reason] =
          it.state->earliest(it.stock ? short_ones(all) : all, own_time(it, verdict.time), own_time(it, now));
      const BudgetSteady steady(time.time_since_epoch() - it.offset);
      if (steady <= verdict.time) continue;
      verdict = {steady, reason, i};
      if (reason == BudgetState::Reason::crowded) return verdict;
      moved = true;
    }
  }
  return verdict;
}

void book(const std::vector<BudgetShare>& shares, BudgetSteady time, BudgetSteady now) {
  for (const BudgetShare& it : shares) {
    if (it.stock) {
      it.state->book_from_stock(own_time(it, time), own_time(it, now));
      --it.stock->stock;
    } else {
      it.state->book(it.budget->windows, own_time(it, time), own_time(it, now));
    }
  }
}

BudgetEntry& BudgetTable::entry(const BudgetKey& key) {
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= max_entries) drop_oldest(entries_, [](const auto& it) { return it.used; });
    found = entries_.emplace(key, BudgetEntry{.offset = wall_offset_}).first;
  }
  found->second.used = ++uses_;
  return found->second;
}

std::vector<BudgetPart> BudgetTable::budgets(const Request& request, BudgetSteady now) {
  const auto learned = learned_.find(place_of(request));
  if (learned != learned_.end()) learned->second.second = ++uses_;
  auto list = budgets_of(request, learned == learned_.end() ? std::string() : learned->second.first);
  for (BudgetPart& it : list) {
    std::vector<DeclaredWindow>& declared = entry(it.key).declared;
    for (const BudgetWindow& window : it.windows) declare(declared, window, now);
    std::erase_if(declared, [&](const DeclaredWindow& old) { return now - old.at > declared_for; });
    it.windows.clear();
    for (const DeclaredWindow& one : declared) it.windows.push_back(one.window);
  }
  return list;
}

std::vector<BudgetShare> BudgetTable::shares(const std::vector<BudgetPart>& budgets) {
  std::vector<BudgetShare> list;
  for (const BudgetPart& it : budgets) {
    BudgetEntry& known = entry(it.key);
    list.push_back({&it, &known.state, known.offset});
  }
  return list;
}

void BudgetTable::learn(const Request& request, const std::string& resource) {
  if (resource.empty() || resource.size() > max_resource) return;
  const BudgetKey place = place_of(request);
  if (!learned_.contains(place) && learned_.size() >= max_learned)
    drop_oldest(learned_, [](const auto& it) { return it.second; });
  learned_[place] = {resource, ++uses_};
}

void BudgetTable::forget_store() {
  for (auto& [key, known] : entries_) {
    known.stock = known.block = 0;
    known.loaded = false;
    known.written.reset();
  }
}

}  // namespace http
