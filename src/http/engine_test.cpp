#include "http/engine.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "telemetry/metrics.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using base::SimulatedClock;
using http::Engine;
using http::Fate;
using http::FetchOptions;
using http::Outcome;
using http::Request;

Outcome status(int code) { return {Fate::answered, {.status = code, .body = "body"}}; }
Outcome broken(Fate fate, std::string reason) {
  return {.fate = fate,
          .error = base::error(Code::unavailable, "api.example: broke"),
          .reason = std::move(reason)};
}

// Gives the outcomes in turn, the last one for ever, and notes when it was asked.
class FakeTransport final : public http::Transport {
 public:
  FakeTransport(base::Clock& clock, std::deque<Outcome> outcomes)
      : clock_(clock), outcomes_(std::move(outcomes)) {}

  Outcome attempt(const Request&, base::SteadyTime deadline, std::stop_token,
                  const http::Progress& progress) override {
    times.push_back(clock_.steady());
    deadlines.push_back(deadline);
    if (progress) progress(1, 2);
    if (on_attempt) on_attempt();
    Outcome outcome = outcomes_.front();
    if (outcomes_.size() > 1) outcomes_.pop_front();
    return outcome;
  }

  std::vector<base::SteadyTime> times, deadlines;
  std::function<void()> on_attempt;

 private:
  base::Clock& clock_;
  std::deque<Outcome> outcomes_;
};

http::RetryPolicy r21(resilience::Jitter jitter = resilience::Jitter::none) {
  return {.max_attempts = 6, .backoff = {.base = 2s, .cap = 32s, .jitter = jitter}};
}

struct World {
  explicit World(std::deque<Outcome> outcomes) : transport(clock, std::move(outcomes)) {}
  base::Result<http::Response> fetch(http::RetryPolicy retry = r21(), base::Duration time = 1h) {
    const FetchOptions options{
        .retry = retry,
        .deadline = start + time,
        .on_retry = [this](const http::RetryNotice& notice) { notices.push_back(notice); },
        .on_progress = [this](auto...) { ++progressed; }};
    return engine.fetch(request, options, stop.get_token());
  }
  std::vector<base::Duration> since_start() const {
    std::vector<base::Duration> result;
    for (const auto time : transport.times) result.push_back(time - start);
    return result;
  }

  SimulatedClock clock{SimulatedClock::Mode::automatic};
  const base::SteadyTime start = clock.steady();
  FakeTransport transport;
  telemetry::Metrics metrics;
  Engine engine{transport, clock, base::Rng(7), &metrics};
  Request request{.url = "https://api.example/v1"};
  std::stop_source stop;
  std::vector<http::RetryNotice> notices;
  int progressed = 0;
};

TEST(Engine, SuccessAtOnce) {
  World world({status(200)});
  const auto result = world.fetch();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->body, "body");
  EXPECT_EQ(world.since_start(), (std::vector<base::Duration>{0s}));
  EXPECT_EQ(world.transport.deadlines.front(), world.start + 1h);
  EXPECT_TRUE(world.notices.empty());
  EXPECT_EQ(world.progressed, 1);
}

TEST(Engine, R21AttemptsAtExactTimesWithNotices) {
  World world({status(503)});
  const auto result = world.fetch();
  ASSERT_FALSE(result);
  EXPECT_EQ(world.since_start(), (std::vector<base::Duration>{0s, 2s, 6s, 14s, 30s, 62s}));
  EXPECT_EQ(result.error().message,
            "api.example: gave up after 6 attempts in 1 min 2 s: answered 503 Service Unavailable");
  ASSERT_EQ(world.notices.size(), 5U);
  EXPECT_EQ(world.notices[2].attempt, 3);
  EXPECT_EQ(world.notices[2].max_attempts, 6);
  EXPECT_EQ(world.notices[2].delay, 8s);
  EXPECT_EQ(world.notices[2].cause, "answered 503 Service Unavailable");
}

TEST(Engine, RecoversInTheMiddle) {
  World world({broken(Fate::not_sent, "dns"), broken(Fate::sent_unknown, "reset"), status(502), status(200)});
  EXPECT_TRUE(world.fetch());
  EXPECT_EQ(world.since_start(), (std::vector<base::Duration>{0s, 2s, 6s, 14s}));
  EXPECT_EQ(world.notices[0].cause, "broke");
}

