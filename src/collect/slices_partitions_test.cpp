// Whole runs: partitions, and what becomes of each (CO1).
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
using collect::testing::query_of;

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

}  // namespace
