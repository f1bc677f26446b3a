// Runs that go on where another left off: after failed partitions, after a crash, and with the rows in
// another database than the ledger.
#include <gtest/gtest.h>

#include "collect/slices_fixture_test.hpp"
#include "store/conformance_test.hpp"
#include "store/faulty_database_test.hpp"

namespace {

using collect::Outcome;
using collect::RunReport;
using collect::testing::answer;
using collect::testing::items;
using collect::testing::page;
using collect::testing::queries;
using collect::testing::World;
using store::testing::FaultyDatabase;
using Lines = std::vector<std::string>;

// Partition N has the row N.
const char* const partitions =
    "requester: {url_base: 'https://api.example', path: /items, request_parameters: {p: '{{ partition.p "
    "}}'}, "
    "error_handler: {backoff: {max_attempts: 1}}}\n"
    "partition_router: {type: list, as: p, values: [1, 2, 3, 4, 5, 6]}\n";

int partition_of(const http::Request& request) { return request.url.back() - '0'; }

class Resume : public testing::TestWithParam<store::testing::Engine> {
 protected:
  // Answers but for the partitions that are broken.
  void serve(const std::vector<int>& broken) {
    world_.transport.requests.clear();
    world_.transport.respond = [broken](const http::Request& request) {
      const int number = partition_of(request);
      const bool fails = std::find(broken.begin(), broken.end(), number) != broken.end();
      return fails ? answer(500, "") : answer(200, page({number}));
    };
  }
  Lines asked() { return queries(world_); }
  std::string rows() { return collect::testing::ids(world_); }
  // As a process that died leaves it.
  void forget_end(const std::string& run) {
    ASSERT_OK(
        store::testing::execute(*world_.session,
                                "UPDATE {pulse}runs SET state = 'running', finished_at = NULL, host = 'gone' "
                                "WHERE id = $1",
                                {run}));
    if (world_.database->dialect().is_server())
      ASSERT_OK(store::testing::execute(*world_.session,
                                        "UPDATE {pulse}runs SET lease_until = '2001-01-01T00:00:00Z'"));
    ASSERT_OK(collect::Ledger(*world_.session, world_.clock).mark_lost({}));
  }

