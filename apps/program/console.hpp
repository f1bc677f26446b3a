// What stands behind standard output, and how it wants to be written to. style_of() only calls what it is
// given; the others look at the process.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace program {

struct TextStyle {
  bool unicode = true;   // else ASCII alone: marks become words
  bool colour = false;   // escape sequences for colours
  bool details = false;  // also of what is well
};

using Variables = std::function<std::optional<std::string>(std::string_view name)>;
// LC_ALL, LC_CTYPE, LANG; NO_COLOR, TERM.
TextStyle style_of(const Variables& environment, bool is_terminal);
TextStyle style_of_stdout();  // by the process's environment

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};
std::optional<TerminalSize> terminal_on_stdout();  // nothing: a file, a pipe, or a terminal that cannot draw

}  // namespace program
