#include "football/envelope.hpp"

#include <gtest/gtest.h>

#include "decode/json.hpp"
#include "football/fixture_test.hpp"

namespace {

using base::Code;
using football::Complaint;
using football::Trouble;
using football::testing::envelope;
using football::testing::failing;
using Action = http::Ruling::Action;

Complaint complaint(const std::string& errors) {
  const auto document = decode::decode_json(errors);
  EXPECT_TRUE(document) << errors;
  return football::complaint_of(document->root);
}

std::optional<http::Ruling> rule(std::string body, int status = 200) {
  return football::rule_on({.status = status, .body = std::move(body)});
}

TEST(Envelope, ErrorsThatAreNone) {
  for (const char* errors : {"[]", "{}", "\"\"", "null"}) {
    EXPECT_EQ(complaint(errors).trouble, Trouble::none) << errors;
    EXPECT_FALSE(rule(failing(errors))) << errors;
    EXPECT_TRUE(football::open_envelope(failing(errors))) << errors;
  }
}

struct Case {
  const char* errors;
  Trouble trouble;
  Action action;
  Code code;
};

TEST(Envelope, EachKindOfError) {
  const Case cases[] = {
      {R"({"token":"Error/Missing application key. Go to …"})", Trouble::key, Action::fail, Code::permission},
      {R"({"access":"Your account is suspended"})", Trouble::key, Action::fail, Code::permission},
      {R"({"Ip":"This IP is not allowed to call the API"})", Trouble::key, Action::fail, Code::permission},
      {R"({"requests":"You have reached the request limit for the day"})", Trouble::day_spent, Action::fail,
       Code::rate_limited},
      {R"({"rateLimit":"Too many requests. Your rate limit is 10 requests per minute."})", Trouble::busy,
       Action::rate_limited, Code::rate_limited},
      {R"({"plan":"Free plans do not have access to this season, try from 2022 to 2024."})", Trouble::plan,
       Action::fail, Code::permission},
      {R"({"league":"The League field must contain an integer."})", Trouble::refused, Action::fail,
       Code::invalid_data},
      {R"([{"time":"2025-11-21T00:00:00+00:00","bug":"This is on our side","report":"odds"}])", Trouble::bug,
       Action::retry, Code::unavailable},
      {R"("Too many requests")", Trouble::busy, Action::rate_limited, Code::rate_limited},
      {R"(["Missing application key"])", Trouble::key, Action::fail, Code::permission},
      {R"(["what is this"])", Trouble::refused, Action::fail, Code::invalid_data},
      {R"([""])", Trouble::refused, Action::fail, Code::invalid_data},
      {R"([null])", Trouble::refused, Action::fail, Code::invalid_data},
      {R"({"x":null})", Trouble::refused, Action::fail, Code::invalid_data},
      {"true", Trouble::refused, Action::fail, Code::invalid_data},
      {"1", Trouble::refused, Action::fail, Code::invalid_data},
  };
  for (const Case& it : cases) {
    EXPECT_EQ(complaint(it.errors).trouble, it.trouble) << it.errors;
    const auto ruling = rule(failing(it.errors));
    ASSERT_TRUE(ruling) << it.errors;
    EXPECT_EQ(ruling->action, it.action) << it.errors;
    EXPECT_EQ(ruling->code, it.code) << it.errors;
    EXPECT_FALSE(ruling->message.empty());
    const auto opened = football::open_envelope(failing(it.errors));
    ASSERT_FALSE(opened) << it.errors;
    EXPECT_EQ(opened.error().code, it.code) << it.errors;
  }
}

TEST(Envelope, OfSeveralErrorsTheWorstCounts) {
  EXPECT_EQ(complaint(R"({"rateLimit":"a","plan":"b"})").trouble, Trouble::plan);
  EXPECT_EQ(complaint(R"({"token":"a","requests":"b"})").trouble, Trouble::key);
  EXPECT_EQ(complaint(R"({"rateLimit":"a","date":"b"})").trouble, Trouble::refused);
  EXPECT_EQ(complaint(R"([{"rateLimit":"a"},{"requests":"b"}])").trouble, Trouble::day_spent);
  EXPECT_EQ(complaint(R"({"plan":"a","season":"b"})").text, "plan: a; season: b");
}

TEST(Envelope, NamesTheParameterAndIsBounded) {
  EXPECT_NE(rule(failing(R"({"league":"must be a number"})"))->message.find("league: must be a number"),
            std::string::npos);
  const std::string huge(100'000, 'x');
  EXPECT_LE(complaint("{\"" + huge + "\":\"" + huge + "\"}").text.size(), 200U);
  EXPECT_EQ(complaint(R"({"a\nb":"c\u0000d"})").text, R"(a\nb: c\x00d)");
}

TEST(Envelope, ErrorsOfRefusedStatuses) {
  EXPECT_EQ(rule(failing(R"({"token":"Missing application key"})"), 403)->code, Code::permission);
  EXPECT_EQ(rule(failing(R"({"rateLimit":"Too many requests"})"), 429)->action, Action::rate_limited);
  EXPECT_EQ(rule(failing(R"({"requests":"limit for the day"})"), 429)->action, Action::fail);
  EXPECT_FALSE(rule(R"({"message":"Not Found"})", 404)) << "the status says it";
  EXPECT_FALSE(rule(failing(R"({"rateLimit":"x"})"), 503)) << "a gateway's";
  EXPECT_EQ(rule(R"({"message":"timeout"})", 499)->action, Action::retry);
}

TEST(Envelope, WhatIsNoEnvelope) {
  for (const char* body : {"{}", "[]", "7", "\"x\"", "null", R"({"errors":[]})", R"({"response":[]})",
                           R"({"errors":[],"response":7})", R"({"errors":[],"response":null})"}) {
    const auto ruling = rule(body);
    ASSERT_TRUE(ruling) << body;
    EXPECT_EQ(ruling->action, Action::fail) << body;
    EXPECT_EQ(ruling->code, Code::invalid_data) << body;
    EXPECT_FALSE(football::open_envelope(body)) << body;
  }
  for (const char* body : {"", "<html>", "{\"errors\":[]", "{\"errors\":"}) {
    EXPECT_FALSE(rule(body)) << body;  // the engine knows these
    EXPECT_EQ(football::open_envelope(body).error().code, Code::invalid_data) << body;
  }
}

TEST(Envelope, TheCountMustAgree) {
  const std::string wrong = R"({"errors":[],"results":3,"response":[{},{}]})";
  EXPECT_EQ(rule(wrong)->action, Action::retry);
  EXPECT_EQ(football::open_envelope(wrong).error().code, Code::invalid_data);
  EXPECT_FALSE(rule(R"({"errors":[],"results":2,"response":[{},{}]})"));
  EXPECT_FALSE(rule(R"({"errors":[],"response":[{},{}]})"));
  EXPECT_FALSE(rule(R"({"errors":[],"results":1,"response":{"account":{}}})")) << "an object is not counted";
}

TEST(Envelope, Pages) {
  const auto pages = [](const char* paging) {
    const auto opened =
        football::open_envelope(fmt::format(R"({{"errors":[],"response":[],"paging":{}}})", paging));
    return opened ? opened->pages : -1;
  };
  EXPECT_EQ(pages(R"({"current":1,"total":3})"), 3);
  EXPECT_EQ(pages(R"({"current":1,"total":0})"), 1);
  EXPECT_EQ(pages("null"), 1);
  EXPECT_EQ(pages(R"({"total":null})"), 1);
  EXPECT_EQ(pages(R"({"total":51})"), -1);
}

TEST(Envelope, PackedItReadsTheSame) {
  const auto opened = football::open_envelope(
      envelope({R"({"a":1.10,"logo":"x","b":[null,true,"\"\n"],"c":{"winner":null,"d":{}}})", "2"}));
  ASSERT_TRUE(opened);
  EXPECT_EQ(football::pack(opened->response.items()),
            R"({"errors":[],"results":2,"response":[{"a":1.10,"b":[null,true,"\"\n"],"c":{"d":{}}},2]})");
  EXPECT_TRUE(football::open_envelope(football::pack({})));
  const auto spoiled = football::open_envelope("{\"errors\":[],\"response\":[\"a\xff\"]}");
  EXPECT_EQ(football::pack(spoiled->response.items()), R"({"errors":[],"results":1,"response":[null]})");
  const auto bets = football::open_envelope(envelope(
      {R"({"bets":[{"name":"Match Winner","values":[]},{"name":"Odd/Even","values":[1]},{"name":"Odd/Even"}]})"}));
  EXPECT_EQ(
      football::pack(bets->response.items()),
      R"({"errors":[],"results":1,"response":[{"bets":[{"name":"Match Winner","values":[]},{"name":"Odd/Even"}]}]})");
}

}  // namespace
