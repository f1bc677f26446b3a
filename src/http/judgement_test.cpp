// The judgement by the usual rules. By a rule of the collector's: ruling_test.cpp.
#include "http/judgement.hpp"

#include <gtest/gtest.h>

namespace {

using base::Code;
using http::Fate;
using http::Outcome;
using http::Request;
using http::Verdict;

const base::WallTime now{std::chrono::seconds{1'700'000'000}};
http::Judgement judge(const Request& request, const Outcome& outcome) {
  return http::judge(request, outcome, now);
}

Request get() { return {.url = "https://www.cisa.gov/feed?key=secret"}; }
Request post() { return {.method = "POST", .url = "https://www.cisa.gov/feed", .idempotent = false}; }

Outcome answered(int status, std::string body = "", std::string type = "application/json") {
  return {Fate::answered,
          {.status = status, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)}};
}
Outcome failed(Fate fate, Code code, std::string reason = "") {
  return {.fate = fate, .error = base::error(code, "www.cisa.gov: it broke"), .reason = std::move(reason)};
}

TEST(Judge, StatusTable) {
  struct Row {
    int status;
    Verdict get, post;
    Code code;
  };
  constexpr auto yes = Verdict::success;
  constexpr auto again = Verdict::retry;
  constexpr auto final = Verdict::final;
  for (const Row& row : {
           Row{200, yes, yes, Code::internal},           Row{201, yes, yes, Code::internal},
           Row{204, yes, yes, Code::internal},           Row{206, yes, yes, Code::internal},
           Row{299, yes, yes, Code::internal},           Row{408, again, final, Code::timeout},
           Row{425, again, again, Code::unavailable},    Row{429, again, again, Code::rate_limited},
           Row{500, again, final, Code::unavailable},    Row{502, again, final, Code::unavailable},
           Row{503, again, again, Code::unavailable},    Row{504, again, final, Code::unavailable},
           Row{301, final, final, Code::endpoint_gone},  Row{302, final, final, Code::endpoint_gone},
           Row{308, final, final, Code::endpoint_gone},  Row{300, final, final, Code::endpoint_gone},
           Row{304, final, final, Code::invalid_data},   Row{400, final, final, Code::invalid_config},
           Row{401, final, final, Code::permission},     Row{402, final, final, Code::invalid_config},
           Row{403, final, final, Code::permission},     Row{404, final, final, Code::endpoint_gone},
           Row{405, final, final, Code::invalid_config}, Row{406, final, final, Code::invalid_config},
           Row{410, final, final, Code::endpoint_gone},  Row{413, final, final, Code::invalid_config},
           Row{414, final, final, Code::invalid_config}, Row{415, final, final, Code::invalid_config},
           Row{418, final, final, Code::invalid_config}, Row{422, final, final, Code::invalid_config},
           Row{501, final, final, Code::unavailable},    Row{505, final, final, Code::unavailable},
           Row{599, final, final, Code::unavailable},    Row{100, final, final, Code::invalid_data},
           Row{101, final, final, Code::invalid_data},   Row{0, final, final, Code::invalid_data},
           Row{600, final, final, Code::invalid_data},   Row{999, final, final, Code::invalid_data},
       }) {
    for (const bool repeatable : {true, false}) {
      const auto judgement = judge(repeatable ? get() : post(), answered(row.status));
      EXPECT_EQ(judgement.verdict, repeatable ? row.get : row.post) << row.status << " " << repeatable;
      if (judgement.verdict == yes) continue;
      EXPECT_EQ(judgement.error.code, row.code) << row.status;
      EXPECT_EQ(judgement.reason, "status_" + std::to_string(row.status));
      EXPECT_TRUE(judgement.error.message.starts_with("www.cisa.gov answered " + std::to_string(row.status)))
          << judgement.error.message;
      EXPECT_EQ(judgement.error.message.find("secret"), std::string::npos);
    }
  }
}

TEST(Judge, FateTable) {
  struct Row {
    Fate fate;
    Verdict get, post;
  };
  for (const Row& row : {Row{Fate::not_sent, Verdict::retry, Verdict::retry},
                         Row{Fate::sent_unknown, Verdict::retry, Verdict::final},
                         Row{Fate::refused, Verdict::final, Verdict::final},
                         Row{Fate::cancelled, Verdict::final, Verdict::final}}) {
    const Outcome outcome = failed(row.fate, Code::unavailable);
    EXPECT_EQ(judge(get(), outcome).verdict, row.get);
    EXPECT_EQ(judge(post(), outcome).verdict, row.post);
    EXPECT_TRUE(judge(post(), outcome).error.message.starts_with("www.cisa.gov: it broke"));
  }
  Request put{.method = "PUT", .url = "https://h/", .idempotent = true};
  EXPECT_EQ(judge(put, failed(Fate::sent_unknown, Code::timeout)).verdict, Verdict::retry);
  EXPECT_NE(judge(post(), failed(Fate::sent_unknown, Code::timeout))
                .error.message.find("may have been carried out"),
            std::string::npos);
}

TEST(Judge, Reasons) {
  EXPECT_EQ(judge(get(), failed(Fate::not_sent, Code::unavailable, "dns")).reason, "dns");
  EXPECT_EQ(judge(get(), failed(Fate::not_sent, Code::unavailable)).reason, "connect");
  EXPECT_EQ(judge(get(), failed(Fate::not_sent, Code::timeout)).reason, "timeout");
  EXPECT_EQ(judge(get(), failed(Fate::sent_unknown, Code::unavailable)).reason, "reset");
}

std::string text(int status, std::string body, std::string type = "application/json") {
  return judge(get(), answered(status, std::move(body), std::move(type))).error.message;
}

TEST(Judge, AWebPageOrNothingOrHalfIsNoAnswerWhereJsonWasExpected) {
  Request expecting = get(), sending = post();
  expecting.expect = sending.expect = Request::Expect::json;
  for (const char* body : {"", " \r\n", "\xef\xbb\xbf", "<!DOCTYPE HTML><p>back soon", "\n<html lang=en>",
                           "\xef\xbb\xbf<HTML>", "<!-- x --><html>", "<?xml version='1.0'?>", "{\"a\": [1, 2",
                           "[1, [2]  ,", "{", "[\"a", "{\"a\": \"b\\\""}) {
    const auto judgement = judge(expecting, answered(200, body));
    EXPECT_EQ(judgement.verdict, Verdict::retry) << body;
    EXPECT_EQ(judgement.error.code, Code::unavailable) << body;
    EXPECT_EQ(judgement.reason, "no_json") << body;
    EXPECT_EQ(judge(sending, answered(200, body)).verdict, Verdict::final) << body;
    EXPECT_EQ(judge(get(), answered(200, body)).verdict, Verdict::success) << body;
  }
  EXPECT_EQ(judge(expecting, answered(200, "Service temporarily unavailable", "text/html")).verdict,
            Verdict::retry);
  for (const char* body :
       {"[]", "null", " {\"a\": 1}\n", "\xef\xbb\xbf{}", "17", "not json", "{} x", "[] []", "[1, 2]]  ,"})
    EXPECT_EQ(judge(expecting, answered(200, body)).verdict, Verdict::success) << body;
  EXPECT_EQ(judge(expecting, answered(200, "[]", "text/html; charset=utf-8")).verdict, Verdict::success);
  EXPECT_EQ(judge(expecting, answered(404, "")).verdict, Verdict::final);
}

TEST(Judge, HintFromTheBodyOfAFinal4xx) {
  EXPECT_EQ(text(400, " {\"error\":\"unknown\tfield\"}\n"),
            "www.cisa.gov answered 400 Bad Request: {\"error\":\"unknown\\tfield\"}");
  EXPECT_EQ(text(418, "", ""), "www.cisa.gov answered 418");
  EXPECT_EQ(text(404, "<!DOCTYPE html><html>", "text/html; charset=utf-8"),
            "www.cisa.gov answered 404 Not Found");
  EXPECT_EQ(text(503, "{}"), "www.cisa.gov answered 503 Service Unavailable");
  EXPECT_EQ(text(429, "slow down"), "www.cisa.gov answered 429 Too Many Requests");
}

TEST(Judge, HintIsBoundedAndPrintable) {
  const std::string start = "www.cisa.gov answered 400 Bad Request";
  const std::string longer = text(400, std::string(500, 'x'));
  EXPECT_EQ(longer, start + ": " + std::string(197, 'x') + "…");
  EXPECT_EQ(text(400, std::string(200, 'x')), start + ": " + std::string(200, 'x'));
  EXPECT_LE(text(400, std::string(200, '\n')).size(), start.size());  // only white space
  EXPECT_LE(text(400, "x" + std::string(190, '\x01') + "x").size(), start.size() + 2 + 200);
  EXPECT_EQ(text(400, "caf\xc3\xa9"), start + ": caf\xc3\xa9");
  EXPECT_EQ(text(400,
                 "a\xc2\x9b"
                 "2J"),
            start + ": a\\u009b2J");  // would clear a terminal
  for (const char* binary :
       {"caf\xe9", "\xff\xfe", "a\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80"})
    EXPECT_EQ(text(400, binary), start);
  EXPECT_EQ(text(400, std::string("a\0b", 3)), start);
}

TEST(Judge, RedirectNamesTheOtherOrigin) {
  Outcome outcome = answered(301);
  outcome.response.url = "https://www.cisa.gov/feed";
  outcome.response.headers.push_back({"location", "https://u:p@new.example/feed?token=abc"});
  EXPECT_EQ(judge(get(), outcome).error.message,
            "www.cisa.gov answered 301 Moved Permanently: the redirect to https://new.example is not "
            "followed, because "
            "that is another origin");
  outcome.response.headers.back().value = "ftp://x";
  EXPECT_EQ(
      judge(get(), outcome).error.message,
      "www.cisa.gov answered 301 Moved Permanently: the redirect leads to an address that cannot be used");
}

TEST(Judge, AWebPageOrNothingIsNoAnswerWhereDataWasExpected) {
  Request expecting = get(), sending = post();
  expecting.expect = sending.expect = Request::Expect::data;
  for (const char* body :
       {"", " \r\n", "\xef\xbb\xbf", "<!DOCTYPE HTML><p>back soon", "\n<html lang=en>", "\xef\xbb\xbf<HTML>",
        "<!-- x --><html>", "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC \"x\">", "<html"}) {
    const auto judgement = judge(expecting, answered(200, body, "application/xml"));
    EXPECT_EQ(judgement.verdict, Verdict::retry) << body;
    EXPECT_EQ(judgement.error.code, Code::unavailable) << body;
    EXPECT_EQ(judgement.reason, "no_data") << body;
    const auto final = judge(sending, answered(200, body, "text/csv"));
    EXPECT_EQ(final.verdict, Verdict::final) << body;
    EXPECT_NE(final.error.message.find("not repeated"), std::string::npos) << final.error.message;
  }
  EXPECT_EQ(judge(expecting, answered(200, "Back soon", "Text/HTML; charset=utf-8")).error.message,
            "www.cisa.gov answered 200 with a web page instead of data");
  for (const char* body : {"<?xml version='1.0'?><rss/>", "<rss><channel/></rss>", "<feed>", "<htmlish/>",
                           "a,b\n1,2", "{\"a\":1}\n{", "<!-- half", "<"})
    EXPECT_EQ(judge(expecting, answered(200, body, "text/xml")).verdict, Verdict::success) << body;
  EXPECT_EQ(judge(expecting, answered(200, "<?xml version='1.0'?><rss/>", "text/html")).verdict,
            Verdict::success);
  EXPECT_EQ(judge(expecting, answered(404, "")).error.code, Code::endpoint_gone);
}

TEST(Judge, WhatStandsBehindASeeOtherDoesNotSpeakOfThePost) {
  for (const int status : {425, 429, 503}) {
    Outcome outcome = answered(status);
    outcome.response.method = "GET";  // a 303 led there
    EXPECT_EQ(judge(post(), outcome).verdict, Verdict::final) << status;
    EXPECT_NE(judge(post(), outcome).error.message.find("not repeated"), std::string::npos);
    outcome.response.method = "POST";  // a 307
    EXPECT_EQ(judge(post(), outcome).verdict, Verdict::retry) << status;
  }
}

// ---- limits (RT2, RT3)

using namespace std::chrono_literals;
using Headers = std::vector<http::Header>;

Outcome limited(int status, Headers headers, std::string body = "{}") {
  headers.push_back({"content-type", "application/json"});
  return {Fate::answered, {.status = status, .headers = std::move(headers), .body = std::move(body)}};
}

TEST(JudgeLimits, A403ThatIsAboutOneCountsAs429) {
  struct Row {
    Outcome outcome;
    base::Duration wait;
  };
  for (const Row& row :
       {Row{limited(403, {{"retry-after", "7"}}), 7s}, Row{limited(403, {{"retry-after", "0"}}), 0s},
        Row{limited(403, {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1700000012"}}), 12s},
        Row{limited(403, {{"ratelimit", "\"a\";r=5;t=99, \"b\";r=0;t=3"}}), 3s},
        Row{limited(403, {{"x-ratelimit-remaining", "0"}}), 60s},
        Row{limited(403, {}, R"({"message": "You have exceeded a SECONDARY Rate Limit. Wait."})"), 60s},
        Row{limited(403, {}, "Quota Exceeded for the day"), 60s},
        Row{limited(403, {}, "too many requests"), 60s},
        Row{limited(403, {{"retry-after", "-3"}}, std::string(4086, 'x') + "rate limit"), 60s},
        Row{limited(403, {{"retry-after", "1"}}, "secondary rate limit"), 1s}})
    for (const Request& request : {get(), post()}) {  // it says that nothing was carried out
      const auto judgement = judge(request, row.outcome);
      EXPECT_EQ(judgement.verdict, Verdict::retry);
      EXPECT_EQ(judgement.error.code, Code::rate_limited);
      EXPECT_EQ(judgement.wait, row.wait);
      EXPECT_EQ(judgement.error.retry_after, row.wait);
      EXPECT_EQ(judgement.reason, "status_403");
      EXPECT_TRUE(judgement.error.message.starts_with("www.cisa.gov answered 403 Forbidden, a rate limit"))
          << judgement.error.message;
    }
  Outcome see_other = limited(403, {{"retry-after", "7"}});
  see_other.response.method = "GET";
  EXPECT_EQ(judge(post(), see_other).verdict, Verdict::final);
}

TEST(JudgeLimits, EveryOther403And401NeedsAPerson) {
  const std::string far = std::string(4087, 'x') + "rate limit";
  for (const Outcome& outcome :
       {limited(403, {}, R"({"message": "Bad credentials"})"), limited(403, {{"retry-after", "-3"}}),
        limited(403, {{"retry-after", "soon"}}), limited(403, {{"x-ratelimit-remaining", "1"}}),
        limited(403, {{"x-ratelimit-limit", "0"}}), limited(403, {}, ""), limited(403, {}, far),
        limited(403, {}, "<!DOCTYPE html><h1>Too many requests</h1>"),
        answered(403, "you met our rate limit", "text/html"),
        limited(401, {{"retry-after", "7"}, {"x-ratelimit-remaining", "0"}}, "rate limit")}) {
    const auto judgement = judge(get(), outcome);
    EXPECT_EQ(judgement.verdict, Verdict::final) << outcome.response.body.substr(0, 40);
    EXPECT_EQ(judgement.error.code, Code::permission);
    EXPECT_EQ(judgement.wait, std::nullopt);
    EXPECT_EQ(judgement.error.retry_after, std::nullopt);
  }
}

TEST(JudgeLimits, TheWaitOfWhatMayPass) {
  for (const int status : {408, 425, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(judge(get(), answered(status)).wait, std::nullopt) << status;
    const auto judgement = judge(get(), limited(status, {{"retry-after", "120"}}));
    EXPECT_EQ(judgement.wait, 2min) << status;
    EXPECT_EQ(judgement.error.retry_after.has_value(), status != 408) << status;
  }
  EXPECT_EQ(judge(get(), limited(503, {{"retry-after", "Tue, 14 Nov 2023 22:13:25 GMT"}})).wait, 5s);
  const Headers used_up{{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset-after", "0.0001"}};
  EXPECT_EQ(judge(get(), limited(429, used_up)).wait, 100us);
  EXPECT_EQ(judge(get(), limited(429, used_up)).error.retry_after, 1ms) << "never earlier";
  EXPECT_EQ(judge(get(), limited(429, {{"x-ratelimit-remaining", "3"}, {"x-ratelimit-reset", "9"}})).wait,
            std::nullopt);
  EXPECT_EQ(judge(post(), limited(503, {{"retry-after", "9"}})).wait, 9s);
  EXPECT_EQ(judge(get(), limited(404, {{"retry-after", "9"}})).wait, std::nullopt);
  EXPECT_EQ(judge(get(), limited(200, {{"retry-after", "9"}, {"x-ratelimit-remaining", "0"}})).wait,
            std::nullopt);
}

}  // namespace
