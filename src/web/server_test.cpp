#include "web/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "web/client_test.hpp"

namespace web {
namespace {

class ServerTest : public testing::Test {
 protected:
  static std::vector<Route> routes() {
    return {{.path = "/healthz", .handler = [](const Request&) { return plain(200, "ok"); }, .is_open = true},
            {.path = "/echo",
             .handler =
                 [](const Request& request) {
                   return plain(200, request.method + " " + request.path + " " + request.query);
                 }},
            {.path = "/throws",
             .handler = [](const Request&) -> Response { throw std::runtime_error("secret"); }},
            {.path = "/page", .handler = [](const Request&) {
               return Response{.body = "<p>", .content_type = "text/html", .content_security_policy = "x"};
             }}};
  }

  std::uint16_t start(Options options = {}) {
    auto started = Server::start(std::move(options), routes(), clock);
    EXPECT_TRUE(started) << started.error().message;
    server = std::move(*started);
    return server->address().port;
  }

  base::SystemClock clock;
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, AnswersGetAndHead) {
  const auto port = start();
  const Reply reply = get(port, "/echo?a=1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "GET /echo a=1\n");
  EXPECT_TRUE(reply.has("Content-Length: 14"));

  const Reply head = ask(port, "HEAD /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Content-Length: 12")) << "that of the body left out: " << head.head;
  EXPECT_EQ(head.body, "");
}

TEST_F(ServerTest, EveryAnswerHasTheSafetyHeaders) {
  const auto port = start();
  for (const char* target : {"/healthz", "/nothing", "/throws"}) {
    const Reply reply = get(port, target);
    for (const char* line :
         {"X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Cache-Control: no-store",
          "Connection: close", "Content-Type: text/plain; charset=utf-8",
          "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"})
      EXPECT_TRUE(reply.has(line)) << target << "\n" << reply.head;
  }
  EXPECT_TRUE(get(port, "/page").has("Content-Security-Policy: x"));
}

TEST_F(ServerTest, WhatIsNotThere) {
  const auto port = start();
  EXPECT_EQ(get(port, "/nothing").status, 404);
  EXPECT_EQ(get(port, "/healthz/").status, 404);
  EXPECT_EQ(get(port, "/healthz%00").status, 400);
  EXPECT_EQ(get(port, "/%zz").status, 400);
  EXPECT_EQ(get(port, "/../etc/passwd").status, 404);
  EXPECT_EQ(get(port, "http://localhost/healthz").status, 400);
}

TEST_F(ServerTest, OtherMethods) {
  const auto port = start();
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "BREW"}) {
    const Reply reply = ask(port, fmt::format("{} /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", method));
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_TRUE(reply.has("Allow: GET, HEAD")) << reply.head;
  }
  EXPECT_EQ(ask(port, "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab").status, 404);
}

TEST_F(ServerTest, BodiesAreNotTaken) {
  const auto port = start();
  const std::string head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(ask(port, head + "Content-Length: 5\r\n\r\nhello").status, 413);
  EXPECT_EQ(ask(port, head + "Content-Length: 0\r\n\r\n").status, 200);
  EXPECT_EQ(ask(port, head + "Content-Length: 99999999999\r\n\r\n").status, 413) << "before it was sent";
  EXPECT_EQ(ask(port, head + "Transfer-Encoding: chunked\r\n\r\n").status, 413);
  EXPECT_EQ(ask(port, head + "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n").status, 413);
}

