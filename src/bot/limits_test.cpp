#include "bot/limits.hpp"

#include <algorithm>

#include "base/rng.hpp"
#include "bot/fixture_test.hpp"

namespace bot {
namespace {

using namespace testing;

class LimitsTest : public LedgerTest {
 protected:
  // A request, in a transaction of its own. True: it was allowed, and counts.
  bool asks(std::int64_t user, Bucket bucket = Bucket::commands) {
    return with<bool>(user, [&](Limits& limits) {
      if (!limits.allows(user, bucket)) {
        wait_ = limits.wait(user, bucket);
        told_ = limits.tell(user, to_string(bucket));
        return false;
      }
      EXPECT_EQ(limits.wait(user, bucket), 0s);
      limits.take(user, bucket);
      return true;
    });
  }
  bool tells(std::int64_t user, std::string_view what) {
    return with<bool>(user, [&](Limits& limits) { return limits.tell(user, what); });
  }
  template <class Value>
  Value with(std::int64_t user, const std::function<Value(Limits&)>& work) {
    return write<Value>([&](store::Connection& c) -> base::Result<Value> {
      Limits limits = TRY(Limits::load(c, {&user, 1}, allowances_, now_));
      const Value value = work(limits);
      TRY(limits.write(c));
      return value;
    });
  }
  std::int64_t tidied() {
    return write<std::int64_t>([&](store::Connection& c) { return tidy_limits(c, now_, 1000); });
  }
  void five(std::int64_t user) {
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(asks(user)) << i;
  }