  store::testing::TempFolder folder_;
  World world_{{}, GetParam().open(folder_)};
};

TEST_P(Resume, OnlyWhatIsOpenIsFetchedAgain) {
  const auto collector = items(std::string(partitions) + "max_failed_partitions: 50%");
  serve({5, 6});
  const RunReport first = world_.run(collector);
  EXPECT_EQ(first.run.outcome, Outcome::partial);
  EXPECT_EQ(rows(), "1 2 3 4");

  serve({6});
  const RunReport second = world_.run(collector);
  EXPECT_EQ(second.run.outcome, Outcome::partial);
  EXPECT_EQ(second.run.cycle, first.run.id);
  EXPECT_EQ(asked(), (Lines{"p=5", "p=6"}));

  serve({});
  const RunReport third = world_.run(collector);
  EXPECT_EQ(third.run.outcome, Outcome::success) << third.run.error;
  EXPECT_EQ(asked(), Lines{"p=6"});
  EXPECT_EQ(rows(), "1 2 3 4 5 6");

  const RunReport fourth = world_.run(collector);  // nothing was open: all again
  EXPECT_EQ(fourth.run.cycle, fourth.run.id);
  EXPECT_EQ(asked().size(), 7U);
}

TEST_P(Resume, ManyFailuresMakeARunFailedAndKeepWhatWasCommitted) {
  const auto collector = items(partitions);
  serve({3, 4, 5, 6});
  const RunReport first = world_.run(collector);
  EXPECT_EQ(first.run.outcome, Outcome::failed);
  EXPECT_EQ(rows(), "1 2");
  serve({});
  EXPECT_EQ(world_.run(collector).run.outcome, Outcome::success);
  EXPECT_EQ(asked(), (Lines{"p=3", "p=4", "p=5", "p=6"}));
}

TEST_P(Resume, AFreshRunAndAChangedCollectorFetchAll) {
  serve({6});
  EXPECT_EQ(world_.run(items(partitions)).run.outcome, Outcome::failed);
  serve({6});
  EXPECT_EQ(world_.run(items(partitions), {.resume = collect::RunOptions::Resume::never}).run.outcome,
            Outcome::failed);
  EXPECT_EQ(asked().size(), 6U);
  serve({});
  EXPECT_EQ(world_.run(items(std::string(partitions) + "timeout: 9m")).run.outcome, Outcome::success);
  EXPECT_EQ(asked().size(), 6U);
}

// All was committed, only the end of the run is missing: rows with a key are fetched anew, which harms
// nothing.
TEST_P(Resume, AfterACrashAtTheEndRowsWithAKeyAreFetchedAgain) {
  serve({});
  forget_end(world_.run(items(partitions)).run.id);
  serve({});
  const RunReport next = world_.run(items(partitions));
  EXPECT_EQ(next.run.outcome, Outcome::success);
  EXPECT_EQ(next.run.cycle, next.run.id);
  EXPECT_EQ(asked().size(), 6U);
  EXPECT_EQ(next.run.counts.unchanged, 6);
}

// Without one they would come twice.
TEST_P(Resume, AfterACrashAtTheEndRowsWithoutAKeyAreNot) {
  const auto collector = items(partitions, "write_disposition: append");
  serve({});
  forget_end(world_.run(collector).run.id);
  serve({});
  const RunReport next = world_.run(collector);
  EXPECT_EQ(next.run.outcome, Outcome::success);
  EXPECT_EQ(asked(), Lines{});
  EXPECT_EQ(rows(), "1 2 3 4 5 6");
  EXPECT_EQ(world_.run(collector).run.outcome, Outcome::success);  // the next one is a new snapshot
  EXPECT_EQ(rows(), "1 1 2 2 3 3 4 4 5 5 6 6");
}

TEST_P(Resume, WhatWasCommittedToATableThatIsGoneIsFetchedAgain) {
  serve({6});
  EXPECT_EQ(world_.run(items(partitions)).run.outcome, Outcome::failed);
  ASSERT_OK(store::testing::execute(*world_.session, "DROP TABLE items"));
  serve({});
  EXPECT_EQ(world_.run(items(partitions)).run.outcome, Outcome::success);
  EXPECT_EQ(rows(), "1 2 3 4 5 6");
}

// A later slot fetches all: one partition that always fails must not keep the others from being fresh.
TEST_P(Resume, LongAfterwardsAllIsFetchedUnlessItIsWanted) {
  serve({6});
  EXPECT_EQ(world_.run(items(partitions)).run.outcome, Outcome::failed);
  world_.clock.advance(std::chrono::minutes{11});
  serve({6});
  EXPECT_EQ(world_.run(items(partitions)).run.outcome, Outcome::failed);
  EXPECT_EQ(asked().size(), 6U);
  world_.clock.advance(std::chrono::minutes{11});
  serve({});
  EXPECT_EQ(world_.run(items(partitions), {.resume = collect::RunOptions::Resume::always}).run.outcome,
            Outcome::success);
  EXPECT_EQ(asked(), Lines{"p=6"});
}

// A partition with windows is done when they reach as far as the cycle was to go; the cursor does the rest.
TEST_P(Resume, PartitionsWithWindows) {
  const auto collector = items(
      "requester: {url_base: 'https://api.example', path: /items, request_parameters: {p: '{{ partition.p "
      "}}', "
      "since: '{{ window.start }}'}, error_handler: {backoff: {max_attempts: 1}}}\n"
      "partition_router: {type: list, as: p, values: [1, 2, 3]}\n"
      "incremental_sync: {cursor_field: at, start: '2023-11-01', step: 10d}\n"
      "max_failed_partitions: 50%\nallow_empty: true");
  std::string broken = "p=2";
  world_.transport.respond = [&](const http::Request& request) {
    if (request.url.find(broken) != std::string::npos) return answer(500, "");
    return answer(200,
                  "{\"items\": [{\"id\": " + std::to_string(request.url[request.url.find("p=") + 2] - '0') +
                      ", \"name\": \"n\", \"at\": \"2023-11-05T00:00:00Z\"}]}");
  };
  EXPECT_EQ(world_.run(collector).run.outcome, Outcome::partial);
  world_.transport.requests.clear();
  broken = "none";
  world_.clock.advance(std::chrono::minutes{5});
  EXPECT_EQ(world_.run(collector).run.outcome, Outcome::success);
  ASSERT_FALSE(asked().empty());
  for (const std::string& query : asked()) EXPECT_EQ(query.substr(0, 3), "p=2");
}

// Who was taken for dead commits nothing more.
TEST_P(Resume, ALostRunStopsBeforeItsNextCommit) {
  serve({});
  int number = 0;
  world_.transport.on_attempt = [&](base::SteadyTime) {
    if (++number != 4) return;  // somebody else, meanwhile
    EXPECT_TRUE(store::testing::execute(*world_.session, "UPDATE {pulse}runs SET state = 'lost'"));
  };
  const RunReport report = world_.run(items(partitions));
  EXPECT_EQ(report.run.outcome, Outcome::lost) << report.run.error;
  EXPECT_EQ(rows(), "1 2 3");
  EXPECT_EQ(world_.recorded().outcome, Outcome::lost);
}

// The rows in a database of their own (CO2), at every point where one of the two may break.
TEST_P(Resume, ADestinationInAnotherDatabase) {
  store::testing::TempFolder folder;
  const auto collector =
      items("max_bad_rows: 1\nrequester: {url_base: 'https://api.example', path: /items}\n",
            "database: warehouse, write_disposition: append");
  const std::string body = R"({"items": [{"id": 1, "name": "a"}, {"id": "bad"}, {"id": 2, "name": "b"}]})";
  int calls = 0;
  for (bool fired = true; fired;) {
    SCOPED_TRACE(calls + 1);
    world_.wipe("items");
    const auto warehouse = store::testing::open(":memory:");
    const auto there = store::testing::session_of(*warehouse);
    world_.transport.script = {answer(200, body)};
    FaultyDatabase faulty(*world_.database), faulty_warehouse(*warehouse);
    // The calls of both, one after the other.
    FaultyDatabase& breaks = calls % 2 == 0 ? faulty : faulty_warehouse;
    breaks.fail_at(calls / 2 + 1, FaultyDatabase::Lasting::once);
    world_.databases = [&](const std::string&, std::stop_token) -> base::Result<store::Database*> {
      return &faulty_warehouse;
    };
    const RunReport report = world_.run_on(&faulty, collector);
    fired = faulty.fired() || faulty_warehouse.fired();
    SCOPED_TRACE(breaks.where());
    const auto rows = [&] {
      const auto found = store::testing::query(*there, "SELECT count(*) FROM items");
      return found ? found->at(0).integer(0) : 0;
    };
    EXPECT_TRUE(rows() == 0 || rows() == 2);
    const bool committed = rows() == 2;
    if (report.run.outcome == Outcome::success) {
      EXPECT_TRUE(committed);
    }
    faulty.heal();
    faulty_warehouse.heal();
    // The next run brings the ledger up to date, and appends nothing that is there.
    if (!report.recorded || report.run.outcome != Outcome::success) {
      forget_end(report.run.id);
      const RunReport next = world_.run(collector);
      EXPECT_EQ(next.run.outcome, Outcome::success) << next.run.error;
      EXPECT_EQ(rows(), 2);
    }
    EXPECT_EQ(world_.count("{pulse}slices WHERE state = 'committed'"), 1);
    EXPECT_EQ(world_.count("{pulse}quarantine"), 1);
    if (HasFailure()) return;
    ASSERT_LT(++calls, 300);
  }
  EXPECT_GT(calls, 40);
}

// A server that breaks at each attempt to use what was fetched must not make us fetch for ever.
TEST_P(Resume, AServerThatBreaksAtEverySliceIsGivenUp) {
  if (!world_.database->dialect().is_server()) GTEST_SKIP() << "a file is not waited for anyway";
  for (const char* const sql :
       {"CREATE TABLE items (id integer PRIMARY KEY, name text)",
        "CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION USING ERRCODE = "
        "''XX000'', MESSAGE = ''broken''; END'",
        "CREATE TRIGGER breaking BEFORE INSERT ON items EXECUTE FUNCTION break()"})
    ASSERT_OK(store::testing::execute(*world_.session, sql));
  serve({});
  const RunReport report = world_.run(items(""));
  EXPECT_EQ(report.run.outcome, Outcome::failed) << report.run.error;
  EXPECT_NE(report.run.error.find("broken"), std::string::npos) << report.run.error;
  EXPECT_EQ(asked().size(), 4U);
}

// A run that lost its lease while it could not reach its databases leaves its successor alone.
TEST_P(Resume, ALostRunDoesNotTakeTheDestinationBack) {
  if (!world_.database->dialect().is_server()) GTEST_SKIP() << "one process has the database";
  const auto warehouse = store::testing::open_fresh_postgres();
  const auto there = store::testing::session_of(*warehouse);
  FaultyDatabase faulty(*warehouse);
  world_.databases = [&](const std::string&, std::stop_token) -> base::Result<store::Database*> {
    return &faulty;
  };
  world_.transport.respond = [&](const http::Request&) {
    EXPECT_TRUE(store::testing::execute(*world_.session, "UPDATE {pulse}runs SET state = 'lost'"));
    EXPECT_TRUE(store::testing::execute(*there, "UPDATE {pulse}loads SET holder = 'successor'"));
    faulty.fail_at(1, FaultyDatabase::Lasting::once);
    return answer(200, page({1}));
  };
  const RunReport report = world_.run(items("", "database: warehouse, primary_key: [id]"));
  EXPECT_EQ(report.run.outcome, Outcome::lost) << report.run.error;
  EXPECT_EQ(collect::testing::lines_of(*there, "SELECT holder FROM {pulse}loads"), Lines{"successor"});
  EXPECT_EQ(world_.recorded().outcome, Outcome::lost);
}

INSTANTIATE_TEST_SUITE_P(Engines, Resume, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
