// The transport against real sockets of this process. Redirects: curl_transport_redirect_test.cpp.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>

#include "http/scripted_server_test.hpp"
#include "http/transport.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using base::Code;
using http::Connection;
using http::Fate;
using http::Journal;
using http::Outcome;
using http::Request;
using http::ScriptedServer;
using std::chrono::steady_clock;

class CurlTransport : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
      unsetenv(name);
    transport = http::make_curl_transport({.user_agent = "pulse-test"});
  }

  Outcome attempt(const Request& request, const http::Progress& progress = {}) {
    return transport->attempt(request, steady_clock::now() + 20s, stop.get_token(), progress);
  }

  // The server reads one request, sends `bytes` and closes.
  Outcome answer(std::string bytes, Request request = {.url = ""}) {
    ScriptedServer server([&](Connection& connection) {
      connection.request();
      connection.send(bytes);
    });
    request.url = server.url("/x");
    Outcome outcome = attempt(request);
    transport = http::make_curl_transport({});  // drops its connections, so that the server may end
    return outcome;
  }

  std::stop_source stop;
  std::unique_ptr<http::Transport> transport;
};

std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
         body;
}

const std::string hello_gzip =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\x01\xe3\x51\x3d\x8d\x17\x00\x00\x00"s;

// `size` zero bytes (a multiple of 258, plus one) as gzip of about size / 160, in deflate's fixed code (RFC
// 1951, 3.2.6): a literal zero, then "repeat the last byte 258 times" over and over. Without the trailer:
// nobody is meant to get that far.
std::string gzip_bomb(std::size_t size) {
  std::string bytes = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"s;
  unsigned pending = 0, count = 0;
  const auto put = [&](const char* bits) {
    for (; *bits; ++bits) {
      pending |= static_cast<unsigned>(*bits - '0') << count;
      if (++count == 8) {
        bytes += static_cast<char>(pending);
        pending = count = 0;
      }
    }
  };
  put("110"
      "00110000");
  for (std::size_t i = 0; i < size / 258; ++i)
    put("11000101"
        "00000");
  return bytes;
}

TEST_F(CurlTransport, ContentLength) {
  Journal seen;
  ScriptedServer server(ScriptedServer::answering([&](const std::string& request) {
    seen.add(request);
    return ok("the body", "X-Thing:  a b \r\n");
  }));
  Request request{.url = server.url("/path?q=1"), .headers = {{"Accept", "text/plain"}, {"X-Empty", ""}}};
  request.secret_headers = {{"X-Key", base::Secret("s3cret")}};
  request.secret_parameters = {{"key", base::Secret("a&b")}};
  const Outcome outcome = attempt(request);
  ASSERT_EQ(outcome.fate, Fate::answered) << outcome.error.message;
  EXPECT_EQ(outcome.response.status, 200);
  EXPECT_EQ(outcome.response.body, "the body");
  EXPECT_EQ(*outcome.response.header("x-thing"), "a b");
  EXPECT_EQ(outcome.response.url, server.url("/path?q=1"));
  EXPECT_EQ(outcome.response.received_bytes, 8U);
  EXPECT_GT(outcome.response.elapsed, 0s);
  const std::string sent = seen.at(0);
  EXPECT_TRUE(sent.starts_with("GET /path?q=1&key=a%26b HTTP/1.1\r\n")) << sent;
  for (const char* line : {"\r\nX-Key: s3cret\r\n", "\r\nAccept: text/plain\r\n", "\r\nX-Empty:\r\n",
                           "\r\nUser-Agent: pulse-test\r\n", "\r\nAccept-Encoding: gzip, deflate\r\n"})
    EXPECT_NE(sent.find(line), std::string::npos) << line << sent;
}

