#include "collect/entry.hpp"

#include "base/iso8601.hpp"
#include "collect/fixture_test.hpp"
#include "collect/ledger.hpp"

namespace {

using namespace std::chrono_literals;

base::WallTime at(const char* text) { return *base::parse_timestamp(text); }
config::Collector with_schedule(const std::string& schedule) {
  return collect::testing::collector_with(collect::testing::item_fields, "[id]", schedule);
}

TEST(Entry, TakesOverWhatTheFileSays) {
  const auto entry = collect::entry_of(with_schedule(
      "schedule: {cron: '30 2 * * *', timezone: Europe/Berlin, splay: 10m, recover_missed: all, overlap: "
      "queue, "
      "late_maximum_delay: 1h}\npriority: 3\nconcurrency_group: exchange\nafter: [a, "
      "b]\non_upstream_failure: run\ndeadline: '08:00'\n"));
  ASSERT_OK(entry);
  EXPECT_EQ(entry->name, "items");
  EXPECT_EQ(entry->timetable->next(at("2026-03-28T12:00:00Z")), at("2026-03-29T01:00:00Z"));
  EXPECT_EQ(entry->splay, 10min);
  EXPECT_EQ(entry->recover_missed, schedule::RecoverMissed::all);
  EXPECT_EQ(entry->overlap, schedule::Overlap::queue);
  EXPECT_EQ(entry->late_maximum_delay, 1h);
  EXPECT_EQ(entry->priority, 3);
  EXPECT_EQ(entry->group, "exchange");
  EXPECT_EQ(entry->after, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(entry->on_upstream_failure, schedule::OnUpstreamFailure::run);
  EXPECT_EQ(entry->deadline, 8h);
}

TEST(Entry, ByHandItHasNoTimetable) {
  const auto entry = collect::entry_of(with_schedule(""));
  ASSERT_OK(entry);
  EXPECT_FALSE(entry->timetable);
  EXPECT_EQ(entry->group, "");
}

TEST(Entry, WhatIsOpenIsGoneOnWithInTheSameSlotOnly) {
  const base::WallTime now = at("2026-11-22T10:59:00Z");
  EXPECT_EQ(collect::resumable_since(with_schedule("schedule: '0 * * * *'"), now),
            at("2026-11-22T10:00:00Z"));
  EXPECT_EQ(collect::resumable_since(with_schedule("schedule: {every: 15m}"), now),
            at("2026-11-22T10:45:00Z"));
  // The newest slot was long ago.
  EXPECT_EQ(collect::resumable_since(with_schedule("schedule: '0 6 1 * *'"), now),
            now - collect::resumable_for);
  EXPECT_EQ(collect::resumable_since(with_schedule(""), now), now - 10min);
}

// The slot's own start comes that much later.
TEST(Entry, TheSplayBelongsToTheSlot) {
  const auto collector = with_schedule("schedule: {cron: '0 * * * *', splay: 30m}");
  const auto offset = collect::entry_of(collector)->offset();
  ASSERT_GT(offset, 1min);
  const auto start = at("2026-11-22T10:00:00Z") + std::chrono::ceil<std::chrono::microseconds>(offset);
  EXPECT_EQ(collect::resumable_since(collector, start), start);
  EXPECT_EQ(collect::resumable_since(collector, start - 1s), start - 1h);
}

}  // namespace
