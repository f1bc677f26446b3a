// Runs whose answer is the one that was committed last (CO7, CO12).
#include <gtest/gtest.h>

#include "collect/history.hpp"
#include "collect/retention.hpp"
#include "collect/slices_fixture_test.hpp"
#include "store/conformance_test.hpp"
#include "store/faulty_database_test.hpp"

namespace {

using namespace std::chrono_literals;
using collect::Outcome;
using collect::RunReport;
using collect::testing::answer;
using collect::testing::items;
using collect::testing::page;
using collect::testing::World;
using store::testing::FaultyDatabase;
using Lines = std::vector<std::string>;

std::string header_of(const http::Request& request, std::string_view name) {
  for (const http::Header& header : request.headers)
    if (header.name == name) return header.value;
  return {};
}
bool is_conditional(const http::Request& request) {
  return request.conditional || !header_of(request, "If-None-Match").empty() ||
         !header_of(request, "If-Modified-Since").empty();
}

class Conditional : public testing::TestWithParam<store::testing::Engine> {
 protected:
  Conditional() {
    world_.transport.respond = [this](const http::Request& request) {
      if (!etag_.empty() && header_of(request, "If-None-Match") == etag_) return answer(304, "");
      std::vector<http::Header> headers;
      if (!etag_.empty()) headers.push_back({"etag", etag_});
      if (!modified_.empty()) {
        headers.push_back({"last-modified", modified_});
        headers.push_back({"date", "Sun, 06 Nov 1994 09:00:00 GMT"});
      }
      return answer(200, body_, headers);
    };
  }
  RunReport run(const config::Collector& collector, const collect::RunOptions& options = {}) {
    world_.transport.requests.clear();
    world_.clock.advance(1min);
    return world_.run(collector, options);
  }
  // A run that asked for everything and loaded it, and one after it that found nothing new.
  void expect_all(const config::Collector& collector, const collect::RunOptions& options = {}) {
    const RunReport all = run(collector, options);
    EXPECT_EQ(to_string(all.run.outcome), "success") << all.run.error;
    for (const http::Request& request : world_.transport.requests) EXPECT_FALSE(is_conditional(request));
  }
  void expect_nothing_new(const config::Collector& collector) {
    const std::string before = rows();
    const RunReport again = run(collector);
    EXPECT_EQ(to_string(again.run.outcome), "not_modified") << again.run.error;
    EXPECT_EQ(is_conditional(world_.transport.requests.at(0)), !etag_.empty() || !modified_.empty());
    EXPECT_EQ(rows(), before);
  }
  std::string rows() {
    std::string all;
    for (const std::string& line : world_.lines("SELECT id, name, _run_id FROM items ORDER BY id"))
      all += line + ' ';
    return all;
  }
  Lines cursor() {
    return world_.lines("SELECT partition, etag, last_modified, content_hash IS NULL FROM {pulse}cursors");
  }
  // As a process that died leaves it.
  void forget_end(const std::string& run) {
    ASSERT_OK(store::testing::execute(
        *world_.session,
        "UPDATE {pulse}runs SET state = 'running', finished_at = NULL, host = 'gone' WHERE id = $1", {run}));
    if (world_.database->dialect().is_server())
      ASSERT_OK(store::testing::execute(*world_.session,
                                        "UPDATE {pulse}runs SET lease_until = '2001-01-01T00:00:00Z'"));
    ASSERT_OK(collect::Ledger(*world_.session, world_.clock).mark_lost({}));
  }

