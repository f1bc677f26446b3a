// The lines of one collector's log, over today's file and the finished days, packed or not (the names:
// telemetry/log_folder.hpp), and then what is appended to it, over midnight too. Lines of both formats are
// understood, also mixed. Single-threaded; never waits.
//
//   LogReader reader({.folder = "var/log", .collector = "kev", .lines = 50}, print, complain);
//   TRY(reader.print_existing());
//   while (clock.sleep_for(200ms, stop) && TRY(reader.print_new())) {}
//
// Errors: unavailable when a file that is there cannot be read. A packed day that is damaged is complained of
// and left out. Memory: one unpacked day, of at most 512 MiB; lines beyond 1 MiB are cut into several.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "telemetry/log_folder.hpp"
#include "telemetry/log_time.hpp"

namespace pulse {

struct LogQuery {
  std::filesystem::path folder{};
  std::string collector{};
  std::int64_t lines = std::numeric_limits<std::int64_t>::max();  // the last ones
  std::optional<base::WallTime> since{};
  bool follow = false;  // a last line without an end waits for it
};

class LogReader {
 public:
  using Print = std::function<bool(std::string_view line)>;  // without its end; false: nobody reads any more
  using Complain = std::function<void(std::string_view what)>;
  // `zone` is that of the times in the files, and outlives it.
  LogReader(LogQuery query, const telemetry::Zone& zone, Print print, Complain complain);

  base::Result<bool> print_existing();  // false: there is no log yet
  base::Result<bool> print_new();       // false: nobody reads any more

 private:
  struct Part;
  base::Result<std::vector<Part>> finished_days();
  base::Result<void> load(Part& part, std::int64_t& wanted);
  base::Result<void> print_part(Part& part);
  base::Result<void> print_file(int file, off_t& at, off_t end);
  base::Result<void> print_today();
  void feed(std::string_view bytes);
  void end_line();
  bool is_since(std::string_view line) const;

  const LogQuery query_;
  const telemetry::Zone& zone_;
  const Print print_;
  const Complain complain_;
  const std::filesystem::path path_;  // of today's file
  const std::string since_text_;      // as a line of text begins that is of this time
  telemetry::FileHandle today_;
  off_t at_ = 0;         // in today's file
  std::string pending_;  // a line whose end has not come
  bool begun_;           // the first line that is new enough was seen
  bool is_read_ = true;
};

// The collectors that have a log in this folder, as far as file names tell.
std::vector<std::string> names_of_logs(const std::filesystem::path& folder);

}  // namespace pulse
