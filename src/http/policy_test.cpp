#include "http/policy.hpp"

#include <gtest/gtest.h>

#include "http/policy_driver_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using http::Fate;
using http::Outcome;
using http::Policy;
using http::Request;
using http::testing::Driver;

Request get() { return {.url = "https://www.cisa.gov/feed?key=secret"}; }
Request post() { return {.method = "POST", .url = "https://www.cisa.gov/feed", .idempotent = false}; }

Outcome answered(int status, std::string body = "", std::string type = "application/json") {
  return {Fate::answered,
          {.status = status, .headers = {{"content-type", std::move(type)}}, .body = std::move(body)}};
}
Outcome failed(Fate fate, Code code, std::string reason = "") {
  return {.fate = fate, .error = base::error(code, "www.cisa.gov: it broke"), .reason = std::move(reason)};
}

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
  ASSERT_TRUE(std::holds_alternative<http::WaitUntil>(driver.step(http::Attempted{answered(500), {}})));
  EXPECT_EQ(driver.policy.last_cause(), "answered 500 Internal Server Error");
  ASSERT_TRUE(std::holds_alternative<http::Send>(driver.step(http::Waited{})));
  ASSERT_TRUE(std::holds_alternative<http::Done>(driver.step(http::Attempted{answered(200, "body"), {}})));
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
  overslept.step(http::Attempted{answered(503), {}});
  overslept.now += 10s;
  EXPECT_TRUE(std::holds_alternative<http::Done>(overslept.step(http::Waited{})));
  EXPECT_EQ(overslept.policy.attempts(), 1);
  EXPECT_NE(overslept.policy.result().error().message.find("the deadline has passed: answered 503"),
            std::string::npos);
}

TEST(Policy, NoDeadlineDoesNotOverflow) {
  Driver driver(get(), plain(3, base::Duration::max(), base::Duration::max()),
                base::SteadyTime::max() - base::SteadyTime{1h});
  EXPECT_TRUE(std::holds_alternative<http::Send>(driver.step(http::Start{})));
  EXPECT_TRUE(std::holds_alternative<http::Done>(driver.step(http::Attempted{answered(503), {}})));
}

