#include "collect/retention.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <thread>

#include "base/rng.hpp"
#include "collect/history.hpp"
#include "collect/ledger_fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::WallTime;
using collect::Purged;
using collect::Retention;
using Names = std::set<std::string>;

constexpr auto day = std::chrono::hours{24};

struct RunLine {
  std::string id, collector = "items", state = "success";
  WallTime started{}, finished{};
  std::optional<std::string> cycle{};
  std::optional<WallTime> slot{}, first_failed{};
  std::int64_t records = 0, inserted = 0, empty_allowed = 0, slices = 0;
};

struct SlotLine {
  std::string collector = "items";
  WallTime slot{};
  std::string state = "done";
  WallTime updated{};
};

class RetentionTest : public collect::testing::LedgerTest {
 protected:
  void execute(const std::string& sql, const std::vector<store::Param>& params) {
    ASSERT_OK(session_->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
      TRY(c.execute(sql, params));
      return {};
    }));
  }
  void add(const RunLine& run) {
    const std::string started = base::to_iso8601(run.started), finished = base::to_iso8601(run.finished),
                      slot = run.slot ? base::to_iso8601(*run.slot) : "",
                      failed = run.first_failed ? base::to_iso8601(*run.first_failed) : "";
    const auto text = [](const std::string& it) { return it.empty() ? store::Param() : store::Param(it); };
    const std::string cycle = run.cycle.value_or("");
    execute(
        "INSERT INTO {pulse}runs (id, collector, state, host, process, started_at, finished_at, cycle, slot, "
        "first_failed, records, inserted, empty_allowed) VALUES ($1, $2, $3, 'h', 1, $4, $5, $6, $7, $8, $9, "
        "$10, "
        "$11)",
        {run.id, run.collector, run.state, started,
         run.state == "running" ? store::Param() : store::Param(finished), text(cycle), text(slot),
         text(failed), run.records, run.inserted, run.empty_allowed});
    for (std::int64_t i = 0; i < run.slices; ++i) {
      const std::string slice = std::to_string(i);
      execute("INSERT INTO {pulse}slices (run, collector, slice, state) VALUES ($1, $2, $3, 'committed')",
              {run.id, run.collector, slice});
    }
  }
  void add(const SlotLine& it) {
    const std::string slot = base::to_iso8601(it.slot), updated = base::to_iso8601(it.updated);
    execute("INSERT INTO {pulse}schedule_slots (collector, slot, state, updated_at) VALUES ($1, $2, $3, $4)",
            {it.collector, slot, it.state, updated});
  }
  void add_quarantine(const std::string& collector, const std::string& fingerprint, WallTime last_seen) {
    const std::string seen = base::to_iso8601(last_seen);
    execute(
        "INSERT INTO {pulse}quarantine (collector, fingerprint, reason, raw, first_run, last_run, "
        "first_seen, "
        "last_seen) VALUES ($1, $2, 'r', '{}', 'a', 'b', $3, $3)",
        {collector, fingerprint, seen});
  }
  WallTime ago(base::Duration duration) {
    return clock_.wall() - std::chrono::floor<std::chrono::microseconds>(duration);
  }
  // Some that end well, newest and all, so that what is tested is not what is kept for its place.
  void add_frame(const std::string& collector = "items") {
    add(RunLine{.id = collector + "-first",
                .collector = collector,
                .started = ago(200 * day),
                .finished = ago(200 * day)});
    add(RunLine{.id = collector + "-last",
                .collector = collector,
                .started = ago(1h),
                .finished = ago(1h),
                .records = 1,
                .inserted = 1});
  }
  Purged purge(const Retention& retention = {}) {
    const auto purged = collect::purge(*session_, clock_, retention, {});
    EXPECT_TRUE(purged) << (purged ? "" : purged.error().message);
    return purged ? *purged : Purged{};
  }
  Names names(const std::string& sql) {
    const auto list = lines(sql);
    return {list.begin(), list.end()};
  }
  Names runs() { return names("SELECT id FROM {pulse}runs"); }
};

