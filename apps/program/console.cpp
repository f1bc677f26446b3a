#include "program/console.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace program {
namespace {

bool is_utf8(std::string locale) {
  std::transform(locale.begin(), locale.end(), locale.begin(),
                 [](unsigned char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

}  // namespace

TextStyle style_of(const Variables& environment, bool is_terminal) {
  const auto value = [&](std::string_view name) { return environment(name).value_or(""); };
  std::string locale;
  for (const std::string_view name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale.empty()) locale = value(name);
  const bool plain = !value("NO_COLOR").empty() || value("TERM").empty() || value("TERM") == "dumb";
  return {.unicode = is_utf8(locale), .colour = is_terminal && !plain};
}

std::optional<TerminalSize> terminal_on_stdout() {
  const char* kind = std::getenv("TERM");
  if (isatty(STDOUT_FILENO) != 1 || kind == nullptr || std::string_view(kind) == "dumb") return std::nullopt;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return TerminalSize{};
  return TerminalSize{.columns = size.ws_col, .rows = size.ws_row};
}

TextStyle style_of_stdout() {
  const auto variable = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return style_of(variable, isatty(STDOUT_FILENO) == 1);
}

}  // namespace program
