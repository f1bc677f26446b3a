#include "http/redirect.hpp"

#include <gtest/gtest.h>

namespace {

using base::Secret;
using http::first_hop;
using http::Hop;
using http::next_hop;
using http::Request;
using http::Response;

Request request_to(std::string url) {
  return {.url = std::move(url),
          .headers = {{"Accept", "application/json"},
                      {"Content-Type", "text/x"},
                      {"Authorization", "a"},
                      {"X-Api-Key", "b"},
                      {"Cookie", "c"},
                      {"Host", "d"}},
          .secret_headers = {{"X-Hidden", Secret("hidden-value")}},
          .secret_parameters = {{"api_key", Secret("p@rameter")}}};
}

Response redirect(int status, std::string location) {
  return {.status = status, .headers = {{"location", std::move(location)}}};
}

std::string names(const std::vector<http::Header>& headers) {
  std::string result;
  for (const auto& header : headers) result += header.name + " ";
  return result;
}

// "" = followed; else what became of it.
std::string fate(const Request& request, const Response& answer, Hop* out = nullptr) {
  const auto hop = first_hop(request);
  if (!hop) return hop.error().message;
  const auto next = next_hop(request, *hop, answer);
  if (!next) return "refused: " + next.error().message;
  if (!*next) return "stands";
  if (out) *out = **next;
  return "";
}

TEST(Redirect, SameOriginKeepsCredentials) {
  const Request request = request_to("https://u:p@h.example/a?x=1");
  Hop hop;
  ASSERT_EQ(fate(request, redirect(302, "/b"), &hop), "");
  EXPECT_EQ(hop.url, "https://h.example/b");
  EXPECT_EQ(http::outgoing_url(request, hop), "https://h.example/b?api_key=p%40rameter");
  EXPECT_EQ(names(http::outgoing_headers(request, hop)),
            "Accept Content-Type Authorization X-Api-Key Cookie Host X-Hidden ");
  EXPECT_EQ(fate(request, redirect(302, "https://H.EXAMPLE:443/b")), "");
}

TEST(Redirect, ListedHostGetsNoCredentialsAndTheyDoNotComeBack) {
  Request request = request_to("https://h.example/a");
  request.allowed_hosts = {"CDN.example"};
  Hop hop;
  ASSERT_EQ(fate(request, redirect(302, "https://x:y@cdn.example/b?api_key=p%40rameter&n=1"), &hop), "");
  EXPECT_FALSE(hop.with_credentials);
  EXPECT_EQ(http::outgoing_url(request, hop), "https://cdn.example/b?n=1");
  EXPECT_EQ(names(http::outgoing_headers(request, hop)), "Accept Content-Type ");

  const auto back = next_hop(request, hop, redirect(302, "https://h.example/c"));
  ASSERT_TRUE(back && *back);
  EXPECT_FALSE((*back)->with_credentials);
}

TEST(Redirect, ListedWithPortMeansThatPort) {
  Request request = request_to("https://h.example/a");
  request.allowed_hosts = {"cdn.example:8443"};
  EXPECT_EQ(fate(request, redirect(302, "https://cdn.example:8443/b")), "");
  EXPECT_EQ(fate(request, redirect(302, "https://cdn.example/b")), "stands");
}

TEST(Redirect, OtherOriginsAreNotFollowed) {
  const Request https = request_to("https://h.example/a");
  EXPECT_EQ(fate(https, redirect(301, "https://other.example/")), "stands");
  EXPECT_EQ(fate(https, redirect(301, "https://h.example:8443/")), "stands");
  EXPECT_EQ(fate(https, redirect(301, "https://h.example.other.example/")), "stands");
  EXPECT_EQ(fate(request_to("http://h.example/a"), redirect(301, "https://h.example/a")), "stands");
}

TEST(Redirect, WhatIsNoRedirectStands) {
  const Request request = request_to("https://h.example/a");
  for (const int status : {200, 201, 300, 304, 305, 306, 404})
    EXPECT_EQ(fate(request, redirect(status, "/b")), "stands");
  EXPECT_EQ(fate(request, Response{.status = 302}), "stands");
  EXPECT_EQ(fate(request, redirect(302, "ftp://h.example/")), "stands");
}

TEST(Redirect, DowngradeIsRefusedEvenToAListedHost) {
  Request request = request_to("https://h.example/a");
  request.allowed_hosts = {"h.example"};
  EXPECT_EQ(fate(request, redirect(302, "http://h.example/b")),
            "refused: h.example: refused a redirect from https to plain http (to h.example)");
}

TEST(Redirect, FromPublicToPrivateIsRefusedEvenIfListed) {
  Request request = request_to("http://h.example/a");
  request.allowed_hosts = {"127.0.0.1", "[::1]", "localhost", "10.0.0.1"};
  for (const char* target : {"http://127.0.0.1/", "http://0x7f000001/", "http://[::1]/", "http://localhost/",
                             "http://10.0.0.1:8080/", "http://169.254.169.254/latest/meta-data"})
    EXPECT_TRUE(fate(request, redirect(302, target)).starts_with("refused: ")) << target;
  Request inside = request_to("http://10.0.0.1/a");
  inside.allowed_hosts = {"10.0.0.2"};
  EXPECT_EQ(fate(inside, redirect(302, "http://10.0.0.2/")), "");
}

TEST(Redirect, MethodAndBody) {
  struct Case {
    const char* before;
    int status;
    const char* after;
    bool body;
  };
  for (const Case& c :
       {Case{"POST", 301, "GET", false}, Case{"POST", 302, "GET", false}, Case{"POST", 303, "GET", false},
        Case{"POST", 307, "POST", true}, Case{"POST", 308, "POST", true}, Case{"PUT", 301, "PUT", true},
        Case{"PUT", 303, "GET", false}, Case{"DELETE", 302, "DELETE", true}, Case{"GET", 303, "GET", true},
        Case{"HEAD", 303, "HEAD", true}, Case{"HEAD", 302, "HEAD", true}}) {
    Request request = request_to("https://h.example/a");
    request.method = c.before;
    Hop hop;
    ASSERT_EQ(fate(request, redirect(c.status, "/b"), &hop), "");
    EXPECT_EQ(hop.method, c.after) << c.before << " " << c.status;
    EXPECT_EQ(hop.with_body, c.body) << c.before << " " << c.status;
    EXPECT_EQ(names(http::outgoing_headers(request, hop)).find("Content-Type") != std::string::npos, c.body);
  }
}

TEST(Redirect, ASecretBodyStaysAtHome) {
  Request request = request_to("https://h.example/token");
  request.method = "POST";
  request.allowed_hosts = {"cdn.example"};
  EXPECT_EQ(fate(request, redirect(307, "https://cdn.example/t")), "");
  request.body_is_secret = true;
  EXPECT_EQ(fate(request, redirect(307, "https://cdn.example/t")), "stands");
  EXPECT_EQ(fate(request, redirect(308, "https://cdn.example/t")), "stands");
  EXPECT_EQ(fate(request, redirect(303, "https://cdn.example/t")), "");  // without the body
  EXPECT_EQ(fate(request, redirect(308, "/t")), "");
}

TEST(Redirect, WhatDescribesABodyGoesWithIt) {
  Request request{
      .method = "POST",
      .url = "https://h.example/a",
      .headers = {{"Content-Encoding", "gzip"}, {"Digest", "x"}, {"Last-Modified", "y"}, {"Accept", "z"}}};
  Hop hop;
  ASSERT_EQ(fate(request, redirect(303, "/b"), &hop), "");
  EXPECT_EQ(names(http::outgoing_headers(request, hop)), "Accept ");
  ASSERT_EQ(fate(request, redirect(308, "/b"), &hop), "");
  EXPECT_EQ(http::outgoing_headers(request, hop).size(), 4U);
}

TEST(FirstHop, RefusesHeaderInjectionWithoutEchoingTheValue) {
  Request request = request_to("https://h.example/");
  request.headers = {{"X", "a\r\nEvil: 1"}};
  EXPECT_EQ(first_hop(request).error().code, base::Code::invalid_config);
  request.headers = {{"X y", "a"}};
  EXPECT_FALSE(first_hop(request));
  request.headers = {};
  request.secret_headers = {{"X", Secret("secret\nvalue")}};
  ASSERT_FALSE(first_hop(request));
  EXPECT_EQ(first_hop(request).error().message.find("secret"), std::string::npos);
  request.secret_headers = {};
  EXPECT_TRUE(first_hop(request));
  request.content_type = "a/b\r\nX: 1";
  EXPECT_FALSE(first_hop(request));
  request.content_type = "application/json; charset=utf-8";
  EXPECT_TRUE(first_hop(request));
  request.method = "GET /x HTTP/1.1\r\n";
  EXPECT_FALSE(first_hop(request));
}

TEST(PrivateHost, Table) {
  for (const char* host : {"127.0.0.1",
                           "127.0.0.1.",
                           "127.255.0.1",
                           "10.0.0.1",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "0.0.0.0",
                           "224.0.0.1",
                           "255.255.255.255",
                           "[::1]",
                           "[::]",
                           "[fc00::1]",
                           "[fd12::1]",
                           "[fe80::1]",
                           "[ff02::1]",
                           "[::ffff:10.0.0.1]",
                           "[::127.0.0.1]",
                           "[64:ff9b::7f00:1]",
                           "localhost",
                           "db.localhost",
                           "localhost."})
    EXPECT_TRUE(http::is_private_host(host)) << host;
  for (const char* host :
       {"8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.128.0.1", "11.0.0.1", "223.255.255.255",
        "[2001:db8::1]", "[::ffff:8.8.8.8]", "example.org", "localhost.example.org", "10.example"})
    EXPECT_FALSE(http::is_private_host(host)) << host;
}

}  // namespace
