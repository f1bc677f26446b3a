// Today's file of one collector, in append mode. Several processes may write the same one: each line is one
// write, and a file that was renamed or deleted under us is opened anew. At the first line of another day the
// file gets the name of its finished day; finish_day() does that where no line comes. Not thread-safe.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "telemetry/log_folder.hpp"
#include "telemetry/log_time.hpp"

namespace telemetry {

class LogFile {
 public:
  LogFile(std::filesystem::path path, const Zone& zone) : path_(std::move(path)), zone_(&zone) {}

  // To be called before each line. True: a finished day got its name. An error: the lines of today go on into
  // the file of yesterday, and the next minute tries again.
  base::Result<bool> rotate(Day today, base::SteadyTime now);

  // The same for a file that nothing is written to now: it is not opened, and let go once its day has its
  // name.
  base::Result<bool> finish_day(Day today, base::SteadyTime now);

  // `line` ends with '\n'. A line cut off by a full disk is closed before the next one.
  base::Result<void> write(std::string_view line, Day today);
  bool is_open() const { return static_cast<bool>(file_); }

 private:
  base::Result<void> open(Day today);
  base::Result<bool> turn_over(Day today, base::SteadyTime now);
  bool moved() const;
  void close();

  std::filesystem::path path_;
  const Zone* zone_;
  FileHandle file_;
  struct stat status_ {};  // of it, when it was opened
  Day day_{};              // of the lines in the open file
  bool torn_ = false;      // its last line has no end
  base::SteadyTime retry_{};
};

}  // namespace telemetry
