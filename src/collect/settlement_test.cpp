#include "collect/settlement.hpp"

#include "base/iso8601.hpp"
#include "collect/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::WallTime;
using collect::FailureType;
using collect::Outcome;
using collect::RunRecord;

const WallTime slot = *base::parse_timestamp("2026-03-01T12:00:00Z");

class Settlement : public ::testing::Test {
 protected:
  static config::Collector with(const std::string& more) {
    return collect::testing::collector_with(collect::testing::item_fields, "[id]", more);
  }
  static RunRecord run(Outcome outcome, std::optional<FailureType> type = {}) {
    RunRecord record;
    record.id = "r1";
    record.collector = "items";
    record.outcome = outcome;
    record.failure_type = type;
    record.slot = collect::RunSlot{.time = slot};
    record.started_at = slot + 1s;
    record.first_failed = slot + 10s;
    record.finished_at = slot + 20s;
    return record;
  }
  std::optional<schedule::OpenSlot> after(const RunRecord& record, std::optional<WallTime> retry_at = {}) {
    return collect::open_slot_after(hourly_, record, retry_at, rng_);
  }
  config::Collector hourly_ = with("schedule: {every: 1h}");
  base::Rng rng_{1};
};

TEST_F(Settlement, WhatIsOwedIsTriedAgainAndTheRestIsDone) {
  using enum FailureType;
  for (const Outcome it : {Outcome::timeout, Outcome::partial, Outcome::incomplete, Outcome::lost})
    EXPECT_TRUE(after(run(it, data))) << to_string(it);
  EXPECT_TRUE(after(run(Outcome::failed, transient)));
  EXPECT_TRUE(after(run(Outcome::failed)));
  for (const FailureType it : {credentials, endpoint_gone, configuration, data})
    EXPECT_FALSE(after(run(Outcome::failed, it))) << to_string(it);
  for (const Outcome it : {Outcome::success, Outcome::empty, Outcome::rejected})
    EXPECT_FALSE(after(run(it))) << to_string(it);
}

TEST_F(Settlement, TheLadderBeginsWithTheFirstFailureOfTheSlot) {
  RunRecord record = run(Outcome::failed, FailureType::transient);
  auto open = after(record);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->slot, slot);
  EXPECT_EQ(open->first_failed, slot + 10s);
  EXPECT_EQ(open->try_at, slot + 40s);
  EXPECT_TRUE(open->on_ladder);

  record.slot = collect::RunSlot{slot, true, slot + 10s};  // the second run of it
  record.started_at = slot + 40s;
  record.first_failed = record.started_at;
  record.finished_at = slot + 50s;
  open = after(record);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->first_failed, slot + 10s);
  EXPECT_EQ(open->try_at, slot + 100s);
}

TEST_F(Settlement, NoTryIsLaterThanTheNextSlot) {
  RunRecord record = run(Outcome::failed, FailureType::transient);
  record.started_at = slot + 58min;
  record.first_failed = record.started_at;
  record.finished_at = slot + 59min + 45s;
  EXPECT_FALSE(after(record));
  hourly_ = with("schedule: {every: 1h, splay: 50m}");  // it starts later by that
  EXPECT_TRUE(after(record));
  hourly_ = with("schedule: {every: 1h}");
  record.finished_at = slot + 61min;  // the next one has come and gone; the one after it is far
  EXPECT_TRUE(after(record));
}

TEST_F(Settlement, ARateLimitIsKeptToTheInstantUpToADay) {
  const RunRecord record = run(Outcome::rate_limited, FailureType::transient);
  const auto open = after(record, slot + 5h);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->try_at, slot + 5h);
  EXPECT_FALSE(open->on_ladder);
  EXPECT_FALSE(after(record, slot + 25h));
  const auto unknown = after(record);
  ASSERT_TRUE(unknown);
  EXPECT_TRUE(unknown->on_ladder);
}

TEST_F(Settlement, WhatWasCancelledIsDueAtOnce) {
  const auto open = after(run(Outcome::cancelled));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->try_at, slot + 20s);
  EXPECT_FALSE(open->on_ladder);
}

TEST_F(Settlement, WithoutASlotThereIsNothingToTry) {
  RunRecord record = run(Outcome::failed, FailureType::transient);
  record.slot.reset();
  EXPECT_FALSE(after(record));
  record = run(Outcome::failed, FailureType::transient);
  hourly_ = with("schedule: {every: 1h}\nenabled: false");
  EXPECT_FALSE(after(record));
  hourly_ = with("");
  EXPECT_FALSE(after(record));
  record.finished_at.reset();
  EXPECT_FALSE(after(record));
}

TEST_F(Settlement, AnEmptyAnswerThatIsAllowedIsASuccess) {
  RunRecord record = run(Outcome::empty);
  EXPECT_EQ(collect::schedule_outcome(record), schedule::Outcome::empty);
  record.allow_empty = true;
  EXPECT_EQ(collect::schedule_outcome(record), schedule::Outcome::success);
}

TEST_F(Settlement, EveryOutcomeHasItsCounterpart) {
  using S = schedule::Outcome;
  const std::vector<std::pair<Outcome, S>> pairs{{Outcome::success, S::success},
                                                 {Outcome::partial, S::partial},
                                                 {Outcome::incomplete, S::incomplete},
                                                 {Outcome::rejected, S::rejected},
                                                 {Outcome::rate_limited, S::rate_limited},
                                                 {Outcome::failed, S::failed},
                                                 {Outcome::timeout, S::timeout},
                                                 {Outcome::cancelled, S::cancelled},
                                                 {Outcome::lost, S::lost}};
  for (const auto& [ours, theirs] : pairs) EXPECT_EQ(collect::schedule_outcome(run(ours)), theirs);
  using T = schedule::FailureType;
  const std::vector<std::pair<FailureType, T>> types{{FailureType::transient, T::transient},
                                                     {FailureType::credentials, T::credentials},
                                                     {FailureType::endpoint_gone, T::endpoint_gone},
                                                     {FailureType::configuration, T::configuration},
                                                     {FailureType::data, T::data}};
  for (const auto& [ours, theirs] : types)
    EXPECT_EQ(collect::schedule_failure(run(Outcome::failed, ours)), theirs);
  EXPECT_FALSE(collect::schedule_failure(run(Outcome::failed)));
}

}  // namespace
