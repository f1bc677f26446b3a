#include "http/budget_state.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"

namespace {

using namespace std::chrono_literals;
using http::BudgetState;
using http::BudgetWindow;
using Time = BudgetState::Time;
using Windows = std::vector<BudgetWindow>;
using Notes = std::vector<http::LimitNote>;
using Reason = BudgetState::Reason;

const Time start{1'700'000'000s};
const Time never = start + 10'000h;

// Milliseconds since the start of the calls that are asked for at once.
std::vector<std::int64_t> at_once(BudgetState& state, const Windows& windows, int calls, Time now = start) {
  std::vector<std::int64_t> list;
  for (int i = 0; i < calls; ++i) {
    const auto time = state.reserve(windows, now, never);
    list.push_back(time ? std::chrono::duration_cast<std::chrono::milliseconds>(*time - start).count() : -1);
  }
  return list;
}
using Times = std::vector<std::int64_t>;

TEST(BudgetState, ShortWindowsAreEvenlySpaced) {
  BudgetState state;
  EXPECT_EQ(at_once(state, {{5, 1s}}, 4), (Times{0, 200, 400, 600}));
  EXPECT_EQ(at_once(state, {{5, 1s}}, 2, start + 5s), (Times{5000, 5200}));
  EXPECT_FALSE(state.reserve(Windows{{5, 1s}}, start + 5s, start + 5s));  // nothing was taken:
  EXPECT_EQ(at_once(state, {{5, 1s}}, 1, start + 5s), (Times{5400}));
  BudgetState other;
  EXPECT_EQ(at_once(other, {{5, 1s}, {5, 30s}}, 3), (Times{0, 6000, 12000})) << "the strictest rules";
}

TEST(BudgetState, LongWindowsLetABurstThroughAndNoMore) {
  BudgetState state;
  const Windows hourly{{3, 1h}};
  EXPECT_EQ(at_once(state, hourly, 3), (Times{0, 0, 0}));
  const auto [time, reason] = state.earliest(hourly, start + 1min, start + 1min);
  EXPECT_EQ(reason, Reason::window);
  EXPECT_GE(time, start + 1h);
  EXPECT_LE(time, start + 1h + 1min);
  // All three are free again at once; who waits for it goes one by one.
  const Times waited = at_once(state, hourly, 3, start + 1min);
  EXPECT_EQ(waited[1] - waited[0], 100);
  EXPECT_EQ(waited[2] - waited[1], 100);
  EXPECT_GE(at_once(state, hourly, 1, start + 1min)[0], waited[0] + 3'600'000);
}

TEST(BudgetState, AHoldOutranksAllAndOnlyMovesForward) {
  BudgetState state;
  state.hold(start + 10min, start);
  state.hold(start + 5min, start);
  EXPECT_EQ(state.not_before(start), start + 10min);
  EXPECT_EQ(at_once(state, {}, 3), (Times{600'000, 600'100, 600'200})) << "no herd when it ends";
  BudgetState paced;
  paced.hold(start + 1s, start);
  EXPECT_EQ(at_once(paced, {{5, 1s}}, 2), (Times{1000, 1200}));
  EXPECT_EQ(at_once(paced, {}, 18, start + 1h)[0], 3'600'000);
  EXPECT_EQ(at_once(paced, {}, 2, start + 2h), (Times{7'200'000, 7'200'000}))
      << "after twenty calls all is well";
  state.hold(start + 9'000h, start);
  EXPECT_EQ(state.not_before(start), start + 24h);
  EXPECT_FALSE(state.not_before(start + 24h));
}

TEST(BudgetState, TheApisOwnCountSlowsItDown) {
  BudgetState state;
  EXPECT_FALSE(state.observe({.limit = 100, .remaining = 10, .reset_in = 60s}, start)) << "plenty is left";
  EXPECT_EQ(at_once(state, {}, 2), (Times{0, 0}));
  EXPECT_TRUE(state.observe({.limit = 100, .remaining = 6, .reset_in = 60s}, start));
  EXPECT_EQ(at_once(state, {}, 7), (Times{10'000, 20'000, 30'000, 40'000, 50'000, 60'000, 60'000}));
  EXPECT_EQ(state.earliest({}, start, start).reason, Reason::spread);
  EXPECT_TRUE(state.observe({.limit = 100, .remaining = 99, .reset_in = 60s}, start + 1s)) << "filled early";

  BudgetState empty;
  EXPECT_TRUE(empty.observe({.remaining = 0, .reset_in = 90s}, start));
  EXPECT_EQ(at_once(empty, {}, 1), (Times{90'000}));
  EXPECT_FALSE(empty.observe({.remaining = 0}, start)) << "nobody said until when";
  EXPECT_TRUE(empty.observe({.remaining = 9, .reset_in = 90s}, start)) << "few, where no limit is told";
  // A note loosens nothing.
  BudgetState both;
  at_once(both, {{1, 1h}}, 1);
  both.observe({.limit = 5000, .remaining = 4999, .reset_in = 1h}, start);
  EXPECT_GE(at_once(both, {{1, 1h}}, 1)[0], 3'600'000);
}

TEST(BudgetState, OfAllThatOneAnswerSaysTheStrictestCounts) {
  const Notes by_length{{.limit = 60, .remaining = 1, .reset_in = 30s},
                        {.limit = 5'000, .remaining = 4'000, .reset_in = 10h}};
  for (const Notes& notes : {by_length, Notes(by_length.rbegin(), by_length.rend())}) {
    BudgetState state;
    EXPECT_TRUE(state.observe(notes, start));
    EXPECT_EQ(at_once(state, {}, 2), (Times{0, 30'000}));
    EXPECT_EQ(state.limit(), 60);
    EXPECT_EQ(state.remaining(), 1);
  }
  BudgetState slow, spent;
  slow.observe(Notes{{.limit = 100, .remaining = 2, .reset_in = 10h},
                     {.limit = 60, .remaining = 1, .reset_in = 30s},
                     {.limit = 9}},
               start);
  EXPECT_EQ(at_once(slow, {}, 2), (Times{0, 18'000'000}));
  EXPECT_EQ(slow.limit(), 60);
  spent.observe(
      Notes{{.remaining = 0, .reset_in = 1h}, {.remaining = 0, .reset_in = 1min}, {.remaining = 90}}, start);
  EXPECT_EQ(spent.not_before(start), start + 1h);
}

TEST(BudgetState, NoNoteHoldsItForEver) {
  const Notes spent{{.remaining = 0, .reset_in = 72h}};
  BudgetState state;
  state.observe(spent, start, 5min);
  EXPECT_EQ(state.not_before(start), start + 5min);
  state.observe(spent, start);
  EXPECT_EQ(state.not_before(start), start + 24h);
  state.observe(spent, start, 5min);
  state.observe(spent, start, -1h);
  EXPECT_EQ(state.not_before(start), start + 24h) << "who has less patience loosens nothing";
  BudgetState last;
  last.observe(Notes{{.limit = 100, .remaining = 1, .reset_in = 72h}}, start, 5min);
  EXPECT_EQ(at_once(last, {}, 2), (Times{0, 300'000}));
}

TEST(BudgetState, WhatIsGivenBackIsFreeAgain) {
  BudgetState state;
  const Windows windows{{5, 1s}, {2, 1h}};
  EXPECT_EQ(at_once(state, windows, 2), (Times{0, 200}));
  state.give_back(start + 200ms);
  state.give_back(start + 700ms);  // which was never booked
  EXPECT_EQ(at_once(state, windows, 1), (Times{200}));
  EXPECT_GE(at_once(state, windows, 1)[0], 3'600'000);
}

TEST(BudgetState, WhoeverIsHeldUpElsewhereIsInNobodysWay) {
  BudgetState state;
  const Windows windows{{5, 1s}};
  state.book(windows, start + 1h, start);
  EXPECT_EQ(at_once(state, windows, 3), (Times{0, 200, 400}));
  EXPECT_EQ(state.earliest(windows, start + 1h - 100ms, start).time, start + 1h + 200ms);
}

TEST(BudgetState, AStockCountsFromTheBeginning) {
  BudgetState state;
  const Windows hourly{{10, 1h}};
  EXPECT_EQ(state.book_stock(hourly, 4, start), 4);
  state.book(hourly, start, start);
  EXPECT_EQ(state.book_stock(hourly, 100, start), 5);
  EXPECT_GE(at_once(state, hourly, 1)[0], 3'600'000);
  EXPECT_GT(BudgetState::stock_end(hourly, start), start);
  EXPECT_LE(BudgetState::stock_end(hourly, start), start + 1min);
}

TEST(BudgetState, TheNumberOfThoseWhoWaitIsBounded) {
  BudgetState state;
  for (std::size_t i = 0; i <= BudgetState::max_booked; ++i)
    ASSERT_TRUE(state.reserve(Windows{{1, 59s}}, start, never));
  EXPECT_FALSE(state.reserve(Windows{{1, 59s}}, start, never));
  EXPECT_EQ(state.earliest({}, start, start).reason, Reason::crowded);
  EXPECT_TRUE(state.reserve(Windows{{1, 59s}}, start + 1h, never));
}

TEST(BudgetState, CopiesLearnFromEachOther) {
  const Windows hourly{{10, 1h}};
  BudgetState one, two;
  for (int i = 0; i < 6; ++i) one.book(hourly, start, start);
  two = one;
  for (int i = 0; i < 3; ++i) two.book(hourly, start, start);
  two.hold(start + 1min, start);
  one.learn(two, 0us);
  one.learn(two, 17us);  // the same again changes nothing
  one.learn(two, -17us);
  EXPECT_EQ(one.not_before(start), start + 1min + 17us);
  EXPECT_LT(one.earliest(hourly, start + 2min, start + 2min).time, start + 3min);
  one.book(hourly, start + 2min, start + 2min);
  EXPECT_GE(one.earliest(hourly, start + 2min, start + 2min).time, start + 1h);
  BudgetState other;  // whose clock is three hours behind
  other.learn(two, 3h);
  EXPECT_EQ(other.not_before(start - 3h), start - 3h + 1min);
  other.book(hourly, start - 3h, start - 3h);
  EXPECT_GE(other.earliest(hourly, start - 3h, start - 3h).time, start - 2h);
}

TEST(BudgetState, TextAndBack) {
  BudgetState state;
  at_once(state, {{5, 1s}, {20, 1min}, {100, 24h}}, 30);
  state.hold(start + 1h, start);
  state.observe({.limit = 100, .remaining = 3, .reset_in = 1h}, start);
  const std::string text = state.encode();
  bool damaged = true;
  BudgetState copy = BudgetState::decode(text, &damaged);
  EXPECT_FALSE(damaged);
  EXPECT_EQ(copy.encode(), text);
  EXPECT_EQ(copy.remaining(), 3);
  EXPECT_EQ(at_once(copy, {{5, 1s}}, 5), at_once(state, {{5, 1s}}, 5));
  EXPECT_EQ(BudgetState::decode("", &damaged).encode(), "1");
  EXPECT_FALSE(damaged);
}

TEST(BudgetState, GarbageIsAnEmptyStateAndSaidSo) {
  for (const char* text : {"2",
                           "1 ",
                           "1  n5",
                           "1 n",
                           "1 n-5",
                           "1 nx",
                           "1 n5x",
                           "1 z1",
                           "1 s5,4",
                           "1 s1,",
                           "1 w1:1x1",
                           "1 w60000000:1x0",
                           "1 w60000000:2x1,1x1",
                           "1 w60000000:",
                           "1 o1,2,3",
                           "1 g21",
                           "n5",
                           "\xff",
                           "1 n99999999999999999999",
                           "1 s9223372036854775807",
                           "1 o5,1,1,99999999999999999,1",
                           "1 w90000000:1x1 w60000000:1x1"}) {
    bool damaged = false;
    EXPECT_EQ(BudgetState::decode(text, &damaged).encode(), "1") << text;
    EXPECT_TRUE(damaged) << text;
  }
  base::Rng rng(3);
  BudgetState state;
  at_once(state, {{5, 1s}, {20, 1min}}, 30);
  state.hold(start + 1h, start);
  const std::string good = state.encode();
  for (int i = 0; i < 3'000; ++i) {
    std::string text = good;
    for (std::uint64_t changes = rng.between(1, 4); changes > 0; --changes)
      text[rng.below(text.size())] = static_cast<char>(rng.below(256));
    BudgetState read = BudgetState::decode(text);
    read.reserve(Windows{{5, 1s}, {20, 1min}}, start, start + 1h);  // whatever it is, it can be used
  }
  // A time that nobody can have meant holds nobody up.
  EXPECT_EQ(BudgetState::decode("1 n253402300799000000").earliest({}, start, start).time, start);
}

// Obviously right: all calls that were booked, and for each instant the look at every window around it.
struct Model {
  std::vector<Time> calls;  // in order
  bool allows(const Windows& windows, Time time) const {
    for (const BudgetWindow& it : windows) {
      if (!it.is_long()) {
        for (const Time call : calls)
          if (std::chrono::abs(call - time) < it.per / it.calls) return false;
        continue;
      }
      // The fullest window around `time` begins at one of the calls, or at `time`.
      std::vector<Time> begins{time};
      for (const Time call : calls)
        if (call <= time && call > time - it.per) begins.push_back(call);
      for (const Time begin : begins) {
        const auto within =
            std::ranges::count_if(calls, [&](Time call) { return call >= begin && call < begin + it.per; });
        if (within >= it.calls) return false;
      }
    }
    return true;
  }
  Time earliest(const Windows& windows, Time now) const {
    std::vector<Time> candidates{now};
    for (const Time call : calls)
      for (const BudgetWindow& it : windows) {
        const auto wait = it.is_long() ? it.per : base::Duration(it.per / it.calls);
        candidates.push_back(call + std::chrono::ceil<Time::duration>(wait));
      }
    std::ranges::sort(candidates);
    for (const Time time : candidates)
      if (time >= now && allows(windows, time)) return time;
    return candidates.back();
  }
};

TEST(BudgetState, AgainstAModelUnderRandomSequences) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    base::Rng rng(seed);
    Windows windows;
    const base::Duration lengths[] = {1s, 3s, 30s, 1min, 7min, 1h};
    for (std::int64_t i = rng.between(1, 3); i > 0; --i)
      windows.push_back({rng.between(1, 12), lengths[rng.below(std::size(lengths))]});
    base::Duration part{0}, pace = 0s, gap{0};
    for (const BudgetWindow& it : windows)
      if (!it.is_long()) {
        gap = std::max<base::Duration>(gap, it.per / it.calls);
      } else {
        part = std::max<base::Duration>(part, it.per / 60 + 1ms);
        pace = 100ms;
      }
    BudgetState state;
    Model model;
    Time now = start + std::chrono::microseconds(rng.below(3'600'000'000));
    for (int step = 0; step < 150; ++step) {
      if (rng.below(10) == 0) state = BudgetState::decode(state.encode());
      const Time needed = model.earliest(windows, now);
      const Time latest = now + std::chrono::seconds(rng.below(120));
      const Time earliest = state.earliest(windows, now, now).time;
      ASSERT_TRUE(model.allows(windows, earliest)) << "seed " << seed << " step " << step;
      const auto waiting = std::ranges::count_if(model.calls, [&](Time it) { return it > now; });
      // A window may be a part too long; between calls to come, on both sides; and those may be spaced.
      const base::Duration late =
          part > 0s ? (waiting > 0 ? 2 : 1) * part + (waiting + 1) * std::max(pace, gap) : 0s;
      ASSERT_LE(earliest - needed, late) << "seed " << seed << " step " << step;
      const auto taken = state.reserve(windows, now, latest);
      ASSERT_EQ(taken.has_value(), earliest <= latest);
      if (taken) {
        ASSERT_EQ(*taken, earliest);
        model.calls.insert(std::ranges::upper_bound(model.calls, *taken), *taken);
        if (rng.below(8) == 0 && *taken > now) {
          state.give_back(*taken);
          model.calls.erase(std::ranges::find(model.calls, *taken));
        }
      }
      if (rng.below(3) == 0) now += std::chrono::milliseconds(rng.below(rng.below(4) == 0 ? 600'000 : 3'000));
    }
  }
}

}  // namespace