TEST_F(CurlTransport, MethodsAndBodies) {
  Journal seen;
  ScriptedServer server(ScriptedServer::answering([&](const std::string& request) {
    seen.add(request);
    return request.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" : ok("x");
  }));
  const std::string big(2u << 20, 'b');
  attempt({.method = "POST",
           .url = server.url(),
           .headers = {{"content-type", "application/json"}},
           .body = "{}"});
  attempt({.method = "PUT", .url = server.url(), .body = big, .http2 = true});  // not over plain TCP
  attempt({.method = "POST", .url = server.url()});
  attempt({.method = "DELETE", .url = server.url()});
  EXPECT_EQ(attempt({.method = "HEAD", .url = server.url()}).fate, Fate::answered);
  EXPECT_TRUE(seen.at(0).starts_with("POST / HTTP/1.1\r\n"));
  EXPECT_NE(seen.at(0).find("\r\ncontent-type: application/json\r\n"), std::string::npos) << seen.at(0);
  EXPECT_TRUE(seen.at(0).ends_with("\r\n\r\n{}"));
  EXPECT_TRUE(seen.at(1).starts_with("PUT /")) << seen.at(1).substr(0, 300);
  EXPECT_TRUE(seen.at(1).ends_with("\r\n\r\n" + big));
  EXPECT_EQ(seen.at(1).find("Content-Type"), std::string::npos);
  EXPECT_EQ(seen.at(1).find("Expect"), std::string::npos);
  EXPECT_NE(seen.at(2).find("\r\nContent-Length: 0\r\n"), std::string::npos) << seen.at(2);
  EXPECT_TRUE(seen.at(3).starts_with("DELETE / HTTP/1.1\r\n"));
  EXPECT_TRUE(seen.at(4).starts_with("HEAD / HTTP/1.1\r\n"));
}

TEST_F(CurlTransport, ChunkedWithTrailers) {
  const Outcome outcome = answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nA: "
      "2\r\n\r\n");
  ASSERT_EQ(outcome.fate, Fate::answered) << outcome.error.message;
  EXPECT_EQ(outcome.response.body, "hello world");
  EXPECT_EQ(*outcome.response.header("a"), "1");
}

TEST_F(CurlTransport, GzipIsDecoded) {
  std::vector<std::pair<std::uint64_t, std::optional<std::uint64_t>>> progress;
  ScriptedServer server(ScriptedServer::answering([&](const std::string& request) {
    return request.starts_with("GET /plain") ? ok("12345") : ok(hello_gzip, "Content-Encoding: gzip\r\n");
  }));
  const auto note = [&](std::uint64_t received, auto total) { progress.emplace_back(received, total); };
  const Outcome outcome = attempt({.url = server.url()}, note);
  ASSERT_EQ(outcome.fate, Fate::answered) << outcome.error.message;
  EXPECT_EQ(outcome.response.body, "hello hello hello hello");
  EXPECT_EQ(outcome.response.received_bytes, hello_gzip.size());
  ASSERT_FALSE(progress.empty());
  EXPECT_EQ(progress.back().first, 23U);
  EXPECT_EQ(progress.back().second, std::nullopt);  // the length of an encoded body says nothing
  attempt({.url = server.url("/plain")}, note);
  EXPECT_EQ(progress.back().first, 5U);
  EXPECT_EQ(progress.back().second, 5U);
}

TEST_F(CurlTransport, BodyEndedByCloseIsWhole) {
  for (const char* version : {"1.0", "1.1"}) {
    const Outcome outcome = answer("HTTP/"s + version + " 200 OK\r\n\r\nall of it");
    ASSERT_EQ(outcome.fate, Fate::answered) << outcome.error.message;
    EXPECT_EQ(outcome.response.body, "all of it");
  }
}

