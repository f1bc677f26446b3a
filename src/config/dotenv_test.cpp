#include <gtest/gtest.h>

#include "config/settings.hpp"

namespace config {
namespace {

TEST(Dotenv, ReadsWhatItsHeaderPromises) {
  Faults faults;
  const auto values = parse_dotenv(
      "A='$x \\n \"y\" # z'\nB=\"a \\\"b\\\" \\\\ \\n \\d\" # comment\r\nexport C =  two words\t# comment\n"
      "D= # comment\nE=a#b\nF=\"\"\nG=it's\nH=1\nH=2",
      ".env", faults);
  EXPECT_EQ(faults.text(), "");
  const std::map<std::string, std::string> expected{{"A", "$x \\n \"y\" # z"},
                                                    {"B", "a \"b\" \\ \n \\d"},
                                                    {"C", "two words"},
                                                    {"D", ""},
                                                    {"E", "a#b"},
                                                    {"F", ""},
                                                    {"G", "it's"},
                                                    {"H", "2"}};
  EXPECT_EQ(values, expected);
}

TEST(Dotenv, QuotesMustCloseAndEndTheValue) {
  for (const auto& [line, wrong] : {std::pair{"'s3cret", "a quote is not closed"},
                                    {"\"s3cret", "a quote is not closed"},
                                    {"\"s3cret\\\"", "a quote is not closed"},
                                    {"\"", "a quote is not closed"},
                                    {"'s3c'ret'", "text stands behind the closing quote"},
                                    {"\"s3cret\" more", "text stands behind the closing quote"},
                                    {"\"s3cret\"#more", "text stands behind the closing quote"}}) {
    Faults faults;
    EXPECT_TRUE(parse_dotenv("\nA=" + std::string(line) + "\n", ".env", faults).empty()) << line;
    EXPECT_EQ(faults.text().rfind(std::string(".env:2:1: ") + wrong, 0), 0u) << line << faults.text();
    EXPECT_EQ(faults.text().find("s3c"), std::string::npos);
  }
}

}  // namespace
}  // namespace config
