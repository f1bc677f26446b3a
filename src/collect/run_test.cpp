#include "collect/run.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/text.hpp"
#include "collect/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using collect::FailureType;
using collect::Outcome;
using collect::Progress;
using collect::RunReport;
using collect::testing::answer;
using collect::testing::collector_with;
using collect::testing::fault;
using collect::testing::item_fields;
using collect::testing::World;
using http::Fate;
using Lines = std::vector<std::string>;

const char* const three_items =
    R"([{"id": 1, "name": "a", "price": 1.10}, {"id": 2, "name": "b"}, {"id": 3}])";
const char* const all_items = "SELECT id, name, price FROM items ORDER BY id";

config::Collector items(const std::string& more = {}) { return collector_with(item_fields, "[id]", more); }
bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// A run that came to nothing: so says the report, so says the ledger, and nothing else is there.
void expect_nothing(World& world, const RunReport& report, Outcome outcome, std::optional<FailureType> type) {
  EXPECT_EQ(to_string(report.run.outcome), to_string(outcome)) << report.run.error;
  EXPECT_EQ(report.run.failure_type, type) << report.run.error;
  const collect::RunRecord recorded = world.recorded();
  EXPECT_EQ(recorded.id, report.run.id);
  EXPECT_EQ(recorded.outcome, report.run.outcome);
  EXPECT_EQ(recorded.failure_type, report.run.failure_type);
  EXPECT_EQ(recorded.error, report.run.error);
  EXPECT_EQ(recorded.finished_at, report.run.finished_at);
  EXPECT_TRUE(recorded.finished_at);
  EXPECT_EQ(recorded.counts.requests, report.run.counts.requests);
  EXPECT_EQ(recorded.counts.inserted, 0);
  EXPECT_EQ(world.count("pulse_slices WHERE run = '" + report.run.id + "'"), 0);
  // What was set aside is kept also where the batch was refused for it.
  EXPECT_EQ(world.count("pulse_quarantine"),
            outcome == Outcome::rejected ? report.run.counts.quarantined : 0);
  if (world.has_table("items")) {
    EXPECT_EQ(world.count("items WHERE _run_id = '" + report.run.id + "'"), 0);
  }
  EXPECT_EQ(collect::testing::temp_tables(*world.session), Lines{});
}

TEST(Run, Success) {
  World world({answer(200, three_items)});
  const RunReport report = world.run(items());
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(world.lines(all_items), (Lines{"1|a|1.10", "2|b|NULL", "3|NULL|NULL"}));
  EXPECT_EQ(world.count("items WHERE _run_id = '" + report.run.id + "' AND _loaded_at = '" +
                        base::to_iso8601(world.clock.wall()) + "'"),
            3);
  const collect::RunRecord run = world.recorded();
  EXPECT_EQ(run.id, report.run.id);
  EXPECT_EQ(run.outcome, Outcome::success);
  EXPECT_FALSE(run.failure_type);
  EXPECT_EQ(run.error, "");
  EXPECT_EQ(run.definition, items().definition);
  EXPECT_GT(run.process, 0);
  EXPECT_EQ(run.counts.requests, 1);
  EXPECT_EQ(run.counts.pages, 1);
  EXPECT_EQ(run.counts.received_bytes, static_cast<std::int64_t>(std::string_view(three_items).size()));
  EXPECT_EQ(run.counts.records, 3);
  EXPECT_EQ(run.counts.staged, 3);
  EXPECT_EQ(run.counts.inserted, 3);
  EXPECT_EQ(world.lines(
                "SELECT run, slice, state, records, staged, inserted, updated, unchanged FROM pulse_slices"),
            Lines{run.id + "|all|committed|3|3|3|0|0"});
  EXPECT_TRUE(has(world.logged, "FINISHED: items")) << world.logged;
  EXPECT_TRUE(has(world.logged, "Rows inserted: 3, updated: 0, unchanged: 0, quarantined: 0"));
  EXPECT_EQ(
      world.metrics.counter("pulse_runs_total", "", {{"collector", "items"}, {"outcome", "success"}}).value(),
      1);
  EXPECT_EQ(
      world.metrics.counter("pulse_rows_total", "", {{"collector", "items"}, {"result", "inserted"}}).value(),
      3);
}

