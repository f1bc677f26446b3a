#include "web/hook.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "web/client_test.hpp"

namespace web {
namespace {

using namespace std::chrono_literals;

const std::string secret = "0123456789abcdef-SECRET_x";
const std::string host = "Host: localhost\r\n", with_secret = "X-Secret: " + secret + "\r\n";

class HookTest : public testing::Test {
 protected:
  std::uint16_t start(HookOptions options = {}, base::Clock* clock = nullptr) {
    options.path = "/in/here";
    options.key = "hook.listen";
    options.header = "X-Secret";
    options.secret = base::Secret(secret);
    options.on_answer = [this](int status) {
      const std::lock_guard lock(mutex_);
      answered_.insert(status);
    };
    auto started = Hook::start(
        std::move(options), [this](std::string body) { return handle(std::move(body)); },
        clock == nullptr ? clock_ : *clock);
    EXPECT_TRUE(started) << started.error().message;
    hook_ = std::move(*started);
    return hook_->address().port;
  }
  HookAnswer handle(const std::string& body) {
    const std::lock_guard lock(mutex_);
    bodies_.push_back(body);
    if (body == "throw") throw std::runtime_error(secret);
    if (body == "later") return {503, 7s};
    return {200};
  }
  static std::string request(const std::string& headers, std::string_view body,
                             std::string_view target = "/in/here") {
    return fmt::format("POST {} HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{}", target, headers, body.size(),
                       body);
  }
  std::vector<std::string> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }

  base::SystemClock clock_;
  base::SimulatedClock manual_{base::SimulatedClock::Mode::manual};
  std::mutex mutex_;
  std::vector<std::string> bodies_;
  std::multiset<int> answered_;
  std::unique_ptr<Hook> hook_;  // the last: its threads use the others
};

TEST_F(HookTest, ABodyIsHandedOverAndItsAnswerGivenBack) {
  const auto port = start();
  const Reply taken = ask(port, request(host + with_secret, "{\"update_id\": 1}"));
  EXPECT_EQ(taken.status, 200);
  EXPECT_EQ(taken.body, "");
  EXPECT_TRUE(taken.has("Connection: close"));
  EXPECT_FALSE(taken.has("Retry-After: 0")) << taken.head;
  const Reply later = ask(port, request(host + with_secret, "later", "/in/here?x=1"));
  EXPECT_EQ(later.status, 503);
  EXPECT_TRUE(later.has("Retry-After: 7")) << later.head;
  const Reply thrown = ask(port, request(host + with_secret, "throw"));
  EXPECT_EQ(thrown.status, 500);
  EXPECT_EQ(thrown.body, "");
  EXPECT_EQ(bodies(), (std::vector<std::string>{"{\"update_id\": 1}", "later", "throw"}));
  EXPECT_EQ(answered_, (std::multiset<int>{200, 500, 503}));
}

TEST_F(HookTest, WithoutTheSecretThereIsA401WithoutABody) {
  const auto port = start();
  for (const std::string& headers :
       {host, host + "X-Secret: \r\n", host + "X-Secret: " + secret + "x\r\n",
        host + "X-Secret: " + secret.substr(1) + "\r\n", host + "X-Secret: 1123456789abcdef-SECRET_x\r\n",
        host + "X-Other: " + secret + "\r\n", host + with_secret + "X-Secret: wrong\r\n",
        host + "X-Secret: wrong\r\n" + with_secret})
    for (const char* target : {"/in/here", "/elsewhere"}) {
      const Reply reply = ask(port, request(headers, "body", target));
      EXPECT_EQ(reply.status, 401) << headers;
      EXPECT_EQ(reply.body, "");
    }
  EXPECT_TRUE(bodies().empty());
  EXPECT_EQ(ask(port, request(host + "x-sEcret: " + secret + "\r\n", "body")).status, 200);
}

TEST_F(HookTest, OneMethodAndOnePath) {
  const auto port = start();
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "post"}) {
    const Reply reply = ask(port, fmt::format("{} /in/here HTTP/1.1\r\n{}{}\r\n", method, host, with_secret));
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_TRUE(reply.has("Allow: POST")) << reply.head;
  }
  for (const char* target : {"/", "/in/here/", "/in", "/IN/here"})
    EXPECT_EQ(ask(port, request(host + with_secret, "body", target)).status, 404) << target;
  EXPECT_EQ(ask(port, request(host + with_secret, "body", "/in/%zz")).status, 400);
  EXPECT_EQ(ask(port, request(host + with_secret, "body", "/" + std::string(3000, 'a'))).status, 414);
  EXPECT_EQ(ask(port, request(host + with_secret + "X-Long: " + std::string(9000, 'a') + "\r\n", "b")).status,
            431);
  EXPECT_TRUE(bodies().empty());
  EXPECT_EQ(ask(port, request(host + with_secret, "body", "/in/h%65re")).status, 200);
}

