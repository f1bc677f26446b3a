// The outbox's rules one by one, on every engine: order, addresses, what stands behind what, leases, fencing.
#include "outbox/outbox.hpp"

#include "outbox/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using namespace outbox::testing;
using base::Code;
using outbox::Message;
using outbox::Priority;
using outbox::Settled;
using Ids = std::vector<std::int64_t>;

class Outbox : public OutboxTest {};

TEST_P(Outbox, AMessageComesAsItWasAdded) {
  Message message = message_to("42", Priority::result);
  message.body = "ção \"\\\n\t<b>";
  message.repeatable = false;
  const auto id = add(message);
  const auto claimed = claim();
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].id, id);
  EXPECT_EQ(claimed[0].attempt, 1);
  EXPECT_EQ(claimed[0].message.channel, "telegram");
  EXPECT_EQ(claimed[0].message.address, "42");
  EXPECT_EQ(claimed[0].message.action, "send");
  EXPECT_EQ(claimed[0].message.body, message.body);
  EXPECT_EQ(claimed[0].message.priority, Priority::result);
  EXPECT_FALSE(claimed[0].message.repeatable);
  EXPECT_EQ(claimed[0].message.after, std::nullopt);
  EXPECT_GT(claimed[0].created, base::WallTime(1'700'000'000s));
  EXPECT_TRUE(claim().empty());
  sent(id, "77");
  EXPECT_EQ(state(id), "sent");
  EXPECT_TRUE(claim().empty());
}

TEST_P(Outbox, ManyKeepTheirOrder) {
  std::vector<Message> messages;
  for (int i = 0; i < 200; ++i) {
    messages.push_back(message_to(std::to_string(i)));
    messages.back().body = std::to_string(i);
  }
  const auto ids = add(messages);
  ASSERT_EQ(ids.size(), 200u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  const auto claimed = claim(150);
  ASSERT_EQ(claimed.size(), 150u);
  for (std::size_t i = 0; i < claimed.size(); ++i) {
    EXPECT_EQ(claimed[i].id, ids[i]);
    EXPECT_EQ(claimed[i].message.body, std::to_string(i));
  }
  EXPECT_EQ(claim(150).size(), 50u);
}

TEST_P(Outbox, TheMostUrgentGoFirst) {
  const auto ids = add({message_to("1", Priority::rejection), message_to("2", Priority::notice),
                        message_to("3", Priority::result), message_to("4", Priority::answer),
                        message_to("5", Priority::result)});
  EXPECT_EQ(claim_ids(100, Priority::answer), Ids{ids[3]});
  EXPECT_EQ(claim_ids(2), (Ids{ids[2], ids[4]}));
  EXPECT_EQ(claim_ids(0), Ids{});
  EXPECT_EQ(claim_ids(), (Ids{ids[1], ids[0]}));
}

TEST_P(Outbox, OneAtATimeToAnAddress) {
  const auto ids = add({message_to("1"), message_to("1"), message_to("2"), message_to("1", Priority::answer),
                        message_to("1", Priority::answer)});
  EXPECT_EQ(claim_ids(), (Ids{ids[3], ids[4], ids[0], ids[2]})) << "answers wait for nobody";
  EXPECT_EQ(claim_ids(), Ids{});
  settle({{.id = ids[0], .attempt = 1, .how = Settled::How::again, .wait = 1h}});
  EXPECT_EQ(claim_ids(), Ids{}) << "the oldest is still to be sent";
  sql("UPDATE {ledger}outbox SET not_before = NULL");
  EXPECT_EQ(claim_ids(), Ids{ids[0]});
  sent(ids[0], "r", 2);
  EXPECT_EQ(claim_ids(), Ids{ids[1]});
}

TEST_P(Outbox, TheMoreUrgentPassTheLessUrgentOfTheirAddress) {
  const auto ids = add({message_to("1", Priority::rejection), message_to("1", Priority::rejection),
                        message_to("1", Priority::result), message_to("1", Priority::result)});
  EXPECT_EQ(claim_ids(), Ids{ids[2]}) << "one at a time all the same";
  sent(ids[2]);
  EXPECT_EQ(claim_ids(), Ids{ids[3]});
  sent(ids[3]);
  EXPECT_EQ(claim_ids(), Ids{ids[0]});
  const auto late = add(message_to("1", Priority::result));
  EXPECT_EQ(claim_ids(), Ids{});
  sent(ids[0]);
  EXPECT_EQ(claim_ids(), Ids{late});
}

TEST_P(Outbox, WhatStandsBehindAnotherGetsItsReceipt) {
  const auto first = add(message_to("1"));
  const auto edit = add(message_to("1", Priority::result, first));
  EXPECT_EQ(claim_ids(), Ids{first});
  sent(first, "message 77");
  const auto claimed = claim();
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].id, edit);
  EXPECT_EQ(claimed[0].message.after, first);
  EXPECT_EQ(claimed[0].receipt_of_after, "message 77");
}

