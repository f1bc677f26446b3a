#include "web/status_routes.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>

#include "web/client_test.hpp"
#include "web/status_fixture_test.hpp"
#include "web/status_json.hpp"

namespace web {
namespace {

using schedule::Condition;

class StatusRoutesTest : public testing::Test {
 protected:
  std::uint16_t start(FixedSource& source) {
    auto started = Server::start({}, status_routes(source, clock), server_clock);
    EXPECT_TRUE(started) << started.error().message;
    server = std::move(*started);
    return server->address().port;
  }

  base::SimulatedClock clock{base::SimulatedClock::Mode::manual, test_now};
  base::SystemClock server_clock;
  std::unique_ptr<Server> server;
};

Status some_status() {
  Status status = test_status();
  status.collectors = {collector("nvd", Condition::healthy),
                       {.name = "new", .condition = Condition::never_ran}};
  status.collectors[0].running_since = test_now - std::chrono::seconds{12};
  status.collectors[0].last_success = status.collectors[0].last_run->ended;
  status.collectors[0].error = "the last page was empty";
  status.warnings = {"the disk is nearly full"};
  return status;
}

TEST_F(StatusRoutesTest, ReadyAndAlive) {
  FixedSource source(some_status());
  const auto port = start(source);
  EXPECT_EQ(get(port, "/healthz").body, "ok\n");
  EXPECT_EQ(get(port, "/readyz").body, "ready\n");
}

TEST_F(StatusRoutesTest, AliveButNotReady) {
  FixedSource source(some_status(), "the store\ncannot be reached");
  const auto port = start(source);
  const Reply reply = get(port, "/readyz");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "not ready: the store\\ncannot be reached\n");
  EXPECT_EQ(get(port, "/healthz").status, 200) << "alive all the same";
}

TEST_F(StatusRoutesTest, Metrics) {
  FixedSource source(some_status());
  const Reply reply = get(start(source), "/metrics");
  EXPECT_EQ(reply.body, "# TYPE pulse_up gauge\npulse_up 1\n");
  EXPECT_TRUE(reply.has("Content-Type: text/plain; version=0.0.4; charset=utf-8"));
}

TEST_F(StatusRoutesTest, Page) {
  FixedSource source(some_status());
  const Reply reply = get(start(source), "/");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("Content-Type: text/html; charset=utf-8"));
  EXPECT_TRUE(
      reply.has("Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                "form-action 'none'; frame-ancestors 'none'"));
  EXPECT_NE(reply.body.find("<bdi>nvd</bdi>"), std::string::npos);
  EXPECT_NE(reply.body.find(">5 min ago<"), std::string::npos) << "by the clock that was given";
}

TEST_F(StatusRoutesTest, Json) {
  FixedSource source(some_status());
  const Reply reply = get(start(source), "/api/v1/status");
  EXPECT_TRUE(reply.has("Content-Type: application/json"));
  EXPECT_EQ(nlohmann::json::parse(reply.body), nlohmann::json::parse(R"({
    "program": "pulse", "version": "0.3.0", "now": "2025-11-21T10:30:02.000000Z",
    "started_at": "2025-11-21T07:10:02.000000Z", "warnings": ["the disk is nearly full"],
    "totals": {"collectors": 2, "conditions": {"healthy": 1, "never_ran": 1},
               "runs_24h": 96, "failed_runs_24h": 2, "rows_24h": 1234567},
    "collectors": [
      {"name": "nvd", "condition": "healthy", "since": "2025-11-21T10:25:02.000000Z",
       "running_since": "2025-11-21T10:29:50.000000Z", "last_success": "2025-11-21T10:25:02.000000Z",
       "last_run": {"outcome": "success", "ended": "2025-11-21T10:25:02.000000Z", "rows": 1404},
       "next_start": "2025-11-21T10:40:02.000000Z", "next_is": "slot", "error": "the last page was empty"},
      {"name": "new", "condition": "never_ran", "since": null, "running_since": null, "last_run": null,
       "last_success": null, "next_start": null, "next_is": null, "error": null}]})"));
}

TEST_F(StatusRoutesTest, JsonOfHostileNames) {
  Status status = test_status();
  const std::string evil = "<script>\"'\\" + std::string("\0\x1b\xff\xc0", 4);
  status.collectors = {collector(evil, Condition::stale)};
  status.warnings = {evil};
  const std::string text = status_json(status, test_now);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["collectors"][0]["name"], "<script>\"'\\" + std::string("\0\x1b\ufffd\ufffd", 8));
}

TEST_F(StatusRoutesTest, AThousandCollectorsForManyReaders) {
  Status status = test_status();
  for (int i = 0; i < 1000; ++i)
    status.collectors.push_back(collector(fmt::format("c{}", i), Condition::healthy));
  FixedSource source(status);
  const auto port = start(source);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 8; ++i)
      readers.emplace_back([&, i] {
        const Reply reply = get(port, i % 2 == 0 ? "/" : "/api/v1/status");
        if (reply.status == 200 && reply.body.find("c999") != std::string::npos) ++good;
      });
  }
  EXPECT_EQ(good, 8);
}

}  // namespace
}  // namespace web