TEST_F(HookTest, OnLoopbackOnlyOurNamesAreAnswered) {
  const auto port = start({.name = "Bot.Example.org"});
  EXPECT_EQ(ask(port, request(with_secret, "body")).status, 400);
  EXPECT_EQ(ask(port, request("Host: evil.example\r\n" + with_secret, "body")).status, 421);
  EXPECT_TRUE(bodies().empty());
  for (const char* name : {"localhost:1", "127.0.0.1", "bot.example.org", "bot.example.org:443"})
    EXPECT_EQ(ask(port, request(fmt::format("Host: {}\r\n", name) + with_secret, "body")).status, 200)
        << name;
}

TEST_F(HookTest, BodiesAreBounded) {
  const auto port = start({.maximum_body = 100'000});
  EXPECT_EQ(ask(port, request(host + with_secret, std::string(100'000, 'x'))).status, 200);
  ASSERT_EQ(bodies().size(), 1U);
  EXPECT_EQ(bodies().front(), std::string(100'000, 'x'));
  // Their bodies are not waited for.
  const std::string head = "POST /in/here HTTP/1.1\r\n" + host + with_secret;
  EXPECT_EQ(ask(port, head + "Content-Length: 100001\r\n\r\n").status, 413);
  EXPECT_EQ(ask(port, head + "Content-Length: 99999999999999999999\r\n\r\n").status / 100, 4);
  EXPECT_EQ(ask(port, head + "Transfer-Encoding: chunked\r\n\r\n").status, 411);
  EXPECT_EQ(ask(port, "POST /in/here HTTP/1.1\r\n" + host + "Content-Length: 99999\r\n\r\n").status, 401);
  EXPECT_EQ(bodies().size(), 1U);
  EXPECT_EQ(ask(port, head + "Content-Length: 0\r\n\r\n").status, 200);
  EXPECT_EQ(bodies().back(), "");
}

TEST_F(HookTest, SlowSendersLoseTheirPlaces) {
  const auto port = start({.maximum_connections = 16, .connection_time = 20s}, &manual_);
  const std::string begun =
      "POST /in/here HTTP/1.1\r\n" + host + with_secret + "Content-Length: 9\r\n\r\nhalf";
  std::vector<Client> slow;
  for (int i = 0; i < 100; ++i) slow.emplace_back(port).send(begun);
  EXPECT_EQ(ask(port, request(host + with_secret, "body")).status, 200);
  EXPECT_LE(hook_->connections(), 16U);
  EXPECT_EQ(slow.front().read_all(), "") << "the oldest made room";
  EXPECT_TRUE(slow.front().closed());
  manual_.advance(20s);
  EXPECT_EQ(slow.back().read_all(), "");
  EXPECT_TRUE(slow.back().closed());
  EXPECT_EQ(bodies(), std::vector<std::string>{"body"}) << "nothing of half a body is handed over";
}

TEST_F(HookTest, HandlersRunAtTheSameTimeAndTheEndWaitsForThem) {
  constexpr int many = 4;
  std::latch leave(1);
  std::atomic<int> entered = 0, left = 0;
  auto started = Hook::start(
      {.path = "/", .header = "X-Secret", .secret = base::Secret(secret), .threads = 16},
      [&](const std::string&) {
        ++entered;
        leave.wait();
        ++left;
        return HookAnswer{};
      },
      clock_);
  ASSERT_TRUE(started);
  hook_ = std::move(*started);
  // A connection may come to a thread that is busy: as many as it takes are sent.
  std::vector<Client> clients;
  while (entered < many && clients.size() < 200) {
    clients.emplace_back(hook_->address().port).send(request(host + with_secret, "x", "/"));
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_GE(entered, many);
  std::jthread end([&] { hook_.reset(); });
  leave.count_down();
  end.join();
  EXPECT_EQ(left, entered);
}

TEST_F(HookTest, ATakenPortIsNamedWithItsKey) {
  const auto port = start();
  const auto second = Hook::start(
      {.address = {.host = "127.0.0.1", .port = port},
       .key = "hook.listen",
       .header = "X-Secret",
       .secret = base::Secret(secret)},
      [](const std::string&) { return HookAnswer{}; }, clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::conflict);
  EXPECT_NE(second.error().message.find("set hook.listen to a free port"), std::string::npos)
      << second.error().message;
}

}  // namespace
}  // namespace web