TEST_P(Outbox, WhatStandsBehindADroppedOneIsDropped) {
  const auto first = add(message_to("1"));
  const auto edit = add(message_to("1", Priority::result, first));
  const auto third = add(message_to("2", Priority::notice, edit));
  claim();
  settle({{.id = first, .attempt = 1, .how = Settled::How::dropped, .reason = "blocked"}});
  EXPECT_EQ(state(first), "dropped: blocked");
  EXPECT_EQ(state(edit), "dropped: its message was dropped");
  EXPECT_EQ(state(third), "dropped: its message was dropped");
  EXPECT_EQ(state(add(message_to("1", Priority::result, first))), "dropped: its message was dropped");
  EXPECT_FAILS(Code::conflict, try_add(message_to("1", Priority::result, 4711)));
  EXPECT_EQ(claim_ids(), Ids{});
}

TEST_P(Outbox, OnlyTheNewestBehindAMessageIsKept) {
  const auto first = add(message_to("1"));
  const auto one = add(message_to("1", Priority::notice, first));
  const auto two = add(message_to("1", Priority::notice, first));
  EXPECT_EQ(state(one), "dropped: superseded");
  claim();
  sent(first);
  EXPECT_EQ(claim_ids(), Ids{two});
  const auto ids = add({message_to("1", Priority::notice, first), message_to("1", Priority::result, first)});
  EXPECT_EQ(state(ids[0]), "dropped: superseded");
  EXPECT_EQ(state(two), "sending") << "nobody takes it back from who has it";
  settle({{.id = two, .attempt = 1, .how = Settled::How::again}});
  EXPECT_EQ(state(two), "dropped: superseded") << "but it does not come again";
  EXPECT_EQ(claim_ids(), Ids{ids[1]});
}

TEST_P(Outbox, ALostClaimBehindANewerOneDoesNotComeAgain) {
  const auto first = add(message_to("1"));
  claim();
  sent(first);
  const auto note = add(message_to("1", Priority::notice, first));
  claim();
  const auto result = add(message_to("1", Priority::result, first));
  lose_claims();
  EXPECT_EQ(claim_ids(), Ids{result});
  EXPECT_EQ(state(note), "dropped: superseded");
}

TEST_P(Outbox, NotBeforeItsTimeAndNotAfterIt) {
  auto later = message_to("1"), never = message_to("2");
  later.delay = 1h;
  later.lifetime = 2h;
  never.lifetime = 1h;
  const auto ids = add({later, never});
  const auto behind = add(message_to("3", Priority::result, ids[1]));
  sql("UPDATE {ledger}outbox SET expires_at = '2020-01-01T00:00:00.000000Z' WHERE address = '2'");
  EXPECT_EQ(claim_ids(), Ids{});
  EXPECT_EQ(state(ids[1]), "dropped: expired");
  EXPECT_EQ(state(behind), "dropped: its message was dropped");
  ASSERT_EQ(dropped_.size(), 2u);
  EXPECT_EQ(dropped_[0].message.id, ids[1]);
  EXPECT_EQ(dropped_[0].message.message.body, "hello 2");
  EXPECT_EQ(dropped_[0].reason, "expired");
  EXPECT_EQ(dropped_[1].message.id, behind);
  EXPECT_EQ(standing().oldest, std::nullopt) << "none may go yet";
  sql("UPDATE {ledger}outbox SET not_before = {now}");
  EXPECT_EQ(claim_ids(), Ids{ids[0]});
}

TEST_P(Outbox, AfterADoubtOnlyTheRepeatableComeAgain) {
  auto once = message_to("1");
  once.repeatable = false;
  const auto ids = add({once, message_to("2")});
  EXPECT_EQ(claim_ids().size(), 2u);
  lose_claims();
  const auto again = claim();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].id, ids[1]);
  EXPECT_EQ(again[0].attempt, 2);
  EXPECT_EQ(state(ids[0]), "dropped: fate unknown");
  sent(ids[0]);
  EXPECT_EQ(state(ids[0]), "dropped: fate unknown") << "the late one is refused";
  sent(ids[1], "late", 1);
  EXPECT_EQ(state(ids[1]), "sending");
  sent(ids[1], "right", 2);
  EXPECT_EQ(state(ids[1]), "sent");
}

TEST_P(Outbox, WhatOthersHadGoesBackBeforeItsTime) {
  Message once = message_to("2");
  once.repeatable = false;
  const auto ids = add({message_to("1"), once});
  claim();
  recover("me");
  EXPECT_EQ(state(ids[0]), "sending") << "one's own";
  recover("somebody else");
  EXPECT_EQ(state(ids[0]), "pending");
  EXPECT_EQ(state(ids[1]), "dropped: fate unknown");
  EXPECT_EQ(dropped_.size(), 1u);
}

