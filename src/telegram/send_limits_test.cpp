#include "telegram/send_limits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/rng.hpp"

namespace {

using namespace std::chrono_literals;
using base::SteadyTime;
using telegram::SendLimits;

const SteadyTime start{1h};

TEST(SendLimits, OneASecondInAPrivateChat) {  // TG2
  SendLimits limits;
  EXPECT_EQ(limits.take(7, start), start);
  EXPECT_EQ(limits.take(7, start), start + 1s);
  EXPECT_EQ(limits.take(8, start), start);
  EXPECT_EQ(limits.take(7, start + 999ms), start + 1s);
  EXPECT_EQ(limits.take(7, start + 1s), start + 1s);
}

TEST(SendLimits, ThirtyASecondInAll) {
  SendLimits limits;
  for (int chat = 1; chat <= 30; ++chat)
    EXPECT_EQ(limits.take(chat, start + chat * 10ms), start + chat * 10ms);
  EXPECT_EQ(limits.take(31, start + 300ms), start + 1010ms);
  EXPECT_EQ(limits.take(31, start + 1010ms), start + 1010ms);
  EXPECT_EQ(limits.take(32, start + 1010ms), start + 1020ms);
}

TEST(SendLimits, TwentyAMinuteInAGroup) {
  SendLimits limits;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(limits.take(-5, start + i * 1ms), start + i * 1ms);
  EXPECT_EQ(limits.take(-5, start + 1s), start + 1min);
  EXPECT_EQ(limits.take(-6, start + 1s), start + 1s);
  EXPECT_EQ(limits.take(-5, start + 1min), start + 1min);
  EXPECT_EQ(limits.take(-5, start + 1min), start + 1min + 1ms);
}

TEST(SendLimits, AFloodHoldsItsChatAndOfASecondChatAll) {
  SendLimits limits;
  EXPECT_EQ(limits.take(1, start), start);
  limits.flood(1, 10s, start);
  EXPECT_EQ(limits.take(1, start + 5s), start + 10s);
  EXPECT_EQ(limits.take(2, start + 5s), start + 5s);
  limits.flood(1, 3s, start + 5s);  // the same chat again, and never earlier than it was told before
  EXPECT_EQ(limits.take(1, start + 6s), start + 10s);
  EXPECT_EQ(limits.take(3, start + 6s), start + 6s);
  limits.flood(2, 7s, start + 7s);
  EXPECT_EQ(limits.take(1, start + 8s), start + 14s);
  EXPECT_EQ(limits.take(3, start + 8s), start + 14s);
  EXPECT_EQ(limits.take(3, start + 14s), start + 14s);
}

TEST(SendLimits, ALaterFloodOfAnotherChatIsItsOwn) {
  SendLimits limits;
  limits.flood(1, 10s, start);
  limits.flood(2, 10s, start + 10s);
  EXPECT_EQ(limits.take(1, start + 11s), start + 11s);
  EXPECT_EQ(limits.take(2, start + 11s), start + 20s);
  EXPECT_EQ(limits.take(3, start + 11s), start + 11s);
}

TEST(SendLimits, OddNumbers) {
  SendLimits limits({.per_second = 0, .per_minute_in_group = -1, .in_chat = -1s});
  EXPECT_EQ(limits.take(1, start), start);
  EXPECT_EQ(limits.take(1, start), start + 1s);  // of all
  EXPECT_EQ(limits.take(1, start + 1s), start + 1s);
  EXPECT_EQ(limits.take(-1, start + 2s), start + 2s);
  EXPECT_EQ(limits.take(-1, start + 3s), start + 62s);
  limits.flood(1, base::Duration::max(), start);
  EXPECT_EQ(limits.take(1, start + 3s), start + 24h);
  limits.flood(-1, -5s, start);
  EXPECT_EQ(limits.take(-1, start + 62s), start + 62s);
}

TEST(SendLimits, ForgetsWhatIsFullAgain) {
  SendLimits limits({.per_second = 1'000'000});
  for (int chat = 1; chat <= 1'000; ++chat) limits.take(chat, start);
  for (int chat = 1; chat <= 1'000; ++chat) limits.take(-chat, start);
  limits.flood(5'000, 1h, start);
  EXPECT_EQ(limits.chats(), 2'001U);
  EXPECT_GT(limits.take(1, start), start);  // a refusal remembers nothing
  limits.take(1, start + 1s);
  EXPECT_EQ(limits.chats(), 1'002U);
  limits.take(1, start + 1min);
  EXPECT_EQ(limits.chats(), 2U);
  limits.take(1, start + 1h);
  EXPECT_EQ(limits.chats(), 1U);
  const SendLimits moved = std::move(limits);
  EXPECT_EQ(moved.chats(), 1U);
}

// All sends that were ever let through, and the rules read off them.
struct Log {
  std::vector<std::pair<SteadyTime, std::int64_t>> sends;

  int in(base::Duration window, SteadyTime now, std::int64_t chat = 0) const {
    return static_cast<int>(std::count_if(sends.begin(), sends.end(), [&](auto& it) {
      return it.first > now - window && (chat == 0 || it.second == chat);
    }));
  }
  bool allows(std::int64_t chat, SteadyTime now) const {
    if (in(1s, now) >= 30) return false;
    return chat < 0 ? in(1min, now, chat) < 20 : in(1s, now, chat) < 1;
  }
  void forget(SteadyTime now) {
    std::erase_if(sends, [&](auto& it) { return it.first <= now - 2min; });
  }
};

TEST(SendLimits, AgreesWithALogOfAllSends) {
  base::Rng rng(11);
  for (int world = 0; world < 8; ++world) {
    SendLimits limits;
    Log log;
    const std::uint64_t people = 1 + rng.below(60), groups = rng.below(4);
    const base::Duration step = world % 2 == 0 ? 20ms : 700ms;
    SteadyTime now = start;
    for (int i = 0; i < 3'000; ++i) {
      now += base::Duration(rng.below(static_cast<std::uint64_t>(step.count())));
      log.forget(now);
      const std::uint64_t who = rng.below(people + groups);
      const std::int64_t chat =
          who < people ? static_cast<std::int64_t>(who + 1) : -static_cast<std::int64_t>(who);
      const SteadyTime at = limits.take(chat, now);
      ASSERT_EQ(at == now, log.allows(chat, now)) << "neither too early nor later than it could";
      if (at > now) {
        ASSERT_TRUE(log.allows(chat, at)) << "the time it names is good";
        ASSERT_FALSE(log.allows(chat, at - 1ns)) << "and the first such";
      } else {
        log.sends.emplace_back(now, chat);
      }
      ASSERT_LE(limits.chats(), log.sends.size() + 1);
    }
  }
}

}  // namespace
