#include "store/sql_text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace store {
namespace {

using Statements = std::vector<std::string>;

TEST(SqlText, ReplacesKnownWordsOutsideOfQuotesAndComments) {
  const std::array words = {Word{"{p}", "pulse_"}, Word{"{long}", "INTEGER"}};
  EXPECT_EQ(replace_words("{p}a {long} {p}{p} {x} {p", words), "pulse_a INTEGER pulse_pulse_ {x} {p");
  EXPECT_EQ(replace_words("'{p}' \"{p}\" 'it''s {p}' {p}", words), "'{p}' \"{p}\" 'it''s {p}' pulse_");
  EXPECT_EQ(replace_words("-- don't {p}\n{p} /* {p}'*/ {p}", words), "-- don't {p}\npulse_ /* {p}'*/ pulse_");
  EXPECT_EQ(replace_words("{p} 'open {p}", words), "pulse_ 'open {p}");
  EXPECT_EQ(replace_words("", words), "");
}

TEST(SqlText, SplitsStatements) {
  EXPECT_EQ(split_statements("a;b"), (Statements{"a", "b"}));
  EXPECT_EQ(split_statements("a ';' \";\" 'x'';'; -- b;\n ;\n/* c; */;d"),
            (Statements{"a ';' \";\" 'x'';'", "d"}));
  EXPECT_EQ(split_statements("a -- b;\nc"), (Statements{"a \nc"}));
  EXPECT_EQ(split_statements(" \n-- nothing"), Statements{});
  EXPECT_EQ(split_statements(""), Statements{});
}

TEST(SqlText, ExcerptIsOneShortLine) {
  EXPECT_EQ(excerpt("\n SELECT  a,\n\t b \n"), "SELECT a, b");
  const std::string long_one = excerpt(std::string(500, 'x'));
  EXPECT_LE(long_one.size(), 120U);
  EXPECT_TRUE(long_one.ends_with("…")) << long_one;
  EXPECT_EQ(excerpt(std::string(120, 'x')), std::string(120, 'x'));
}

}  // namespace
}  // namespace store
