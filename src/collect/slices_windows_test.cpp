// Whole runs: windows and cursors (CO5). The clock stands at 2023-11-14T22:13:20Z.
#include <gtest/gtest.h>

#include "collect/slices_fixture_test.hpp"

namespace {

using collect::FailureType;
using collect::Outcome;
using collect::RunReport;
using collect::testing::answer;
using collect::testing::collector_from;
using collect::testing::ids;
using collect::testing::items;
using collect::testing::page;
using collect::testing::queries;
using collect::testing::World;
using Lines = std::vector<std::string>;

config::Collector incremental(const std::string& sync) {
  return collector_from(
      "name: items\nrequester: {url_base: 'https://api.example', path: /items, request_parameters: {from: "
      "'{{ "
      "window.start | date(\"%Y-%m-%d\") }}', to: '{{ window.end | date(\"%Y-%m-%d\") }}'}, error_handler: "
      "{backoff: {max_attempts: 1}}}\n"
      "incremental_sync: {cursor_field: at, start: '2023-11-01', " +
      sync +
      "}\nrecord_selector: {field_path: items}\nfields: {id: {path: id, type: integer}, at: at}\n"
      "destination: {table: items, primary_key: [id]}\n");
}
std::string dated(int id, const std::string& at) {
  return "{\"items\": [{\"id\": " + std::to_string(id) + ", \"at\": \"" + at + "\"}]}";
}

TEST(Windows, AreCutBySteps) {
  World world;
  world.transport.respond = [n = 0](const http::Request&) mutable {
    ++n;
    return answer(200, dated(n, "2023-11-0" + std::to_string(n) + "T00:00:00Z"));
  };
  const RunReport report = world.run(incremental("end: '2023-11-04', step: 1d"));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(queries(world), (Lines{"from=2023-11-01&to=2023-11-02", "from=2023-11-02&to=2023-11-03",
                                   "from=2023-11-03&to=2023-11-04"}));
  EXPECT_EQ(ids(world), "1 2 3");
  EXPECT_EQ(world.count("pulse_slices WHERE window_start IS NOT NULL"), 3);
  EXPECT_EQ(world.lines("SELECT partition, high_water, covered_until FROM pulse_cursors"),
            Lines{"|2023-11-03T00:00:00Z|2023-11-03T00:00:00.000000Z"});
}

TEST(Windows, GoOnWhereTheLastRunEnded) {
  World world({answer(200, dated(1, "2023-11-10T12:00:00Z"))});
  EXPECT_EQ(world.run(incremental("lookback_window: 2d")).run.outcome, Outcome::success);
  world.run(incremental("lookback_window: 2d"));
  EXPECT_EQ(queries(world), (Lines{"from=2023-11-01&to=2023-11-14", "from=2023-11-08&to=2023-11-14"}));
}

TEST(Windows, OneThatFailsStopsThoseBehindIt) {
  World world({answer(200, dated(1, "2023-11-01T12:00:00Z")), answer(500, "")});
  const RunReport report = world.run(incremental("end: '2023-11-04', step: 1d"));
  EXPECT_EQ(report.run.outcome, Outcome::failed);
  EXPECT_EQ(world.transport.requests.size(), 2U);
  EXPECT_EQ(ids(world), "1");
  EXPECT_EQ(world.recorded().counts.inserted, 1);
  world.transport.requests.clear();
  world.transport.script = {answer(200, page({}))};
  world.run(incremental("end: '2023-11-04', step: 1d"));
  EXPECT_EQ(queries(world).front(), "from=2023-11-01&to=2023-11-02");
}

// A row dated 2099 is loaded, and moves the cursor no further than the server's clock.
TEST(Windows, NoRowMovesTheCursorIntoTheFuture) {
  World world({answer(200, dated(1, "2099-01-01T00:00:00Z"), {{"date", "Sun, 12 Nov 2023 00:00:00 GMT"}})});
  EXPECT_EQ(world.run(incremental("safety: 1d")).run.outcome, Outcome::success);
  EXPECT_EQ(ids(world), "1");
  EXPECT_EQ(world.lines("SELECT covered_until FROM pulse_cursors"), Lines{"2023-11-11T00:00:00.000000Z"});
}

TEST(Windows, AnEmptyOneMovesTheCursorAndIsNormalForAWeek) {
  World world({answer(200, page({}))});
  const RunReport quiet = world.run(incremental("safety: 1d"));
  EXPECT_EQ(quiet.run.outcome, Outcome::empty);
  EXPECT_TRUE(quiet.run.allow_empty);
  EXPECT_EQ(quiet.run.error, "");
  EXPECT_EQ(world.lines("SELECT covered_until FROM pulse_cursors"), Lines{"2023-11-13T22:13:20.000000Z"});
  world.clock.jump_wall(std::chrono::days{8});
  const RunReport silent = world.run(incremental("safety: 1d"));
  EXPECT_FALSE(silent.run.allow_empty);
  EXPECT_NE(silent.run.error.find("allow_empty"), std::string::npos);
}

TEST(Windows, PagesThatLieDoNotMoveTheCursor) {
  World world({answer(200, dated(1, "2023-11-10T12:00:00Z")), answer(200, dated(1, "2023-11-10T12:00:00Z"))});
  auto collector = incremental("safety: 1d");
  collector.paginator.type = config::Paginator::Type::page;
  collector.paginator.page_parameter = "p";
  collector.paginator.page_size = 1;
  EXPECT_EQ(world.run(collector).run.outcome, Outcome::incomplete);
  EXPECT_EQ(ids(world), "1");
  EXPECT_EQ(world.count("pulse_cursors"), 0);
}

TEST(Windows, ACursorThatIsANumberIsAskedFor) {
  World world({answer(200, page({5, 9, 7}))});
  const std::string more =
      "incremental_sync: {cursor_field: id, cursor_format: integer, start: 0}\nrequester: {url_base: "
      "'https://api.example', path: /items, request_parameters: {after: '{{ cursor }}'}}\n";
  EXPECT_EQ(world.run(items(more)).run.outcome, Outcome::success);
  world.run(items(more));
  EXPECT_EQ(queries(world), (Lines{"after=0", "after=9"}));
}

TEST(Windows, NothingDueIsNoFailure) {
  World world({answer(200, page({}))});
  EXPECT_EQ(world.run(incremental("end: '2023-11-04'")).run.outcome, Outcome::empty);
  const RunReport report = world.run(incremental("end: '2023-11-04'"));
  EXPECT_EQ(report.run.outcome, Outcome::success);
  EXPECT_EQ(world.transport.requests.size(), 1U);
}

TEST(Windows, RecordsWithoutACursorAreWarnedOf) {
  World world({answer(200, page({1}))});
  EXPECT_EQ(world.run(incremental("safety: 1d")).run.outcome, Outcome::success);
  EXPECT_EQ(world.count("pulse_cursors WHERE high_water IS NOT NULL OR covered_until IS NOT NULL"), 0);
  EXPECT_NE(world.logged.find("WARNING: no record has a cursor"), std::string::npos);
}

}  // namespace
