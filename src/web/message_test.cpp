#include "web/message.hpp"

#include <gtest/gtest.h>

namespace web {
namespace {

TEST(Target, PathAndQuery) {
  EXPECT_EQ(parse_target("/"), (Target{"/", ""}));
  EXPECT_EQ(parse_target("/a/b?x=1&y=%00"), (Target{"/a/b", "x=1&y=%00"}));
  EXPECT_EQ(parse_target("/a?b?c"), (Target{"/a", "b?c"}));
  EXPECT_EQ(parse_target("/%61%C3%a4%25"), (Target{"/aä%", ""}));
}

TEST(Target, WhatIsNotWellFormed) {
  for (const char* raw : {"", "a", "*", "http://localhost/", "/a b", "/a\tb", "/ä", "/%", "/%4", "/%4g",
                          "/%g4", "/%00", "/%0a", "/%7F", "/a%2Fb", "/?a b"})
    EXPECT_FALSE(parse_target(raw)) << raw;
  EXPECT_FALSE(parse_target(std::string_view("/a\0b", 4)));
}

TEST(Plain, OneLine) { EXPECT_EQ(plain(503, "a\r\nb\x1b").body, "a\\r\\nb\\x1b\n"); }

TEST(EscapeHtml, WhatMeansSomething) {
  EXPECT_EQ(escape_html(R"(<script>alert("1")</script>&'x')"),
            "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;x&#39;");
  EXPECT_EQ(escape_html("größer 日本 🙂\n"), "größer 日本 🙂\n");
}

TEST(EscapeHtml, WhatCouldHide) {
  EXPECT_EQ(escape_html(std::string_view("a\0b", 3)), "a\ufffdb");
  EXPECT_EQ(escape_html("a\x1b[31m\x7f"), "a\ufffd[31m\ufffd");
  EXPECT_EQ(escape_html("\xc2\x85"), "\ufffd") << "C1 control";
  EXPECT_EQ(escape_html("\xc0\xbcscript"), "\ufffd\ufffdscript") << "overlong <";
  EXPECT_EQ(escape_html("x\xe2\x82"), "x\ufffd\ufffd") << "cut off";
}

}  // namespace
}  // namespace web