TEST_P(Outbox, WhatWasNotBegunGoesBackUncounted) {
  const auto ids = add({message_to("1"), message_to("2"), message_to("3")});
  claim();
  settle({{.id = ids[0], .attempt = 1, .how = Settled::How::again, .attempt_counts = false}});
  write<int>([&](store::Connection& c) -> base::Result<int> {
    TRY(outbox::give_back(c, "somebody else", {}));
    TRY(outbox::give_back(c, "me", {ids[1]}));
    return 0;
  });
  EXPECT_EQ(state(ids[1]), "sending");
  const auto again = claim();
  ASSERT_EQ(again.size(), 2u);
  for (const auto& it : again) EXPECT_EQ(it.attempt, 1);
}

TEST_P(Outbox, WhatGoesBackBehindANewerOneDoesNotComeAgain) {
  const auto first = add(message_to("1"));
  claim();
  sent(first);
  const auto note = add(message_to("1", Priority::notice, first));
  claim();
  const auto result = add(message_to("1", Priority::result, first));
  write<int>([&](store::Connection& c) -> base::Result<int> {
    TRY(outbox::give_back(c, "me", {}));
    return 0;
  });
  EXPECT_EQ(claim_ids(), Ids{result});
  EXPECT_EQ(state(note), "dropped: superseded");
}

TEST_P(Outbox, WhatDoesNotFitIsRefused) {
  auto message = message_to("1");
  message.body = std::string(outbox::max_body + 1, 'x');
  EXPECT_FAILS(Code::invalid_data, try_add(message));
  message.body = "\xff";
  EXPECT_FAILS(Code::invalid_data, try_add(message));
  message.body = std::string("a\0b", 3);
  EXPECT_FAILS(Code::invalid_data, try_add(message));
  message.body = std::string(outbox::max_body, 'x');
  EXPECT_TRUE(try_add(message));
  message.address = std::string(1000, 'x');
  EXPECT_FAILS(Code::invalid_data, try_add(message));
  const auto id = claim_ids().at(0);
  sent(id, "\xff");
  EXPECT_EQ(state(id), "sent") << "what the other side says never stops us";
}

TEST_P(Outbox, TheEndedAreTidiedAwayUnlessSomethingWaitsBehindThem) {
  const auto first = add(message_to("1"));
  const auto other = add(message_to("2"));
  claim();
  sent(first);
  sent(other);
  const auto edit = add(message_to("1", Priority::result, first));
  const auto tidy = [&](std::chrono::seconds age, int limit = 10) {
    return write<std::int64_t>([&](store::Connection& c) { return outbox::tidy(c, age, limit); });
  };
  EXPECT_EQ(tidy(3600s), 0);
  sql("UPDATE {ledger}outbox SET ended_at = '2020-01-01T00:00:00.000000Z' WHERE ended_at IS NOT NULL");
  EXPECT_EQ(tidy(3600s, 0), 0);
  EXPECT_EQ(tidy(3600s), 1);
  EXPECT_EQ(state(other), "none");
  EXPECT_EQ(state(first), "sent");
  EXPECT_EQ(claim_ids(), Ids{edit});
  sent(edit);
  EXPECT_EQ(tidy(3600s), 1);
  EXPECT_GT(add(message_to("3")), edit) << "no number twice";
}

TEST_P(Outbox, WhatIsPendingMayGoToAnotherAddress) {
  outbox::Message edit = message_to("-5");
  edit.action = "edit";
  const auto ids = add({message_to("-5"), message_to("-5"), message_to("7"), edit});
  claim(1);  // the first is on its way
  EXPECT_EQ(write<std::int64_t>([](store::Connection& c) {
              return outbox::readdress(c, message_to("").channel, message_to("").action, "-5", "-100");
            }),
            1);
  const auto address = [&](std::size_t i) {
    const auto rows = store::testing::query(
        *session_, fmt::format("SELECT address FROM {{ledger}}outbox WHERE id = {}", ids[i]));
    return rows && !rows->empty() ? rows->front().text(0) : "?";
  };
  EXPECT_EQ(address(0), "-5");
  EXPECT_EQ(address(1), "-100");
  EXPECT_EQ(address(2), "7");
  EXPECT_EQ(address(3), "-5") << "another action";
}

TEST_P(Outbox, StandingCounts) {
  EXPECT_EQ(standing().oldest, std::nullopt);
  const auto ids = add({message_to("1"), message_to("2"), message_to("3")});
  claim(1);
  const auto now = standing();
  EXPECT_EQ(now.pending, 2);
  EXPECT_EQ(now.sending, 1);
  EXPECT_LT(now.oldest.value(), 60s);
  sql("UPDATE {ledger}outbox SET created_at = '2020-01-01T00:00:00.000000Z'");
  EXPECT_GT(standing().oldest.value(), 24h);
}

INSTANTIATE_TEST_SUITE_P(Engines, Outbox, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
