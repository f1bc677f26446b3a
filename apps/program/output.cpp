#include "program/output.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace program {
namespace {

int first_error = 0;

void keep(bool failed) {
  if (failed && first_error == 0) first_error = errno;
}

}  // namespace

void print_text(std::string_view text) {
  keep(std::fwrite(text.data(), 1, text.size(), stdout) != text.size());
  keep(std::fflush(stdout) != 0);
}

void complain_text(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

std::string output_failed() {
  if (first_error == 0 || first_error == EPIPE) return {};
  return std::generic_category().message(first_error);
}

}  // namespace program
