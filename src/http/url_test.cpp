#include "http/url.hpp"

#include <gtest/gtest.h>

namespace {

using http::build_url;
using http::host_label;
using http::Origin;
using http::parse_url;
using http::resolve_url;

void expect_origin(const char* url, const Origin& expected) {
  const auto parts = parse_url(url);
  ASSERT_TRUE(parts) << url << ": " << parts.error().message;
  EXPECT_EQ(parts->origin.scheme, expected.scheme) << url;
  EXPECT_EQ(parts->origin.host, expected.host) << url;
  EXPECT_EQ(parts->origin.port, expected.port) << url;
}

TEST(ParseUrl, OriginsHaveLowerCaseAndDefaultPorts) {
  expect_origin("https://api.example.org/v1?x=1#f", {"https", "api.example.org", 443});
  expect_origin("HTTP://API.Example.ORG", {"http", "api.example.org", 80});
  expect_origin("http://example.org:8080/", {"http", "example.org", 8080});
  expect_origin("https://example.org:443/", {"https", "example.org", 443});
  expect_origin("http://[::1]:9000/", {"http", "[::1]", 9000});
  expect_origin("http://[2001:DB8:0:0::1]/", {"http", "[2001:db8::1]", 80});
}

TEST(ParseUrl, OtherSpellingsOfAnIPv4AddressAreThatAddress) {
  for (const char* url : {"http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/", "http://127.1/"})
    expect_origin(url, {"http", "127.0.0.1", 80});
}

TEST(ParseUrl, UserInformationIsDecoded) {
  const auto parts = parse_url("https://us%65r:p%40ss%3Aword@example.org/");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->user, "user");
  EXPECT_EQ(parts->password, "p@ss:word");
  EXPECT_EQ(parts->origin.host, "example.org");
  const auto none = parse_url("https://example.org/");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->user.empty() && none->password.empty());
}

TEST(ParseUrl, WhatIsNoUsableUrlIsInvalidConfig) {
  for (const std::string_view url :
       {std::string_view("example.org/x"), std::string_view(""), std::string_view("ftp://example.org/"),
        std::string_view("file:///etc/passwd"), std::string_view("http://example.org:99999/"),
        std::string_view("http://exa mple.org/"), std::string_view("http://example.org/a b"),
        std::string_view("http://example.org/\r\nX: y"), std::string_view("http://a\0b/", 11),
        std::string_view("gopher://x"), std::string_view("http://[::1/")}) {
    const auto parts = parse_url(url);
    ASSERT_FALSE(parts) << url;
    EXPECT_EQ(parts.error().code, base::Code::invalid_config) << url;
  }
}

TEST(ParseUrl, ErrorsNameTheUrlButNoSecret) {
  const auto plain = parse_url("ftp://example.org/file?key=hunter2");
  ASSERT_FALSE(plain);
  EXPECT_NE(plain.error().message.find("ftp://example.org/file"), std::string::npos);
  EXPECT_EQ(plain.error().message.find("hunter2"), std::string::npos);
  for (const char* url :
       {"ftp://u:hunter2@h/", "http://u:hunter2@h:x/", "http://u:hun/ter2@h p/", "u:hunter2@h"}) {
    const auto parts = parse_url(url);
    ASSERT_FALSE(parts) << url;
    EXPECT_EQ(parts.error().message.find("ter2"), std::string::npos) << parts.error().message;
    EXPECT_EQ(parts.error().message.find("u:"), std::string::npos) << parts.error().message;
  }
  EXPECT_EQ(parse_url("http://h/\x1b[2J").error().message.find('\x1b'), std::string::npos);
}

TEST(HostLabel, PortOnlyWhereItIsNotTheSchemesOwn) {
  EXPECT_EQ(host_label("https://Example.org/x"), "example.org");
  EXPECT_EQ(host_label("http://u:p@example.org:80/"), "example.org");
  EXPECT_EQ(host_label("http://example.org:443/"), "example.org:443");
  EXPECT_EQ(host_label("http://[::1]:81/"), "[::1]:81");
  EXPECT_EQ(host_label("nonsense"), "?");
}