TEST(Run, LaterRunsCountWhatChanged) {
  World world(
      {answer(200, three_items),
       answer(
           200,
           R"([{"id": 1, "name": "a", "price": 1.1}, {"id": 2, "name": "B"}, {"id": 4}, {"id": 4, "name": "d"}])")});
  const RunReport first = world.run(items());
  const RunReport second = world.run(items());
  EXPECT_NE(first.run.id, second.run.id);
  const collect::Counts& counts = second.run.counts;
  EXPECT_EQ(std::tie(counts.records, counts.staged, counts.inserted, counts.updated, counts.unchanged,
                     counts.conflicts),
            std::tuple(4, 3, 1, 1, 1, 1));
  EXPECT_EQ(world.lines("SELECT id, name, _run_id FROM items ORDER BY id"),
            (Lines{"1|a|" + first.run.id, "2|B|" + second.run.id, "3|NULL|" + first.run.id,
                   "4|d|" + second.run.id}));
}

TEST(Run, IdsSortByTimeAndDiffer) {
  World world({answer(200, three_items)});
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(world.run(items()).run.id);
  EXPECT_EQ(ids.size(), 20U);
  for (const std::string& id : ids) EXPECT_EQ(id.substr(0, 16), "20231114-221320-") << id;
}

// Maintenance pages come with status 200: worth another try.
TEST(Run, PagesInsteadOfDataAreTransient) {
  for (const char* body : {"<!DOCTYPE html><html><body>Maintenance</body></html>", ""}) {
    World world({answer(200, body)});
    const RunReport report = world.run(items());
    expect_nothing(world, report, Outcome::failed, FailureType::transient);
    EXPECT_EQ(report.run.counts.requests, 6);
    EXPECT_FALSE(world.has_table("items"));
    world.transport.script = {answer(200, body), answer(200, three_items)};
    EXPECT_EQ(world.run(items()).run.outcome, Outcome::success);
    EXPECT_EQ(world.recorded().counts.requests, 2);
  }
}

TEST(Run, AnswersThatAreNotWhatWasPromised) {
  for (const char* body : {"[{\"id\": 1,}]", "{'id': 1}", "5", "[] []", "no JSON at all"}) {
    World world({answer(200, body)});
    const RunReport report = world.run(items());
    expect_nothing(world, report, Outcome::failed, FailureType::data);
    EXPECT_FALSE(world.has_table("items"));
    EXPECT_FALSE(report.run.error.empty());
    EXPECT_EQ(report.run.counts.requests, 1) << "asking again does not help";
  }
  World world({answer(200, R"({"results": []})")});
  const RunReport report = world.run(items("record_selector: {field_path: items}"));
  expect_nothing(world, report, Outcome::failed, FailureType::data);
  EXPECT_TRUE(has(report.run.error, "\"items\" leads to nothing")) << report.run.error;
}

TEST(Run, EmptyAnswers) {
  for (const char* body : {"[]", "null"}) {
    World world({answer(200, body)});
    const RunReport refused = world.run(items());
    expect_nothing(world, refused, Outcome::empty, std::nullopt);
    EXPECT_TRUE(has(refused.run.error, "allow_empty: true"));
    EXPECT_TRUE(has(world.logged, "FAILED: items"));
    EXPECT_FALSE(world.has_table("items"));

    world.logged.clear();
    const RunReport allowed = world.run(items("allow_empty: true"));
    expect_nothing(world, allowed, Outcome::empty, std::nullopt);
    EXPECT_EQ(allowed.run.error, "");
    EXPECT_TRUE(allowed.run.allow_empty);
    EXPECT_TRUE(has(world.logged, "FINISHED: items"));
  }
}

