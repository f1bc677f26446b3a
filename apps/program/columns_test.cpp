#include "program/columns.hpp"

#include <gtest/gtest.h>

namespace program {
namespace {

TEST(Columns, WidthsOfWideCombiningAndNarrow) {
  EXPECT_EQ(display_width("kev"), 3u);
  EXPECT_EQ(display_width("日本語"), 6u);
  EXPECT_EQ(display_width("✅ ok"), 5u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width("\xff"), 1u);
}

TEST(Columns, ATerminalIsLeftAlone) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\u009bd", true), "a\\x1b[2Jb\\nc\\u009bd");
  EXPECT_EQ(printable("a\u202eb\u200dc\ufeff", true), "abc");  // reordering, joining, byte order mark
  EXPECT_EQ(printable("a\xff", true), "a\ufffd");
}

TEST(Columns, InAsciiAlone) {
  EXPECT_EQ(printable("é — … → \xff", false), "? - ... -> ?");
  EXPECT_EQ(cut("Überlänge", 4, false), "?be.");
}

TEST(Columns, CutsBetweenCharacters) {
  EXPECT_EQ(cut("日本語の名前", 8, true), "日本語…");
  EXPECT_EQ(fit("日本語の名前", 8, true), "日本語… ");
  EXPECT_EQ(fit("kev", 5, true), "kev  ");
  EXPECT_EQ(cut("kev", 3, true), "kev");
  EXPECT_EQ(cut("kev", 1, true), "…");
  EXPECT_EQ(cut("kev", 0, true), "");
  EXPECT_EQ(cut("日", 1, true), "…");
}

TEST(Columns, NeverWiderWhateverTheText) {
  const std::string text = "a日\u0301\x1b\xff\u202e🛑b→\t…";
  for (const bool unicode : {true, false})
    for (std::size_t columns = 0; columns < 40; ++columns) {
      EXPECT_LE(display_width(cut(text, columns, unicode)), columns);
      EXPECT_EQ(display_width(fit(text, columns, unicode)), columns);
    }
}

}  // namespace
}  // namespace program
