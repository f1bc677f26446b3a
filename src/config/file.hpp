// The files that configuration is read from: regular, at most max_file_size, read whole. A pipe, a socket or
// a device under such a name is said to be one and never waited for. Any thread.
//
//   if (const auto text = read_config_file("pulse.yaml", faults)) parse_yaml(*text, "pulse.yaml", faults);
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "config/fault.hpp"

namespace config {

// "" for a regular file, else what is wrong: "is a folder", "there is no such file" …
std::string not_a_file(const std::filesystem::path& path);

// Whether something has this name, be it a link that leads nowhere.
bool is_taken(const std::filesystem::path& path);

std::optional<std::string> read_config_file(const std::filesystem::path& path, Faults& faults);

}  // namespace config
