// The files of the folder football/, embedded in the program, and how they are read.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/result.hpp"
#include "config/types.hpp"

namespace football {

struct DataFile {
  std::string_view path;  // below football/
  std::string_view text;
};
std::span<const DataFile> data_files();

// One that is not embedded is a bug (CHECK).
inline std::string_view data_file(std::string_view path) {
  const auto files = data_files();
  const auto found = std::ranges::find(files, path, &DataFile::path);
  CHECK(found != files.end(), "a file of football/ must be embedded");
  return found->text;
}

// Errors: invalid_config, every fault with `file`, line and column.
template <class File>
base::Result<File> read_data(const config::Table<File>& table, std::string_view yaml,
                             const std::string& file) {
  config::Faults faults;
  std::optional<File> read;
  if (const auto node = config::parse_yaml(yaml, file, faults); node && faults.empty()) {
    config::Context context(file, faults);
    read = table.read(*node, context);
  }
  if (!read || !faults.empty()) return base::Error{base::Code::invalid_config, faults.text()};
  return *std::move(read);
}

}  // namespace football
