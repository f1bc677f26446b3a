#include <gtest/gtest.h>

#include "collect/fixture_test.hpp"

namespace {

using collect::FailureType;
using collect::Outcome;
using collect::RunReport;
using collect::testing::answer;
using collect::testing::item_fields;
using collect::testing::World;

const char* const bad_items =
    R"([{"id": 1, "name": "new"}, {"id": "x"}, {"name": "no id"}, 5, {"id": 9, "price": "cheap"}])";

config::Collector items(const std::string& more = {}) {
  return collect::testing::collector_with(item_fields, "[id]", more);
}

TEST(DryRun, ShowsRowsAndNeedsNoDatabase) {
  World world({answer(200, R"([{"id": 1, "price": 1.10}, {"id": 2, "name": "b"}])")});
  const RunReport report = world.run_on(nullptr, items(), {.dry_run = true, .progress = {}});
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(report.columns, (std::vector<std::string>{"id", "name", "price"}));
  ASSERT_EQ(report.rows.size(), 2U);
  EXPECT_EQ(store::Row{report.rows[0]}.text(2), "1.10");
  EXPECT_TRUE(store::Row{report.rows[0]}.is_null(1));
  EXPECT_EQ(store::Row{report.rows[1]}.text(1), "b");
  EXPECT_EQ(report.run.counts.staged, 2);
  EXPECT_EQ(report.run.counts.inserted, 0);
}

TEST(DryRun, WritesNothingEvenWithADatabase) {
  World world({answer(200, R"([{"id": 1}])")});
  EXPECT_EQ(world.run(items(), {.dry_run = true, .progress = {}}).run.outcome, Outcome::success);
  EXPECT_EQ(world.count("pulse_runs"), 0);
  EXPECT_FALSE(world.has_table("items"));
}

TEST(DryRun, SaysWhatARunWouldSay) {
  const auto dry = [](http::Outcome outcome, const std::string& more = {}) {
    World world({std::move(outcome)});
    return world.run_on(nullptr, items(more), {.dry_run = true, .progress = {}});
  };
  EXPECT_EQ(dry(answer(401, "")).run.failure_type, FailureType::credentials);
  EXPECT_EQ(dry(answer(200, "[]")).run.outcome, Outcome::empty);
  const RunReport rejected = dry(answer(200, bad_items));
  EXPECT_EQ(rejected.run.outcome, Outcome::rejected);
  EXPECT_EQ(rejected.run.failure_type, FailureType::data);
  EXPECT_EQ(rejected.rows.size(), 1U);
  ASSERT_EQ(rejected.quarantined.size(), 4U);
  EXPECT_EQ(rejected.quarantined[3].raw, R"({"id": 9, "price": "cheap"})");
  EXPECT_EQ(dry(answer(200, bad_items), "max_bad_rows: 4").run.outcome, Outcome::success);
}

}  // namespace