  std::string body_ = page({1, 2}), etag_ = R"(W/"1 a")", modified_ = "Sun, 06 Nov 1994 08:49:37 GMT";
  store::testing::TempFolder folder_;
  World world_{{}, GetParam().open(folder_)};
};

TEST_P(Conditional, AnAnswerThatIsCommittedAlreadyIsNotLoadedAgain) {
  const auto collector = items("schedule: {every: 1h}\n");
  const RunReport first = run(collector);
  EXPECT_EQ(first.run.outcome, Outcome::success) << first.run.error;
  EXPECT_FALSE(is_conditional(world_.transport.requests.at(0)));
  const Lines known = cursor();
  const std::string before = rows();

  const RunReport second = run(collector);
  EXPECT_EQ(second.run.outcome, Outcome::not_modified) << second.run.error;
  EXPECT_EQ(second.run.error, "");
  EXPECT_FALSE(second.run.failure_type);
  const http::Request& asked = world_.transport.requests.at(0);
  EXPECT_EQ(header_of(asked, "If-None-Match"), etag_);
  EXPECT_EQ(header_of(asked, "If-Modified-Since"), modified_);
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(cursor(), known);
  const collect::RunRecord recorded = world_.recorded();
  EXPECT_EQ(recorded.outcome, Outcome::not_modified);
  const collect::Counts& counts = recorded.counts;
  EXPECT_EQ(std::tie(counts.requests, counts.records, counts.staged, counts.inserted, counts.updated,
                     counts.unchanged, counts.deleted),
            std::tuple(1, 0, 0, 0, 0, 0, 0));
  EXPECT_EQ(world_.count("{pulse}slices WHERE run = '" + recorded.id + "' AND state = 'committed'"), 1);
  EXPECT_NE(world_.logged.find("Status: NOT_MODIFIED"), std::string::npos) << world_.logged;
  EXPECT_EQ(
      world_.metrics.counter("pulse_runs_total", "", {{"collector", "items"}, {"outcome", "not_modified"}})
          .value(),
      1);

  // It is a success to those who ask for the last one, and no change to those who ask for that.
  const auto pasts = collect::History(*world_.session, world_.clock).of({"items"}, {});
  ASSERT_TRUE(pasts) << pasts.error().message;
  EXPECT_EQ(pasts->at(0).last_success, second.run.finished_at);
  EXPECT_EQ(pasts->at(0).last_change, first.run.finished_at);
  EXPECT_FALSE(pasts->at(0).state.failed);

  body_ = page({1, 2, 3});
  etag_ = "\"2\"";
  const RunReport third = run(collector);
  EXPECT_EQ(third.run.outcome, Outcome::success) << third.run.error;
  EXPECT_EQ(header_of(world_.transport.requests.at(0), "If-None-Match"), R"(W/"1 a")");
  EXPECT_EQ(third.run.counts.inserted, 1);
  EXPECT_EQ(third.run.counts.unchanged, 2);
  expect_nothing_new(collector);
}

TEST_P(Conditional, TheSameBytesAreNotLoadedAgain) {
  etag_ = modified_ = "";
  const auto collector = items("");
  expect_all(collector);
  expect_nothing_new(collector);
  EXPECT_EQ(world_.recorded().counts.received_bytes, static_cast<std::int64_t>(body_.size()));
  etag_ = "\"1\"";  // from now on it says what it gives
  const RunReport learns = run(collector);
  EXPECT_EQ(learns.run.outcome, Outcome::not_modified);
  expect_nothing_new(collector);
  body_ = ' ' + page({1, 2});
  etag_ = "";
  const RunReport other = run(collector);
  EXPECT_EQ(other.run.outcome, Outcome::success) << "other bytes, the same rows";
  EXPECT_EQ(other.run.counts.unchanged, 2);
}

TEST_P(Conditional, WhatIsSwitchedOffIsNeverSent) {
  const auto collector =
      items("requester: {url_base: 'https://api.example', path: /items, conditional: false}\n");
  for (int i = 0; i < 3; ++i) expect_all(collector);
  EXPECT_EQ(cursor(), Lines{});
}

// The answer is another one next time, so it is not the one that was committed.
TEST_P(Conditional, ARejectedBatchIsAskedForAgain) {
  const auto collector = items("max_bad_rows: 0\n");
  const std::string good = body_;
  body_ = R"({"items": [{"id": 1, "name": "a"}, {"id": "x"}]})";
  for (int i = 0; i < 2; ++i) {
    const RunReport rejected = run(collector);
    EXPECT_EQ(rejected.run.outcome, Outcome::rejected) << rejected.run.error;
    EXPECT_FALSE(is_conditional(world_.transport.requests.at(0)));
    EXPECT_EQ(cursor(), Lines{});
  }
  body_ = good;  // repaired under the same ETag
  expect_all(collector);
  expect_nothing_new(collector);

  body_ = R"({"items": [{"id": 3}, {"id": "x"}]})";
  etag_ = "\"2\"";
  EXPECT_EQ(run(collector).run.outcome, Outcome::rejected);
  body_ = page({1, 2, 3});
  expect_all(collector);
  EXPECT_EQ(collect::testing::ids(world_), "1 2 3");
}

TEST_P(Conditional, AnAnswerOfWhichRowsWereSetAsideIsAskedForAgain) {
  const auto collector = items("max_bad_rows: 1\n");
  expect_all(collector);
  expect_nothing_new(collector);
  etag_ = "\"2\"";
  body_ = R"({"items": [{"id": 1, "name": "a"}, {"id": "x"}]})";
  EXPECT_EQ(run(collector).run.counts.quarantined, 1);
  for (int i = 0; i < 2; ++i) expect_all(collector);
  body_ = page({1, 2});  // repaired under the same ETag
  expect_all(collector);
  expect_nothing_new(collector);
}

TEST_P(Conditional, AnAnswerOfWhichRowsWereDroppedIsAskedForAgain) {
  const auto collector = items("", "primary_key: [id], schema_contract: discard_row");
  expect_all(collector);
  expect_nothing_new(collector);
  etag_ = "\"2\"";
  body_ = R"({"items": [{"id": 1, "name": "a"}, {"id": "x"}]})";
  EXPECT_EQ(run(collector).run.counts.quarantined, 0);
  expect_all(collector);
  body_ = page({1, 2});
  expect_all(collector);
  expect_nothing_new(collector);
}

// It may get them, and then they are to be filled.
TEST_P(Conditional, NothingIsKnownOfATableThatLacksColumns) {
  for (const char* const contract : {"discard_value", "discard_row"}) {
    SCOPED_TRACE(contract);
    const auto collector = items("", std::string("primary_key: [id], schema_contract: ") + contract);
    ASSERT_OK(store::testing::execute(*world_.session, "DROP TABLE IF EXISTS items"));
    body_ = R"({"items": [{"id": 1, "name": null}, {"id": 2, "name": "n2"}]})";
    expect_all(collector);
    expect_nothing_new(collector);
    ASSERT_OK(store::testing::execute(*world_.session, "ALTER TABLE items DROP COLUMN name"));
    for (int i = 0; i < 2; ++i) expect_all(collector);
    ASSERT_OK(store::testing::execute(*world_.session, "ALTER TABLE items ADD COLUMN name text"));
    expect_all(collector);
    EXPECT_EQ(world_.lines("SELECT id, name FROM items ORDER BY id"), (Lines{"1|NULL", "2|n2"}));
    expect_nothing_new(collector);
  }
}

// A new key asks the same; any other variable may make other rows of the same answer.
TEST_P(Conditional, AnotherEnvironmentAsksForEverything) {
  const auto with = [](const std::string& source, const std::string& key) {
    return collect::testing::collector_from(
        "name: items\n"
        "requester: {url_base: 'https://api.example', path: /items, authenticator: {type: bearer, token: "
        "'${KEY}'}}\n"
        "record_selector: {field_path: items}\n"
        "fields: {id: {path: id, type: integer}, name: {value: '${SOURCE}'}}\n"
        "destination: {table: items, primary_key: [id]}\n",
        {{"SOURCE", source}, {"KEY", key}});
  };
  expect_all(with("one", "first"));
  expect_nothing_new(with("one", "first"));
  expect_nothing_new(with("one", "second"));
  expect_all(with("two", "second"));
  EXPECT_EQ(world_.lines("SELECT id, name FROM items ORDER BY id"), (Lines{"1|two", "2|two"}));
  expect_nothing_new(with("two", "second"));
  expect_all(with("one", "first"));
}

TEST_P(Conditional, AnotherDefinitionAsksForEverything) {
  const auto one = items(""), other = items("description: another\n");
  expect_all(one);
  expect_nothing_new(one);
  expect_all(other);
  expect_nothing_new(other);
  expect_all(one);  // what the other one left there is not its own
}

// Also if the other one keeps no cursors.
TEST_P(Conditional, ADefinitionThatComesBackAsksForEverything) {
  const auto one = items("");
  expect_all(one);
  expect_all(items("requester: {url_base: 'https://api.example', path: /items, conditional: false}\n"));
  expect_all(one);
}

TEST_P(Conditional, ATableThatLostItsRowsIsFilledAgain) {
  const auto collector = items("");
  for (const char* const damage :
       {"DROP TABLE items", "DELETE FROM items", "ALTER TABLE items DROP COLUMN name"}) {
    SCOPED_TRACE(damage);
    expect_all(collector, {.resume = collect::RunOptions::Resume::never});
    expect_nothing_new(collector);
    ASSERT_OK(store::testing::execute(*world_.session, damage));
    expect_all(collector);
    EXPECT_EQ(world_.lines("SELECT id, name FROM items ORDER BY id"), (Lines{"1|n1", "2|n2"}));
  }
}

TEST_P(Conditional, WhoWantsEverythingGetsIt) {
  const auto collector = items("");
  expect_all(collector);
  expect_all(collector, {.resume = collect::RunOptions::Resume::never});
  world_.transport.requests.clear();
  const RunReport shown = world_.run(collector, {.dry_run = true});
  EXPECT_EQ(shown.rows.size(), 2U);
  EXPECT_FALSE(is_conditional(world_.transport.requests.at(0)));
  expect_nothing_new(collector);
}

TEST_P(Conditional, AnEmptyAnswerStaysOne) {
  const auto collector = items("");
  body_ = page({});
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run(collector).run.outcome, Outcome::empty);
    EXPECT_FALSE(is_conditional(world_.transport.requests.at(0)));
  }
}

