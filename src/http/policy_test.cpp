#include "http/policy.hpp"

#include <gtest/gtest.h>

#include <map>

namespace {

using namespace std::chrono_literals;
using base::Code;
using http::Fate;
using http::judge;
using http::Outcome;
using http::Policy;
using http::Request;
using http::Verdict;

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

// Steps a policy through outcomes on a clock of its own.
struct Driver {
  explicit Driver(Request r, http::RetryPolicy retry = {}, base::Duration time = 1h)
      : request(std::move(r)), policy(request, retry, now + time, rng) {}

  http::Action step(http::Event event) { return policy.step(std::move(event), now); }

  // Runs until Done; every attempt takes `each` and ends the same way.
  void run(const Outcome& outcome, base::Duration each = 0s) {
    http::Action action = step(http::Start{});
    while (!std::holds_alternative<http::Done>(action)) {
      if (const auto* wait = std::get_if<http::WaitUntil>(&action)) {
        waits.push_back(wait->time - now);
        now = wait->time;
        action = step(http::Waited{});
      } else {
        now += each;
        action = step(http::Attempted{outcome});
      }
    }
  }

  base::SteadyTime now{1h};
  base::Rng rng{1};
  Request request;
  Policy policy;
  std::vector<base::Duration> waits;
};

http::RetryPolicy plain(int attempts = 6, base::Duration base = 2s, base::Duration cap = 32s) {
  return {.max_attempts = attempts,
          .backoff = {.base = base, .cap = cap, .jitter = resilience::Jitter::none}};
}

TEST(Policy, GivesUpWithOneErrorNamingHostAttemptsAndLastCause) {
  Driver driver(get(), plain());
  driver.run(answered(503));
  EXPECT_EQ(driver.waits, (std::vector<base::Duration>{2s, 4s, 8s, 16s, 32s}));
  EXPECT_EQ(driver.policy.attempts(), 6);
  EXPECT_EQ(driver.policy.last_reason(), "status_503");
  EXPECT_EQ(driver.policy.last_cause(),
            "gave up after 6 attempts in 1 min 2 s: answered 503 Service Unavailable");
  const auto result = driver.policy.result();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::unavailable);
  EXPECT_EQ(result.error().message,
            "www.cisa.gov: gave up after 6 attempts in 1 min 2 s: answered 503 Service Unavailable");
}

TEST(Policy, R1) {
  Driver driver(get(), plain(5, 1s, 8s));
  driver.run(failed(Fate::not_sent, Code::unavailable, "dns"));
  EXPECT_EQ(driver.waits, (std::vector<base::Duration>{1s, 2s, 4s, 8s}));
  EXPECT_EQ(driver.policy.result().error().message,
            "www.cisa.gov: gave up after 5 attempts in 15.0 s: it broke");
}

TEST(Policy, FinalAtOnceIsThePlainCause) {
  Driver driver(get(), plain());
  driver.run(answered(404));
  EXPECT_EQ(driver.policy.attempts(), 1);
  EXPECT_EQ(driver.policy.result().error().message, "www.cisa.gov answered 404 Not Found");
  EXPECT_EQ(driver.policy.result().error().code, Code::endpoint_gone);
}

TEST(Policy, OneAttemptAllowedMeansOne) {
  for (const int most : {1, 0, -1}) {
    Driver driver(get(), plain(most));
    driver.run(answered(503));
    EXPECT_EQ(driver.policy.attempts(), 1);
    EXPECT_EQ(driver.policy.result().error().message, "www.cisa.gov answered 503 Service Unavailable");
  }
}

TEST(Policy, SuccessAfterRetries) {
  Driver driver(get(), plain());
  driver.step(http::Start{});
  ASSERT_TRUE(std::holds_alternative<http::WaitUntil>(driver.step(http::Attempted{answered(500)})));
  EXPECT_EQ(driver.policy.last_cause(), "answered 500 Internal Server Error");
  ASSERT_TRUE(std::holds_alternative<http::Send>(driver.step(http::Waited{})));
  ASSERT_TRUE(std::holds_alternative<http::Done>(driver.step(http::Attempted{answered(200, "body")})));
  const auto result = driver.policy.result();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->body, "body");
  EXPECT_EQ(driver.policy.attempts(), 2);
}

