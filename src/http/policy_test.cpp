#include "http/policy.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using base::Code;
using http::Fate;
using http::Outcome;
using http::Policy;
using http::Request;

Request get() { return {.url = "https://www.cisa.gov/feed?key=secret"}; }
Request post() { return {.method = "POST", .url = "https://www.cisa.gov/feed", .idempotent = false}; }

Outcome answered(int status, std::string body = "", std::string type = "application/json") {
  return {Fate::answered,
          {.status = status, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)}};
}
Outcome failed(Fate fate, Code code, std::string reason = "") {
  return {.fate = fate, .error = base::error(code, "www.cisa.gov: it broke"), .reason = std::move(reason)};
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