TEST_P(Conditional, AnAnswerThatIsTheSameHasRecords) {
  const auto collector = items("allow_empty: 7d\n");
  expect_all(collector);
  world_.clock.advance(10 * 24h);
  expect_nothing_new(collector);
  body_ = page({});
  etag_ = "\"none\"";
  const RunReport quiet = run(collector);
  EXPECT_EQ(quiet.run.outcome, Outcome::empty);
  EXPECT_TRUE(quiet.run.allow_empty) << "it had some a minute ago";
}

TEST_P(Conditional, OnlySetsOfOnePageAreKnown) {
  const auto collector =
      items("paginator: {type: page, page_parameter: page, page_size: 2, size_parameter: size}\n");
  body_ = page({1});
  expect_all(collector);
  EXPECT_EQ(world_.transport.requests.size(), 1U);
  expect_nothing_new(collector);

  world_.transport.respond = [](const http::Request& request) {
    const bool first = request.url.find("page=1") != std::string::npos;
    return answer(200, first ? page({1, 2}) : page({3}), {{"etag", first ? "\"one\"" : "\"two\""}});
  };
  const RunReport grown = run(collector);
  EXPECT_EQ(grown.run.outcome, Outcome::success) << grown.run.error;
  EXPECT_EQ(world_.transport.requests.size(), 2U);
  for (int i = 0; i < 2; ++i) {
    expect_all(collector);
    EXPECT_EQ(world_.transport.requests.size(), 2U);
  }
}

