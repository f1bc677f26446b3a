// On every engine: one message an hour and owner, also where two processes or a clock that was wrong are.
#include "bot/owners.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/clock.hpp"
#include "outbox/outbox.hpp"
#include "store/conformance_test.hpp"
#include "store/migrations.hpp"

namespace bot {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::int64_t, 3> owners{7, 8, 7};

class Owners : public ::testing::TestWithParam<store::testing::Engine> {
 protected:
  Owners() { EXPECT_TRUE(store::migrate(*database_, store::embedded_migrations(), {})); }

  std::size_t tell(std::string_view matter = "person", std::chrono::seconds every = 1h) {
    std::size_t told = 0;
    const auto done =
        session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
          told = TRY(tell_owners(c, {.owners = owners, .matter = matter, .at_most_every = every},
                                 {.text = "<b>a key &amp; a plan</b>"}, clock_));
          return {};
        });
    if (!done) ADD_FAILURE() << done.error().message;
    return told;
  }
  std::int64_t messages() {
    return store::testing::number(*session_, "SELECT count(*) FROM {ledger}outbox WHERE action = 'send'");
  }
  void sql(std::string_view text) { ASSERT_OK(store::testing::execute(*session_, text)); }

  store::testing::TempFolder folder_;
  std::unique_ptr<store::Database> database_ = GetParam().open(folder_);
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
  base::SystemClock clock_;
};

TEST_P(Owners, EachIsToldOnceAnHourOfAMatter) {
  EXPECT_EQ(tell(), 2u) << "an owner that is named twice is one";
  EXPECT_EQ(messages(), 2);
  EXPECT_EQ(tell(), 0u);
  EXPECT_EQ(tell("another"), 2u);
  EXPECT_EQ(messages(), 4);
  sql("UPDATE {ledger}limits SET told_at = told_at - 3599000");
  EXPECT_EQ(tell(), 0u);
  sql("UPDATE {ledger}limits SET told_at = told_at - 2000 WHERE user_id = 8");
  EXPECT_EQ(tell(), 1u);
  EXPECT_EQ(messages(), 5);
}

TEST_P(Owners, AClockThatWasAheadSilencesNobody) {
  EXPECT_EQ(tell(), 2u);
  sql("UPDATE {ledger}limits SET told_at = told_at + 86400000");
  EXPECT_EQ(tell(), 2u);
  EXPECT_EQ(tell(), 0u);
}

TEST_P(Owners, WhatIsToldStandsInTheOutboxOfThatTransaction) {
  const auto undone =
      session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
        TRY(tell_owners(c, {.owners = owners, .matter = "person"}, {.text = "x"}, clock_));
        return base::error(base::Code::unavailable, "the rest fails");
      });
  EXPECT_FALSE(undone);
  EXPECT_EQ(messages(), 0);
  EXPECT_EQ(tell(), 2u) << "nobody was told, so it is still to be said";
  EXPECT_EQ(
      store::testing::number(*session_,
                             "SELECT count(*) FROM {ledger}outbox WHERE address IN ('7', '8') AND body LIKE "
                             "'%a key &amp; a plan%'"),
      2);
}

TEST_P(Owners, WithoutOwnersNothingHappens) {
  ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
    EXPECT_EQ(TRY(tell_owners(c, {.matter = "person"}, {.text = "x"}, clock_)), 0u);
    return {};
  }));
  EXPECT_EQ(messages(), 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, Owners, ::testing::ValuesIn(store::testing::engines_of_phoenix),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
