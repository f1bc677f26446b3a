// Redirects and rewriting over real sockets: what every server along the way gets to see.
#include <gtest/gtest.h>

#include "http/policy.hpp"
#include "http/scripted_server_test.hpp"
#include "http/transport.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using http::Fate;
using http::Journal;
using http::Outcome;
using http::Request;
using http::ScriptedServer;

std::string redirect_to(const std::string& location, int status = 302) {
  return "HTTP/1.1 " + std::to_string(status) + " Go\r\nLocation: " + location +
         "\r\nContent-Length: 4\r\n\r\nmove";
}
const std::string final_answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfinal";

// Two servers; the first answers "/final" itself and sends everything else to `location`.
class CurlRedirect : public testing::Test {
 protected:
  Outcome attempt(const Request& request) {
    return transport->attempt(request, std::chrono::steady_clock::now() + 20s, {});
  }
  Request secret_request(std::string path = "/start") {
    Request request{.url = "http://user:pa55word@" + first.url(path).substr(7)};
    request.headers = {{"Cookie", "session=1"}, {"Accept", "x/y"}};
    request.secret_headers = {{"X-Hidden", base::Secret("hidden-value")}};
    request.secret_parameters = {{"key", base::Secret("p@rameter")}};
    return request;
  }
  static bool has(const std::string& request, const char* text) {
    return request.find(text) != std::string::npos;
  }
  static void expect_credentials(const std::string& request, bool expected) {
    for (const char* text : {"Authorization: Basic dXNlcjpwYTU1d29yZA==", "X-Hidden: hidden-value",
                             "Cookie: session=1", "key=p%40rameter"})
      EXPECT_EQ(has(request, text), expected) << text << "\n" << request;
  }

  std::string location;
  int status = 302;
  Journal at_first, at_second;
  std::unique_ptr<http::Transport> transport = http::make_curl_transport({});
  ScriptedServer second{ScriptedServer::answering([this](const std::string& request) {
    at_second.add(request);
    return final_answer;
  })};
  ScriptedServer first{ScriptedServer::answering([this](const std::string& request) {
    at_first.add(request);
    return request.find("/final") == std::string::npos ? redirect_to(location, status) : final_answer;
  })};
};

TEST_F(CurlRedirect, SameOriginWithCredentials) {
  location = "/final?key=p%40rameter&n=1";  // as servers do, our own query comes back
  const Outcome outcome = attempt(secret_request());
  ASSERT_EQ(outcome.fate, Fate::answered) << outcome.error.message;
  EXPECT_EQ(outcome.response.body, "final");
  EXPECT_EQ(outcome.response.url, first.url("/final?n=1"));
  expect_credentials(at_first.at(0), true);
  expect_credentials(at_first.at(1), true);
  EXPECT_TRUE(at_first.at(1).starts_with("GET /final?n=1&key=p%40rameter HTTP/1.1\r\n"));
  EXPECT_EQ(first.connections(), 1);
}

TEST_F(CurlRedirect, ListedHostWithoutCredentials) {
  location = second.url("/other?key=p%40rameter&n=1");
  Request request = secret_request();
  request.allowed_hosts = {"127.0.0.1"};
  const Outcome outcome = attempt(request);
  ASSERT_EQ(outcome.fate, Fate::answered) << outcome.error.message;
  EXPECT_EQ(outcome.response.url, second.url("/other?n=1"));
  expect_credentials(at_second.at(0), false);
  EXPECT_FALSE(has(at_second.at(0), "Authorization"));
  EXPECT_TRUE(has(at_second.at(0), "Accept: x/y"));
}

TEST_F(CurlRedirect, OtherOriginIsNotFollowed) {
  location = second.url("/other");
  const Request request = secret_request();
  const Outcome outcome = attempt(request);
  EXPECT_EQ(outcome.fate, Fate::answered);
  EXPECT_EQ(outcome.response.status, 302);
  EXPECT_EQ(second.connections(), 0);
  const auto judgement = http::judge(request, outcome, {});
  EXPECT_EQ(judgement.error.code, Code::endpoint_gone);
  EXPECT_NE(judgement.error.message.find("http://127.0.0.1:" + std::to_string(second.port())),
            std::string::npos)
      << judgement.error.message;
}

TEST_F(CurlRedirect, ASecretTheServerRepeatsInThePathIsNotShown) {
  location = "/final/hidden-value/x";
  const Outcome outcome = attempt(secret_request());
  EXPECT_EQ(outcome.response.url, first.url("/final/***/x"));
}

