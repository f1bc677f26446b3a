// Whole runs: pages, their guards and filters, next pages at other hosts (CO3, RT14), bodies and credentials.
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

// More than is kept is still counted, whether it fits or not.
TEST(Bounds, OfWhatIsShownAndSetAside) {
  std::string good, bad;
  for (int i = 0; i < 10'100; ++i) {
    good += (i == 0 ? "" : ",") + ("{\"id\": " + std::to_string(i) + "}");
    bad += (i == 0 ? "" : ",") + std::string("{\"id\": \"x") + std::to_string(i) + "\"}";
  }
  World world({answer(200, "{\"items\": [" + good + "]}")});
  const RunReport shown = world.run_on(nullptr, items(""), {.dry_run = true, .progress = {}});
  EXPECT_EQ(shown.rows.size(), 10'000U);
  EXPECT_EQ(shown.run.counts.staged, 10'100);
  world.transport.script = {answer(200, "{\"items\": [" + bad + "]}")};
  const RunReport report = world.run(items("max_bad_rows: 100%\n"));
  EXPECT_EQ(report.run.outcome, Outcome::success) << report.run.error;
  EXPECT_EQ(report.run.counts.quarantined, 10'100);
  EXPECT_EQ(report.quarantined.size(), 10'000U);
  EXPECT_EQ(world.count("pulse_quarantine"), 10'000);
  EXPECT_NE(world.logged.find("more records set aside"), std::string::npos);
}

TEST(Pages, WhatIsThrownWhileFetchingEndsTheRunOnly) {
  World world;
  world.transport.respond = [](const http::Request&) -> http::Outcome {
    throw std::runtime_error("out of luck");
  };
  const auto report = world.run(items(""));
  EXPECT_EQ(report.run.outcome, Outcome::failed);
  EXPECT_NE(report.run.error.find("exception while fetching: out of luck"), std::string::npos)
      << report.run.error;
  EXPECT_EQ(world.recorded().outcome, Outcome::failed);
}

}  // namespace
