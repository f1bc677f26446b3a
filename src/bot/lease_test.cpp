#include "bot/lease.hpp"

#include "bot/fixture_test.hpp"

namespace bot {
namespace {

using namespace testing;

class LeaseTest : public LedgerTest {
 protected:
  bool holds(Lease& lease) {
    return write<bool>([&](store::Connection& c) { return hold(c, lease); });
  }
  void gives_back(const Lease& lease) {
    ASSERT_OK(try_write([&](store::Connection& c) { return release(c, lease); }));
  }
  bool moves(const Lease& lease, std::int64_t offset) {
    return write<bool>([&](store::Connection& c) { return move_offset(c, lease, offset, now_); });
  }
  std::int64_t offset(const Lease& lease) {
    return write<std::int64_t>([&](store::Connection& c) { return next_offset(c, lease, now_); });
  }
  void passes() { sql("UPDATE {ledger}poller_lease SET lease_until = '2020-01-01T00:00:00Z'"); }

  Lease one_{.bot = 7, .owner = "one"}, other_{.bot = 7, .owner = "other"};
  base::WallTime now_{std::chrono::seconds{1'700'000'000}};
};

TEST_P(LeaseTest, OneOfTwoHasIt) {
  ASSERT_TRUE(holds(one_));
  EXPECT_NE(one_.token, 0);
  EXPECT_TRUE(holds(one_)) << "renewed";
  if (!is_server()) return;  // nobody else can be there
  EXPECT_FALSE(holds(other_));
  EXPECT_EQ(other_.token, 0);
  EXPECT_EQ(text("SELECT owner FROM {ledger}poller_lease"), "one");
  EXPECT_EQ(text("SELECT CASE WHEN lease_until > now() + interval '2 seconds' AND lease_until < now() + "
                 "interval '4 seconds' THEN 1 ELSE 0 END FROM {ledger}poller_lease"),
            "1");
}

TEST_P(LeaseTest, WhoDoesNotRenewLosesIt) {
  ASSERT_TRUE(holds(one_));
  if (is_server()) passes();
  ASSERT_TRUE(holds(other_));
  EXPECT_GT(other_.token, one_.token);
  EXPECT_FALSE(holds(one_)) << "the token before cannot be renewed";
  EXPECT_TRUE(holds(other_));
  EXPECT_FALSE(moves(one_, 100)) << "nor write";
  EXPECT_EQ(offset(other_), 0);
  EXPECT_TRUE(moves(other_, 50));
  EXPECT_EQ(offset(one_), 50);
}

TEST_P(LeaseTest, ALeaseThatPassedUnseenGoesOn) {
  ASSERT_TRUE(holds(one_));
  if (is_server()) passes();
  EXPECT_TRUE(moves(one_, 3)) << "nobody took it meanwhile";
  EXPECT_TRUE(holds(one_));
  EXPECT_EQ(holds(other_), !is_server());
}

TEST_P(LeaseTest, GivenBackItIsFreeAtOnce) {
  ASSERT_TRUE(holds(one_));
  gives_back(other_);
  gives_back({.bot = 7, .owner = "one", .token = one_.token + 1});
  if (is_server()) {
    EXPECT_FALSE(holds(other_)) << "only its holder gives it back";
  }
  gives_back(one_);
  EXPECT_TRUE(holds(other_));
  gives_back(one_);
  if (is_server()) {
    one_.token = 0;
    EXPECT_FALSE(holds(one_)) << "an old holder frees nothing";
  }
}

TEST_P(LeaseTest, BotsAreApart) {
  Lease second{.bot = 8, .owner = "one"};
  ASSERT_TRUE(holds(one_));
  ASSERT_TRUE(holds(second));
  EXPECT_TRUE(moves(one_, 5));
  EXPECT_EQ(offset(second), 0);
  EXPECT_EQ(count("poller_lease"), 2);
}

TEST_P(LeaseTest, TheOffsetAfterAWeekOfSilence) {
  EXPECT_EQ(offset(one_), 0) << "nobody has it yet";
  ASSERT_TRUE(holds(one_));
  EXPECT_EQ(offset(one_), 0);
  ASSERT_TRUE(moves(one_, 1234));
  EXPECT_EQ(offset(one_), 1234);
  now_ += 7 * 24h;
  EXPECT_EQ(offset(one_), 1234);
  now_ += 1ms;
  EXPECT_EQ(offset(one_), 0) << "Telegram may count anew";
  ASSERT_TRUE(moves(one_, 12)) << "and does so from below";
  EXPECT_EQ(offset(one_), 12);
  now_ -= 24h;
  EXPECT_EQ(offset(one_), 12) << "a clock set back is no silence";
}

INSTANTIATE_TEST_SUITE_P(Engines, LeaseTest, ::testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
