// Whole runs of more than one request: pages, partitions, windows, and what becomes of each slice (CO1, CO3,
// CO5).
#include <gtest/gtest.h>

#include <algorithm>

#include "collect/fixture_test.hpp"

namespace {

using base::Code;
using collect::FailureType;
using collect::Outcome;
using collect::RunReport;
using collect::testing::answer;
using collect::testing::collector_from;
using collect::testing::World;
using Lines = std::vector<std::string>;

// A collector of https://api.example/items with these keys besides.
config::Collector items(const std::string& more, const std::string& disposition = "primary_key: [id]") {
  const bool has_requester = more.find("requester:") != std::string::npos;
  return collector_from(
      std::string("name: items\n") +
      (has_requester ? "" : "requester: {url_base: 'https://api.example', path: /items}\n") +
      "record_selector: {field_path: items}\n"
      "fields: {id: {path: id, type: integer}, name: name}\n"
      "destination: {table: items, " +
      disposition + "}\n" + more);
}

std::string page(const std::vector<int>& ids, const std::string& more = {}) {
  std::string list;
  for (const int id : ids)
    list += (list.empty() ? "" : ",") +
            ("{\"id\": " + std::to_string(id) + ", \"name\": \"n" + std::to_string(id) + "\"}");
  return "{\"items\": [" + list + "]" + more + "}";
}

std::string query_of(const http::Request& request) {
  const std::size_t at = request.url.find('?');
  return at == std::string::npos ? "" : request.url.substr(at + 1);
}
Lines queries(const World& world) {
  Lines list;
  for (const http::Request& it : world.transport.requests) list.push_back(query_of(it));
  return list;
}
std::string ids(World& world) {
  std::string list;
  for (const std::string& line : world.lines("SELECT id FROM items ORDER BY id"))
    list += (list.empty() ? "" : " ") + line;
  return list;
}

const char* const pages = "paginator: {type: page, page_parameter: p, size_parameter: n, page_size: 2}\n";

TEST(Pages, AreFetchedUntilAShortOneAndCommittedTogether) {
  World world({answer(200, page({1, 2})), answer(200, page({3, 4})), answer(200, page({5}))});
  const RunReport report = world.run(items(pages));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(queries(world), (Lines{"p=1&n=2", "p=2&n=2", "p=3&n=2"}));
  EXPECT_EQ(ids(world), "1 2 3 4 5");
  EXPECT_EQ(report.run.counts.pages, 3);
  EXPECT_EQ(report.run.counts.records, 5);
  EXPECT_EQ(report.run.counts.inserted, 5);
  EXPECT_EQ(world.count("pulse_slices"), 1);
}

TEST(Pages, AFailureInTheMiddleCommitsNothing) {
  World world({answer(200, page({1, 2})), answer(404, "")});
  const RunReport report = world.run(items(pages));
  EXPECT_EQ(report.run.outcome, Outcome::failed);
  EXPECT_EQ(report.run.failure_type, FailureType::endpoint_gone);
  EXPECT_FALSE(world.has_table("items"));
  EXPECT_EQ(report.run.counts.pages, 1);
}

TEST(Pages, ThatLieAreIncompleteAndKeepWhatIsThere) {
  World world({answer(200, page({1, 2})), answer(200, page({1, 2}))});
  const RunReport report = world.run(items(pages));
  EXPECT_EQ(report.run.outcome, Outcome::incomplete);
  EXPECT_EQ(report.run.failure_type, FailureType::transient);
  EXPECT_NE(report.run.error, "");
  EXPECT_EQ(ids(world), "1 2");
}

TEST(Pages, ThatLieNeverReachATableWithoutAKey) {
  for (const char* disposition : {"write_disposition: append", "write_disposition: replace"}) {
    World world({answer(200, page({1, 2})), answer(200, page({1, 2}))});
    const RunReport report = world.run(items(pages, disposition));
    EXPECT_EQ(report.run.outcome, Outcome::incomplete) << disposition;
    EXPECT_FALSE(world.has_table("items")) << disposition;
  }
}

TEST(Pages, AFilterMayAskToBeginAgain) {
  const std::string filter =
      "requester: {url_base: 'https://api.example', path: /items, error_handler: {response_filters: "
      "[{http_codes: [410], action: RESET_PAGINATION}]}}\n";
  World world(
      {answer(200, page({1, 2})), answer(410, ""), answer(200, page({3, 4})), answer(200, page({5}))});
  const RunReport report = world.run(items(filter + pages));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(ids(world), "3 4 5");
  EXPECT_EQ(report.run.counts.inserted, 3);
}

TEST(Pages, AnIgnoredAnswerHoldsNothingAndIsEmpty) {
  const std::string filter =
      "requester: {url_base: 'https://api.example', path: /items, error_handler: {response_filters: "
      "[{http_codes: [404], action: IGNORE}]}}\n";
  World world({answer(404, "nothing here")});
  EXPECT_EQ(world.run(items(filter)).run.outcome, Outcome::empty);
  EXPECT_EQ(world.transport.requests.size(), 1U);
}

// Pages that the filter empties are no repeated pages.
TEST(Pages, AreComparedBeforeTheFilter) {
  World world({answer(200, page({1, 2})), answer(200, page({3, 4})), answer(200, page({5}))});
  auto collector = items(pages);
  collector.record_selector.record_filter =
      config::TemplatedExpression{*expr::Expression::parse("id == `5`"), {}};
  EXPECT_EQ(world.run(collector).run.outcome, Outcome::success);
  EXPECT_EQ(ids(world), "5");
}

TEST(Pages, AnIgnoredOneEndsNumbersOnlyIfNoMoreIsDue) {
  const auto with = [](const std::string& paginator) {
    return items(
        "requester: {url_base: 'https://api.example', path: /items, error_handler: {response_filters: "
        "[{http_codes: [404], action: IGNORE}]}}\n" +
        paginator);
  };
  const std::string total = ", \"total\": 4, \"next\": \"t\"";
  World numbered({answer(200, page({1, 2}, total)), answer(404, "")});
  EXPECT_EQ(numbered.run(with(pages)).run.outcome, Outcome::success);
  World counted({answer(200, page({1, 2}, total)), answer(404, "")});
  EXPECT_EQ(counted.run(with("paginator: {type: page, page_parameter: p, page_size: 2, total_path: total}\n"))
                .run.outcome,
            Outcome::incomplete);
  World token({answer(200, page({1, 2}, total)), answer(404, "")});
  EXPECT_EQ(
      token.run(with("paginator: {type: cursor, cursor_path: next, cursor_parameter: c}\n")).run.outcome,
      Outcome::incomplete);
}

TEST(Pages, AtAnotherHostGetNoToken) {
  World world;
  world.transport.respond = [](const http::Request& request) {
    if (request.url == "https://login.example/token") return answer(200, R"({"access_token": "the-token"})");
    return answer(200, request.url.starts_with("https://mirror")
                           ? page({2})
                           : page({1}, R"(, "next": "https://mirror.example/x")"));
  };
  const RunReport report = world.run(
      items("paginator: {type: next_url, path: next}\n"
            "requester: {url_base: 'https://api.example', path: /items, allowed_hosts: [mirror.example], "
            "request_headers: {X-Api-Key: literal-key, Accept-Language: pt}, authenticator: {type: oauth2, "
            "token_url: 'https://login.example/token', client_id: i, client_secret: s}}\n"));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  const http::Request& last = world.transport.requests.back();
  EXPECT_EQ(last.url, "https://mirror.example/x");
  EXPECT_TRUE(last.secret_headers.empty());
  ASSERT_EQ(last.headers.size(), 1U);
  EXPECT_EQ(last.headers[0].name, "Accept-Language");
}

TEST(Pages, AtAnotherHostGetNoCredentialsAndOnlyIfListed) {
  const auto next = [](const std::string& url) { return page({1}, ", \"next\": \"" + url + "\""); };
  const std::string paginator = "paginator: {type: next_url, path: next}\n";
  const auto requester = [](const std::string& more) {
    return "requester: {url_base: 'https://api.example', path: /items, authenticator: {type: bearer, token: "
           "s3cr3t-token}" +
           more + "}\n";
  };
  World refused({answer(200, next("https://evil.example/x")), answer(200, page({2}))});
  const RunReport report = refused.run(items(paginator + requester("")));
  EXPECT_EQ(report.run.outcome, Outcome::failed);
  EXPECT_EQ(report.run.failure_type, FailureType::endpoint_gone);
  EXPECT_EQ(refused.transport.requests.size(), 1U);

  World listed({answer(200, next("https://mirror.example/x")), answer(200, page({2}))});
  EXPECT_EQ(listed.run(items(paginator + requester(", allowed_hosts: [mirror.example]"))).run.outcome,
            Outcome::success);
  EXPECT_EQ(listed.transport.requests.at(0).secret_headers.size(), 1U);
  EXPECT_EQ(listed.transport.requests.at(1).url, "https://mirror.example/x");
  EXPECT_TRUE(listed.transport.requests.at(1).secret_headers.empty());

  World same({answer(200, next("https://api.example/items?after=1")), answer(200, page({2}))});
  EXPECT_EQ(same.run(items(paginator + requester(""))).run.outcome, Outcome::success);
  EXPECT_EQ(same.transport.requests.at(1).secret_headers.size(), 1U);
}

// ---- partitions ----

std::string list_of(int count, const std::string& more = {}) {
  std::string values;
  for (int i = 1; i <= count; ++i) values += (i == 1 ? "" : ", ") + std::to_string(i);
  return "partition_router: {type: list, values: [" + values +
         "], as: n}\nrequester: {url_base: 'https://api.example', path: /items, request_parameters: {n: '{{ "
         "partition.n }}'}, error_handler: {backoff: {max_attempts: 1}}}\n" +
         more;
}
// Each partition n gives the record n; those from `broken` on give 500.
std::function<http::Outcome(const http::Request&)> serve(int broken) {
  return [broken](const http::Request& request) {
    const int n = std::stoi(query_of(request).substr(2));
    return n >= broken ? answer(500, "") : answer(200, page({n}));
  };
}

TEST(Partitions, AreSlicesOfTheirOwn) {
  World world;
  world.transport.respond = serve(100);
  const RunReport report = world.run(items(list_of(3)));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(ids(world), "1 2 3");
  EXPECT_EQ(world.lines("SELECT slice, partition, inserted FROM pulse_slices ORDER BY slice"),
            (Lines{"n=1|n=1|1", "n=2|n=2|1", "n=3|n=3|1"}));
}

TEST(Partitions, AFewThatFailMakeTheRunPartial) {
  World world;
  world.transport.respond = serve(10);
  const RunReport report = world.run(items(list_of(10)));
  EXPECT_EQ(report.run.outcome, Outcome::partial);
  EXPECT_EQ(report.run.failure_type, FailureType::transient);
  EXPECT_TRUE(report.run.error.starts_with("1 of 10 partitions failed: n=10: ")) << report.run.error;
  EXPECT_EQ(ids(world), "1 2 3 4 5 6 7 8 9");
  EXPECT_EQ(world.recorded().counts.inserted, 9);
}

// The default allows one in ten; what was committed stays, and no more is asked for once it has failed.
TEST(Partitions, ManyThatFailMakeItFail) {
  World world;
  world.transport.respond = serve(21);
  const RunReport report = world.run(items(list_of(30)));
  EXPECT_EQ(report.run.outcome, Outcome::failed);
  EXPECT_EQ(world.count("items"), 20);
  EXPECT_EQ(world.transport.requests.size(), 24U);

  World lenient;
  lenient.transport.respond = serve(21);
  EXPECT_EQ(lenient.run(items(list_of(30, "max_failed_partitions: 50%\n"))).run.outcome, Outcome::partial);
  EXPECT_EQ(lenient.count("items"), 20);
}

// After three it is no longer the one private item that nobody may see.
TEST(Partitions, RefusedThreeTimesAtTheBeginningEndTheRun) {
  for (const int status : {401, 403, 400}) {
    World world;
    world.transport.respond = [&](const http::Request&) { return answer(status, ""); };
    const RunReport report = world.run(items(list_of(50)));
    EXPECT_EQ(report.run.outcome, Outcome::failed);
    EXPECT_EQ(report.run.failure_type, status == 400 ? FailureType::configuration : FailureType::credentials);
    EXPECT_NE(report.run.error.find("3 of 50 partitions failed (47 were not tried any more)"),
              std::string::npos)
        << report.run.error;
    EXPECT_EQ(world.transport.requests.size(), 3U);
  }
}

TEST(Partitions, OneThatIsRefusedOrGoneDoesNotHideTheOthers) {
  for (const int status : {400, 403, 404, 500}) {
    for (const int broken : {1, 3, 5}) {
      World world;
      world.transport.respond = [&](const http::Request& request) {
        const int n = std::stoi(query_of(request).substr(2));
        return n == broken ? answer(status, "") : answer(200, page({n}));
      };
      const RunReport report = world.run(items(list_of(5)));
      EXPECT_EQ(report.run.outcome, Outcome::failed) << "one of five is more than ten per cent";
      EXPECT_EQ(world.count("items"), 4) << status << ' ' << broken;
      EXPECT_EQ(world.transport.requests.size(), 5U);
    }
  }
}

// Rows without a key would come twice if the run were tried again.
TEST(Partitions, RowsWithoutAKeyAreLoadedTogether) {
  World world;
  world.transport.respond = serve(3);
  EXPECT_EQ(world.run(items(list_of(3), "write_disposition: append")).run.outcome, Outcome::failed);
  EXPECT_FALSE(world.has_table("items"));
  world.transport.respond = serve(100);
  EXPECT_EQ(world.run(items(list_of(3), "write_disposition: append")).run.outcome, Outcome::success);
  EXPECT_EQ(ids(world), "1 2 3");
}

TEST(Partitions, NoneAreNoRecords) {
  for (const char* disposition : {"write_disposition: replace", "primary_key: [id]"}) {
    World world;
    world.transport.respond = [](const http::Request&) { return answer(200, "[]"); };
    const RunReport report = world.run(items(
        "partition_router: {type: substream, as: g, parent: {requester: {url_base: 'https://api.example'}}}\n"
        "requester: {url_base: 'https://api.example', path: '/items/{{ partition.g }}'}\n",
        disposition));
    EXPECT_EQ(report.run.outcome, Outcome::empty) << report.run.error;
    EXPECT_EQ(world.transport.requests.size(), 1U);
  }
}

TEST(Partitions, WhatTheyAreCalledStaysAPartOfThePath) {
  World world({answer(200, page({1}))});
  const std::string more =
      "requester: {url_base: 'https://api.example', path: '/p/{{ partition.g }}/x'}\n"
      "partition_router: {type: list, as: g, values: ['1?admin=1', 'x#y', 'a/b', 'á']}\n";
  EXPECT_EQ(world.run(items(more)).run.outcome, Outcome::success);
  Lines urls;
  for (const http::Request& it : world.transport.requests) urls.push_back(it.url);
  EXPECT_EQ(urls, (Lines{"https://api.example/p/1%3Fadmin%3D1/x", "https://api.example/p/x%23y/x",
                         "https://api.example/p/a/b/x", "https://api.example/p/%C3%A1/x"}));
  World climbing({answer(200, page({1}))});
  const RunReport report =
      climbing.run(items("requester: {url_base: 'https://api.example', path: '/p/{{ partition.g }}'}\n"
                         "partition_router: {type: list, as: g, values: ['../admin']}\n"));
  EXPECT_EQ(report.run.failure_type, FailureType::configuration);
  EXPECT_TRUE(climbing.transport.requests.empty());
}

TEST(Partitions, AreOneSliceWhereTheTableIsReplaced) {
  World world;
  world.transport.respond = serve(100);
  EXPECT_EQ(world.run(items(list_of(3), "write_disposition: replace, primary_key: [id]")).run.outcome,
            Outcome::success);
  EXPECT_EQ(world.count("pulse_slices"), 1);
  world.transport.respond = serve(3);
  const RunReport report = world.run(items(list_of(3), "write_disposition: replace, primary_key: [id]"));
  EXPECT_EQ(report.run.outcome, Outcome::failed) << "one partition is missing: the old table is better";
  EXPECT_EQ(ids(world), "1 2 3");
  const RunReport fewer = world.run(items(list_of(2), "write_disposition: replace, primary_key: [id]"));
  EXPECT_EQ(fewer.run.outcome, Outcome::success);
  EXPECT_EQ(fewer.run.counts.deleted, 1);
  EXPECT_EQ(ids(world), "1 2");
}

TEST(Partitions, ATableThatWouldShrinkIsLeftAlone) {
  World world({answer(200, page({1, 2, 3, 4, 5}))});
  const auto collector = items("", "write_disposition: replace, primary_key: [id]");
  EXPECT_EQ(world.run(collector).run.outcome, Outcome::success);
  for (const std::vector<int>& left : {std::vector<int>{1, 2}, std::vector<int>{}}) {
    world.transport.script = {answer(200, page(left))};
    const RunReport report = world.run(collector);
    EXPECT_EQ(report.run.outcome, Outcome::rejected) << left.size();
    EXPECT_NE(report.run.error.find("5 rows"), std::string::npos) << report.run.error;
    EXPECT_EQ(ids(world), "1 2 3 4 5");
  }
}

TEST(Partitions, ARateLimitEndsTheRunAtOnce) {
  World world;
  world.transport.respond = [](const http::Request&) { return answer(429, ""); };
  EXPECT_EQ(world.run(items(list_of(30))).run.outcome, Outcome::rate_limited);
  EXPECT_EQ(world.transport.requests.size(), 1U);
}

// What the first partition gave must not be forgotten when the second begins again.
TEST(Partitions, LoadedTogetherAreNotHalfForgotten) {
  World world;
  int asked = 0;
  world.transport.respond = [&](const http::Request& request) {
    const int n = std::stoi(query_of(request).substr(2));
    return n == 2 && ++asked == 1 ? answer(410, "") : answer(200, page({n}));
  };
  auto collector = items(list_of(3), "write_disposition: replace, primary_key: [id]");
  collector.requester.error_handler.response_filters.push_back(
      {.http_codes = {410},
       .error_message_contains = {},
       .predicate = {},
       .action = config::ResponseFilter::Action::reset_pagination,
       .failure_type = {},
       .error_message = {}});
  EXPECT_EQ(world.run(collector).run.outcome, Outcome::failed);
  EXPECT_FALSE(world.has_table("items"));
  EXPECT_EQ(world.run(collector).run.outcome, Outcome::success);
  EXPECT_EQ(ids(world), "1 2 3");
}

TEST(Partitions, AReplaceThatNeverHadRowsIsEmpty) {
  World world({answer(200, page({}))});
  EXPECT_EQ(world.run(items("allow_empty: true\n", "write_disposition: replace")).run.outcome,
            Outcome::empty);
}

TEST(Partitions, ComeFromATable) {
  World world({answer(200, page({7}))});
  ASSERT_TRUE(store::testing::execute(*world.session, "CREATE TABLE codes (code TEXT, name TEXT)"));
  ASSERT_TRUE(store::testing::execute(*world.session, "INSERT INTO codes VALUES ('BR', 'x y'), ('PT', 'z')"));
  const RunReport report = world.run(
      items("partition_router: {type: table, query: 'SELECT code, name FROM codes ORDER BY code', as: c}\n"
            "requester: {url_base: 'https://api.example', path: '/items/{{ partition.c.code }}', "
            "request_parameters: {n: '{{ partition.c.name }}'}}\n"));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(world.transport.requests.at(0).url, "https://api.example/items/BR?n=x%20y");
  EXPECT_EQ(world.transport.requests.at(1).url, "https://api.example/items/PT?n=z");
}

TEST(Partitions, ComeFromAParent) {
  World world;
  world.transport.respond = [](const http::Request& request) {
    if (request.url.ends_with("/groups?p=1")) return answer(200, R"([{"g": 4}, {"g": 5}])");
    if (request.url.ends_with("/groups?p=2")) return answer(200, R"([{"g": 6}])");
    return answer(200, page({std::stoi(request.url.substr(request.url.rfind('/') + 1))}));
  };
  const RunReport report =
      world.run(items("partition_router:\n"
                      "  type: substream\n"
                      "  as: g\n"
                      "  path: g\n"
                      "  parent:\n"
                      "    requester: {url_base: 'https://api.example', path: /groups}\n"
                      "    paginator: {type: page, page_parameter: p, page_size: 2}\n"
                      "requester: {url_base: 'https://api.example', path: '/items/{{ partition.g }}'}\n"));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(ids(world), "4 5 6");
  EXPECT_EQ(report.run.counts.requests, 5);
}

// ---- windows: the clock stands at 2023-11-14T22:13:20Z ----

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
  EXPECT_TRUE(quiet.allow_empty);
  EXPECT_EQ(quiet.run.error, "");
  EXPECT_EQ(world.lines("SELECT covered_until FROM pulse_cursors"), Lines{"2023-11-13T22:13:20.000000Z"});
  world.clock.jump_wall(std::chrono::days{8});
  const RunReport silent = world.run(incremental("safety: 1d"));
  EXPECT_FALSE(silent.allow_empty);
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
  EXPECT_EQ(world.count("pulse_cursors"), 0);
  EXPECT_NE(world.logged.find("WARNING: no record has a cursor"), std::string::npos);
}

// ---- credentials ----

TEST(Credentials, OfAParentAreSecretToo) {
  World world;
  world.transport.respond = [](const http::Request&) {
    return answer(400, "you sent parent-secret-1 and parent-secret-2");
  };
  const config::Collector collector = collector_from(
      "name: items\nrequester: {url_base: 'https://api.example', path: '/{{ partition.g }}'}\n"
      "partition_router: {type: substream, as: g, parent: {requester: {url_base: 'https://api.example', "
      "request_headers: {X-Other: '${ONE}'}, authenticator: {type: bearer, token: '${TWO}'}}}}\n"
      "fields: {id: id}\ndestination: {table: items, primary_key: [id]}\n",
      {{"ONE", "parent-secret-1"}, {"TWO", "parent-secret-2"}});
  const RunReport report = world.run(collector);
  EXPECT_EQ(report.run.outcome, Outcome::failed);
  EXPECT_EQ(report.run.error.find("parent-secret"), std::string::npos) << report.run.error;
  EXPECT_EQ(world.logged.find("parent-secret"), std::string::npos);
}

TEST(Credentials, InAnAddressFromTheEnvironmentAreSecret) {
  World world({answer(400, "no such key: abcdefghij")});
  const config::Collector collector = collector_from(
      "name: items\nrequester: {url_base: '${ADDRESS}'}\nfields: {id: id}\n"
      "destination: {table: items, primary_key: [id]}\n",
      {{"ADDRESS", "https://api.example/hook?key=abcdefghij"}});
  const RunReport report = world.run(collector);
  EXPECT_EQ(report.run.error.find("abcdefghij"), std::string::npos) << report.run.error;
}

TEST(Credentials, AWithdrawnTokenIsReplacedOnce) {
  World world;
  int tokens = 0;
  world.transport.respond = [&](const http::Request& request) {
    if (request.url == "https://login.example/token") {
      ++tokens;
      return answer(200, R"({"access_token": "token-number-)" + std::to_string(tokens) +
                             R"(", "token_type": "bearer", "expires_in": 3600})");
    }
    const bool fresh = request.secret_headers.at(0).value.reveal() == "Bearer token-number-2";
    return fresh ? answer(200, page({1})) : answer(401, "");
  };
  const RunReport report = world.run(
      items("requester: {url_base: 'https://api.example', path: /items, authenticator: {type: oauth2, "
            "token_url: 'https://login.example/token', client_id: the-id, client_secret: the-secret}}\n"));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(tokens, 2);
  EXPECT_EQ(world.logged.find("token-number"), std::string::npos);
}

TEST(Credentials, BasicGoesIntoItsHeader) {
  World world({answer(200, page({1}))});
  world.run(
      items("requester: {url_base: 'https://api.example', path: /items, authenticator: {type: basic, "
            "username: user, password: pass}}\n"));
  EXPECT_EQ(world.transport.requests.at(0).secret_headers.at(0).value.reveal(), "Basic dXNlcjpwYXNz");
}

TEST(Bodies, ArePagedInPlace) {
  World world({answer(200, page({1, 2})), answer(200, page({3}))});
  const RunReport report = world.run(
      items("requester: {url_base: 'https://api.example', path: /items, http_method: POST, idempotent: true, "
            "request_body_json: {q: [{size: 5, \"text\": \"7\"}], at: '{{ now | date(\"%Y\") }}'}}\n"
            "paginator: {type: body_page, page_body_path: 'q[0].page', size_body_path: 'q[0].size', "
            "page_size: 2}\n"));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(world.transport.requests.at(1).body, R"({"q":[{"size":2,"text":"7","page":2}],"at":"2023"})");
  EXPECT_EQ(world.transport.requests.at(0).content_type, "application/json");
}

}  // namespace