TEST(Run, AnEmptyAnswerTakesNothingAway) {
  World world({answer(200, three_items), answer(200, "[]")});
  world.run(items());
  expect_nothing(world, world.run(items()), Outcome::empty, std::nullopt);
  EXPECT_EQ(world.count("items"), 3);
}

const char* const bad_items =
    R"([{"id": 1, "name": "new"}, {"id": "x"}, {"name": "no id"}, 5, {"id": 9, "price": "cheap"}])";

TEST(Run, MoreBadRowsThanAllowedRejectTheBatch) {
  World world({answer(200, three_items), answer(200, bad_items)});
  world.run(items());
  const RunReport report = world.run(items("max_bad_rows: 3"));
  expect_nothing(world, report, Outcome::rejected, FailureType::data);
  EXPECT_EQ(world.lines(all_items), (Lines{"1|a|1.10", "2|b|NULL", "3|NULL|NULL"}));
  EXPECT_EQ(report.run.counts.quarantined, 4);
  EXPECT_TRUE(has(report.run.error, "4 of 5 records do not fit")) << report.run.error;
  EXPECT_TRUE(has(report.run.error, "record 2: id \"x\" is not a number")) << report.run.error;
  EXPECT_TRUE(has(report.run.error, "record 3: id the key is missing")) << report.run.error;
  EXPECT_TRUE(has(report.run.error, "record 4: the record is not an object")) << report.run.error;
  EXPECT_TRUE(has(world.logged, "\"cheap")) << "the fourth one stands in the log";
}

TEST(Run, ARejectedFirstBatchLeavesNoTable) {
  World world({answer(200, bad_items)});
  expect_nothing(world, world.run(items()), Outcome::rejected, FailureType::data);
  EXPECT_FALSE(world.has_table("items"));
}

TEST(Run, BadRowsUnderTheLimitAreSetAsideAndTheOthersCommitted) {
  const std::string body = R"([{"id": 1}, {"id": 2, "name":"\u0000"}, {"id": 3}, {"id" : 4.5}])";
  World world({answer(200, body), answer(200, body + ' ')});
  const auto collector = items("max_bad_rows: 50%");
  const RunReport report = world.run(collector);
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(report.run.counts.quarantined, 2);
  EXPECT_EQ(report.run.counts.inserted, 2);
  EXPECT_EQ(world.lines(all_items), (Lines{"1|NULL|NULL", "3|NULL|NULL"}));
  const Lines quarantine{R"(id|{"id" : 4.5}|1)", R"(name|{"id": 2, "name":"\u0000"}|1)"};
  EXPECT_EQ(world.lines("SELECT column_name, raw, times FROM pulse_quarantine ORDER BY column_name"),
            quarantine);
  EXPECT_EQ(world.lines("SELECT quarantined FROM pulse_slices"), Lines{"2"});
  world.run(collector);
  EXPECT_EQ(world.lines("SELECT sum(times), count(*) FROM pulse_quarantine"), Lines{"4|2"});
}

TEST(Run, AllRowsBadButAllowed) {
  World world({answer(200, "[1, 2]")});
  const RunReport report = world.run(items("max_bad_rows: 100%"));
  EXPECT_EQ(report.run.outcome, Outcome::success);
  EXPECT_EQ(world.count("items"), 0);
  EXPECT_EQ(world.count("pulse_quarantine"), 2);
}

// ---- what the network does ----

TEST(Run, AStormOf503sFailsAfterAllAttempts) {
  World world({answer(503, "<html>")});
  const auto start = world.clock.steady();
  const RunReport report = world.run(items());
  expect_nothing(world, report, Outcome::failed, FailureType::transient);
  EXPECT_EQ(report.run.counts.requests, 6);
  EXPECT_EQ(world.transport.requests.size(), 6U);
  EXPECT_GE(world.clock.steady() - start, 31s);
  EXPECT_LE(world.clock.steady() - start, 62s);
  EXPECT_TRUE(has(report.run.error, "503")) << report.run.error;
  EXPECT_TRUE(has(world.logged, "attempt failed")) << world.logged;
}

