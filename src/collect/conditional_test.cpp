#include "collect/conditional.hpp"

#include <gtest/gtest.h>

#include "collect/fixture_test.hpp"
#include "http/judgement.hpp"

namespace {

using collect::Recognition;
using collect::Validators;
using collect::testing::collector_from;

http::Request request_of(const std::string& url = "https://api.example/items") { return {.url = url}; }
http::Response response_of(std::string body, std::vector<http::Header> headers = {}) {
  return {.status = 200, .headers = std::move(headers), .body = std::move(body)};
}
// What `request` learns from an answer.
Validators learn(http::Request request, const http::Response& response, const std::string& context = {}) {
  Recognition recognition({}, context);
  recognition.prepare(request);
  EXPECT_FALSE(request.conditional);
  EXPECT_FALSE(recognition.is_same(response));
  return recognition.of(response);
}
std::string sent(const http::Request& request, const std::string& name) {
  for (const http::Header& header : request.headers)
    if (header.name == name) return header.value;
  return "-";
}

TEST(Recognition, AsksWithTheValidatorsAsTheyCame) {
  for (const char* const etag : {R"("33a64df5")", R"(W/"0815")", "not quoted", R"("")"}) {
    const Validators known =
        learn(request_of(), response_of("[]", {{"etag", etag},
                                               {"last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                               {"date", "Sun, 06 Nov 1994 08:49:38 GMT"}}));
    http::Request request = request_of();
    Recognition recognition(known, {});
    recognition.prepare(request);
    EXPECT_TRUE(request.conditional);
    EXPECT_EQ(sent(request, "If-None-Match"), etag);
    EXPECT_EQ(sent(request, "If-Modified-Since"), "Sun, 06 Nov 1994 08:49:37 GMT");
    http::Response not_modified{.status = 304};
    EXPECT_TRUE(recognition.is_same(not_modified));
    EXPECT_EQ(recognition.of(not_modified), known);
  }
}

TEST(Recognition, OnlyTheSameRequestIsAskedConditionally) {
  const http::Response response = response_of("[1]", {{"etag", "\"1\""}});
  http::Request first = request_of();
  first.headers = {{"Accept", "application/json"}};
  const Validators known = learn(first, response, "context");
  const auto is_known = [&](http::Request request, const std::string& context = "context") {
    Recognition recognition(known, context);
    recognition.prepare(request);
    EXPECT_EQ(request.conditional, recognition.is_same(response)) << "the content tells the same";
    EXPECT_EQ(request.conditional, recognition.is_same(http::Response{.status = 304}));
    return request.conditional;
  };
  EXPECT_TRUE(is_known(first));
  http::Request other = first;
  other.url += "?since=2";
  EXPECT_FALSE(is_known(other));
  other = first;
  other.headers[0].value = "text/csv";
  EXPECT_FALSE(is_known(other));
  EXPECT_FALSE(is_known(first, "another"));
  other = first;
  other.method = "POST";
  EXPECT_FALSE(is_known(other));
  other = first;  // a new key is the same question
  other.headers.push_back({"Authorization", "Bearer new"});
  other.secret_headers.push_back({"X-Key", base::Secret("new")});
  EXPECT_TRUE(is_known(other));
}

TEST(Recognition, TheContentOfABodyTellsItAgain) {
  const Validators known = learn(request_of(), response_of("[1]"));
  EXPECT_EQ(known.etag + known.last_modified, "");
  Recognition same(known, {}), another(known, {}), ruled(known, {});
  for (Recognition* const it : {&same, &another, &ruled}) {
    http::Request request = request_of();
    it->prepare(request);
    EXPECT_FALSE(request.conditional) << "there is nothing to ask with";
  }
  EXPECT_TRUE(same.is_same(response_of("[1]", {{"etag", "\"new\""}})));
  EXPECT_EQ(same.of(response_of("[1]", {{"etag", "\"new\""}})).etag, "\"new\"");
  EXPECT_FALSE(another.is_same(response_of("[1] ")));
  http::Response by_filter = response_of("[1]");
  by_filter.ruling = http::Ruling::Action::success;
  EXPECT_FALSE(ruled.is_same(by_filter));
  EXPECT_EQ(ruled.of(by_filter), Validators{});
}

TEST(Recognition, ValidatorsThatCannotBeKeptAreNone) {
  const std::string longest(collect::max_validator_bytes, 'e');
  EXPECT_EQ(learn(request_of(), response_of("[]", {{"etag", longest}})).etag, longest);
  for (const std::string& bad : {longest + "e", std::string("a\tb"), std::string("\"\xE9\"")})
    EXPECT_EQ(learn(request_of(), response_of("[]", {{"etag", bad}})).etag, "");
}

// The source may be changed again before that second is over.
TEST(Recognition, ADateAsYoungAsTheAnswerIsNone) {
  const auto kept = [](const std::string& date, const std::string& etag = {},
                       const std::string& modified = "Sun, 06 Nov 1994 08:49:37 GMT") {
    std::vector<http::Header> headers{{"last-modified", modified}};
    if (!date.empty()) headers.push_back({"date", date});
    if (!etag.empty()) headers.push_back({"etag", etag});
    const Validators known = learn(request_of(), response_of("[]", headers));
    EXPECT_EQ(known.etag, etag);
    EXPECT_NE(known.content, "") << "the content tells it again all the same";
    EXPECT_TRUE(known.last_modified.empty() || known.last_modified == modified);
    return !known.last_modified.empty();
  };
  EXPECT_FALSE(kept("Sun, 06 Nov 1994 08:49:37 GMT"));
  EXPECT_FALSE(kept("Sun, 06 Nov 1994 08:50:36 GMT"));
  EXPECT_TRUE(kept("Sun, 06 Nov 1994 08:50:37 GMT"));
  EXPECT_FALSE(kept("Sun, 06 Nov 1994 08:49:37 GMT", "\"1\""));
  EXPECT_TRUE(kept("Sun, 06 Nov 1994 08:49:38 GMT", "\"1\""));
  EXPECT_FALSE(kept("Sun, 06 Nov 1994 07:00:00 GMT")) << "from the future";
  for (const char* const etag : {"", "\"1\""}) {
    EXPECT_FALSE(kept("", etag));
    EXPECT_FALSE(kept("some day", etag));
    EXPECT_FALSE(kept("Mon, 07 Nov 1994 08:49:37 GMT", etag, "some day"));
  }
}

TEST(Recognition, SomeCollectorsNeverUseIt) {
  const auto may = [](const std::string& requester, const std::string& more = {},
                      const std::string& destination = "primary_key: [id]") {
    return collect::may_recognise(
        collector_from("name: items\nrequester: {url_base: 'https://api.example'" + requester +
                       "}\nfields: {id: id}\ndestination: {table: items, " + destination + "}\n" + more));
  };
  const std::string router = "partition_router: {type: list, as: p, values: [1, 2]}\n";
  EXPECT_TRUE(may(""));
  EXPECT_TRUE(may(", conditional: auto"));
  EXPECT_FALSE(may(", conditional: false"));
  EXPECT_FALSE(may(", http_method: POST, request_body_data: x"));
  EXPECT_FALSE(may(", request_headers: {if-none-match: '\"1\"'}"));
  EXPECT_FALSE(may(", request_headers: {Range: 'bytes=0-9'}"));
  EXPECT_TRUE(may("", "paginator: {type: page, page_parameter: page}\n"));
  EXPECT_FALSE(may("", "paginator: {type: link_header}\n"));
  EXPECT_TRUE(may("", router));
  EXPECT_TRUE(may("", "", "write_disposition: replace"));
  EXPECT_FALSE(may("", router, "write_disposition: replace")) << "its partitions are one slice";
}

TEST(Recognition, WhatRowsDependOnBesidesTheAnswer) {
  const auto context = [](const std::string& fields, const std::string& more = {}) {
    const auto collector =
        collector_from("name: items\nrequester: {url_base: 'https://api.example'}\nfields: {id: id" + fields +
                       "}\ndestination: {table: items, primary_key: [id]}\n" + more);
    const auto text = collect::slice_context(collector, {.now = base::WallTime(std::chrono::hours(24))});
    EXPECT_TRUE(text) << text.error().message;
    return text ? *text : "";
  };
  EXPECT_EQ(context(", name: {value: constant}"), "");
  EXPECT_EQ(context(", day: {value: '{{ today }}'}"), "\"1970-01-02\"\n");
  EXPECT_EQ(context(", day: {value: '{{ today }}', volatile: true}"), "");
  EXPECT_EQ(context("", "record_selector: {record_filter: \"day > '{{ today }}'\"}\n"),
            "\"day > '1970-01-02'\"\n");
}

TEST(Recognition, NotModifiedIsAnAnswerOnlyToWhoAskedForIt) {
  http::Outcome outcome{.fate = http::Fate::answered, .response = {.status = 304}};
  http::Request request = request_of();
  request.expect = http::Request::Expect::json;
  EXPECT_EQ(http::judge(request, outcome, {}).error.code, base::Code::invalid_data);
  EXPECT_EQ(http::judge(request, outcome, {}).verdict, http::Verdict::final);
  request.conditional = true;
  EXPECT_EQ(http::judge(request, outcome, {}).verdict, http::Verdict::success);
}

}  // namespace
