#include "base/json_text.hpp"

#include <gtest/gtest.h>

namespace {

std::string quoted(std::string_view text) {
  std::string json = "[";
  base::append_json_text(json, text);
  return json;
}

TEST(JsonText, WhatNeedsNoEscapeStaysAsItIs) {
  EXPECT_EQ(quoted(""), R"(["")");
  EXPECT_EQ(quoted("São Paulo 🏁 \x7f/"), "[\"São Paulo 🏁 \x7f/\"");
}

TEST(JsonText, QuotesBackslashesAndControlCharactersAreEscaped) {
  EXPECT_EQ(quoted(R"("a"\b\")"), R"(["\"a\"\\b\\\"")");
  EXPECT_EQ(quoted("\n\x01tab\t"), R"(["\u000a\u0001tab\u0009")");
  EXPECT_EQ(quoted(std::string_view("a\0b", 3)), R"(["a\u0000b")");
}

}  // namespace
