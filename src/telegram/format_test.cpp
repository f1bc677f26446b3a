#include "telegram/format.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"
#include "telegram/html.hpp"

namespace {

using telegram::split_pages;
using telegram::visible_length;
using Pages = std::vector<std::string>;

TEST(Escape, WhatComesFromOutside) {  // TG5
  EXPECT_EQ(telegram::escape("Brighton & Hove <b>\"x\"</b>"), "Brighton &amp; Hove &lt;b&gt;\"x\"&lt;/b&gt;");
  EXPECT_EQ(telegram::escape("São Paulo\n⚽🇧🇷\r\n"), "São Paulo\n⚽🇧🇷\r\n");
  EXPECT_EQ(telegram::escape(std::string("a\0b\x1b\x7f\tc", 7)), "a\uFFFDb\uFFFD\uFFFD\uFFFDc");
  EXPECT_EQ(telegram::escape("\xc2\x85 \xff\xc3("), "\uFFFD \uFFFD\uFFFD(");
  EXPECT_EQ(telegram::escape("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // half a surrogate pair
  EXPECT_EQ(telegram::bold("a<b"), "<b>a&lt;b</b>");
  EXPECT_EQ(telegram::italic("&"), "<i>&amp;</i>");
  EXPECT_EQ(telegram::escape(""), "");
}

TEST(Plain, TagsGoAndEntitiesAreWhatTheyStandFor) {
  EXPECT_EQ(telegram::plain("<b>A &amp; B</b> &lt;3 &#9917; caf\u00e9 <i>x</i>"),
            "A & B <3 \u26bd caf\u00e9 x");
  EXPECT_EQ(telegram::plain(""), "");
}

TEST(Length, InUtf16Units) {  // TG3
  EXPECT_EQ(telegram::utf16_length("abc"), 3U);
  EXPECT_EQ(telegram::utf16_length("é€"), 2U);
  EXPECT_EQ(telegram::utf16_length("e\u0301"), 2U);
  EXPECT_EQ(telegram::utf16_length("⚽🏆"), 3U);
  EXPECT_EQ(telegram::utf16_length("🇧🇷"), 4U);
  EXPECT_EQ(telegram::utf16_length("👨‍👩‍👧"), 8U);
  EXPECT_EQ(telegram::utf16_length("\xff\xfe"), 2U);
}

TEST(Length, TagsAndEntitiesAsTelegramReadsThem) {
  struct Row {
    const char* html;
    std::size_t units;
  };
  for (const Row& row : {
           Row{"", 0}, Row{"<b>abc</b>", 3}, Row{"<a href=\"http://x/?a>b\">x</a>", 1},
           Row{"<span class='tg-spoiler'>x</span>", 1}, Row{"&amp;&lt;&gt;&quot;", 4},
           Row{"&#9917;&#x1F3C6;", 3},               // the second is beyond the first plane
           Row{"&#65", 1},                           // the ';' may be missing
           Row{"&lt<b>x</b>", 2}, Row{"&nbsp;", 6},  // not known: text
           Row{"&#0;", 4},                           // no character
           Row{"&#1234567890;", 13},                 // too long for a number
           Row{"&#x;", 4}, Row{"AT&T & co", 9}, Row{"&", 1}, Row{"1 < 2 > 0", 9},
           Row{"x <b", 4},  // has no end
       })
    EXPECT_EQ(visible_length(row.html), row.units) << row.html;
}

TEST(Shorten, ToUnitsBetweenCharacters) {
  EXPECT_EQ(telegram::shorten("abc", 3), "abc");
  EXPECT_EQ(telegram::shorten("abcd", 3), "ab…");
  EXPECT_EQ(telegram::shorten("🏆🏆🏆", 4), "🏆…");
  EXPECT_EQ(telegram::shorten("a🇧🇷🇦🇷", 6), "a🇧🇷…");
  EXPECT_EQ(telegram::shorten("a🇧🇷🇦🇷", 5), "a…");
  EXPECT_EQ(telegram::shorten("abc", 0), "");
  for (std::size_t units = 0; units < 12; ++units)
    EXPECT_LE(telegram::utf16_length(telegram::shorten("né🏆e\u0301👍🏽xyz", units)), units);
}

TEST(Pages, OneIfItFits) {
  EXPECT_EQ(split_pages("<b>abc</b>", 3), Pages{"<b>abc</b>"});
  EXPECT_EQ(split_pages("", 10), Pages{""});
  EXPECT_EQ(split_pages("<b></b>", 10), Pages{"<b></b>"});
  EXPECT_EQ(split_pages(std::string(4096, 'x')).size(), 1U);
  EXPECT_EQ(split_pages(std::string(4097, 'x')).size(), 2U);
}

TEST(Pages, SectionsThenLinesThenCharacters) {  // TG4
  EXPECT_EQ(split_pages("aa\nbb\n\ncc\ndd\n\nee", 14), (Pages{"aa\nbb\n\ncc\ndd\n\n", "ee"}));
  EXPECT_EQ(split_pages("aa\nbb\n\ncc\ndd\n\nee", 11), (Pages{"aa\nbb\n\n", "cc\ndd\n\nee"}));
  EXPECT_EQ(split_pages("aaaa\nbbbb\ncccc", 10), (Pages{"aaaa\nbbbb\n", "cccc"}));
  EXPECT_EQ(split_pages("aaaa\nbbbb\ncccc", 9), (Pages{"aaaa\nbbbb", "\ncccc"}));
  EXPECT_EQ(split_pages("abcdefgh", 3), (Pages{"abc", "def", "gh"}));
  EXPECT_EQ(split_pages("aa\n\nbbbbbb", 6), (Pages{"aa\n\n", "bbbbbb"}));
}

TEST(Pages, TagsGoOnAndNothingIsTorn) {
  EXPECT_EQ(split_pages("<b>abc<i>def</i></b>", 4), (Pages{"<b>abc<i>d</i></b>", "<b><i>ef</i></b>"}));
  EXPECT_EQ(split_pages("<b>abc</b><i>def</i>", 3), (Pages{"<b>abc</b>", "<i>def</i>"}));
  EXPECT_EQ(split_pages("<a href=\"u\">abcd</a>", 2),
            (Pages{"<a href=\"u\">ab</a>", "<a href=\"u\">cd</a>"}));
  EXPECT_EQ(split_pages("a&amp;&lt;b", 2), (Pages{"a&amp;", "&lt;b"}));
  EXPECT_EQ(split_pages("ab🇧🇷🇦🇷", 6), (Pages{"ab🇧🇷", "🇦🇷"}));
  EXPECT_EQ(split_pages("abe\u0301f", 3), (Pages{"ab", "e\u0301f"}));
  EXPECT_EQ(split_pages("a👍🏽", 4), (Pages{"a", "👍🏽"}));
  EXPECT_EQ(split_pages("<i>ab <b", 4), (Pages{"<i>ab &lt;</i>", "<i>b</i>"}));  // no tag comes of it
}

TEST(Pages, NoneIsBlank) {
  EXPECT_EQ(split_pages("aaaa\n\n", 4), Pages{"aaaa"});
  EXPECT_EQ(split_pages("\n\n\n\n\naaa", 4), (Pages{"\naaa"}));
  EXPECT_EQ(split_pages("     ", 3), Pages{"   "});
}

// ---- by chance

std::string random_html(base::Rng& rng) {
  static const std::vector<std::string> pieces{
      "a",        "gol ",      "é",    "⚽",       "🏆",    "🇧🇷",    "e\u0301",
      "👍🏽", "&amp;",     "&lt;", "&#9917;", "\n",   "\n\n",  "x y\n",
      "&quot;",   "&unknown;", "<",    "& ",      "\xff", "1 < 2", "longerword"};
  static const std::vector<std::string> tags{"b", "i", "code", "a href=\"x>y\""};
  std::string html;
  std::vector<std::string> open;
  for (std::uint64_t i = rng.below(60); i > 0; --i) {
    const std::uint64_t choice = rng.below(10);
    if (choice == 0 && open.size() < 4) {
      open.push_back(tags[rng.below(tags.size())]);
      html += "<" + open.back() + ">";
    } else if (choice == 1 && !open.empty()) {
      html += "</" + open.back().substr(0, open.back().find(' ')) + ">";
      open.pop_back();
    } else {
      html += pieces[rng.below(pieces.size())];
    }
  }
  for (; !open.empty(); open.pop_back()) html += "</" + open.back().substr(0, open.back().find(' ')) + ">";
  return html;
}

struct Seen {
  std::u32string text;
  bool balanced = true, blank = true;
};
Seen see(const std::string& html) {
  Seen seen;
  std::vector<std::string> open;
  for (const auto& token : telegram::html::tokens(html)) {
    using Kind = telegram::html::Token::Kind;
    if (token.is_text()) {
      seen.text += token.code;
      seen.blank = seen.blank && token.is_space();
      continue;
    }
    const std::string tag(token.raw);
    if (token.kind == Kind::open) {
      open.push_back(tag.substr(1, tag.find_first_of(" >") - 1));
    } else if (open.empty() || "</" + open.back() + ">" != tag) {
      seen.balanced = false;
    } else {
      open.pop_back();
    }
  }
  seen.balanced = seen.balanced && open.empty();
  return seen;
}

std::u32string without_space(const std::u32string& text) {
  std::u32string result;
  std::copy_if(text.begin(), text.end(), std::back_inserter(result),
               [](char32_t c) { return c != ' ' && c != '\n'; });
  return result;
}

TEST(Pages, HoldForAnyText) {
  base::Rng rng(42);
  for (int round = 0; round < 5'000; ++round) {
    const std::string html = random_html(rng);
    const std::size_t limit = 4 + rng.below(60);
    const Seen whole = see(html);
    const Pages pages = split_pages(html, limit);
    ASSERT_FALSE(pages.empty());
    std::u32string together;
    for (const std::string& page : pages) {
      const Seen seen = see(page);
      ASSERT_LE(visible_length(page), limit) << html;
      ASSERT_TRUE(seen.balanced || !whole.balanced) << html << "\n→ " << page;
      ASSERT_TRUE(pages.size() == 1 || !seen.blank) << html;
      together += seen.text;
    }
    // Exactly, unless a page of nothing but white space was left out.
    const bool whole_text = together.size() == whole.text.size();
    ASSERT_EQ(whole_text ? together : without_space(together),
              whole_text ? whole.text : without_space(whole.text))
        << html;
    ASSERT_TRUE(pages.size() == 1 || visible_length(html) > limit) << html;
  }
}

TEST(Pages, AnyBytesWill) {
  base::Rng rng(7);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes;
    static constexpr std::string_view likely = "<>/&;#xb\"'\n a\xf0\x9f\x8f\x86\xff";
    for (std::uint64_t i = rng.below(80); i > 0; --i) bytes += likely[rng.below(likely.size())];
    for (const std::string& page : split_pages(bytes, 5)) ASSERT_LE(visible_length(page), 5U) << bytes;
    ASSERT_LE(visible_length(telegram::escape(bytes)), bytes.size());
    ASSERT_EQ(visible_length(telegram::escape(bytes)), telegram::utf16_length(bytes));
  }
}

}  // namespace