TEST_P(Conditional, PartitionsAreKnownOneByOne) {
  const auto collector = items(
      "requester: {url_base: 'https://api.example', path: /items, request_parameters: {p: '{{ partition.p "
      "}}'}, error_handler: {backoff: {max_attempts: 1}}}\n"
      "partition_router: {type: list, as: p, values: [1, 2, 3]}\nmax_failed_partitions: 50%\n");
  std::string tag = "\"1\"";
  bool broken = false;
  world_.transport.respond = [&](const http::Request& request) {
    const int number = request.url.back() - '0';
    if (number == 3 && broken) return answer(500, "");
    const std::string etag = number == 2 ? tag : "\"0\"";
    if (header_of(request, "If-None-Match") == etag) return answer(304, "");
    return answer(200, number == 2 && tag == "\"2\"" ? page({2, 4}) : page({number}), {{"etag", etag}});
  };
  expect_all(collector);
  EXPECT_EQ(run(collector).run.outcome, Outcome::not_modified);
  tag = "\"2\"";
  const RunReport one = run(collector);
  EXPECT_EQ(one.run.outcome, Outcome::success);
  EXPECT_EQ(one.run.counts.records, 2);
  // Partitions without news are done, too: the next run fetches the one that failed, and all of it.
  broken = true;
  EXPECT_EQ(run(collector).run.outcome, Outcome::partial);
  broken = false;
  EXPECT_EQ(run(collector).run.outcome, Outcome::success);
  EXPECT_EQ(world_.transport.requests.size(), 1U);
  EXPECT_FALSE(is_conditional(world_.transport.requests.at(0)));
  EXPECT_EQ(run(collector).run.outcome, Outcome::not_modified);
}