TEST_P(RetentionTest, OldRunsGoWithTheirSlicesAndYoungOnesStay) {
  add_frame();
  add(RunLine{.id = "old", .started = ago(61 * day), .finished = ago(60 * day + 1s), .slices = 3});
  add(RunLine{.id = "young", .started = ago(61 * day), .finished = ago(60 * day - 1s), .slices = 2});
  const Purged purged = purge();
  EXPECT_EQ(runs(), (Names{"items-first", "items-last", "young"}));
  EXPECT_EQ(names("SELECT run FROM {pulse}slices"), Names{"young"});
  EXPECT_EQ(purged.runs, 1);
  EXPECT_EQ(purged.slices, 3);
  EXPECT_FALSE(purged.more);
  EXPECT_EQ(purge().runs, 0);
}

TEST_P(RetentionTest, WhatHealthIsJudgedByStays) {
  const auto at = [&](int days_ago) { return ago(days_ago * day); };
  const auto run = [&](const std::string& id, const std::string& state, int days_ago) {
    return RunLine{.id = id, .state = state, .started = at(days_ago), .finished = at(days_ago)};
  };
  add(run("first", "failed", 400));
  RunLine some = run("with-changes", "partial", 390);
  some.records = some.inserted = 7;
  add(some);
  RunLine empty = run("with-records", "failed", 380);
  empty.records = 7;
  add(empty);
  add(run("success", "not_modified", 370));
  RunLine allowed = run("allowed-empty", "empty", 360);
  allowed.empty_allowed = 1;
  add(allowed);
  RunLine failing = run("began-failing", "failed", 350);
  failing.first_failed = at(350);
  add(failing);
  for (int i = 0; i < 20; ++i) {
    RunLine more = run(fmt::format("failing-{:02}", i), "failed", 340 - i);
    more.first_failed = more.started;
    add(more);
  }
  add(run("newest", "cancelled", 300));

  collect::History history(*session_, clock_);
  const auto before = history.of({"items"}, {});
  ASSERT_OK(before);
  EXPECT_EQ(purge().runs, 19);
  EXPECT_EQ(runs(), (Names{"first", "with-changes", "with-records", "success", "allowed-empty",
                           "began-failing", "failing-19", "newest"}));
  const auto after = history.of({"items"}, {});
  ASSERT_OK(after);
  const auto facts = [](const collect::Past& it) {
    return std::tuple(it.first_run, it.last_success, it.last_change, it.first_failed, it.last->id);
  };
  EXPECT_EQ(facts(after->front()), facts(before->front()));
}

TEST_P(RetentionTest, WhatGoesOnStays) {
  add_frame();
  add(RunLine{.id = "running", .collector = "others", .state = "running", .started = ago(90 * day)});
  add(RunLine{.id = "waits",
              .state = "failed",
              .started = ago(80 * day),
              .finished = ago(80 * day),
              .slot = ago(81 * day)});
  add(SlotLine{.slot = ago(81 * day), .state = "due", .updated = ago(80 * day)});
  add(RunLine{.id = "done", .started = ago(70 * day), .finished = ago(70 * day), .slot = ago(71 * day)});
  add(SlotLine{.slot = ago(71 * day), .state = "done", .updated = ago(70 * day)});
  add(SlotLine{.slot = ago(70 * day), .state = "missed", .updated = ago(70 * day)});
  add(SlotLine{.slot = ago(60 * day), .state = "claimed", .updated = ago(70 * day)});
  add(SlotLine{.collector = "others", .slot = ago(100 * day), .state = "missed", .updated = ago(100 * day)});
  const Purged purged = purge();
  EXPECT_EQ(runs(), (Names{"items-first", "items-last", "running", "waits"}));
  EXPECT_EQ(lines("SELECT collector, state FROM {pulse}schedule_slots ORDER BY 1, slot"),
            (Lines{"items|due", "items|claimed", "others|missed"}));
  EXPECT_EQ(purged.slots, 2);
}