TEST(Engine, DeadlineCutsTheSequence) {
  World world({status(503)});
  const auto result = world.fetch(r21(), 20s);
  EXPECT_EQ(world.since_start(), (std::vector<base::Duration>{0s, 2s, 6s, 14s}));
  EXPECT_EQ(world.clock.steady(), world.start + 14s);  // the fifth wait was not begun
  EXPECT_NE(result.error().message.find("deadline"), std::string::npos);
  EXPECT_EQ(world.notices.size(), 3U);
}

TEST(Engine, JitterDiffersBetweenFetchesAndIsReproducible) {
  const auto delays = [] {
    World world({status(503)});
    (void)world.fetch(r21(resilience::Jitter::equal));
    (void)world.fetch(r21(resilience::Jitter::equal));
    std::vector<base::Duration> result;
    for (const auto& notice : world.notices) result.push_back(notice.delay);
    return result;
  };
  const auto first = delays();
  ASSERT_EQ(first.size(), 10U);
  EXPECT_EQ(first, delays());
  EXPECT_NE(first[0], first[5]);
  for (int i = 0; i < 5; ++i) {
    EXPECT_GE(first[i], 1s * (1 << i));
    EXPECT_LE(first[i], 2s * (1 << i));
  }
}

TEST(Engine, StopBeforeTheFirstAttemptSendsNothing) {
  World world({status(200)});
  world.stop.request_stop();
  EXPECT_EQ(world.fetch().error().code, Code::cancelled);
  EXPECT_TRUE(world.transport.times.empty());
}

TEST(Engine, StopDuringAFailingAttemptEndsWithoutNotice) {
  World world({status(503)});
  world.transport.on_attempt = [&] { world.stop.request_stop(); };
  EXPECT_EQ(world.fetch().error().code, Code::cancelled);
  EXPECT_EQ(world.transport.times.size(), 1U);
  EXPECT_TRUE(world.notices.empty());
}

TEST(Engine, AnAnswerThatCameWithTheStopIsKept) {
  World world({status(200)});
  world.transport.on_attempt = [&] { world.stop.request_stop(); };
  EXPECT_TRUE(world.fetch());
}

TEST(Engine, BadUrlIsNeverAttempted) {
  World world({status(200)});
  world.request.url = "nonsense";
  EXPECT_EQ(world.fetch().error().code, Code::invalid_config);
  EXPECT_TRUE(world.transport.times.empty());
}

TEST(Engine, Metrics) {
  World world({broken(Fate::not_sent, "dns"), status(503), status(200)});
  ASSERT_TRUE(world.fetch());
  const auto value = [&](const char* name, telemetry::Labels labels) {
    return world.metrics.counter(name, "", labels).value();
  };
  const auto requests = [&](const char* code_class) {
    return value("pulse_http_requests_total", {{"host", "api.example"}, {"code_class", code_class}});
  };
  EXPECT_EQ(requests("error"), 1);
  EXPECT_EQ(requests("5xx"), 1);
  EXPECT_EQ(requests("2xx"), 1);
  EXPECT_EQ(value("pulse_http_retries_total", {{"host", "api.example"}, {"reason", "dns"}}), 1);
  EXPECT_EQ(value("pulse_http_retries_total", {{"host", "api.example"}, {"reason", "status_503"}}), 1);
  EXPECT_NE(
      world.metrics.exposition().find("pulse_http_request_duration_seconds_count{host=\"api.example\"} 3"),
      std::string::npos);
}

TEST(Engine, StopWakesAnHourLongBackoffAtOnce) {
  base::SystemClock clock;
  FakeTransport transport(clock, {status(503)});
  Engine engine(transport, clock, base::Rng(1));
  std::stop_source stop;
  std::chrono::steady_clock::time_point stopped;
  std::jthread stopper;
  const FetchOptions options{
      .retry = {.max_attempts = 2, .backoff = {.base = 1h, .cap = 1h, .jitter = resilience::Jitter::none}},
      .deadline = clock.steady() + 3h,
      .on_retry =
          [&](const http::RetryNotice&) {
            stopper = std::jthread([&] {
              stopped = std::chrono::steady_clock::now();
              stop.request_stop();
            });
          },
  };
  const auto result = engine.fetch({.url = "https://api.example/"}, options, stop.get_token());
  const auto ended = std::chrono::steady_clock::now();
  stopper.join();
  EXPECT_EQ(result.error().code, Code::cancelled);
  EXPECT_LT(ended - stopped, 100ms);
}

}  // namespace
