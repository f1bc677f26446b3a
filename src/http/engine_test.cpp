#include "http/engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
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
    {
      const std::lock_guard lock(mutex_);
      times.push_back(clock_.steady());
      deadlines.push_back(deadline);
    }
    if (progress) progress(1, 2);
    if (on_attempt) on_attempt();
    const std::lock_guard lock(mutex_);
    Outcome outcome = outcomes_.front();
    if (outcomes_.size() > 1) outcomes_.pop_front();
    return outcome;
  }

  void answer_from_now_on(Outcome outcome) { outcomes_ = {std::move(outcome)}; }

  std::vector<base::SteadyTime> times, deadlines;
  std::function<void()> on_attempt;

 private:
  base::Clock& clock_;
  std::mutex mutex_;
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
        .on_wait = [this](const http::WaitNotice& notice) { notices.push_back(notice); },
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
  Engine engine{transport, clock, base::Rng(7), &metrics, {.circuit = {.minimum_calls = 20}}};
  Request request{.url = "https://api.example/v1"};
  std::stop_source stop;
  std::vector<http::WaitNotice> notices;
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

TEST(Engine, TellsWhatBecameOfEachAttempt) {
  World world({broken(Fate::not_sent, "dns"), status(503), status(200)});
  std::vector<Fate> fates;
  const FetchOptions options{.retry = r21(),
                             .deadline = world.start + 1h,
                             .on_outcome = [&](const Outcome& it) { fates.push_back(it.fate); }};
  EXPECT_TRUE(world.engine.fetch(world.request, options, {}));
  EXPECT_EQ(fates, (std::vector<Fate>{Fate::not_sent, Fate::answered, Fate::answered}));
}

TEST(Engine, WhoTakesNoNoticeOfSpentBudgetsIsNotHeld) {
  Outcome spent = status(200);
  spent.response.headers = {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "3600"}};
  World world({spent});
  world.request.max_retry_after = base::Duration{0};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(world.fetch());
  EXPECT_EQ(world.clock.steady(), world.start);
  EXPECT_TRUE(world.engine.budgets().states().empty());
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

// ---- hosts that fail for everybody (RT9) ----

struct DeadHost : World {
  DeadHost() : World({broken(Fate::not_sent, "connect")}) {
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(fetch(r21_once()));
    EXPECT_TRUE(is_open());
  }
  static http::RetryPolicy r21_once() { return {.max_attempts = 1}; }
  bool is_open() { return engine.hosts().gate("api.example", clock.steady())->is_open(clock.steady()); }
  double circuit() { return metrics.gauge("pulse_http_circuit_open", "", {{"host", "api.example"}}).value(); }
};

TEST(Engine, NobodyAsksADeadHostButItsCanary) {
  DeadHost world;
  EXPECT_EQ(world.circuit(), 1);
  const std::size_t asked = world.transport.times.size();
  const auto refused = world.fetch();
  EXPECT_EQ(refused.error().code, Code::unavailable);
  world.engine.send_canaries({});
  EXPECT_EQ(world.transport.times.size(), asked);  // its time has not come

  world.clock.sleep_for(30s, {});
  world.engine.send_canaries({});
  EXPECT_EQ(world.transport.times.size(), asked + 1);
  EXPECT_TRUE(world.is_open());

  std::vector<std::pair<std::string, bool>> told;
  world.engine.hosts().on_change(
      [&](const std::string& host, bool is_open) { told.emplace_back(host, is_open); });
  world.transport.answer_from_now_on(status(200));
  world.clock.sleep_for(30s, {});
  world.engine.send_canaries({});
  EXPECT_FALSE(world.is_open());
  EXPECT_EQ(world.circuit(), 0);
  EXPECT_EQ(told, (std::vector<std::pair<std::string, bool>>{{"api.example", false}}));
  EXPECT_TRUE(world.fetch());
}

TEST(Engine, TheWatchSendsCanariesAndEndsWithTheStop) {
  DeadHost world;
  const base::SteadyTime dead = world.clock.steady();
  const std::size_t asked = world.transport.times.size();
  world.transport.on_attempt = [&] {
    if (world.transport.times.size() == asked + 3) world.stop.request_stop();
  };
  world.engine.watch_hosts(world.stop.get_token());
  ASSERT_EQ(world.transport.times.size(), asked + 3);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(world.transport.times[asked + i] - dead, 30s * static_cast<int>(i + 1));
}

// Only one address of the host is broken: it must not shut the others for good.
TEST(Engine, ABrokenAddressDoesNotShutTheHost) {
  DeadHost world;
  world.request.url = "https://api.example/good";
  EXPECT_FALSE(world.fetch());
  world.transport.answer_from_now_on(status(200));
  world.clock.sleep_for(30s, {});
  world.engine.send_canaries({});
  EXPECT_FALSE(world.is_open());
  EXPECT_TRUE(world.fetch());
}

TEST(Engine, ACanaryThatItsBudgetHoldsIsNoBusyLoop) {
  DeadHost world;
  world.engine.budgets().hold(world.request, 1h, "asked");
  const base::SteadyTime dead = world.clock.steady();
  const std::size_t asked = world.transport.times.size();
  const auto stop_at = world.clock.alarm(dead + 5min, [&] { world.stop.request_stop(); });
  world.engine.watch_hosts(world.stop.get_token());
  EXPECT_EQ(world.transport.times.size(), asked);
  EXPECT_LE(world.clock.steady() - dead, 6min);
}

TEST(Engine, CanariesOfSeveralHostsGoSideBySide) {
  DeadHost world;
  const auto kill = [&](const std::string& host) {
    world.request.url = "https://" + host + "/";
    for (int i = 0; i < 20; ++i) EXPECT_FALSE(world.fetch(DeadHost::r21_once()));
  };
  kill("two.example");
  kill("three.example");
  world.clock.sleep_for(30s, {});
  std::mutex mutex;
  std::condition_variable changed;
  int under_way = 0, most = 0;
  world.transport.on_attempt = [&] {  // none is answered before all three have been asked
    std::unique_lock lock(mutex);
    most = std::max(most, ++under_way);
    changed.notify_all();
    changed.wait_for(lock, 30s, [&] { return most == 3; });
  };
  world.engine.send_canaries({});
  EXPECT_EQ(most, 3);
}

// A run of 100 pages against a host that fails one request in a hundred.
TEST(Engine, FlakyPagesAreHealed) {
  base::Rng rng(7);
  int whole = 0;
  constexpr int runs = 300;
  for (int i = 0; i < runs; ++i) {
    World world({status(200)});
    world.transport.on_attempt = [&] {
      world.transport.answer_from_now_on(rng.below(100) == 0 ? status(503) : status(200));
    };
    bool good = true;
    for (int page = 0; page < 100 && good; ++page)
      good = world.fetch(r21(resilience::Jitter::equal)).has_value();
    whole += good ? 1 : 0;
  }
  EXPECT_GE(whole, runs * 99 / 100);
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
      .on_wait =
          [&](const http::WaitNotice&) {
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
