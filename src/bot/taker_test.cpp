#include "bot/taker.hpp"

#include <nlohmann/json.hpp>

#include "bot/dead_updates.hpp"
#include "bot/intake_fixture_test.hpp"

namespace bot {
namespace {

using namespace testing;
using base::Code;

constexpr std::int64_t poisoned = 66;

class TakerTest : public IntakeTest {
 protected:
  TakerTest() { open(); }
  base::Result<void> run(const std::vector<Update>& updates) {
    const Intake intake(options_, clock_);
    const Taker taker(*database_, intake,
                      {.also = [&](store::Connection&, std::span<const Update>) -> base::Result<void> {
                         ++transactions_;
                         return fault_ ? base::Result<void>(base::error(*fault_, "it breaks"))
                                       : base::Result<void>();
                       },
                       .on_taken =
                           [&](const Taken& taken, std::span<const Update> some) {
                             EXPECT_GT(some.front().id, last_) << "in their order";
                             last_ = some.back().id;
                             taken_ += taken.updates;
                             if (taken.dead) dead_.emplace_back(*taken.dead, taken.why_dead);
                           }});
    return taker.take(updates, {});
  }
  // From now on each message to that user breaks a constraint of the database.
  void poison() {
    take({message(1, poisoned, "/start")});
    sql(fmt::format("CREATE UNIQUE INDEX poison ON {{ledger}}outbox (address) WHERE address = '{}'",
                    poisoned));
  }
  static std::vector<Update> a_batch(std::int64_t first, std::int64_t size,
                                     const std::set<std::int64_t>& bad) {
    std::vector<Update> updates;
    for (std::int64_t id = first; id < first + size; ++id)
      updates.push_back(message(id, bad.contains(id) ? poisoned : 1000 + id, "/start"));
    return updates;
  }

  std::optional<Code> fault_;
  std::vector<std::pair<std::int64_t, Code>> dead_;
  std::int64_t last_ = 0, taken_ = 0;
  int transactions_ = 0;
};

TEST_P(TakerTest, ThePoisonStandsAloneAfterAFewHalves) {
  poison();
  ASSERT_OK(run(a_batch(100, 64, {137})));
  EXPECT_EQ(dead_, (std::vector<std::pair<std::int64_t, Code>>{{137, Code::invalid_data}}));
  EXPECT_EQ(last_, 163);
  EXPECT_EQ(taken_, 64);
  EXPECT_EQ(count("inbox"), 65);
  EXPECT_EQ(count("outbox"), 64) << "one before, and 63 of the others";
  EXPECT_EQ(transactions_, 7) << "six healthy halves, and the letter: the rest broke before this was counted";
  ASSERT_OK(run({message(164, 9, "/start")}));
  EXPECT_EQ(count("outbox"), 65) << "and life goes on";
}

TEST_P(TakerTest, SeveralPoisonsAtTheEdges) {
  poison();
  ASSERT_OK(run(a_batch(100, 10, {100, 105, 109})));
  ASSERT_EQ(dead_.size(), 3U);
  EXPECT_EQ(dead_[0].first, 100);
  EXPECT_EQ(dead_[1].first, 105);
  EXPECT_EQ(dead_[2].first, 109);
  EXPECT_EQ(count("outbox"), 8);
  EXPECT_EQ(write<std::int64_t>([](store::Connection& c) { return count_dead_updates(c); }), 3);
}

TEST_P(TakerTest, ThatUpdateAgainChangesNothing) {
  poison();
  ASSERT_OK(run(a_batch(100, 3, {101})));
  last_ = 0;
  ASSERT_OK(run(a_batch(100, 3, {101})));
  EXPECT_EQ(dead_.size(), 1U);
  EXPECT_EQ(count("dead_updates"), 1);
}

// Nobody may be lost because a disk is full or a server restarts.
TEST_P(TakerTest, WhatPassesByWaitingIsNoPoison) {
  for (const Code code : {Code::conflict, Code::no_space, Code::unavailable, Code::timeout, Code::cancelled,
                          Code::permission, Code::invalid_config, Code::rate_limited}) {
    fault_ = code;
    transactions_ = 0;
    EXPECT_FAILS(code, run(a_batch(200, 4, {})));
    EXPECT_EQ(transactions_, 1) << base::to_string(code) << ": it is for the caller to wait";
  }
  EXPECT_EQ(count("inbox"), 0);
  EXPECT_EQ(count("dead_updates"), 0);
  fault_.reset();
  ASSERT_OK(run(a_batch(200, 4, {})));
  EXPECT_EQ(count("outbox"), 4);
}

TEST_P(TakerTest, TheLetterSaysWhatCameAndWhyAndIsBounded) {
  poison();
  const std::string words = "/start \"\\\n\x01\xff" + std::string(9000, 'a');
  ASSERT_OK(run({message(100, poisoned, words)}));
  const auto body = nlohmann::json::parse(text("SELECT body FROM {ledger}dead_updates"));
  EXPECT_EQ(body["update_id"], 100);
  EXPECT_EQ(body["message"]["chat"], poisoned);
  EXPECT_TRUE(body["message"]["text"].get<std::string>().starts_with("/start \"\\\n\x01"));
  EXPECT_LE(body.dump().size(), max_dead_text + 300);
  const std::string reason = text("SELECT reason FROM {ledger}dead_updates");
  EXPECT_FALSE(reason.empty());
  EXPECT_LE(reason.size(), max_dead_reason);
}

TEST_P(TakerTest, OfEachKindOfUpdate) {
  EXPECT_EQ(nlohmann::json::parse(dead_body(tap(7, 5, "liga_39")))["callback_query"]["data"], "liga_39");
  EXPECT_EQ(dead_body(Update{7, {}}), R"({"update_id":7})");
  EXPECT_EQ(nlohmann::json::parse(dead_body(Update{7, telegram::Moved{-5, -100}}))["moved"]["to"], -100);
}

// A ledger in which not even the letter can be kept.
TEST_P(TakerTest, WithoutALetterTheNumberIsKept) {
  poison();
  sql("DROP TABLE {ledger}dead_updates");
  ASSERT_OK(run(a_batch(100, 4, {102})));
  EXPECT_EQ(dead_.size(), 1U);
  EXPECT_EQ(count("inbox"), 5);
  EXPECT_EQ(count("outbox"), 4);
}

TEST_P(TakerTest, OldLettersGo) {
  poison();
  ASSERT_OK(run(a_batch(100, 3, {100, 101})));
  const auto tidy = [&](std::chrono::seconds age, int limit) {
    return write<std::int64_t>(
        [&](store::Connection& c) { return tidy_dead_updates(c, age, clock_, limit); });
  };
  EXPECT_EQ(tidy(3600s, 10), 0);
  sql("UPDATE {ledger}dead_updates SET received_at = received_at - 7200000");
  EXPECT_EQ(tidy(3600s, 1), 1);
  EXPECT_EQ(tidy(3600s, 10), 1);
  EXPECT_EQ(count("dead_updates"), 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, TakerTest, ::testing::ValuesIn(store::testing::engines_of_phoenix),
                         store::testing::name_of);

}  // namespace
}  // namespace bot