TEST(BuildUrl, ExactlyOneSlash) {
  for (const char* base : {"https://h/v1", "https://h/v1/", "https://h/v1//"})
    for (const char* path : {"items", "/items", "//items"})
      EXPECT_EQ(build_url(base, path, {}), "https://h/v1/items") << base << " + " << path;
  EXPECT_EQ(build_url("https://h", "items", {}), "https://h/items");
  EXPECT_EQ(build_url("https://h/v1", "", {}), "https://h/v1");
  EXPECT_EQ(build_url("https://h/v1/", "", {}), "https://h/v1/");
  EXPECT_EQ(build_url("https://h/v1", "/", {}), "https://h/v1/");
  EXPECT_EQ(build_url("https://h/v1", "a//b/", {}), "https://h/v1/a//b/");
}

TEST(BuildUrl, QueriesAreKeptAndAppended) {
  EXPECT_EQ(build_url("https://h/v1?a=1", "x?b=2", {{"c", "3"}}), "https://h/v1/x?a=1&b=2&c=3");
  EXPECT_EQ(build_url("https://h/v1?", "x", {{"c", "3"}}), "https://h/v1/x?c=3");
  EXPECT_EQ(build_url("https://h/v1?a=1&", "", {{"c", "3"}}), "https://h/v1?a=1&c=3");
  EXPECT_EQ(build_url("https://h/v1#frag", "x#y", {{"c", "3"}}), "https://h/v1/x?c=3");
  EXPECT_EQ(build_url("https://h?a=1", "", {}), "https://h?a=1");
}

TEST(BuildUrl, ParametersArePercentEncoded) {
  EXPECT_EQ(build_url("https://h", "x", {{"q", "a b&c=d/é+"}, {"f[0]", ""}}),
            "https://h/x?q=a%20b%26c%3Dd%2F%C3%A9%2B&f%5B0%5D=");
}

TEST(ResolveUrl, Locations) {
  const auto at = [](std::string_view location) {
    const auto result = resolve_url("https://u:p@h.example:8443/a/b?q=1#f", location);
    return result ? *result : "error: " + result.error().message;
  };
  EXPECT_EQ(at("c"), "https://h.example:8443/a/c");
  EXPECT_EQ(at("/c?d=1"), "https://h.example:8443/c?d=1");
  EXPECT_EQ(at("../c"), "https://h.example:8443/c");
  EXPECT_EQ(at("?page=2"), "https://h.example:8443/a/b?page=2");
  EXPECT_EQ(at("//other.example/x"), "https://other.example/x");
  EXPECT_EQ(at("http://other.example/x#frag"), "http://other.example/x");
  EXPECT_EQ(at("https://x:y@other.example/z"), "https://other.example/z");
  EXPECT_EQ(at("/with space"), "https://h.example:8443/with%20space");
}

TEST(ResolveUrl, OnlyToHttp) {
  for (const char* location :
       {"ftp://h/x", "javascript:alert(1)", "file:///etc/passwd", "http://h:port/", "/a\x01b"})
    EXPECT_FALSE(resolve_url("https://h/", location))
        << location << " → " << *resolve_url("https://h/", location);
}

TEST(FormEncode, Table) {
  EXPECT_EQ(http::form_encode("a b+c&d=e/\xc3\xa9~*"), "a+b%2Bc%26d%3De%2F%C3%A9~%2A");
  EXPECT_EQ(http::form_encode("%20"), "%2520");
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(http::form_encode(Pairs{}), "");
  EXPECT_EQ(http::form_encode(Pairs{{"a", "1"}, {"a", "x y"}, {"b&", ""}}), "a=1&a=x+y&b%26=");
}

}  // namespace