TEST_P(Conditional, RowsThatSayTheDayAreOthersTheNextDay) {
  const auto collector = collect::testing::collector_from(
      "name: items\nrequester: {url_base: 'https://api.example', path: /items}\n"
      "record_selector: {field_path: items}\n"
      "fields: {id: {path: id, type: integer}, name: {value: '{{ today }}'}}\n"
      "destination: {table: items, primary_key: [id, name], write_disposition: append}\n");
  expect_all(collector);
  expect_nothing_new(collector);
  world_.clock.advance(24h);
  expect_all(collector);
  EXPECT_EQ(world_.count("items"), 4);
}

TEST_P(Conditional, WhatWasNotCollectedForLongIsForgotten) {
  const auto collector = items("");
  expect_all(collector);
  const auto gone = [&] {
    const auto purged = collect::purge(*world_.session, world_.clock, {}, {});
    EXPECT_TRUE(purged) << purged.error().message;
    return purged ? purged->answers : -1;
  };
  world_.clock.advance(59 * 24h);
  EXPECT_EQ(gone(), 0);
  expect_nothing_new(collector);
  world_.clock.advance(61 * 24h);
  EXPECT_EQ(gone(), 1);
  expect_all(collector);
}

TEST_P(Conditional, AReplacedTableStays) {
  const auto collector = items("", "write_disposition: replace");
  expect_all(collector);
  expect_nothing_new(collector);
  body_ = page({1, 2, 3});
  etag_ = "\"2\"";
  EXPECT_EQ(run(collector).run.outcome, Outcome::success);
  expect_nothing_new(collector);
}

