// What stands behind standard output, and how it wants to be written to.
#pragma once

#include <optional>

#include "pulse/status_text.hpp"

namespace pulse {

std::optional<TerminalSize> terminal_on_stdout();  // nothing: a file, a pipe, or a terminal that cannot draw
TextStyle style_of_stdout();                       // by the process's environment

}  // namespace pulse
