#include "program/console.hpp"

#include <gtest/gtest.h>

#include <map>

namespace program {
namespace {

TEST(StyleOf, TheEnvironmentDecides) {
  const auto style = [](std::map<std::string, std::string> variables, bool is_terminal) {
    return style_of(
        [&](std::string_view name) -> std::optional<std::string> {
          const auto found = variables.find(std::string(name));
          return found == variables.end() ? std::nullopt : std::optional(found->second);
        },
        is_terminal);
  };
  EXPECT_FALSE(style({}, true).unicode);
  EXPECT_TRUE(style({{"LANG", "en_US.UTF-8"}}, false).unicode);
  EXPECT_TRUE(style({{"LC_CTYPE", "C.utf8"}, {"LANG", "C"}}, false).unicode);
  EXPECT_FALSE(style({{"LC_ALL", "C"}, {"LANG", "en_US.UTF-8"}}, false).unicode);
  EXPECT_TRUE(style({{"LC_ALL", ""}, {"LANG", "de_DE.UTF-8"}}, false).unicode);  // empty is not set
  EXPECT_TRUE(style({{"TERM", "xterm"}}, true).colour);
  EXPECT_FALSE(style({{"TERM", "xterm"}}, false).colour);
  EXPECT_FALSE(style({{"TERM", "dumb"}}, true).colour);
  EXPECT_FALSE(style({{"TERM", "xterm"}, {"NO_COLOR", "1"}}, true).colour);
}

}  // namespace
}  // namespace program