// With a retention as short as a cycle may be long.
TEST_P(RetentionTest, ACycleStaysWholeWhileARunMayJoinIt) {
  add_frame();
  const auto of_cycle = [&](const std::string& id, base::Duration started, const std::string& cycle) {
    add(RunLine{.id = id,
                .state = "partial",
                .started = ago(started),
                .finished = ago(started - 1min),
                .cycle = cycle});
  };
  add(RunLine{.id = "c", .state = "partial", .started = ago(70h), .finished = ago(69h)});
  of_cycle("c2", 60h, "c");
  of_cycle("c3", 47h, "c");
  add(RunLine{.id = "d", .state = "partial", .started = ago(72h), .finished = ago(71h)});
  of_cycle("d2", 49h, "d");
  EXPECT_EQ(purge({.runs = day}).runs, 2);
  EXPECT_EQ(runs(), (Names{"items-first", "items-last", "c", "c2", "c3"}));
}

TEST_P(RetentionTest, QuarantineGoesByTheLastTimeARecordCame) {
  add_quarantine("items", "a", ago(31 * day));
  add_quarantine("items", "b", ago(29 * day));
  add_quarantine("others", "a", ago(300 * day));
  EXPECT_EQ(purge({.quarantine = 30 * day}).quarantine, 2);
  EXPECT_EQ(lines("SELECT collector, fingerprint FROM {pulse}quarantine"), Lines{"items|b"});
}

TEST_P(RetentionTest, BoundedInEachTransactionAndEachCall) {
  add_frame();
  for (int i = 0; i < 10; ++i)
    add(RunLine{.id = fmt::format("old-{}", i),
                .started = ago(100 * day + i * 1h),
                .finished = ago(100 * day),
                .slices = i == 4 ? 25 : 1});
  for (int i = 0; i < 10; ++i) add_quarantine("items", std::to_string(i), ago(100 * day));
  Purged all;
  int calls = 0;
  bool more = true;
  for (; more && calls < 100; ++calls) {
    const Purged purged = purge({.rows_at_once = 4, .transactions_at_most = 1});
    EXPECT_LE(purged.runs + purged.slices + purged.quarantine + purged.slots, 4);
    all.runs += purged.runs;
    all.slices += purged.slices;
    all.quarantine += purged.quarantine;
    more = purged.more;
  }
  EXPECT_FALSE(more);
  EXPECT_GE(calls, (10 + 34 + 10) / 4);
  EXPECT_EQ(all.runs, 10);
  EXPECT_EQ(all.slices, 34);
  EXPECT_EQ(all.quarantine, 10);
  EXPECT_EQ(runs(), (Names{"items-first", "items-last"}));
}

TEST_P(RetentionTest, AStopEndsIt) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FAILS(base::Code::cancelled, collect::purge(*session_, clock_, {}, stop.get_token()));
}

TEST_P(RetentionTest, SeveralAtOnceAreAsOne) {
  add_frame();
  for (int i = 0; i < 60; ++i)
    add(RunLine{
        .id = fmt::format("old-{}", i), .started = ago(100 * day), .finished = ago(100 * day), .slices = 2});
  for (int i = 0; i < 60; ++i) add_quarantine("items", std::to_string(i), ago(100 * day));
  std::array<Purged, 3> purged;
  {
    std::vector<std::jthread> threads;
    for (Purged& it : purged)
      threads.emplace_back([&] {
        const auto session = store::testing::session_of(*database_);
        const auto done = collect::purge(*session, clock_, {.rows_at_once = 7}, {});
        EXPECT_TRUE(done) << done.error().message;
        if (done) it = *done;
      });
  }
  EXPECT_EQ(purged[0].runs + purged[1].runs + purged[2].runs, 60);
  EXPECT_EQ(purged[0].slices + purged[1].slices + purged[2].slices, 120);
  EXPECT_EQ(purged[0].quarantine + purged[1].quarantine + purged[2].quarantine, 60);
  EXPECT_EQ(runs(), (Names{"items-first", "items-last"}));
}

// ---- at random, against a model ----

bool is_success(const RunLine& run) { return run.state == "success" || run.state == "not_modified"; }
bool is_good(const RunLine& run) {
  return is_success(run) || (run.state == "empty" && run.empty_allowed == 1);
}

