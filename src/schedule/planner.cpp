#include "schedule/planner.hpp"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

#include "base/check.hpp"

namespace schedule {
namespace {

constexpr WallTime at_once{};  // before every now
constexpr std::size_t no_group = 0;

std::unordered_map<std::string_view, std::size_t> by_name(const std::vector<Entry>& entries) {
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < entries.size(); ++i) index.emplace(entries[i].name, i);
  return index;
}

}  // namespace

Planner::Planner(std::vector<Entry> entries, std::vector<State> states)
    : entries_(std::move(entries)),
      states_(std::move(states)),
      upstreams_(entries_.size()),
      dependents_(entries_.size()),
      group_(entries_.size(), no_group),
      running_in_group_(1),
      wake_(entries_.size()),
      ready_key_(entries_.size()) {
  CHECK(entries_.size() == states_.size(), "every entry has a state");
  const auto index = by_name(entries_);
  std::unordered_map<std::string_view, std::size_t> groups{{"", no_group}};
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    group_[i] = groups.emplace(entries_[i].group, groups.size()).first->second;
    running_in_group_.resize(groups.size());
    running_in_group_[group_[i]] += states_[i].running.has_value();
    for (const std::string& name : entries_[i].after) {
      const auto found = index.find(name);
      if (found == index.end()) continue;  // order_fault() has said so
      upstreams_[i].push_back(found->second);
      dependents_[found->second].push_back(i);
    }
    look_again(i, at_once);
  }
}

Upstream Planner::upstream(std::size_t i, WallTime now) const {
  Upstream upstream;
  if (upstreams_[i].empty()) return upstream;
  const auto slot = pending_slot(entries_[i], states_[i], now);
  for (const std::size_t other : upstreams_[i]) {
    upstream.settled = upstream.settled && (!slot || is_settled(entries_[other], states_[other], *slot));
    upstream.failed = upstream.failed || states_[other].failed;
  }
  return upstream;
}

Decision Planner::decision(std::size_t i, WallTime now) const {
  return decide(entries_[i], states_[i], upstream(i, now), now);
}

void Planner::set_aside(std::size_t i) {
  if (wake_[i]) wakes_.erase({*wake_[i], i});
  if (ready_key_[i]) ready_.erase(*ready_key_[i]);
  wake_[i].reset();
  ready_key_[i].reset();
}

void Planner::look_again(std::size_t i, std::optional<WallTime> time) {
  set_aside(i);
  if (!time) return;
  wake_[i] = time;
  wakes_.insert({*time, i});
}

template <class Change>
void Planner::change_state(std::size_t i, Change change) {
  running_in_group_[group_[i]] -= states_[i].running.has_value();
  change(states_[i]);
  running_in_group_[group_[i]] += states_[i].running.has_value();
}

void Planner::carry_out(std::size_t i, const Decision& decision, WallTime now, Plan& plan) {
  if (decision.missed) {
    plan.missed.push_back({i, decision.missed->first, decision.missed->last, decision.missed->reason});
    for (const std::size_t other : dependents_[i]) look_again(other, at_once);
  }
  if (decision.gave_up) plan.gave_up.push_back({i, *decision.gave_up});
  if (decision.start) {
    const Decision::Start& it = *decision.start;
    plan.starts.push_back({i, it.slot, it.again, it.try_at});
  }
  if (decision.cancel) plan.cancels.push_back(i);
  change_state(i, [&](State& state) { apply(decision, state, now); });
}

// Until there is nothing to do but wait, or to start.
void Planner::look(std::size_t i, WallTime now, Plan& plan) {
  for (;;) {
    const Decision it = decision(i, now);
    if (it.start) {
      State& state = states_[i];
      if (!state.seen_due) state.seen_due = now;
      set_aside(i);
      // A new try is due since its own time, not since that of its slot: else those that fail again and again
      // would for ever go before the others.
      const WallTime since = it.start->again ? state.open->try_at : it.start->slot;
      ready_key_[i] = Ready{-entries_[i].priority, since, i};
      ready_.insert(*ready_key_[i]);
      return;
    }
    carry_out(i, it, now, plan);
    if (!it.acts()) return look_again(i, it.look_again);
  }
}

Plan Planner::due(WallTime now, std::size_t room) {
  Plan plan;
  if (last_now_ && now < *last_now_)
    for (std::size_t i = 0; i < entries_.size(); ++i) look_again(i, at_once);
  last_now_ = now;
  const auto look_at_all = [&] {
    while (!wakes_.empty() && wakes_.begin()->first <= now) look(wakes_.begin()->second, now, plan);
  };
  look_at_all();
  std::vector<Ready> held;  // their group is taken; none becomes free in here
  while (plan.starts.size() < room && !ready_.empty()) {
    const std::size_t i = std::get<2>(*ready_.begin());
    if (group_[i] != no_group && running_in_group_[group_[i]] > 0) {
      held.push_back(ready_.extract(ready_.begin()).value());
      continue;
    }
    const Decision it = decision(i, now);  // time has passed, and others have started since it was found due
    set_aside(i);
    if (it.start) carry_out(i, it, now, plan);
    look(i, now, plan);
    look_at_all();
  }
  for (const Ready& it : held)
    if (ready_key_[std::get<2>(it)] == it) ready_.insert(it);
  return plan;
}

std::optional<WallTime> Planner::next_wake() const {
  return wakes_.empty() ? std::nullopt : std::optional(wakes_.begin()->first);
}

void Planner::update(std::size_t i, const State& state) {
  change_state(i, [&](State& now) { now = state; });
  look_again(i, at_once);
  for (const std::size_t other : dependents_[i]) look_again(other, at_once);
}

std::optional<std::string> order_fault(const std::vector<Entry>& entries) {
  const auto index = by_name(entries);
  enum class Mark { unseen, on_path, done };
  std::vector<Mark> marks(entries.size(), Mark::unseen);
  struct Step {
    std::size_t entry;
    std::size_t next = 0;  // of its `after`
  };
  for (std::size_t root = 0; root < entries.size(); ++root) {
    if (marks[root] != Mark::unseen) continue;
    std::vector<Step> path{{root}};
    marks[root] = Mark::on_path;
    while (!path.empty()) {
      Step& step = path.back();
      const Entry& entry = entries[step.entry];
      if (step.next == entry.after.size()) {
        marks[step.entry] = Mark::done;
        path.pop_back();
        continue;
      }
      const std::string& name = entry.after[step.next++];
      const auto found = index.find(name);
      if (found == index.end())
        return fmt::format("{}: after names {}, which does not exist; correct the name or remove it",
                           entry.name, name);
      if (marks[found->second] == Mark::on_path)
        return fmt::format("{}: after names {}, which itself waits for {}; remove one of them", entry.name,
                           name, entry.name);
      if (marks[found->second] == Mark::unseen) {
        marks[found->second] = Mark::on_path;
        path.push_back({found->second});
      }
    }
  }
  return std::nullopt;
}

}  // namespace schedule
