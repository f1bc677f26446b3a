// The files of `pulse init`: examples/starter, compiled into the program by cmake/EmbedFiles.cmake.
#pragma once

#include <span>
#include <string_view>

namespace pulse {

struct StarterFile {
  std::string_view path;  // relative, with '/'
  std::string_view text;
};
std::span<const StarterFile> starter_files();

}  // namespace pulse
