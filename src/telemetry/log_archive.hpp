// What happens to finished days: they are packed (gzip), and deleted when they are too old or take too much
// room. On a thread of its own with low priority, so that no line waits for it. A crash loses nothing and
// leaves nothing half: the next start does again what is left over.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.hpp"
#include "telemetry/log.hpp"
#include "telemetry/log_folder.hpp"
#include "telemetry/log_time.hpp"

namespace telemetry {

struct LogRetention {
  std::int64_t days = 60;                              // before today
  std::uint64_t disk_budget = std::uint64_t{2} << 30;  // of all files together
};

// FILE → FILE.gz; then FILE is deleted. False: somebody still writes, packs or has packed it, or `may_go_on`,
// which is asked with the size of each next piece, said no; then FILE is as it was. no_space: likewise.
base::Result<bool> pack_log(const std::filesystem::path& file,
                            const std::function<bool(std::uint64_t size)>& may_go_on);

class LogArchiver {
 public:
  using Report = std::function<void(Level level, std::string_view event, std::string_view reason)>;

  // `report` is called on the thread, once for each sort of failure of a round.
  LogArchiver(std::filesystem::path folder, const Zone& zone, LogRetention retention, Report report);
  // Ends the round under way, unless there is so much to pack that a stop would have to wait for it.
  ~LogArchiver();

  // One round on the thread: files of earlier days that nobody renamed get their name, finished ones are
  // packed, old ones deleted. Never waits.
  void request(Day today);

  // For people, as of the last round: days are missing that should still be there, or soon will be, because
  // of the budget (DU1). "" if not.
  std::string shortage() const;

 private:
  void work();
  void round(Day today);
  void finish_forgotten(Day today);
  void pack_finished();
  void delete_old(Day today);
  void keep_budget(Day today);
  void warn_of_shortage(Day today, std::uint64_t total);
  bool may_pack(std::uint64_t size);

  const std::filesystem::path folder_;
  const Zone& zone_;
  const LogRetention retention_;
  const Report report_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string shortage_;
  std::optional<Day> requested_;
  std::atomic<bool> stopping_{false};
  std::int64_t left_after_stop_;       // bytes; only the thread touches it
  std::optional<Day> newest_missing_;  // deleted before its time; likewise
  std::thread thread_;
};

}  // namespace telemetry