TEST(Policy, StopCancelsFromAnyState) {
  for (const int steps : {0, 1, 2}) {
    Driver driver(get(), plain());
    if (steps > 0) driver.step(http::Start{});
    if (steps > 1) driver.step(http::Attempted{answered(503), {}});
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

// ---- what the other side asks for (RT3) ----

Outcome asks(int status, const std::string& seconds) {
  Outcome outcome = answered(status);
  outcome.response.headers.push_back({"retry-after", seconds});
  return outcome;
}

TEST(Policy, NeverEarlierThanAskedAndTheBackoffIfThatIsLonger) {
  Driver driver(get(), plain());  // backoff 2, 4, 8, 16, 32
  driver.run(asks(429, "5"));
  EXPECT_EQ(driver.waits, (std::vector<base::Duration>{5s, 5s, 8s, 16s, 32s}));
  const auto error = driver.policy.result().error();
  EXPECT_EQ(error.code, Code::rate_limited);
  EXPECT_EQ(error.retry_after, std::chrono::milliseconds{5000});
}

TEST(Policy, AWaitBeyondTheDeadlineEndsAtOnceAndSaysWhen) {
  for (const int status : {429, 503}) {
    Driver driver(get(), plain(), 10min);
    driver.run(asks(status, "601"));
    EXPECT_EQ(driver.policy.attempts(), 1);
    EXPECT_TRUE(driver.waits.empty());
    const auto error = driver.policy.result().error();
    EXPECT_EQ(error.code, Code::rate_limited);
    EXPECT_EQ(error.retry_after, std::chrono::milliseconds{601'000});
    EXPECT_NE(error.message.find("asks to be left alone for 10 min 1 s"), std::string::npos) << error.message;
  }
}

TEST(Policy, MoreThanMaxRetryAfterIsNotWaitedFor) {
  http::RetryPolicy retry = plain();
  retry.max_retry_after = 60s;
  Driver driver(get(), retry, 1h);
  driver.run(asks(429, "61"));
  EXPECT_EQ(driver.policy.attempts(), 1);
  EXPECT_NE(driver.policy.result().error().message.find("longer than max_retry_after"), std::string::npos);
  Driver at(get(), retry, 1h);
  at.run(asks(429, "60"));
  EXPECT_EQ(at.policy.attempts(), 6);
}

// ---- how a run begins (RT10) ----

TEST(Policy, ATryBeginsWithOneProbe) {
  http::Opening opening{.single_attempt = true};
  const auto gate = std::make_shared<http::HostGate>(http::GateOptions{});
  Driver probe(get(), plain(), 1h, gate, &opening);
  probe.run(answered(503));
  EXPECT_EQ(probe.policy.attempts(), 1);
  EXPECT_EQ(probe.policy.result().error().message, "www.cisa.gov answered 503 Service Unavailable");

  Driver good(get(), plain(), 1h, gate, &opening);
  good.run(answered(200));
  Driver after(get(), plain(), 1h, gate, &opening);
  after.run(answered(503));
  EXPECT_EQ(after.policy.attempts(), 6);
}

TEST(Policy, WithNothingToLoseALongWaitIsRatherALaterRun) {
  http::Opening opening{.patience = 30s};
  const auto gate = std::make_shared<http::HostGate>(http::GateOptions{});
  Driver first(get(), plain(), 10min, gate, &opening);
  first.run(asks(429, "31"));
  EXPECT_EQ(first.policy.attempts(), 1);
  EXPECT_EQ(first.policy.result().error().retry_after, std::chrono::milliseconds{31'000});
  EXPECT_EQ(first.latest, base::SteadyTime{1h} + 30s);  // for the budgets, too

  opening.answered = true;
  Driver later(get(), plain(), 10min, gate, &opening);
  later.run(asks(429, "31"));
  EXPECT_EQ(later.policy.attempts(), 6);
  EXPECT_EQ(later.waits.front(), 31s);
}

// ---- budgets of the API (RT4) ----

TEST(Policy, ACallThatTheBudgetGivesForLaterIsWaitedFor) {
  Driver driver(get(), plain());
  driver.reserve = [&] { return http::Budgets::Grant{driver.now + 3s}; };
  driver.run(answered(200));
  EXPECT_EQ(driver.waits, (std::vector<base::Duration>{3s}));
  EXPECT_TRUE(driver.policy.result());
  EXPECT_FALSE(driver.policy.holds_grant());
}

TEST(Policy, EveryAttemptTakesACall) {
  Driver driver(get(), plain());
  int calls = 0;
  driver.reserve = [&] {
    ++calls;
    return http::Budgets::Grant{driver.now};
  };
  driver.run(answered(503));
  EXPECT_EQ(calls, 6);
}

TEST(Policy, ARefusalEndsTheRequestWithTheInstantThatTheBudgetNames) {
  Driver driver(get(), plain());
  driver.reserve = [] { return http::Budgets::Refusal{90s, "www.cisa.gov: its budget is used up"}; };
  driver.run(answered(200));
  const auto error = driver.policy.result().error();
  EXPECT_EQ(error.code, Code::rate_limited);
  EXPECT_EQ(error.retry_after, std::chrono::milliseconds{90'000});
  EXPECT_EQ(error.message, "www.cisa.gov: its budget is used up");
  EXPECT_EQ(driver.policy.attempts(), 0);
}

// ---- retry budget and circuit of the host (RT7, RT9) ----

// 10 tokens. Each request earns 0.2 at its first attempt and spends one for every other:
//   1st: 10.2 → 5 retries → 5.2     2nd: 5.4 → 5 retries → 0.4     3rd: 0.6: no retry
TEST(Policy, SpentRetriesGiveBackTheOriginalError) {
  http::GateOptions options;
  options.circuit.minimum_calls = 1000;
  const auto gate = std::make_shared<http::HostGate>(options);
  std::vector<int> attempts;
  for (int i = 0; i < 3; ++i) {
    Driver driver(get(), plain(), 1h, gate);
    driver.run(answered(503));
    attempts.push_back(driver.policy.attempts());
    EXPECT_EQ(driver.policy.result().error().code, Code::unavailable);
  }
  EXPECT_EQ(attempts, (std::vector<int>{6, 6, 1}));
}

struct Outage {
  explicit Outage(int status = 503) {
    for (int i = 0; i < 10; ++i) {
      Driver driver(get(), plain(1), 1h, gate);
      driver.run(answered(status));
    }
  }
  std::shared_ptr<http::HostGate> gate = std::make_shared<http::HostGate>(http::GateOptions{});
};

TEST(Policy, AHostThatFailsIsNotAskedUntilItsProbe) {
  const Outage outage;
  Driver refused(get(), plain(), 1h, outage.gate);
  refused.run(answered(200));
  EXPECT_EQ(refused.policy.attempts(), 0);
  EXPECT_EQ(refused.policy.result().error().code, Code::unavailable);
  EXPECT_EQ(refused.policy.result().error().message,
            "www.cisa.gov: not asked, because it keeps failing: answered 503 Service Unavailable; the next "
            "sign of life is asked for in 30.0 s");

  Driver probe(get(), plain(), 1h, outage.gate), other(get(), plain(), 1h, outage.gate);
  probe.now += 30s;
  other.now = probe.now;
  ASSERT_TRUE(std::holds_alternative<http::Send>(probe.step(http::Start{})));
  other.run(answered(200));  // one at a time
  EXPECT_EQ(other.policy.attempts(), 0);
  EXPECT_TRUE(other.policy.holds_grant());
  ASSERT_TRUE(std::holds_alternative<http::Done>(probe.step(http::Attempted{answered(200), {}})));

  Driver released(get(), plain(), 1h, outage.gate);
  released.now = probe.now;
  released.run(answered(200));
  EXPECT_TRUE(released.policy.result());
}

TEST(Policy, ACircuitThatOpensWhileOneWaitsEndsTheRequestWithItsOwnError) {
  const auto gate = std::make_shared<http::HostGate>(http::GateOptions{});
  Driver waiting(get(), plain(), 1h, gate);
  waiting.step(http::Start{});
  ASSERT_TRUE(std::holds_alternative<http::WaitUntil>(waiting.step(http::Attempted{answered(500), {}})));
  for (int i = 0; i < 10; ++i) {
    Driver driver(get(), plain(1), 1h, gate);
    driver.run(failed(Fate::not_sent, Code::unavailable));
  }
  waiting.now += 2s;
  ASSERT_TRUE(std::holds_alternative<http::Done>(waiting.step(http::Waited{})));
  EXPECT_EQ(waiting.policy.result().error().message,
            "www.cisa.gov: gave up after 1 attempt in 2.0 s, because the host fails for everybody: answered "
            "500 Internal Server Error");
}

TEST(Policy, RefusalsOfTheHostAndStopsSayNothingOfItsHealth) {
  for (const int status : {400, 401, 404, 429}) EXPECT_FALSE(Outage(status).gate->shut(base::SteadyTime{1h}));
  EXPECT_TRUE(Outage(500).gate->shut(base::SteadyTime{1h}));
  const auto gate = std::make_shared<http::HostGate>(http::GateOptions{});
  for (int i = 0; i < 20; ++i) {
    Driver driver(get(), plain(), 1h, gate);
    driver.step(http::Start{});
    driver.step(http::Stopped{});
  }
  EXPECT_FALSE(gate->shut(base::SteadyTime{1h}));
}

// Whatever a rule of the collector makes of it.
TEST(Policy, AnErrorOfTheServerIsOneAlsoByARule) {
  for (const auto action : {http::Ruling::Action::retry, http::Ruling::Action::fail}) {
    const auto gate = std::make_shared<http::HostGate>(http::GateOptions{});
    Request request = get();
    request.judge_answer = [&](const http::Response&) { return http::Ruling{.action = action}; };
    for (int i = 0; i < 10; ++i) {
      Driver driver(request, plain(1), 1h, gate);
      driver.run(answered(503));
    }
    EXPECT_TRUE(gate->shut(base::SteadyTime{1h}));
    Driver probe(request, plain(1), 1h, gate);
    probe.now += 30s;
    probe.run(answered(503));
    EXPECT_TRUE(gate->is_open(probe.now));
  }
}

TEST(Policy, ATurnAfterTheDeadlineIsNotWaitedFor) {
  Driver driver(get(), plain(), 10s);
  driver.gate->begin_gently();
  for (int i = 0; i < 60; ++i) (void)driver.gate->pace(driver.now);  // 200 ms each
  driver.run(answered(200));
  EXPECT_EQ(driver.policy.attempts(), 0);
  EXPECT_EQ(driver.policy.result().error().message,
            "www.cisa.gov: no time is left until its turn, in 12.0 s");
  EXPECT_TRUE(driver.policy.holds_grant());
}

TEST(Policy, AProbeThatIsRefusedIsASignOfLife) {
  const Outage outage;
  Driver probe(get(), plain(), 1h, outage.gate);
  probe.now += 30s;
  probe.run(answered(404));
  EXPECT_EQ(probe.policy.attempts(), 1);
  EXPECT_FALSE(outage.gate->is_open(probe.now));
}

}  // namespace
