// TG6: whatever happens, the token is in the URL and nowhere else. Against real sockets, where errors are
// libcurl's, and with servers that repeat all they were told.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "http/scripted_server_test.hpp"
#include "telegram/api.hpp"
#include "telemetry/metrics.hpp"

namespace {

using namespace std::chrono_literals;
using http::Connection;
using http::ScriptedServer;
using telegram::Fault;
using telegram::Reply;

const std::string secret = "AAExampleOfASecretToken_with-signs";
const std::string token = "123456:" + secret;

std::string answer(int status, const std::string& body, const std::string& headers = "") {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers, body);
}

// Real time for the sockets; whoever wants to wait has waited.
class HastyClock final : public base::Clock {
 public:
  base::SteadyTime steady() const override { return clock_.steady(); }
  base::WallTime wall() const override { return clock_.wall(); }
  std::unique_ptr<Alarm> alarm(base::SteadyTime time, std::function<void()> action) override {
    return clock_.alarm(time, std::move(action));
  }
  bool sleep_until(base::SteadyTime, std::stop_token stop) override { return !stop.stop_requested(); }

 private:
  base::SystemClock clock_;
};

struct World {
  explicit World(std::string base, std::chrono::milliseconds timeout = 10s)
      : api(engine, clock, {.token = base::Secret(token), .base = std::move(base), .timeout = timeout}) {}

  // Everything that a program might show of a few calls.
  std::string told(int sends) {
    std::string text;
    const base::SteadyTime deadline = clock.steady() + 60s;
    for (int i = 0; i < sends; ++i) {
      const Reply reply = api.send_message({.chat = 7, .text = "x"}, deadline, {});
      faults.insert(reply.fault);
      text += reply.description + "\n";
    }
    text += api.edit_message(1, {.chat = 7, .text = "x"}, deadline, {}).description + "\n";
    text += api.get_updates(1, 100, 0s, {}).reply.description + "\n";
    if (const auto bot = api.get_me(deadline, {}); !bot) text += bot.error().message + "\n";
    if (const auto info = api.get_webhook_info(deadline, {}); info)
      text += info->url + info->last_error;
    else
      text += info.error().message;
    for (const auto& host : engine.hosts().open(clock.steady())) text += host.host + host.cause + "\n";
    for (const auto& it : engine.budgets().states()) text += it.host + it.credential + it.resource + "\n";
    return text + metrics.exposition();
  }

  HastyClock clock;
  std::unique_ptr<http::Transport> transport = http::make_curl_transport({.user_agent = "phoenix-test"});
  telemetry::Metrics metrics;
  http::Engine engine{*transport, clock, base::Rng(3), &metrics};
  telegram::Api api;
  std::set<Fault> faults;
};

void expect_no_token(const std::string& text) {
  EXPECT_FALSE(text.empty());
  for (std::size_t length = secret.size(); length >= 8; --length)
    if (text.find(secret.substr(0, length)) != std::string::npos) {
      ADD_FAILURE() << "shows " << length << " letters of the token:\n" << text;
      return;
    }
  EXPECT_EQ(text.find("123456%3A"), std::string::npos) << text;
}

std::string path_of(const std::string& request) {
  const std::size_t from = request.find(' ') + 1;
  return request.substr(from, request.find(' ', from) - from);
}

void check(const ScriptedServer::Answer& script, Fault expected, int sends = 1) {
  ScriptedServer server(ScriptedServer::answering(script));
  World world(server.url(""));
  expect_no_token(world.told(sends));
  EXPECT_TRUE(world.faults.contains(expected)) << telegram::to_string(*world.faults.begin());
  world.transport.reset();  // drops its connections, so that the server may end
}

TEST(ApiSecrecy, NoServerIsMisled) {
  ScriptedServer server(ScriptedServer::answering([](const std::string& request) {
    EXPECT_TRUE(path_of(request).starts_with("/bot" + token + "/")) << request;
    return answer(200, R"({"ok":true,"result":{"message_id":4,"id":1}})");
  }));
  World world(server.url(""));
  expect_no_token(world.told(1));
  EXPECT_TRUE(world.faults.contains(Fault::none));
  world.transport.reset();
}