TEST_F(CurlTransport, BrokenAnswersAreSentUnknown) {
  struct Case {
    std::string bytes;
    const char* reason;
  };
  for (const Case& c :
       {Case{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", "truncated"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "truncated"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "truncated"}, Case{"", "reset"},
        Case{"not HTTP at all\r\n", "protocol"},
        Case{"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", "encoding"},
        Case{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "reset"}}) {
    const Outcome outcome = answer(c.bytes);
    EXPECT_EQ(outcome.fate, Fate::sent_unknown) << c.bytes;
    EXPECT_EQ(outcome.reason, c.reason) << c.bytes << outcome.error.message;
    EXPECT_EQ(outcome.error.code, Code::unavailable);
    EXPECT_TRUE(outcome.error.message.starts_with("127.0.0.1:")) << outcome.error.message;
  }
}

TEST_F(CurlTransport, ResetInTheMiddleOfTheBody) {
  Journal received;
  ScriptedServer server([&](Connection& connection) {
    connection.request();
    connection.reset_on_close();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    received.wait_for(1);
  });
  const Outcome outcome = attempt({.url = server.url()}, [&](auto...) { received.add("some"); });
  EXPECT_EQ(outcome.fate, Fate::sent_unknown);
  EXPECT_EQ(outcome.reason, "reset");
  EXPECT_NE(outcome.error.message.find("Connection reset by peer"), std::string::npos)
      << outcome.error.message;
}

TEST_F(CurlTransport, SlowHeadersTimeOutAsSentUnknown) {
  ScriptedServer server([](Connection& connection) { connection.hold(); });
  const Outcome outcome = attempt({.url = server.url(), .timeout = 50ms});
  EXPECT_EQ(outcome.fate, Fate::sent_unknown);
  EXPECT_EQ(outcome.error.code, Code::timeout);
  EXPECT_EQ(outcome.reason, "timeout");
  EXPECT_NE(outcome.error.message.find("no complete answer within"), std::string::npos)
      << outcome.error.message;
}

TEST_F(CurlTransport, DeadlineCutsBeforeTheRequestsOwnTimeout) {
  ScriptedServer server([](Connection& connection) { connection.hold(); });
  const auto begun = steady_clock::now();
  const Outcome outcome = transport->attempt({.url = server.url()}, begun + 50ms, {});
  EXPECT_EQ(outcome.error.code, Code::timeout);
  EXPECT_GE(steady_clock::now() - begun, 50ms);
  EXPECT_LT(steady_clock::now() - begun, 10s);
  const Outcome late = transport->attempt({.url = server.url()}, begun, {});
  EXPECT_EQ(late.fate, Fate::not_sent);
  EXPECT_EQ(late.error.code, Code::timeout);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlTransport, NotSent) {
  int free_port = 0;
  {
    ScriptedServer gone([](Connection&) {});
    free_port = gone.port();
  }
  const Outcome refused = attempt({.url = "http://127.0.0.1:" + std::to_string(free_port) + "/secret-path"});
  EXPECT_EQ(refused.fate, Fate::not_sent);
  EXPECT_EQ(refused.reason, "connect");
  EXPECT_EQ(refused.error.message,
            "127.0.0.1:" + std::to_string(free_port) + ": could not connect: Connection refused");

  // A label of 64 characters cannot be asked for: the resolver says no without any network.
  const Outcome dns = attempt({.url = "http://" + std::string(64, 'a') + ".example/"});
  EXPECT_EQ(dns.fate, Fate::not_sent);
  EXPECT_EQ(dns.reason, "dns");
  EXPECT_EQ(dns.error.code, Code::unavailable);
}

TEST_F(CurlTransport, TlsFailuresAreNotSent) {
  ScriptedServer plain([](Connection& connection) { connection.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const std::string url = "https" + plain.url().substr(4);
  const Outcome no_tls = attempt({.url = url});
  EXPECT_EQ(no_tls.fate, Fate::not_sent);
  EXPECT_EQ(no_tls.reason, "tls");

  ScriptedServer silent([](Connection& connection) { connection.hold(); });
  const Outcome timeout = attempt({.url = "https" + silent.url().substr(4), .timeout = 50ms});
  EXPECT_EQ(timeout.fate, Fate::not_sent);
  EXPECT_EQ(timeout.reason, "timeout");

  transport = http::make_curl_transport({.ca_file = "/nonexistent/ca.pem"});
  const Outcome config = attempt({.url = url});
  EXPECT_EQ(config.fate, Fate::refused);
  EXPECT_EQ(config.error.code, Code::invalid_config);
}

TEST_F(CurlTransport, SizeCap) {
  Request request{.url = "", .max_response_size = 1000};
  const std::string cap = "more than 1000 B (requester.max_response_size)";
  const Outcome announced = answer("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", request);
  EXPECT_EQ(announced.fate, Fate::refused);
  EXPECT_EQ(announced.error.code, Code::invalid_data);
  EXPECT_NE(announced.error.message.find(cap + ": 1001 B announced"), std::string::npos)
      << announced.error.message;

  const Outcome counted = answer("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'), request);
  EXPECT_EQ(counted.fate, Fate::refused);
  EXPECT_TRUE(counted.error.message.ends_with(cap)) << counted.error.message;

  EXPECT_EQ(answer(ok(std::string(1000, 'x')), request).fate, Fate::answered);
}

TEST_F(CurlTransport, GzipBombHitsTheCap) {
  const std::string bomb = gzip_bomb(100u << 20);
  ASSERT_LT(bomb.size(), 1u << 20);
  std::uint64_t most = 0;
  ScriptedServer server([&](Connection& connection) {
    connection.request();
    connection.send(ok(bomb, "Content-Encoding: gzip\r\n"));
    connection.hold();
  });
  const Outcome outcome = attempt({.url = server.url(), .max_response_size = 1u << 20},
                                  [&](std::uint64_t received, auto) { most = received; });
  EXPECT_EQ(outcome.fate, Fate::refused) << outcome.error.message;
  EXPECT_NE(outcome.error.message.find("1 MiB"), std::string::npos);
  EXPECT_GT(most, 500u << 10);
  EXPECT_LE(most, 1u << 20);
}

TEST_F(CurlTransport, HeadersAreBounded) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 300; ++i) many += "X-" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n";
  const Outcome outcome = answer(many + "\r\n");
  EXPECT_EQ(outcome.fate, Fate::refused) << outcome.error.message;
  const Outcome one_line = answer("HTTP/1.1 200 OK\r\nX: " + std::string(300'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(one_line.fate, Fate::refused) << one_line.error.message;
  EXPECT_NE(one_line.error.message.find("header"), std::string::npos) << one_line.error.message;
}

TEST_F(CurlTransport, StopInTheMiddleCancelsAtOnce) {
  Journal seen;
  ScriptedServer server([&](Connection& connection) {
    seen.add(connection.request());
    connection.hold();
  });
  steady_clock::time_point stopped;
  std::jthread stopper([&] {
    seen.wait_for(1);
    stopped = steady_clock::now();
    stop.request_stop();
  });
  const Outcome outcome = attempt({.url = server.url()});
  const auto ended = steady_clock::now();
  stopper.join();
  EXPECT_EQ(outcome.fate, Fate::cancelled);
  EXPECT_EQ(outcome.error.code, Code::cancelled);
  EXPECT_LT(ended - stopped, 100ms);
  EXPECT_EQ(attempt({.url = server.url()}).fate, Fate::cancelled);  // already stopped
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlTransport, TwentyAtTheSameTime) {
  constexpr int count = 20;
  std::barrier all_there(count);  // no answer before the last request has come
  ScriptedServer server([&](Connection& connection) {
    const std::string request = connection.request();
    all_there.arrive_and_wait();
    connection.send(ok(request.substr(0, request.find(" HTTP"))));
  });
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i)
      threads.emplace_back([&, i] {
        const std::string path = "/" + std::to_string(i);
        const Outcome outcome = attempt({.url = server.url(path)});
        if (outcome.fate == Fate::answered && outcome.response.body == "GET " + path) ++right;
      });
  }
  EXPECT_EQ(right, count);
}

TEST_F(CurlTransport, ConnectionsAreKept) {
  ScriptedServer server(ScriptedServer::answering([](const std::string&) { return ok("x"); }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(attempt({.url = server.url()}).fate, Fate::answered);
  EXPECT_EQ(server.connections(), 1);
}

// libcurl repeats a request whose kept connection dies under it; what may not be repeated never travels on a
// kept one.
TEST_F(CurlTransport, OnADyingKeptConnectionOnlyIdempotentRequestsAreRepeated) {
  Journal seen;
  ScriptedServer server([&](Connection& connection) {
    std::string request = connection.request();
    if (request.empty()) return;
    seen.add(request.substr(0, request.find(" HTTP")));
    if (request.starts_with("GET")) connection.send(ok("x"));
    if (request.starts_with("POST")) return;
    if (!(request = connection.request()).empty()) seen.add(request.substr(0, request.find(" HTTP")));
  });
  EXPECT_EQ(attempt({.url = server.url("/1")}).fate, Fate::answered);
  const Outcome post = attempt({.method = "POST", .url = server.url("/2"), .body = "x", .idempotent = false});
  EXPECT_EQ(post.fate, Fate::sent_unknown);
  EXPECT_EQ(seen.entries(), (std::vector<std::string>{"GET /1", "POST /2"}));
  EXPECT_EQ(attempt({.url = server.url("/3")}).fate,
            Fate::answered);  // seen twice: the first connection died
  EXPECT_EQ(seen.entries(), (std::vector<std::string>{"GET /1", "POST /2", "GET /3", "GET /3"}));
}

TEST_F(CurlTransport, BadRequestsAreRefused) {
  EXPECT_EQ(attempt({.url = "ftp://example.org/"}).fate, Fate::refused);
  EXPECT_EQ(attempt({.url = "http://example.org/", .headers = {{"A", "b\r\nC: d"}}}).error.code,
            Code::invalid_config);
}

}  // namespace
