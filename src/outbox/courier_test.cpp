// What the courier does with a channel's answers, on every engine.
#include "outbox/courier.hpp"

#include <algorithm>
#include <atomic>

#include "outbox/courier_fixture_test.hpp"
#include "outbox/settling.hpp"

namespace {

using namespace std::chrono_literals;
using namespace outbox::testing;
using outbox::Claimed;
using outbox::Delivery;
using outbox::Message;
using outbox::Priority;
using How = Delivery::How;
using Ends = std::vector<std::string>;

class Courier : public CourierTest {};

std::string text(std::int64_t id, const std::string& reason = "") {
  return std::to_string(id) + (reason.empty() ? "" : ": " + reason);
}

TEST_P(Courier, DeliversEverythingInTheOrderOfEachAddress) {
  std::vector<Message> messages;
  for (int i = 0; i < 60; ++i) messages.push_back(message_to(std::to_string(i % 7)));
  add(messages);
  Running running(*database_, clock_, channel_);
  ASSERT_TRUE(running.ended(60));
  std::map<std::string, std::int64_t> last;
  for (const Claimed& it : channel_.delivered()) {
    EXPECT_GT(it.id, last[it.message.address]);
    last[it.message.address] = it.id;
  }
  EXPECT_EQ(channel_.count(), 60u);
  EXPECT_TRUE(running.idles());
  const auto first = add(message_to("a"));
  const auto edit = add(message_to("a", Priority::result, first));
  running.courier().wake();
  ASSERT_TRUE(running.ended(62));
  EXPECT_EQ(channel_.delivered().back().id, edit);
  EXPECT_EQ(channel_.delivered().back().receipt_of_after, "receipt of hello a");
  EXPECT_EQ(state(edit), "sent");
  EXPECT_EQ(standing().pending + standing().sending, 0);
}

// One carrier, which has the next answer before the one before is written down; but not all of them.
TEST_P(Courier, AnswersAreWrittenDownTogetherWhileMoreWait) {
  std::optional<Running> running;
  std::atomic<int> unwritten = 0;
  channel_.on_deliver = [&](const Claimed&, std::stop_token) {
    if (running->ends().empty()) ++unwritten;
    return Delivery{};
  };
  running.emplace(*database_, clock_, channel_, outbox::CourierOptions{.carriers = 1});
  add(std::vector<Message>(200, message_to("1", Priority::answer)));
  running->courier().wake();
  ASSERT_TRUE(running->ended(200));
  EXPECT_GE(unwritten, 100);
  EXPECT_LE(unwritten, 150);
}

TEST_P(Courier, LooksAgainByItself) {
  Running running(*database_, clock_, channel_, {.look_every = 5s});
  ASSERT_TRUE(running.idles());
  ASSERT_TRUE(eventually([&] { return clock_.sleepers() == 1; }));
  add(message_to("1"));
  clock_.advance(5s);
  EXPECT_TRUE(running.ended(1));
}

TEST_P(Courier, WhatFailedComesAgainUntilItIsTooOften) {
  channel_.on_deliver = [](const Claimed&, std::stop_token) {
    return Delivery{.how = How::again, .wait = 1h, .reason = "status 500"};
  };
  const auto id = add(message_to("1"));
  Running running(*database_, clock_, channel_, {.max_attempts = 3});
  for (int attempt = 1; attempt <= 2; ++attempt) {
    ASSERT_TRUE(becomes(id, "pending: status 500"));
    EXPECT_EQ(attempts(id), attempt);
    sql("UPDATE {ledger}outbox SET not_before = NULL, reason = NULL");
    running.courier().wake();
  }
  ASSERT_TRUE(running.ended(1));
  EXPECT_EQ(running.ends(), Ends{text(id, "gave up")});
  EXPECT_EQ(channel_.count(), 3u);
}

// What users were promised outlasts a long outage of the channel, or a token that nobody renews before
// morning.
TEST(Settling, WhatCannotBeSentIsTriedForADay) {
  base::Rng rng(7);
  base::Duration tried{};
  for (int attempt = 1;; ++attempt) {
    ASSERT_LT(attempt, 10'000) << "for ever";
    Delivery delivery{.how = How::again, .reason = "unavailable"};
    const auto settled =
        outbox::settled_by({.attempt = attempt}, delivery, outbox::CourierOptions{}.max_attempts, false, rng);
    if (settled.how == outbox::Settled::How::dropped) break;
    tried += settled.wait;
  }
  EXPECT_GE(tried, 24h);
  EXPECT_LE(tried, 48h);
}

TEST_P(Courier, AMessageThatKillsItsProcessIsGivenUpUnsent) {
  const auto id = add(message_to("1"));
  sql("UPDATE {ledger}outbox SET attempt = 3");
  Running running(*database_, clock_, channel_, {.max_attempts = 3});
  ASSERT_TRUE(running.ended(1));
  EXPECT_EQ(running.ends(), Ends{text(id, "gave up")});
  EXPECT_EQ(channel_.count(), 0u);
}

TEST_P(Courier, WhoRunsAloneTakesAtOnceWhatTheDeadHad) {
  auto once = message_to("1");
  once.repeatable = false;
  const auto ids = add({once, message_to("2")});
  ASSERT_EQ(claim().size(), 2u) << "for an hour";
  Running running(*database_, clock_, channel_, {.alone = true});
  ASSERT_TRUE(running.ended(2));
  EXPECT_EQ(running.ends(), (Ends{text(ids[0], "fate unknown"), text(ids[1])}));
}

TEST_P(Courier, OfUnknownFateOnlyTheRepeatableComeAgain) {
  channel_.on_deliver = [](const Claimed& message, std::stop_token) {
    return Delivery{.how = message.attempt == 1 ? How::unknown : How::sent};
  };
  auto once = message_to("1");
  once.repeatable = false;
  const auto ids = add({once, message_to("2")});
  Running running(*database_, clock_, channel_);
  ASSERT_TRUE(becomes(ids[1], "pending: fate unknown"));
  ASSERT_TRUE(running.ended(1));
  EXPECT_EQ(running.ends(), Ends{text(ids[0], "fate unknown")});
  sql("UPDATE {ledger}outbox SET not_before = NULL");
  running.courier().wake();
  ASSERT_TRUE(running.ended(2));
  EXPECT_EQ(state(ids[0]), "dropped: fate unknown");
  EXPECT_EQ(state(ids[1]), "sent");
}

TEST_P(Courier, TellsOfAllThatIsDropped) {
  channel_.on_deliver = [](const Claimed&, std::stop_token) {
    return Delivery{.how = How::dropped, .reason = "blocked"};
  };
  auto old = message_to("1");
  old.lifetime = 1h;
  const auto ids = add({old, message_to("2")});
  sql("UPDATE {ledger}outbox SET expires_at = '2020-01-01T00:00:00.000000Z' WHERE expires_at IS NOT NULL");
  Running running(*database_, clock_, channel_);
  ASSERT_TRUE(running.ended(2));
  EXPECT_EQ(running.ends(), (Ends{text(ids[0], "expired"), text(ids[1], "blocked")}));
}

TEST_P(Courier, WhatMayNotGoYetHoldsUpNobodyElse) {
  const auto start = clock_.steady();
  channel_.on_when = [&](const Claimed& message, base::SteadyTime now) {
    return message.message.address == "slow" ? std::max(now, start + 5s) : now;
  };
  const auto slow = add(message_to("slow", Priority::result));
  const auto other = add(message_to("other"));
  Running running(*database_, clock_, channel_, {.carriers = 1, .look_every = 1h});
  ASSERT_TRUE(running.ended(1));
  EXPECT_EQ(running.ends(), Ends{text(other)});
  ASSERT_TRUE(eventually([&] { return clock_.sleepers() == 1; }));
  clock_.advance(4s);
  EXPECT_EQ(channel_.count(), 1u);
  clock_.advance(1s);
  ASSERT_TRUE(running.ended(2));
  EXPECT_EQ(running.ends().back(), text(slow));
}

TEST_P(Courier, WhatMayNotGoForHalfALeaseGoesBackUncounted) {
  channel_.on_when = [](const Claimed&, base::SteadyTime now) { return now + 1h; };
  const auto id = add(message_to("1"));
  Running running(*database_, clock_, channel_);
  ASSERT_TRUE(eventually([&] { return attempts(id) == 0 && running.courier().idle(); }));
  EXPECT_EQ(state(id), "pending");
  EXPECT_EQ(claim_ids(), std::vector<std::int64_t>{}) << "before its time";
  EXPECT_EQ(channel_.count(), 0u);
}

// The most urgent is asked first, and a memory full of the others has room for it.
TEST_P(Courier, TheUrgentFindRoom) {
  std::atomic<bool> open = false;
  channel_.on_when = [&](const Claimed& message, base::SteadyTime now) {
    return open || message.message.priority == Priority::answer ? now : now + 1s;
  };
  std::vector<Message> messages;
  for (int i = 0; i < 50; ++i) messages.push_back(message_to(std::to_string(i), Priority::rejection));
  add(messages);
  Running running(*database_, clock_, channel_, {.carriers = 1, .in_hand = 16, .look_every = 1h});
  ASSERT_TRUE(eventually([&] { return standing().sending == 4; })) << "a quarter";
  const auto result = add(message_to("result", Priority::result));
  const auto answer = add(message_to("answer", Priority::answer));
  running.courier().wake();
  ASSERT_TRUE(running.ended(1));
  EXPECT_EQ(running.ends(), Ends{text(answer)});
  EXPECT_LE(standing().sending, 16);
  open = true;
  clock_.advance(1s);
  ASSERT_TRUE(running.ended(52));
  EXPECT_EQ(running.ends().at(1), text(result)) << "no result behind a rejection";
}

// While answers fill the memory, a notice has no room in it: rejections that were there before do not pass
// it.
TEST_P(Courier, NoRejectionPassesWhatHasNoRoomYet) {
  std::atomic<bool> open = false;
  std::vector<Priority> gone;
  channel_.on_when = [&](const Claimed& message, base::SteadyTime now) {
    if (!open) return now + 1s;
    gone.push_back(message.message.priority);
    return now;
  };
  Running running(*database_, clock_, channel_, {.carriers = 16, .in_hand = 16, .look_every = 1h});
  const auto add_some = [&](int count, Priority priority) {
    std::vector<Message> messages;
    for (int i = 0; i < count; ++i) messages.push_back(message_to(fmt::format("{}", i), priority));
    add(messages);
    running.courier().wake();
  };
  add_some(4, Priority::rejection);
  ASSERT_TRUE(eventually([&] { return standing().sending == 4; }));
  add_some(12, Priority::answer);
  ASSERT_TRUE(eventually([&] { return standing().sending == 16; }));
  const auto notice = add(message_to("notice", Priority::notice));
  running.courier().wake();
  ASSERT_TRUE(eventually([&] { return clock_.sleepers() == 1; }));
  EXPECT_EQ(state(notice), "pending");
  open = true;
  clock_.advance(1s);
  ASSERT_TRUE(running.ended(17));
  EXPECT_TRUE(std::ranges::is_sorted(gone)) << testing::PrintToString(gone);
}

TEST_P(Courier, TheStopEndsWhatIsUnderWayAndGivesBackTheRest) {
  channel_.on_when = [](const Claimed& message, base::SteadyTime now) {
    return message.message.address == "later" ? now + 2s : now;
  };
  channel_.on_deliver = [](const Claimed& message, std::stop_token stop) -> Delivery {
    EXPECT_TRUE(eventually([&] { return stop.stop_requested(); }));
    if (message.message.address == "refused") return {.how = How::again};
    return {.receipt = "r"};
  };
  const auto ids = add({message_to("now"), message_to("refused"), message_to("later")});
  Running running(*database_, clock_, channel_, {.carriers = 2});
  ASSERT_TRUE(eventually([&] { return channel_.count() == 2 && standing().sending == 3; }));
  running.stop();
  EXPECT_EQ(state(ids[0]), "sent");
  EXPECT_EQ(state(ids[1]), "pending");
  EXPECT_EQ(state(ids[2]), "pending");
  EXPECT_EQ(attempts(ids[1]), 0);
  EXPECT_EQ(attempts(ids[2]), 0);
  EXPECT_EQ(running.ends(), Ends{text(ids[0])});
}

TEST_P(Courier, TwoShareTheWork) {
  std::vector<Message> messages;
  for (int i = 0; i < 200; ++i) messages.push_back(message_to(std::to_string(i % 50)));
  const auto ids = add(messages);
  std::unique_ptr<store::Session> mine = std::move(session_);
  {
    Running one(*database_, clock_, channel_, {.in_hand = 8}),
        two(*database_, clock_, channel_, {.in_hand = 8});
    ASSERT_TRUE(eventually([&] {
      one.courier().wake();
      two.courier().wake();
      return one.ends().size() + two.ends().size() == 200;
    }));
  }
  session_ = std::move(mine);
  for (const auto& [id, times] : channel_.times()) EXPECT_EQ(times, 1) << id;
  std::map<std::string, std::int64_t> last;
  for (const Claimed& it : channel_.delivered()) {
    EXPECT_GT(it.id, last[it.message.address]);
    last[it.message.address] = it.id;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Courier, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