// Wherever a database breaks: what is known is what the table holds. So the next run fills it, or finds it
// filled.
class ConditionalFaults : public Conditional {
 protected:
  // `warehouse`: the destination, if it is another database than the store.
  enum class Breaks { store, warehouse };
  void sweep(const config::Collector& collector, Breaks which, store::Database* warehouse = nullptr) {
    const auto there = warehouse == nullptr ? nullptr : store::testing::session_of(*warehouse);
    store::Session& table = there ? *there : *world_.session;
    int calls = 0;
    for (bool fired = true; fired;) {
      SCOPED_TRACE(calls + 1);
      world_.wipe("items");
      if (there) {
        ASSERT_OK(store::testing::execute(*there, "DROP TABLE IF EXISTS items"));
        ASSERT_OK(store::testing::execute(*there, "DROP TABLE IF EXISTS {pulse}loads"));
      }
      FaultyDatabase faulty(*world_.database);
      std::optional<FaultyDatabase> faulty_there;
      if (warehouse != nullptr) faulty_there.emplace(*warehouse);
      world_.databases = [&](const std::string&, std::stop_token) -> base::Result<store::Database*> {
        return &*faulty_there;
      };
      body_ = page({1, 2});
      etag_ = "\"1\"";
      expect_success(world_.run_on(&faulty, collector));
      body_ = page({1, 2, 3});
      etag_ = "\"2\"";
      FaultyDatabase& breaks = which == Breaks::warehouse ? *faulty_there : faulty;
      breaks.fail_at(calls + 1, FaultyDatabase::Lasting::once);
      world_.clock.advance(1min);
      const RunReport broken = world_.run_on(&faulty, collector);
      fired = breaks.fired();
      SCOPED_TRACE(breaks.where());
      breaks.heal();
      if (!broken.recorded || broken.run.outcome != Outcome::success) forget_end(broken.run.id);
      world_.clock.advance(2h);  // too late to go on with what was left open
      const RunReport next = world_.run(collector);
      EXPECT_TRUE(next.run.outcome == Outcome::success || next.run.outcome == Outcome::not_modified)
          << next.run.error;
      EXPECT_EQ(collect::testing::lines_of(table, "SELECT id FROM items ORDER BY id"),
                (Lines{"1", "2", "3"}));
      world_.clock.advance(1min);
      EXPECT_EQ(world_.run(collector).run.outcome, Outcome::not_modified);
      if (HasFailure()) return;
      ASSERT_LT(++calls, 300);
    }
    EXPECT_GT(calls, 10);
  }
  static void expect_success(const RunReport& report) {
    EXPECT_EQ(to_string(report.run.outcome), "success") << report.run.error;
  }
};

TEST_P(ConditionalFaults, OfTheStore) { sweep(items(""), Breaks::store); }

TEST_P(ConditionalFaults, OfTheStoreBesideAWarehouse) {
  const auto warehouse = store::testing::open(":memory:");
  sweep(items("", "database: warehouse, primary_key: [id]"), Breaks::store, warehouse.get());
}

TEST_P(ConditionalFaults, OfTheWarehouse) {
  const auto warehouse = store::testing::open(":memory:");
  sweep(items("", "database: warehouse, primary_key: [id]"), Breaks::warehouse, warehouse.get());
}

// The destination was brought back from a backup, or lost its last commits in a crash: the ledger knows
// nothing of that.
TEST_P(Conditional, ADestinationThatWentBackIsNotBelieved) {
  const auto warehouse = store::testing::open(":memory:");
  const auto there = store::testing::session_of(*warehouse);
  world_.databases = [&](const std::string&, std::stop_token) -> base::Result<store::Database*> {
    return warehouse.get();
  };
  const auto collector = items("", "database: warehouse, primary_key: [id]");
  EXPECT_EQ(run(collector).run.outcome, Outcome::success);
  const auto held =
      collect::testing::lines_of(*there, "SELECT holder FROM {pulse}loads WHERE slice LIKE 'content%'");
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(run(collector).run.outcome, Outcome::not_modified);
  body_ = page({1, 2, 3});
  etag_ = "\"2\"";
  EXPECT_EQ(run(collector).run.outcome, Outcome::success);
  ASSERT_OK(store::testing::execute(*there, "DELETE FROM items WHERE id = 3"));
  ASSERT_OK(store::testing::execute(*there, "UPDATE {pulse}loads SET holder = $1 WHERE slice LIKE 'content%'",
                                    {held[0]}));
  const RunReport all = run(collector);
  EXPECT_EQ(all.run.outcome, Outcome::success) << all.run.error;
  EXPECT_FALSE(is_conditional(world_.transport.requests.at(0)));
  EXPECT_EQ(all.run.counts.inserted, 1);
  EXPECT_EQ(run(collector).run.outcome, Outcome::not_modified);
}

INSTANTIATE_TEST_SUITE_P(Engines, Conditional, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);
INSTANTIATE_TEST_SUITE_P(Engines, ConditionalFaults, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