TEST(ApiSecrecy, DescriptionsThatRepeatIt) {
  for (const int status : {400, 401, 403, 404, 409, 429, 500})
    check(
        [&](const std::string& request) {
          const std::string path = path_of(request);
          return answer(status, fmt::format(R"({{"ok":false,"error_code":{},"description":"{}{}: no {}"}})",
                                            status, std::string(270, 'x'), path, secret));
        },
        status == 400   ? Fault::refused
        : status == 401 ? Fault::unauthorized
        : status == 403 ? Fault::blocked
        : status == 404 ? Fault::not_found
        : status == 409 ? Fault::conflict
        : status == 429 ? Fault::flood
                        : Fault::unavailable,
        12);  // enough for the circuit to open on those that fail
}

TEST(ApiSecrecy, BodiesOfGateways) {
  for (const int status : {200, 400, 404, 408, 425, 502, 503})
    check(
        [&](const std::string& request) {
          return answer(status, "<html>" + path_of(request) + "</html>", "Content-Type: text/html\r\n");
        },
        status == 404                                     ? Fault::not_found
        : status == 400 || status == 425 || status == 503 ? Fault::unavailable
                                                          : Fault::unknown,
        12);
  for (const int status : {408, 502})
    check([&](const std::string& request) { return answer(status, path_of(request)); }, Fault::unknown, 12);
}

TEST(ApiSecrecy, RedirectsAreNotFollowed) {
  std::atomic<int> requests = 0;
  for (const char* to :
       {"{}/again", "http://elsewhere.example{}", "https://elsewhere.example:1/{}", "http://["})
    for (const int status : {301, 302, 303, 307, 308}) {
      requests = 0;
      check(
          [&](const std::string& request) {
            ++requests;
            const std::string location = fmt::format(fmt::runtime(to), path_of(request));
            return answer(status, location, "Location: " + location + "\r\n");
          },
          Fault::unavailable);
      EXPECT_EQ(requests, 5) << "each call once";
    }
}

TEST(ApiSecrecy, ConnectionsThatFail) {
  std::string closed;
  {
    ScriptedServer server([](Connection&) {});
    closed = server.url("");
  }
  World nobody(closed);
  expect_no_token(nobody.told(12));
  EXPECT_EQ(nobody.faults, std::set{Fault::unavailable});
  {
    ScriptedServer server([](Connection& connection) { connection.request(); });
    World hung_up(server.url(""));
    expect_no_token(hung_up.told(1));
    EXPECT_EQ(hung_up.faults, std::set{Fault::unknown});
    hung_up.transport.reset();
  }
  {
    ScriptedServer server([](Connection& connection) { connection.hold(); });
    World silent(server.url(""), 200ms);
    expect_no_token(silent.told(1));
    silent.transport.reset();
  }
  {
    ScriptedServer server([](Connection& connection) {
      connection.send("no HTTP: " + path_of(connection.request()) + "\r\n\r\n");
    });
    World babble(server.url(""));
    expect_no_token(babble.told(1));
    babble.transport.reset();
  }
}

TEST(ApiSecrecy, BasesThatAreNoUrl) {
  for (const std::string& base :
       {std::string(), std::string("localhost:x"), std::string("ftp://x.example"), std::string("http://"),
        "http://x y/" + std::string(60, 'a'), std::string("\n")}) {
    World world(base);
    const std::string text = world.told(1);
    expect_no_token(text);
    EXPECT_EQ(world.faults, std::set{Fault::not_found}) << base;
    EXPECT_NE(text.find("TELEGRAM_API_BASE"), std::string::npos);
  }
}

TEST(ApiSecrecy, OddTokensStayInTheirPlace) {
  ScriptedServer server(ScriptedServer::answering([](const std::string& request) {
    return answer(400, fmt::format(R"({{"ok":false,"description":"{}"}})", path_of(request)));
  }));
  base::SystemClock clock;
  auto transport = http::make_curl_transport({});
  http::Engine engine(*transport, clock, base::Rng(3));
  for (const char* odd :
       {"", ":", "12:", "a/../../etc?x=1#y", "12:with space and more letters", "12:34\r\nX: y"}) {
    telegram::Api api(engine, clock, {.token = base::Secret(odd), .base = server.url("")});
    const Reply reply = api.send_message({.chat = 7, .text = "x"}, clock.steady() + 10s, {});
    EXPECT_EQ(reply.fault, Fault::refused) << odd;
    EXPECT_EQ(reply.description.find("letters"), std::string::npos) << reply.description;
    EXPECT_EQ(reply.description.find("etc?"), std::string::npos) << reply.description;
  }
  transport.reset();
}

}  // namespace
