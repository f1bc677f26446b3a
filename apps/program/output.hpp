// Results go to standard output, complaints to standard error. Printing never throws and never stops a
// command in the middle of its work: what went wrong is kept, and output_failed() says it at the end.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace program {

void print_text(std::string_view text);

template <class... Args>
void print(fmt::format_string<Args...> format, Args&&... args) {
  print_text(fmt::format(format, std::forward<Args>(args)...));
}

// For people, on standard error.
void complain_text(std::string_view text);

template <class... Args>
void complain(fmt::format_string<Args...> format, Args&&... args) {
  complain_text(fmt::format(format, std::forward<Args>(args)...));
}

// Empty if all was printed, or if the reader went away (`pulse runs | head`), who has read enough.
std::string output_failed();

}  // namespace program