TEST(Run, ItRecoversWhenTheServerDoes) {
  World world({fault(Fate::not_sent, Code::unavailable, "api.example: no route"), answer(503, ""),
               answer(200, three_items)});
  const RunReport report = world.run(items());
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(report.run.counts.requests, 3);
  EXPECT_EQ(world.recorded().counts.requests, 3);
  EXPECT_EQ(world.count("items"), 3);
}

TEST(Run, StatusesAndWhatTheyMean) {
  struct Case {
    int status;
    Outcome outcome;
    FailureType type;
    std::int64_t requests;
  };
  for (const Case& it : {Case{401, Outcome::failed, FailureType::credentials, 1},
                         {403, Outcome::failed, FailureType::credentials, 1},
                         {404, Outcome::failed, FailureType::endpoint_gone, 1},
                         {410, Outcome::failed, FailureType::endpoint_gone, 1},
                         {400, Outcome::failed, FailureType::configuration, 1},
                         {429, Outcome::rate_limited, FailureType::transient, 6},
                         {500, Outcome::failed, FailureType::transient, 6}}) {
    World world({answer(it.status, "{}")});
    const RunReport report = world.run(items());
    expect_nothing(world, report, it.outcome, it.type);
    EXPECT_EQ(report.run.counts.requests, it.requests) << it.status;
    EXPECT_TRUE(has(report.run.error, std::to_string(it.status))) << report.run.error;
  }
}

// ---- stop and deadline ----

TEST(Run, AStopDuringTheRequestIsRecordedAsCancelled) {
  World world({answer(200, three_items)});
  world.transport.on_attempt = [&](auto) { world.stop.request_stop(); };
  expect_nothing(world, world.run(items()), Outcome::cancelled, std::nullopt);
  EXPECT_EQ(world.recorded().counts.requests, 1);
}

// At each step: whatever it interrupts, nothing is half there, and the next run of the collector completes.
TEST(Run, AStopAtAnyStep) {
  for (const auto phase : {Progress::Phase::request, Progress::Phase::wait, Progress::Phase::decode,
                           Progress::Phase::stage, Progress::Phase::commit}) {
    World world({answer(503, ""), answer(200, three_items)});
    const RunReport report = world.run(items(), {.dry_run = false, .progress = [&](const Progress& progress) {
                                                   if (progress.phase == phase) world.stop.request_stop();
                                                 }});
    SCOPED_TRACE(static_cast<int>(phase));
    expect_nothing(world, report, Outcome::cancelled, std::nullopt);
    EXPECT_FALSE(world.has_table("items"));
    world.stop = {};
    EXPECT_EQ(world.run(items()).run.outcome, Outcome::success);
    EXPECT_EQ(world.count("items"), 3);
    EXPECT_EQ(collect::testing::temp_tables(*world.session), Lines{});
  }
}

TEST(Run, AStopBeforeItBeginsAsksNobody) {
  World world({answer(200, three_items)});
  world.stop.request_stop();
  const RunReport report = world.run(items());
  EXPECT_EQ(report.run.outcome, Outcome::cancelled);
  EXPECT_TRUE(report.run.finished_at);
  EXPECT_TRUE(world.transport.requests.empty());
  EXPECT_EQ(world.count("pulse_runs"), 0);
}

TEST(Run, TheDeadlineBoundsARequestThatHangs) {
  World world({fault(Fate::sent_unknown, Code::timeout, "api.example: no answer in time")});
  world.transport.on_attempt = [&](base::SteadyTime deadline) {
    world.clock.advance(deadline - world.clock.steady());
  };
  const auto start = world.clock.steady();
  const RunReport report = world.run(items("timeout: 20s"));
  expect_nothing(world, report, Outcome::timeout, FailureType::transient);
  EXPECT_EQ(world.clock.steady() - start, 20s);
  EXPECT_EQ(*report.run.finished_at - report.run.started_at, 20s);
  EXPECT_EQ(report.run.counts.requests, 1);
}

