// The folder of the log files: what their names mean, and how a finished day gets its name.
//
//   kev.log                 today's
//   kev-2025-11-21.log      a finished day, waiting to be packed (kev-2025-11-21.2.log: the clock went back)
//   kev-2025-11-21.log.gz   the same, packed; with .tmp behind it: not whole yet
//
// Nothing else in the folder is touched. Who writes a file holds a shared lock on it (flock) as long as it is
// open; who renames today's files holds .rotation.lock. No call waits for a lock.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "telemetry/log_time.hpp"

namespace telemetry {

// A file descriptor that closes itself.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileHandle() { reset(); }
  void reset();
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// "opening /var/log/kev.log: Permission denied", from errno.
base::Error file_error(std::string_view doing, const std::filesystem::path& path);

enum class LogFileKind { today, finished, packed, temporary };

struct LogFileName {
  LogFileKind kind = LogFileKind::today;
  std::string name;  // of the collector
  Day day{};         // not of today's
  int number = 1;    // of the files of that day
};
std::optional<LogFileName> parse_log_file_name(std::string_view file);

// "kev.log". A name that leads elsewhere, or that looks like a finished day, is changed.
std::string log_file_name(std::string_view collector);

struct LogFileEntry {
  std::filesystem::path path;
  LogFileName name;
  std::uint64_t size = 0;
  std::chrono::system_clock::time_point modified;
};
// Regular files with names of ours, the oldest day first.
base::Result<std::vector<LogFileEntry>> list_log_files(const std::filesystem::path& folder);

// Whether its first line is one of ours: a folder may be shared with others, who also write NAME.log.
bool is_log_of_ours(const std::filesystem::path& file);

bool same_file(const struct stat& a, const struct stat& b);

// Gives NAME.log the name of its finished day. False, and nothing was done: it is not the file `expected` any
// more, or somebody else is at it.
base::Result<bool> finish_day(const std::filesystem::path& today, const struct stat& expected, Day day);

}  // namespace telemetry