TEST_F(CurlRedirect, LoopsEnd) {
  location = "/start";
  const Outcome outcome = attempt(secret_request());
  EXPECT_EQ(outcome.fate, Fate::refused);
  EXPECT_EQ(outcome.error.code, Code::endpoint_gone);
  EXPECT_NE(outcome.error.message.find("more than 10 redirects"), std::string::npos) << outcome.error.message;
  EXPECT_EQ(at_first.entries().size(), 11U);
}

TEST_F(CurlRedirect, MaximumIsInclusive) {
  location = "/final";
  Request request = secret_request();
  request.max_redirects = 1;
  EXPECT_EQ(attempt(request).fate, Fate::answered);
  request.max_redirects = 0;
  EXPECT_EQ(attempt(request).fate, Fate::refused);
}

TEST_F(CurlRedirect, PostBecomesGetOrKeepsItsBody) {
  location = "/final";
  Request request{
      .method = "POST", .url = first.url("/start"), .body = "payload", .content_type = "text/x-payload"};
  for (const auto& [code, method] :
       {std::pair{303, "GET"}, {302, "GET"}, {301, "GET"}, {307, "POST"}, {308, "POST"}}) {
    status = code;
    const Outcome outcome = attempt(request);
    ASSERT_EQ(outcome.fate, Fate::answered);
    EXPECT_EQ(outcome.response.method, method);
    const std::string hop = at_first.entries().back();
    EXPECT_EQ(has(hop, "Content-Type: text/x-payload"), std::string(method) == "POST") << code << hop;
    EXPECT_TRUE(hop.starts_with(std::string(method) + " /final")) << code << hop;
    EXPECT_EQ(hop.ends_with("payload"), std::string(method) == "POST") << code << hop;
  }
}

TEST_F(CurlRedirect, AfterARedirectNothingCountsAsNotSent) {
  {
    ScriptedServer gone([](http::Connection&) {});
    location = gone.url("/");
  }
  Request request{.method = "POST", .url = first.url("/start"), .body = "x", .idempotent = false};
  request.allowed_hosts = {"127.0.0.1"};
  const Outcome outcome = attempt(request);
  EXPECT_EQ(outcome.fate, Fate::sent_unknown);
  EXPECT_EQ(outcome.reason, "connect");
}

TEST_F(CurlRedirect, BusyPageAfterAPostDoesNotRepeatThePost) {
  ScriptedServer server(ScriptedServer::answering([](const std::string& request) {
    return request.starts_with("POST") ? redirect_to("/result", 303)
                                       : std::string("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
  }));
  Request request{.method = "POST", .url = server.url("/start"), .idempotent = false};
  EXPECT_EQ(http::judge(request, attempt(request), {}).verdict, http::Verdict::final);
  request.idempotent = true;
  EXPECT_EQ(http::judge(request, attempt(request), {}).verdict, http::Verdict::retry);
}

TEST_F(CurlRedirect, RewriteIsAppliedLastAndNeverShown) {
  // The real world: two hosts; in the test both are local servers.
  transport = http::make_curl_transport({.rewrite = {{"https://", "http://127.0.0.1:1/"},
                                                     {"https://api.example/", first.url("/api/")},
                                                     {"https://cdn.example/", second.url("/cdn/")}}});
  location = "https://cdn.example/final";
  Request request = secret_request();
  request.url = "https://user:pa55word@api.example/start";
  request.allowed_hosts = {"cdn.example"};
  const Outcome outcome = attempt(request);
  ASSERT_EQ(outcome.fate, Fate::answered) << outcome.error.message;
  EXPECT_EQ(outcome.response.url, "https://cdn.example/final");
  EXPECT_TRUE(at_first.at(0).starts_with("GET /api/start?key=p%40rameter HTTP/1.1\r\n")) << at_first.at(0);
  expect_credentials(at_first.at(0), true);
  EXPECT_TRUE(at_second.at(0).starts_with("GET /cdn/final HTTP/1.1\r\n")) << at_second.at(0);
  expect_credentials(at_second.at(0), false);

  location = "http://127.0.0.1:9/";  // the real URL says: public to private
  request.allowed_hosts = {"127.0.0.1"};
  request.url = "https://api.example/start";
  EXPECT_EQ(attempt(request).fate, Fate::refused);

  const Outcome refused = attempt({.url = "https://nobody.example/x"});  // the shortest rule: port 1
  EXPECT_EQ(refused.fate, Fate::not_sent);
  EXPECT_EQ(refused.error.message, "nobody.example: could not connect: Connection refused");
}

}  // namespace