TEST(Run, AnAnswerThatCameTooLateIsNotStored) {
  World world({answer(200, three_items)});
  world.transport.on_attempt = [&](auto) { world.clock.advance(21s); };
  const RunReport report = world.run(items("timeout: 20s"));
  expect_nothing(world, report, Outcome::timeout, FailureType::transient);
  EXPECT_FALSE(world.has_table("items"));
  EXPECT_TRUE(has(report.run.error, "20.0 s")) << report.run.error;
}

// One attempt that timed out is not yet the run's end.
TEST(Run, AnAttemptsTimeoutIsNotTheRuns) {
  World world({fault(Fate::sent_unknown, Code::timeout, "api.example: no answer in 30 s")});
  expect_nothing(world, world.run(items()), Outcome::failed, FailureType::transient);
}

// ---- before the first request ----

TEST(Run, ATableThatDoesNotFitCostsTheApiNothing) {
  World world({answer(200, three_items)});
  ASSERT_OK(store::testing::execute(*world.session, "CREATE TABLE items (id INTEGER PRIMARY KEY, _run_id)"));
  const RunReport report = world.run(items());
  expect_nothing(world, report, Outcome::failed, FailureType::configuration);
  EXPECT_TRUE(has(report.run.error, "ALTER TABLE")) << report.run.error;
  EXPECT_TRUE(world.transport.requests.empty());
}

TEST(Run, TheRequestIsTheCollectors) {
  World world({answer(200, three_items)});
  const auto collector = collect::testing::collector_from(R"(
name: items
requester:
  url_base: https://api.example/v1/
  path: /items
  request_parameters: {page: 1, tag: [a b, c&d], key: '${KEY}'}
  request_headers: {Accept: text/x, X-Key: 'id ${KEY}'}
  authenticator: {type: bearer, token: '${KEY}'}
  allowed_hosts: [files.example]
  timeout: 7s
  max_response_size: 1kB
fields: {id: id}
destination: {table: items, primary_key: [id]}
)",
                                                          {{"KEY", "s3cret-key"}});
  EXPECT_EQ(world.run(collector).run.outcome, Outcome::success);
  ASSERT_EQ(world.transport.requests.size(), 1U);
  const http::Request& request = world.transport.requests[0];
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.url, "https://api.example/v1/items?page=1&tag=a%20b&tag=c%26d");
  ASSERT_EQ(request.headers.size(), 1U);
  EXPECT_EQ(request.headers[0].name + ": " + request.headers[0].value, "Accept: text/x");
  ASSERT_EQ(request.secret_headers.size(), 2U);
  EXPECT_EQ(request.secret_headers[0].value.reveal(), "id s3cret-key");
  EXPECT_EQ(request.secret_headers[1].name, "Authorization");
  EXPECT_EQ(request.secret_headers[1].value.reveal(), "Bearer s3cret-key");
  ASSERT_EQ(request.secret_parameters.size(), 1U);
  EXPECT_EQ(request.secret_parameters[0].name, "key");
  EXPECT_EQ(request.secret_parameters[0].value.reveal(), "s3cret-key");
  EXPECT_EQ(request.allowed_hosts, Lines{"files.example"});
  EXPECT_EQ(request.timeout, 7s);
  EXPECT_EQ(request.max_response_size, 1000U);
}

TEST(Run, RepeatedObjectKeysAreWarnedOf) {
  World world({answer(200, R"([{"id": 1, "id": 2}])")});
  EXPECT_EQ(world.run(items()).run.outcome, Outcome::success);
  EXPECT_EQ(world.lines(all_items), Lines{"2|NULL|NULL"});
  EXPECT_TRUE(has(world.logged, "WARNING: object keys stand twice")) << world.logged;
}

}  // namespace