TEST_F(ServerTest, ARequestBehindABodyIsNeverAnswered) {
  const auto port = start();
  const Reply reply = ask(port,
                          "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
                          "GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.body.find("HTTP/1.1"), std::string::npos) << reply.body;
}

TEST_F(ServerTest, SizesAreBounded) {
  const auto port = start();
  EXPECT_EQ(get(port, "/" + std::string(Server::maximum_target - 1, 'a')).status, 404);
  EXPECT_EQ(get(port, "/" + std::string(Server::maximum_target, 'a')).status, 414);
  const auto padded = [](std::size_t bytes) {
    return "Host: localhost\r\nX: " + std::string(bytes, 'x') + "\r\n";
  };
  EXPECT_EQ(get(port, "/healthz", padded(Server::maximum_head / 2)).status, 200);
  EXPECT_EQ(get(port, "/healthz", padded(Server::maximum_head)).status, 431);
  EXPECT_EQ(get(port, "/healthz").status, 200);
}

// The first bytes are refused; whatever happens to the rest, nothing else may suffer.
TEST_F(ServerTest, EndlessHeadsAreCutOff) {
  const auto port = start();
  for (const std::string& part : {std::string(1 << 16, 'a'), std::string("a: b\r\n"), std::string("x\r\n")}) {
    Client client(port);
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    for (std::size_t sent = 0; sent < (8U << 20) && client.send(part);) sent += part.size();
    client.read_all();
    EXPECT_TRUE(client.closed());
  }
  EXPECT_EQ(get(port, "/healthz").status, 200);
}

TEST_F(ServerTest, NoHttp) {
  const auto port = start();
  for (const std::string& bytes :
       {std::string("hello\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET /healthz\r\n\r\n"),
        std::string("GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n"),
        std::string("GET /healthz HTTP/1.1x\r\nHost: localhost\r\n\r\n"),
        std::string("GET /health z HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10)}) {
    Client client(port);
    client.send(bytes);
    const Reply reply = parse_reply(client.read_all());
    EXPECT_TRUE(client.closed()) << bytes;
    EXPECT_TRUE(reply.status == 0 || reply.status >= 400) << bytes << "\n" << reply.head;
  }
  EXPECT_EQ(get(port, "/healthz").status, 200);
}

// The library hands texts on as C strings: what stands behind a zero byte is never seen by anything of ours.
TEST_F(ServerTest, AZeroByteEndsTheText) {
  const auto port = start();
  const std::string zero(1, '\0');
  EXPECT_EQ(ask(port, "GET /echo" + zero + "/secret HTTP/1.1\r\nHost: localhost\r\n\r\n").body,
            "GET /echo \n");
  EXPECT_EQ(ask(port, "GET /no" + zero + "thing HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
  EXPECT_EQ(ask(port, "GET /echo HTTP/1.1\r\nHost: evil" + zero + "\r\nX: localhost\r\n\r\n").status, 421);
}

TEST_F(ServerTest, ForeignNamesAreRefused) {
  const auto port = start({.name = "pulse.example"});
  EXPECT_EQ(get(port, "/healthz", "Host: evil.example\r\n").status, 421);
  EXPECT_EQ(get(port, "/healthz", "Host: pulse.example\r\n").status, 200);
  EXPECT_EQ(get(port, "/healthz", fmt::format("Host: 127.0.0.1:{}\r\n", port)).status, 200);
  EXPECT_EQ(get(port, "/healthz", "Host: localhost\r\nHost: evil.example\r\n").status, 400);
  EXPECT_EQ(get(port, "/healthz", "").status, 400);
  EXPECT_EQ(ask(port, "GET /healthz HTTP/1.0\r\n\r\n").status, 400);
}

TEST_F(ServerTest, TheTokenIsAskedForBeyondLoopback) {
  const auto port = start({.address = {"0.0.0.0", 0}, .token = base::Secret("0123456789abcdef")});
  const std::string right = "Host: any.example\r\nAuthorization: Bearer 0123456789abcdef\r\n";
  EXPECT_EQ(get(port, "/echo", right).status, 200);
  EXPECT_EQ(get(port, "/nothing", right).status, 404);
  const Reply refused = get(port, "/echo");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.has("WWW-Authenticate: Bearer")) << refused.head;
  EXPECT_EQ(get(port, "/nothing").status, 401) << "which paths there are is not told";
  EXPECT_EQ(get(port, "/healthz").status, 200) << "for probes";
}

TEST_F(ServerTest, UnsafeStartIsRefused) {
  const auto refused = Server::start({.address = {"0.0.0.0", 0}}, routes(), clock);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::invalid_config);
}

TEST_F(ServerTest, ATakenPortIsNamed) {
  const auto port = start();
  const auto second = Server::start({.address = {"127.0.0.1", port}}, routes(), clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::conflict);
  EXPECT_EQ(second.error().message.find(fmt::format("cannot listen on 127.0.0.1:{}: another program", port)),
            0U);
  EXPECT_NE(second.error().message.find("set listen.address"), std::string::npos);
  server.reset();
  EXPECT_TRUE(Server::start({.address = {"127.0.0.1", port}}, routes(), clock)) << "free again at once";
}

TEST_F(ServerTest, AnAddressOfAnotherMachine) {
  const auto server = Server::start({.address = {"192.0.2.1", 0}, .is_public = true}, routes(), clock);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, base::Code::invalid_config);
  EXPECT_NE(server.error().message.find("does not have that address"), std::string::npos);
}

TEST_F(ServerTest, ListensOnIpv6) {
  const auto started = Server::start({.address = {"::1", 0}}, routes(), clock);
  if (!started && started.error().code == base::Code::invalid_config) GTEST_SKIP() << "no IPv6 here";
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_TRUE(to_string((*started)->address()).starts_with("[::1]:"));
  EXPECT_NE((*started)->address().port, 0);
}

TEST_F(ServerTest, WhatAHandlerThrowsIsNotShown) {
  const auto port = start();
  const Reply reply = get(port, "/throws");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
}

TEST_F(ServerTest, AnswersAreCountedByRouteAndClass) {
  std::mutex mutex;
  std::map<std::string, int> counts;
  const auto port = start({.on_answer = [&](std::string_view route, std::string_view code_class) {
    const std::lock_guard lock(mutex);
    ++counts[fmt::format("{} {}", route, code_class)];
  }});
  for (const char* target : {"/healthz", "/healthz?x", "/throws", "/wild/1", "/wild/2"}) get(port, target);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(counts, (std::map<std::string, int>{{"/healthz 2xx", 2}, {"/throws 5xx", 1}, {"other 4xx", 2}}));
}

TEST_F(ServerTest, ManyAtOnce) {
  const auto port = start({.threads = 4});
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i)
      clients.emplace_back([&, i] {
        for (int k = 0; k < 50; ++k)
          if (get(port, fmt::format("/echo?{}-{}", i, k)).body == fmt::format("GET /echo {}-{}\n", i, k))
            ++good;
      });
  }
  EXPECT_EQ(good, 400);
}

TEST_F(ServerTest, OneThreadIsEnough) {
  const auto port = start({.threads = 1});
  EXPECT_EQ(get(port, "/healthz").status, 200);
}

}  // namespace
}  // namespace web
