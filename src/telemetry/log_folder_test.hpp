// A folder of log files, and programs that run in it on simulated time. For the tests of this folder.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "telemetry/log.hpp"

namespace telemetry {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;
using Names = std::vector<std::string>;

constexpr base::WallTime start = sys_days{year{2025} / 11 / 21} + 10h;
inline const std::string mark = "[2025-11-20 09:00:00] INFO: ";  // how lines of ours begin

class LogFolderTest : public testing::Test {
 protected:
  LogFolderTest() {
    std::string name = (fs::temp_directory_path() / "log_rotation_test.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~LogFolderTest() override { fs::remove_all(folder_); }

  LogOptions options() {
    return {.directory = folder_, .timezone = "UTC", .console = false, .console_writer = [this](auto line) {
              console_ += line;
            }};
  }

  // What one process does that starts now and writes one line; its archives are done when it ends.
  void run(const std::string& event = "event") { run(options(), event); }
  void run(const LogOptions& options, const std::string& event = "event") {
    Log log(options, clock_, redactor_);
    log.collector("kev").info(event);
  }

  void write(const std::string& name, const std::string& text, base::WallTime modified = start) {
    std::ofstream(folder_ / name) << text;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(modified).time_since_epoch().count();
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / name).c_str(), times, 0), 0);
  }

  Names names() const {
    Names list;
    for (const auto& entry : fs::directory_iterator(folder_))
      if (entry.path().filename() != ".rotation.lock") list.push_back(entry.path().filename());
    std::sort(list.begin(), list.end());
    return list;
  }

  // zlib's reader gives plain files as they are.
  std::string content(const std::string& name) const {
    std::string text;
    const gzFile file = ::gzopen((folder_ / name).c_str(), "rb");
    if (file == nullptr) return "no file";
    char part[4096];
    int size = 0;
    while ((size = ::gzread(file, part, sizeof part)) > 0) text.append(part, static_cast<std::size_t>(size));
    return ::gzclose(file) == Z_OK ? text : text + " (cut off)";
  }

  fs::path folder_;
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual, start};
  base::Redactor redactor_;
  std::string console_;
};

}  // namespace telemetry