  Allowances allowances_{};
  base::WallTime now_{std::chrono::seconds{1'700'000'000}};
  base::Duration wait_{};
  bool told_ = false;
};

// The naive way: all times that were allowed, for ever.
TEST_P(LimitsTest, InNoWindowAreMoreThanAllowed) {
  allowances_.commands = {3, 1s};
  allowances_.navigation = {7, 2s};
  base::Rng rng(5);
  std::map<std::pair<std::int64_t, Bucket>, std::vector<base::WallTime>> taken;
  int refused = 0;
  for (int step = 0; step < 700; ++step) {
    // Often nothing passes at all, and often it is just the edge of a window.
    const std::uint64_t kind = rng.below(10);
    now_ += std::chrono::milliseconds(kind < 3 ? 0 : kind < 9 ? rng.below(300) : rng.below(1500));
    const std::int64_t user = rng.between(1, 2);
    const Bucket bucket = rng.below(2) == 0 ? Bucket::commands : Bucket::navigation;
    const Allowance& allowed = bucket == Bucket::commands ? allowances_.commands : allowances_.navigation;
    auto& mine = taken[{user, bucket}];
    const auto in_window = [&](std::chrono::sys_time<base::Duration> end) {
      return std::count_if(mine.begin(), mine.end(),
                           [&](base::WallTime time) { return time > end - allowed.per && time <= end; });
    };
    const bool expected = in_window(now_) < allowed.calls;
    ASSERT_EQ(asks(user, bucket), expected) << "step " << step;
    if (expected) {
      mine.push_back(now_);
      ASSERT_LE(in_window(now_), allowed.calls);
      continue;
    }
    ++refused;
    ASSERT_GT(wait_, 0s);
    ASSERT_LT(in_window(now_ + wait_), allowed.calls) << "after the wait it is allowed";
    ASSERT_EQ(in_window(now_ + wait_ - 1ms), allowed.calls) << "and not before";
  }
  EXPECT_GT(refused, 50);
}

TEST_P(LimitsTest, TheEdgeOfTheWindow) {
  five(1);
  now_ += 59'999ms;
  EXPECT_FALSE(asks(1));
  EXPECT_EQ(wait_, 1ms);
  now_ += 1ms;
  five(1);
  EXPECT_FALSE(asks(1));
  EXPECT_EQ(wait_, 60s);
}

TEST_P(LimitsTest, BucketsAndUsersAreApart) {
  five(1);
  EXPECT_FALSE(asks(1));
  EXPECT_TRUE(asks(1, Bucket::navigation));
  EXPECT_TRUE(asks(2));
}

TEST_P(LimitsTest, ARefusalIsToldOnceInAWindowAndDoesNotCount) {
  five(1);
  int told = 0;
  for (int second = 0; second < 60; ++second) {
    EXPECT_FALSE(asks(1)) << second;
    told += told_ ? 1 : 0;
    now_ += 1s;
  }
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(asks(1)) << "asking in vain did not lengthen it";
}

TEST_P(LimitsTest, WhatIsNoLimitIsToldOnceInItsOwnTime) {
  allowances_.told_for = 30s;
  EXPECT_TRUE(tells(1, "full"));
  EXPECT_FALSE(tells(1, "full"));
  EXPECT_TRUE(tells(1, "too_many")) << "something else";
  EXPECT_TRUE(tells(2, "full")) << "somebody else";
  now_ += 29'999ms;
  EXPECT_FALSE(tells(1, "full"));
  now_ += 1ms;
  EXPECT_TRUE(tells(1, "full"));
}

// A clock that was an hour ahead and is right again: nobody waits longer than a window for it.
TEST_P(LimitsTest, AClockSetBackLimitsForOneWindowAtMost) {
  five(1);
  EXPECT_FALSE(asks(1));
  EXPECT_TRUE(told_);
  now_ += 1h;
  five(1);
  now_ -= 1h - 10s;  // ten seconds after it was told
  EXPECT_FALSE(asks(1));
  EXPECT_LE(wait_, 60s);
  now_ += 60s;
  EXPECT_TRUE(asks(1));
}

TEST_P(LimitsTest, AClockSetBackTellsAgainAndForgetsNothing) {
  now_ += 1h;
  EXPECT_TRUE(tells(1, "full"));
  five(1);
  now_ -= 1h;
  EXPECT_TRUE(tells(1, "full"));
  EXPECT_FALSE(tells(1, "full"));
  EXPECT_FALSE(asks(1)) << "what was asked for counts as just now";
}

TEST_P(LimitsTest, AClockSetAheadFreesAndNoMore) {
  five(1);
  now_ += 24h * 365;
  five(1);
  EXPECT_FALSE(asks(1));
  EXPECT_LE(wait_, 60s);
}

TEST_P(LimitsTest, LinesAreForgottenOnceTheySayNothing) {
  five(1);
  EXPECT_TRUE(asks(2, Bucket::navigation));
  EXPECT_TRUE(tells(3, "full"));
  now_ += 60s;
  EXPECT_EQ(tidied(), 0) << "not before the whole window has passed";
  EXPECT_EQ(count("limits"), 3);
  now_ += 1ms;
  EXPECT_EQ(tidied(), 3);
  EXPECT_EQ(count("limits"), 0);
  five(1);
  now_ += 59s;
  EXPECT_EQ(tidied(), 0);
  EXPECT_FALSE(asks(1));
}

TEST_P(LimitsTest, TheTableKeepsNoMoreThanTheWindowHolds) {
  for (int i = 0; i < 40; ++i) {
    asks(1);
    now_ += 13s;
  }
  EXPECT_EQ(count("limits"), 1);
  EXPECT_LE(text("SELECT taken FROM {ledger}limits").size(), 5U * 14U);
}

TEST_P(LimitsTest, ALineThatCannotBeReadLimitsNobody) {
  sql("INSERT INTO {ledger}limits (user_id, bucket, taken, told_at, expires_at) VALUES (1, 'commands', "
      "'nonsense 1699999999999 1699999999999 1699999999999 1699999999999 1699999999999', 0, 0)");
  five(1);
  sql("UPDATE {ledger}limits SET taken = ''");
  five(1);
}

TEST_P(LimitsTest, ALoweredAllowanceHoldsAtOnce) {
  five(1);
  allowances_.commands.calls = 2;
  EXPECT_FALSE(asks(1));
  EXPECT_EQ(wait_, 60s);
  now_ += 60s;
  EXPECT_TRUE(asks(1));
  EXPECT_TRUE(asks(1));
  EXPECT_FALSE(asks(1));
}

TEST_P(LimitsTest, ManyUsersInOneTransaction) {
  std::vector<std::int64_t> users;
  for (std::int64_t user = 1; user <= 300; ++user) users.insert(users.end(), {user, user});
  for (int round = 0; round < 2; ++round)
    write<bool>([&](store::Connection& c) -> base::Result<bool> {
      Limits limits = TRY(Limits::load(c, users, allowances_, now_));
      for (const std::int64_t user : users) limits.take(user, Bucket::commands);
      TRY(limits.write(c));
      return true;
    });
  EXPECT_EQ(count("limits"), 300);
  EXPECT_TRUE(asks(300)) << "the fifth";
  EXPECT_FALSE(asks(300));
}

INSTANTIATE_TEST_SUITE_P(Engines, LimitsTest, ::testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