TEST(Policy, AWaitThatWouldEndAtTheDeadlineIsNotBegun) {
  Driver at(get(), plain(), 6s);  // attempts at 0, 2 and, were it allowed, 6
  at.run(answered(503));
  EXPECT_EQ(at.waits, (std::vector<base::Duration>{2s}));
  EXPECT_EQ(at.policy.attempts(), 2);
  EXPECT_EQ(at.policy.result().error().message,
            "www.cisa.gov: gave up after 2 attempts in 2.0 s, because the deadline comes before the next "
            "one, due in "
            "4.0 s: answered 503 Service Unavailable");
  EXPECT_EQ(at.policy.result().error().code, Code::unavailable);
  Driver after(get(), plain(), 6s + 1ns);
  after.run(answered(503));
  EXPECT_EQ(after.policy.attempts(), 3);
}

TEST(Policy, AttemptsCountAgainstTheDeadline) {
  Driver driver(get(), plain(), 60s);
  driver.run(failed(Fate::sent_unknown, Code::timeout), 30s);  // 0–30, wait 2, 32–62
  EXPECT_EQ(driver.policy.attempts(), 2);
  EXPECT_EQ(driver.policy.result().error().code, Code::timeout);
}

TEST(Policy, NothingIsSentAfterTheDeadline) {
  Driver driver(get(), plain(), 0s);
  EXPECT_TRUE(std::holds_alternative<http::Done>(driver.step(http::Start{})));
  EXPECT_EQ(driver.policy.attempts(), 0);
  EXPECT_EQ(driver.policy.result().error().code, Code::timeout);

  Driver overslept(get(), plain(), 10s);
  overslept.step(http::Start{});
  overslept.step(http::Attempted{answered(503)});
  overslept.now += 10s;
  EXPECT_TRUE(std::holds_alternative<http::Done>(overslept.step(http::Waited{})));
  EXPECT_EQ(overslept.policy.attempts(), 1);
  EXPECT_NE(overslept.policy.result().error().message.find("the deadline has passed: answered 503"),
            std::string::npos);
}

TEST(Policy, NoDeadlineDoesNotOverflow) {
  Request request = get();
  base::Rng rng(1);
  Policy policy(request, plain(3, base::Duration::max(), base::Duration::max()), base::SteadyTime::max(),
                rng);
  EXPECT_TRUE(std::holds_alternative<http::Send>(policy.step(http::Start{}, base::SteadyTime{1h})));
  EXPECT_TRUE(
      std::holds_alternative<http::Done>(policy.step(http::Attempted{answered(503)}, base::SteadyTime{1h})));
}

TEST(Policy, StopCancelsFromAnyState) {
  for (const int steps : {0, 1, 2}) {
    Driver driver(get(), plain());
    if (steps > 0) driver.step(http::Start{});
    if (steps > 1) driver.step(http::Attempted{answered(503)});
    EXPECT_TRUE(std::holds_alternative<http::Done>(driver.step(http::Stopped{})));
    EXPECT_EQ(driver.policy.result().error().code, Code::cancelled);
  }
  Driver aborted(get(), plain());
  aborted.run(failed(Fate::cancelled, Code::cancelled));
  EXPECT_EQ(aborted.policy.result().error().code, Code::cancelled);
}

TEST(Policy, NonIdempotentIsNotRepeatedWhenItsFateIsUnknown) {
  Driver unknown(post(), plain());
  unknown.run(failed(Fate::sent_unknown, Code::unavailable));
  EXPECT_EQ(unknown.policy.attempts(), 1);
  Driver not_sent(post(), plain());
  not_sent.run(failed(Fate::not_sent, Code::unavailable));
  EXPECT_EQ(not_sent.policy.attempts(), 6);
}

}  // namespace
