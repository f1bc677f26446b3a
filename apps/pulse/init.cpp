#include <unistd.h>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "program/output.hpp"
#include "pulse/commands.hpp"
#include "pulse/exit_code.hpp"
#include "pulse/starter.hpp"

namespace pulse {
namespace {

using program::complain;
using program::print;

namespace fs = std::filesystem;

// Also for a link that leads nowhere, which would be replaced.
bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

// Whole or not at all: written beside its place, then moved there.
std::string create(const fs::path& path, std::string_view text) {
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  std::error_code error;
  if (stream) fs::rename(temporary, path, error);
  const std::string wrong = !stream ? "cannot be written" : error ? error.message() : "";
  if (!wrong.empty()) fs::remove(temporary, error);
  return wrong;
}

}  // namespace

int init(const std::string& directory) {
  const fs::path root = directory;
  std::string in_the_way;
  for (const StarterFile& file : starter_files())
    if (is_there(root / file.path)) in_the_way += fmt::format("  {}\n", (root / file.path).string());
  if (!in_the_way.empty()) {
    complain("pulse init: nothing was written, since these are there already:\n{}", in_the_way);
    complain("Name another folder, or move them away.\n");
    return usage;
  }
  for (const StarterFile& file : starter_files()) {
    const fs::path path = root / file.path;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    const std::string wrong = error ? error.message() : create(path, file.text);
    if (!wrong.empty()) {
      complain("pulse init: {}: {}; choose a folder you may write to\n", path.string(), wrong);
      return output_error;
    }
    print("{}\n", path.string());
  }
  print(
      "\nNext:\n  cd {}\n  pulse validate --explain\n  pulse collect exchange-rates --dry-run\n"
      "  pulse collect exchange-rates\n",
      directory);
  return ok;
}

}  // namespace pulse
