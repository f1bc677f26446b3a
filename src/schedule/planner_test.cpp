#include "schedule/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "schedule/testing.hpp"

namespace schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

const WallTime noon = at("2025-06-01 12:00Z");

State ran(WallTime slot) {
  State state;
  state.last_slot = slot;
  return state;
}

std::vector<std::size_t> started(const Plan& plan) {
  std::vector<std::size_t> entries;
  for (const Plan::Start& start : plan.starts) entries.push_back(start.entry);
  return entries;
}

TEST(Planner, TheGreatestPriorityFirst) {
  std::vector<Entry> entries;
  for (const int priority : {0, 5, -3, 5}) {
    entries.push_back(entry(fmt::format("c{}", entries.size()), table("0 * * * *")));
    entries.back().priority = priority;
  }
  Planner planner(entries, {ran(noon - 1h), ran(noon - 1h), ran(noon - 1h), {}});
  EXPECT_TRUE(planner.due(noon - 1us, 10).starts.size() == 1);  // only what never ran
  EXPECT_EQ(planner.next_wake(), noon);
  EXPECT_EQ(started(planner.due(noon, 2)), (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(planner.ready(), 1u);
  EXPECT_EQ(started(planner.due(noon + 1s, 0)), std::vector<std::size_t>{});
  EXPECT_EQ(started(planner.due(noon + 2s, 9)), std::vector<std::size_t>{2});
  EXPECT_EQ(planner.ready(), 0u);
  EXPECT_EQ(planner.next_wake(), noon + 1h);
}

TEST(Planner, OneBehindAnother) {
  std::vector<Entry> entries{entry("b", table("0 * * * *")), entry("a", table("0 * * * *"))};
  entries[0].after = {"a"};
  entries[0].priority = 9;
  Planner planner(entries, {ran(noon - 1h), ran(noon - 1h)});
  EXPECT_EQ(started(planner.due(noon, 9)), std::vector<std::size_t>{1});
  EXPECT_EQ(started(planner.due(noon + 1min, 9)), std::vector<std::size_t>{});
  planner.update(1, ran(noon));
  EXPECT_EQ(started(planner.due(noon + 2min, 9)), std::vector<std::size_t>{0});

  State failed = ran(noon + 1h);
  failed.failed = true;
  planner.update(0, ran(noon));
  planner.update(1, failed);
  const Plan plan = planner.due(noon + 1h, 9);
  EXPECT_TRUE(plan.starts.empty());
  ASSERT_EQ(plan.missed.size(), 1u);
  EXPECT_EQ(plan.missed[0].reason, MissedReason::upstream);
}

TEST(Planner, WaitingForRoomIsNotMissing) {
  Entry it = entry("a", table("0 * * * *"));
  it.recover_missed = RecoverMissed::none;
  Planner planner({it}, {ran(noon - 1h)});
  EXPECT_TRUE(planner.due(noon, 0).starts.empty());
  EXPECT_EQ(started(planner.due(noon + 30min, 1)), std::vector<std::size_t>{0});
}

TEST(Planner, OrderFaults) {
  std::vector<Entry> entries;
  for (const char* name : {"a", "b", "c"}) entries.push_back(entry(name, table("@daily")));
  entries[1].after = {"a"};
  entries[2].after = {"a", "b"};
  EXPECT_EQ(order_fault(entries), std::nullopt);
  entries[0].after = {"c"};
  EXPECT_NE(order_fault(entries).value_or("").find("remove one of them"), std::string::npos);
  entries[0].after = {"x"};
  EXPECT_EQ(order_fault(entries), "a: after names x, which does not exist; correct the name or remove it");
  entries[0].after = {"a"};
  EXPECT_TRUE(order_fault(entries));
}

// ---- groups

Entry in_group(std::string name, std::string group, int priority = 0) {
  Entry it = entry(std::move(name), table("0 * * * *"));
  it.group = std::move(group);
  it.priority = priority;
  return it;
}

State by_hand(State state, WallTime began) {
  state.running = State::Running{began, began};
  return state;
}

TEST(Planner, OfAGroupOneAtATime) {
  Planner planner({in_group("a", "g"), in_group("b", "g", 5), in_group("c", ""), in_group("d", "")},
                  std::vector<State>(4, ran(noon - 1h)));
  EXPECT_EQ(started(planner.due(noon, 9)), (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(planner.ready(), 1u);
  EXPECT_EQ(planner.next_wake(), noon + 1h);  // the one that waits needs no look before its group is free
  EXPECT_EQ(started(planner.due(noon + 1min, 9)), std::vector<std::size_t>{});
  planner.update(2, ran(noon));
  EXPECT_EQ(started(planner.due(noon + 2min, 9)), std::vector<std::size_t>{});
  planner.update(1, ran(noon));
  ASSERT_LE(*planner.next_wake(), noon);
  const Plan plan = planner.due(noon + 3min, 9);
  ASSERT_EQ(started(plan), std::vector<std::size_t>{0});
  EXPECT_EQ(plan.starts[0].slot, noon);
  EXPECT_EQ(planner.ready(), 0u);
}

TEST(Planner, WhatWaitsForItsGroupTakesNoRoom) {
  std::vector<Entry> entries{in_group("low", "", -9)};
  for (int i = 0; i < 5; ++i) entries.push_back(in_group(fmt::format("g{}", i), "g", 9));
  Planner planner(entries, std::vector<State>(entries.size(), ran(noon - 1h)));
  EXPECT_EQ(started(planner.due(noon, 2)), (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(planner.ready(), 4u);
}

TEST(Planner, ARunByHandTakesItsGroup) {
  const State before = ran(noon - 1h);
  Planner planner({in_group("a", "g"), in_group("b", "g"), in_group("c", "g")},
                  {before, by_hand(before, noon - 1min), before});
  EXPECT_EQ(started(planner.due(noon, 9)), std::vector<std::size_t>{});
  planner.update(2, by_hand(before, noon));  // nobody keeps two from being run by hand at once
  planner.update(1, ran(noon));
  EXPECT_EQ(started(planner.due(noon + 1s, 9)), std::vector<std::size_t>{});
  planner.update(2, ran(noon));
  EXPECT_EQ(started(planner.due(noon + 2s, 9)), std::vector<std::size_t>{0});
}

// Two that fail for hours, each try as long as the ladder's steps, and a third one behind them.
TEST(Planner, NewTriesDoNotKeepAGroupForThemselves) {
  std::vector<Entry> entries{in_group("a", "g"), in_group("b", "g"), in_group("c", "g")};
  entries[2].timetable = table("5 * * * *");
  Planner planner(entries, {ran(noon - 1h), ran(noon - 1h), ran(noon - 55min)});
  base::Rng rng(1);
  std::size_t runs = 0;
  for (WallTime now = noon; now < noon + 50min; now += 10min) {
    const Plan plan = planner.due(now, 9);
    ASSERT_EQ(plan.starts.size(), 1u);
    ++runs;
    const std::size_t i = plan.starts[0].entry;
    if (i == 2) break;
    const RunEnd end{.outcome = Outcome::timeout, .began = now, .ended = now + 9min + 59s};
    planner.update(i, after_run(entries[i], planner.state(i), end, rng));
  }
  EXPECT_EQ(runs, 3u);
}

// The same said as simply as can be: look at everything every time.
class Model {
 public:
  Model(const std::vector<Entry>& entries, std::vector<State> states)
      : entries_(entries), states_(std::move(states)) {}

  std::vector<std::size_t> due(WallTime now, std::size_t room) {
    settle(now);
    std::vector<std::tuple<int, WallTime, std::size_t>> order;
    for (const auto& [i, since] : since_) order.emplace_back(-entries_[i].priority, since, i);
    std::sort(order.begin(), order.end());
    std::vector<std::size_t> starts;
    for (const auto& [priority, since, i] : order) {
      if (starts.size() == room || is_taken(entries_[i].group)) continue;
      const Decision it = decide(entries_[i], states_[i], {}, now);
      since_.erase(i);
      if (it.start) starts.push_back(i);
      apply(it, states_[i], now);
    }
    settle(now);
    return starts;
  }
  void update(std::size_t i, const State& state) {
    states_[i] = state;
    since_.erase(i);
  }
  const State& state(std::size_t i) const { return states_[i]; }
  bool is_taken(const std::string& group) const {
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (!group.empty() && entries_[i].group == group && states_[i].running) return true;
    return false;
  }
  std::size_t waiting() const { return since_.size(); }

 private:
  void settle(WallTime now) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      for (Decision it; !since_.contains(i); apply(it, states_[i], now)) {
        it = decide(entries_[i], states_[i], {}, now);
        if (!it.acts()) break;
        if (!it.start) continue;
        since_[i] = it.start->again ? states_[i].open->try_at : it.start->slot;
        if (!states_[i].seen_due) states_[i].seen_due = now;
        break;
      }
    }
  }

  const std::vector<Entry>& entries_;
  std::vector<State> states_;
  std::map<std::size_t, WallTime> since_;  // of those that are ready
};

TEST(Planner, GroupsAgreeWithASimpleModel) {
  std::size_t runs = 0, held = 0, by_hands = 0;
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    base::Rng rng(seed);
    std::vector<Entry> entries;
    for (std::size_t i = 0; i < 40; ++i) {
      Entry it = entry(fmt::format("c{}", i), every(std::chrono::minutes{rng.between(3, 90)}));
      const std::uint64_t group = rng.below(6);
      if (group > 0) it.group = fmt::format("g{}", group);
      it.priority = static_cast<int>(rng.between(-1, 1));
      it.recover_missed = static_cast<RecoverMissed>(rng.below(3));
      it.overlap = static_cast<Overlap>(rng.below(2));  // skip or queue
      entries.push_back(it);
    }
    const std::vector<State> states(entries.size(), ran(noon));
    Planner planner(entries, states);
    Model model(entries, states);
    for (WallTime now = noon; now < noon + 72h; now += std::chrono::seconds{rng.between(1, 240)}) {
      for (std::size_t i = 0; i < entries.size(); ++i) {
        State state = model.state(i);
        if (state.running && rng.below(4) == 0) {
          const bool failed = rng.below(4) == 0;
          const RunEnd end{.outcome = failed ? Outcome::failed : Outcome::success,
                           .began = state.running->began,
                           .ended = now};
          state = after_run(entries[i], state, end, rng);
        } else if (!state.running && rng.below(2000) == 0) {
          state = by_hand(state, now);
          ++by_hands;
        } else {
          continue;
        }
        planner.update(i, state);
        model.update(i, state);
      }
      const std::size_t room = rng.below(5);
      std::map<std::string, int> starts_in_group;
      const auto starts = started(planner.due(now, room));
      ASSERT_EQ(starts, model.due(now, room)) << "seed " << seed;
      ASSERT_EQ(planner.ready(), model.waiting());
      for (const std::size_t i : starts)
        ASSERT_TRUE(entries[i].group.empty() || ++starts_in_group[entries[i].group] == 1);
      runs += starts.size();
      if (starts.size() < room) held += planner.ready();
    }
  }
  EXPECT_GT(runs, 3'000u);
  EXPECT_GT(held, 3'000u);
  EXPECT_GT(by_hands, 30u);
}

// ---- 60 days of 100 collectors, with downtimes and a clock that jumps

class World {
 public:
  explicit World(std::uint64_t seed) : rng_(seed) {
    const Entry base = entry("", every(1h));
    constexpr std::array<std::string_view, 8> crons{"*/15 * * * *",  "0 * * * *",     "30 2 * * *",
                                                    "15,45 2 * * *", "@daily",        "0 */4 * * *",
                                                    "5 8 * * 1-5",   "*/30 1-3 * * *"};
    constexpr std::array<std::string_view, 4> zones{"UTC", "Europe/Berlin", "America/New_York",
                                                    "Australia/Lord_Howe"};
    for (std::size_t i = 0; i < 100; ++i) {
      Entry it = entry(fmt::format("collector-{}", i), every(std::chrono::minutes{rng_.between(7, 500)}));
      const std::string_view cron = crons[rng_.below(crons.size())];
      const std::string_view zone_name = zones[rng_.below(zones.size())];
      if (rng_.below(2) == 0) it.timetable = table(cron, zone_name);
      it.splay = std::chrono::seconds{rng_.between(0, 300)};
      it.recover_missed = static_cast<RecoverMissed>(rng_.below(3));
      it.overlap = static_cast<Overlap>(rng_.below(3));
      if (rng_.below(3) == 0) it.late_maximum_delay = std::chrono::minutes{rng_.between(1, 200)};
      if (i % 10 == 0) it.group = "every tenth";
      if (i > 0 && rng_.below(5) == 0) {
        it.after = {fmt::format("collector-{}", rng_.below(i))};
        it.on_upstream_failure = static_cast<OnUpstreamFailure>(rng_.below(2));
        if (rng_.below(2) == 0) it.deadline = std::chrono::minutes{rng_.below(1440)};
      }
      entries_.push_back(it);
    }
    states_.resize(entries_.size());
    slots_.resize(entries_.size());
    begin();
  }

  void run(base::Duration whole) {
    const WallTime end = true_ + std::chrono::floor<microseconds>(whole);
    while (true_ < end) {
      step();
      if (rng_.below(5000) == 0) go_down();
      if (rng_.below(3000) == 0) shift_ = std::chrono::minutes{rng_.between(-120, 120)};
    }
  }

  // Every slot from the first to the last one handled is done, missed or still open; the next is not overdue.
  void check_all() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const State& state = planner_->state(i);
      ASSERT_TRUE(state.last_slot) << i;
      const WallTime first = slots_[i].begin()->first;
      const auto expected = entries_[i].timetable->between(first, *state.last_slot, 1'000'000);
      std::vector<WallTime> handled;
      for (auto it = std::next(slots_[i].begin()); it != slots_[i].end(); ++it) handled.push_back(it->first);
      ASSERT_EQ(texts(handled), texts(expected)) << entries_[i].name;
    }
  }
  std::size_t runs = 0, missed = 0, downs = 0, again = 0, gave_up = 0, cancels = 0, looks = 0;

 private:
  enum class Fate { claimed, missed };

  WallTime wall() const { return true_ + shift_; }

  void begin() { planner_.emplace(entries_, states_); }

  void step() {
    const Plan plan = planner_->due(wall(), room - ends_.size());
    if (rng_.below(200) == 0) nothing_is_forgotten();
    for (const Plan::Missed& it : plan.missed) miss(it);
    for (const Plan::Start& it : plan.starts) start(it);
    gave_up += plan.gave_up.size();
    for (const std::size_t i : plan.cancels) {
      ++cancels;
      finish(i, Outcome::cancelled);
    }
    WallTime next = true_ + 1min;
    if (const auto wake = planner_->next_wake()) next = std::min(next, std::max(*wake - shift_, true_));
    std::optional<std::size_t> ended;
    for (const auto& [i, end] : ends_)
      if (end <= next) next = end, ended = i;
    true_ = std::max(next, true_);
    if (ended) finish(*ended, random_outcome());
  }

  // What due() did not look at had nothing to do.
  void nothing_is_forgotten() {
    if (planner_->ready() > 0) return;  // no room
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!entries_[i].after.empty()) continue;
      EXPECT_FALSE(decide(entries_[i], planner_->state(i), {}, wall()).acts()) << entries_[i].name;
    }
    ++looks;
  }

  void miss(const Plan::Missed& it) {
    for (const WallTime slot : entries_[it.entry].timetable->between(it.first - 1us, it.last, 1'000'000)) {
      ++missed;
      EXPECT_TRUE(slots_[it.entry].emplace(slot, Fate::missed).second) << "handled twice";
    }
  }

  void start(const Plan::Start& it) {
    ++runs;
    auto& slots = slots_[it.entry];
    if (it.again) {
      ++again;
      EXPECT_TRUE(slots.contains(it.slot) && slots[it.slot] == Fate::claimed);
    } else {
      EXPECT_LE(it.slot, wall());
      EXPECT_TRUE(slots.emplace(it.slot, Fate::claimed).second) << "run twice";
      EXPECT_EQ(slots.rbegin()->first, it.slot);
    }
    const std::chrono::seconds duration{rng_.below(10) == 0 ? rng_.between(600, 6000) : rng_.between(1, 200)};
    for (const auto& [other, end] : ends_)
      EXPECT_TRUE(entries_[it.entry].group.empty() || entries_[other].group != entries_[it.entry].group);
    EXPECT_TRUE(ends_.emplace(it.entry, true_ + duration).second) << "two runs at once";
  }

  Outcome random_outcome() {
    constexpr std::array outcomes{Outcome::success, Outcome::success,      Outcome::success, Outcome::failed,
                                  Outcome::timeout, Outcome::rate_limited, Outcome::empty};
    return outcomes[rng_.below(outcomes.size())];
  }

  void finish(std::size_t i, Outcome outcome) {
    ends_.erase(i);
    const State& state = planner_->state(i);
    ASSERT_TRUE(state.running);
    RunEnd end{.outcome = outcome, .began = state.running->began, .ended = wall()};
    if (outcome == Outcome::rate_limited) end.retry_at = wall() + std::chrono::seconds{rng_.between(1, 9000)};
    planner_->update(i, after_run(entries_[i], state, end, rng_));
  }

  // Killed or stopped; for minutes or for a day and a half.
  void go_down() {
    ++downs;
    const Outcome outcome = rng_.below(2) == 0 ? Outcome::lost : Outcome::cancelled;
    const auto running = ends_;
    for (const auto& [i, end] : running) finish(i, outcome);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      states_[i] = planner_->state(i);
      states_[i].seen_due.reset();
      states_[i].cancelling = false;
    }
    true_ += std::chrono::minutes{rng_.below(3) == 0 ? rng_.between(60, 2000) : rng_.between(1, 60)};
    begin();
  }

  static constexpr std::size_t room = 16;
  base::Rng rng_;
  WallTime true_ = at("2025-03-01 00:00Z");
  microseconds shift_{0};
  std::vector<Entry> entries_;
  std::vector<State> states_;
  std::optional<Planner> planner_;
  std::map<std::size_t, WallTime> ends_;  // of the runs under way
  std::vector<std::map<WallTime, Fate>> slots_;
};

TEST(Planner, EverySlotOnceInSixtyDays) {
  for (const std::uint64_t seed : {1u, 2u}) {
    World world(seed);
    world.run(60 * 24h);
    world.check_all();
    EXPECT_GT(world.runs, 10'000u);
    EXPECT_GT(world.missed, 1'000u);
    EXPECT_GT(world.again, 1'000u);
    EXPECT_GT(world.downs, 5u);
    EXPECT_GT(world.gave_up, 10u);
    EXPECT_GT(world.cancels, 10u);
    EXPECT_GT(world.looks, 100u);
  }
}

}  // namespace
}  // namespace schedule
