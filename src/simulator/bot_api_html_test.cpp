#include "simulator/bot_api_html.hpp"

#include <gtest/gtest.h>

namespace simulator {
namespace {

// "bold 0+4, text_link 2+1 https://…"
std::string shape(const std::vector<Entity>& entities) {
  std::string text;
  for (const Entity& entity : entities)
    text += fmt::format("{}{} {}+{}{}{}", text.empty() ? "" : ", ", entity.type, entity.offset, entity.length,
                        entity.extra.empty() ? "" : " ", entity.extra);
  return text;
}

TEST(BotApiHtml, tags_become_entities) {
  const auto parsed = [](std::string_view source) {
    const auto result = parse_html(source);
    return result ? fmt::format("{} | {}", result->text, shape(result->entities)) : result.error().message;
  };
  EXPECT_EQ(parsed("plain > text"), "plain > text | ");
  EXPECT_EQ(parsed("<b>a</b> <strong>b</strong>"), "a b | bold 0+1, bold 2+1");
  EXPECT_EQ(parsed("<i>x<B>y</b></i>"), "xy | italic 0+2, bold 1+1");
  EXPECT_EQ(parsed("🎯<u>ação</u>🎯"), "🎯ação🎯 | underline 2+4") << "UTF-16 units";
  EXPECT_EQ(parsed("<s>a</s><del>b</del><ins>c</ins><em>d</em>"),
            "abcd | strikethrough 0+1, strikethrough 1+1, underline 2+1, italic 3+1");
  EXPECT_EQ(parsed("<a href=\"https://x.org/?a=1&amp;b\">x</a>"), "x | text_link 0+1 https://x.org/?a=1&b");
  EXPECT_EQ(parsed("<a href='u' >x</a >"), "x | text_link 0+1 u");
  EXPECT_EQ(parsed("<a href=u>x</a>"), "x | text_link 0+1 u");
  EXPECT_EQ(parsed("<a>x</a>"), "x | ");
  EXPECT_EQ(parsed("<span class=\"tg-spoiler\">x</span><tg-spoiler>y</tg-spoiler>"),
            "xy | spoiler 0+1, spoiler 1+1");
  EXPECT_EQ(parsed("<pre><code class=\"language-cpp\">x</code></pre>"), "x | pre 0+1 cpp");
  EXPECT_EQ(parsed("<code>x</code>"), "x | code 0+1");
  EXPECT_EQ(parsed("<blockquote expandable>x</blockquote>"), "x | expandable_blockquote 0+1");
  EXPECT_EQ(parsed("<tg-emoji emoji-id=\"5\">🎯</tg-emoji>"), "🎯 | custom_emoji 0+2 5");
  EXPECT_EQ(parsed("<b></b>x"), "x | ");
  EXPECT_EQ(parsed("&lt;&gt;&amp;&quot;&#65;&#x1F3AF;"), "<>&\"A🎯 | ");
}

TEST(BotApiHtml, mistakes_are_named) {
  const auto fault = [](std::string_view source) {
    const auto result = parse_html(source);
    return result ? "ok" : result.error().message;
  };
  EXPECT_EQ(fault("<b>x"), "Can't find end tag corresponding to start tag \"b\"");
  EXPECT_EQ(fault("x</b>"), "Unexpected end tag at byte offset 1");
  EXPECT_EQ(fault("<b><i>x</b></i>"),
            "Unmatched end tag at byte offset 7, expected \"</i>\", found \"</b>\"");
  EXPECT_EQ(fault("é<br>"), "Unsupported start tag \"br\" at byte offset 2");
  EXPECT_EQ(fault("1 < 2"), "Unsupported start tag \"\" at byte offset 2");
  EXPECT_EQ(fault("1 < 2 > 0"), "Unsupported start tag \"\" at byte offset 2");
  EXPECT_EQ(fault("<b"), "Unclosed start tag at byte offset 0");
  EXPECT_EQ(fault("<a href=\"x"), "Unclosed start tag at byte offset 0");
  EXPECT_EQ(fault("<a =x>y</a>"), "Empty attribute name in the tag at byte offset 0");
  EXPECT_EQ(fault("<b>x</b"), "Unclosed end tag at byte offset 4");
  EXPECT_EQ(fault("<span>x</span>"), "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0");
  for (const char* wrong :
       {"A & B", "&", "&;", "&nbsp;", "&#0;", "&#xD800;", "&#1114112;", "&lt", "&#x;", "&#6 5;"})
    EXPECT_TRUE(fault(wrong).starts_with("Unsupported character entity at byte offset")) << wrong;
  std::string deep;
  for (int i = 0; i < 101; ++i) deep += "<b>";
  EXPECT_EQ(fault(deep), "Too many nested tags at byte offset 300");
}

TEST(BotApiHtml, white_space_at_the_ends_goes) {
  const auto trim = [](std::string_view source) {
    const FormattedText text = trimmed(*parse_html(source));
    return fmt::format("{} | {}", text.text, shape(text.entities));
  };
  EXPECT_EQ(trim("  <b> a </b> "), "a | bold 0+1");
  EXPECT_EQ(trim("\n\nx <b>y</b>\n<i>\n</i>"), "x y | bold 2+1");
  EXPECT_EQ(trim("<b> </b>"), " | ");
}

TEST(BotApiHtml, commands_of_users_are_marked) {
  EXPECT_EQ(shape(command_entities("/start")), "bot_command 0+6");
  EXPECT_EQ(shape(command_entities("🎯 /a_1@bot x /b")), "bot_command 3+8, bot_command 14+2");
  EXPECT_EQ(shape(command_entities("a/b / /é /a/b http://x")), "");
}

}  // namespace
}  // namespace simulator