// The ids that stay, of the runs of one collector in the order in which they began.
Names model(const std::vector<RunLine>& runs, const std::vector<SlotLine>& slots, WallTime before,
            WallTime young) {
  std::map<std::string, std::string> newest;
  std::string first_failure;
  Names young_cycles, stay;
  for (const RunLine& run : runs) {
    if (run.started >= young && run.cycle) young_cycles.insert(*run.cycle);
    if (run.inserted > 0) newest["changes"] = run.id;
    if (run.records > 0) newest["records"] = run.id;
    if (run.state == "running") continue;
    newest["ended"] = run.id;
    if (run.state != "cancelled") newest["judged"] = run.id;
    if (is_success(run)) newest["success"] = run.id;
    if (is_good(run)) newest["good"] = run.id, first_failure.clear();
    if (!is_good(run) && run.first_failed && first_failure.empty()) first_failure = run.id;
  }
  for (const auto& [sort, id] : newest) stay.insert(id);
  stay.insert(first_failure);
  if (!runs.empty()) stay.insert(runs.front().id);
  Names left;
  for (const RunLine& run : runs) {
    const bool is_open = std::any_of(slots.begin(), slots.end(), [&](const SlotLine& slot) {
      return run.slot == slot.slot && (slot.state == "due" || slot.state == "claimed");
    });
    if (run.state == "running" || run.finished >= before || is_open || stay.contains(run.id) ||
        young_cycles.contains(run.cycle.value_or(run.id)))
      left.insert(run.id);
  }
  return left;
}

TEST_P(RetentionTest, AtRandomAsTheModelSays) {
  const char* const given = std::getenv("SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20'251'121;
  SCOPED_TRACE(fmt::format("SEED={}", seed));
  base::Rng rng(seed);
  constexpr std::array states{"success", "not_modified", "empty", "failed", "partial", "cancelled", "lost"};
  Names expected, expected_slots;
  const Retention retention{.runs = 2 * day, .rows_at_once = rng.between(1, 12)};
  const auto before = ago(retention.runs), young = ago(48h);
  for (int c = 0; c < 25; ++c) {
    const std::string collector = fmt::format("c{}", c);
    std::vector<RunLine> runs;
    std::vector<SlotLine> slots;
    const auto size = rng.between(0, 25);
    WallTime time = ago(rng.between(1, 10) * day);
    for (std::int64_t i = 0; i < size && time < ago(1h); ++i) {
      RunLine run{.id = fmt::format("{}-{:03}", collector, i), .collector = collector};
      run.state = states[rng.below(states.size())];
      run.started = time;
      run.finished = time + std::chrono::minutes{rng.between(1, 300)};
      time = run.finished + std::chrono::minutes{rng.between(1, 600)};
      if (!runs.empty() && rng.below(2) == 0) run.cycle = runs.back().cycle.value_or(runs.back().id);
      if (!is_success(run) && rng.below(2) == 0) run.first_failed = run.started;
      run.records = rng.below(4) == 0 ? 1 : 0;
      run.inserted = rng.below(5) == 0 ? 1 : 0;
      run.empty_allowed = static_cast<std::int64_t>(rng.below(2));
      run.slices = rng.between(0, 3);
      if (rng.below(2) == 0) {
        run.slot = run.started;
        const bool is_open = rng.below(6) == 0;
        slots.push_back({collector, run.started, is_open ? "due" : "done", run.finished});
      }
      runs.push_back(run);
    }
    if (!runs.empty() && rng.below(3) == 0) runs.back().state = "running";
    for (const RunLine& run : runs) add(run);
    for (const SlotLine& slot : slots) {
      add(slot);
      if (slot.state == "due" || slot.updated >= before || slot.slot == slots.back().slot)
        expected_slots.insert(collector + "|" + base::to_iso8601(slot.slot));
    }
    expected.merge(model(runs, slots, before, young));
  }
  for (int calls = 0; purge(retention).more; ++calls) ASSERT_LT(calls, 100);
  EXPECT_EQ(runs(), expected);
  EXPECT_EQ(lines("SELECT count(*) FROM {pulse}schedule_slots"),
            Lines{std::to_string(expected_slots.size())});
  EXPECT_EQ(lines("SELECT count(*) FROM {pulse}slices WHERE run NOT IN (SELECT id FROM {pulse}runs)"),
            Lines{"0"});
  EXPECT_EQ(purge(retention).runs, 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, RetentionTest, ::testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
