#include "base/letters.hpp"

#include <gtest/gtest.h>

#include <string>

namespace base {
namespace {

std::string folded(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();)
    if (const char c = fold_letter(text, at)) result += c;
  return result;
}

TEST(FoldLetter, CaseAndAccentsAreGone) {
  EXPECT_EQ(folded("São Paulo"), "sao paulo");
  EXPECT_EQ(folded("Malmö FF 1910"), "malmo ff 1910");
  EXPECT_EQ(folded("Beşiktaş"), "besiktas");
  EXPECT_EQ(folded("Atle\xCC\x81tico"), "atletico");  // the accent as a character of its own
  EXPECT_EQ(folded("Nott'm & Co."), "nottm & co.");
}

TEST(FoldLetter, WhatHasNoLatinLetterAndWhatIsNoUtf8) {
  EXPECT_EQ(folded("Спартак"), "???????");
  EXPECT_EQ(folded("a\xE2\x80\x93z"), "a z");  // a dash
  EXPECT_EQ(folded("a\xFFz"), "a?z");
  for (const std::string text : {"\xC3", "\xE2", "\xE2\x80", "\xF0\x9F"}) folded(text);  // ends, and inside
}

}  // namespace
}  // namespace base
