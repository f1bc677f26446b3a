#include "telemetry/log_archive.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/text.hpp"

namespace telemetry {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece = 64u << 10;
// Packed in well under a second, so that a stop stays quick; and programs that live shortly, as those that
// cron starts, still get a day's files packed.
constexpr std::int64_t allowed_after_stop = 16 << 20;

base::Result<void> write_all(int file, const unsigned char* data, std::size_t size, const fs::path& path) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t written = ::write(file, data + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("writing", path);
    done += static_cast<std::size_t>(written);
  }
  return {};
}

base::Result<void> sync_folder(const fs::path& folder) {
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle || ::fsync(handle.get()) != 0) return file_error("writing the folder", folder);
  return {};
}

struct EndDeflate {
  void operator()(z_stream* stream) const { ::deflateEnd(stream); }
};

// False: `may_go_on` said no.
base::Result<bool> deflate_file(int from, int to, const fs::path& path,
                                const std::function<bool(std::uint64_t)>& may_go_on) {
  z_stream state{};
  constexpr int gzip = 15 + 16;  // the largest window, in the format of RFC 1952
  if (::deflateInit2(&state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return base::error(base::Code::unavailable, "packing {}: no memory", path.string());
  const std::unique_ptr<z_stream, EndDeflate> guard(&state);
  std::vector<unsigned char> in(piece), out(piece);
  for (bool at_end = false; !at_end;) {
    const ssize_t size = ::read(from, in.data(), in.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return file_error("reading", path);
    if (!may_go_on(static_cast<std::uint64_t>(size))) return false;
    at_end = size == 0;
    state.next_in = in.data();
    state.avail_in = static_cast<uInt>(size);
    do {
      state.next_out = out.data();
      state.avail_out = static_cast<uInt>(out.size());
      ::deflate(&state, at_end ? Z_FINISH : Z_NO_FLUSH);
      TRY(write_all(to, out.data(), out.size() - state.avail_out, path));
    } while (state.avail_out == 0);
  }
  return true;
}

// The temporary file, whole and safe on the disk, with the times of the file that it replaces.
base::Result<bool> write_packed(const FileHandle& from, const fs::path& temporary, const struct stat& status,
                                const std::function<bool(std::uint64_t)>& may_go_on) {
  ::unlink(temporary.c_str());  // of a crash
  const FileHandle to(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777));
  if (!to) return file_error("making", temporary);
  if (!TRY(deflate_file(from.get(), to.get(), temporary, may_go_on))) return false;
  const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
  ::futimens(to.get(), times.data());
  if (::fsync(to.get()) != 0) return file_error("writing", temporary);
  return true;
}

// The thread inherits the mask: signals are for the threads that wait for them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

// The lock for itself is only there when no writer has the file open and nobody else packs it. FILE.gz beside
// FILE is what a crash before the last step left: made again, for FILE is the one that is known to be whole.
base::Result<bool> pack_log(const fs::path& file, const std::function<bool(std::uint64_t size)>& may_go_on) {
  const FileHandle from(::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!from && errno == ENOENT) return false;  // another one was quicker
  if (!from) return file_error("opening", file);
  if (::flock(from.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK || errno == EINTR) return false;
    return file_error("locking", file);
  }
  struct stat here {
  }, there{};
  if (::fstat(from.get(), &here) != 0) return file_error("reading", file);
  if (::lstat(file.c_str(), &there) != 0 || !same_file(here, there)) return false;

  const fs::path packed = file.string() + ".gz", temporary = packed.string() + ".tmp";
  const auto written = write_packed(from, temporary, here, may_go_on);
  if (!written || !*written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), packed.c_str()) != 0) return file_error("renaming", temporary);
  TRY(sync_folder(file.parent_path()));
  if (::unlink(file.c_str()) != 0) return file_error("deleting", file);
  return true;
}

LogArchiver::LogArchiver(fs::path folder, const Zone& zone, LogRetention retention, Report report)
    : folder_(std::move(folder)),
      zone_(zone),
      retention_(retention),
      report_(std::move(report)),
      left_after_stop_(allowed_after_stop) {}

LogArchiver::~LogArchiver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LogArchiver::request(Day today) {
  {
    const std::lock_guard lock(mutex_);
    requested_ = today;
  }
  changed_.notify_one();
  if (thread_.joinable()) return;
  const BlockedSignals blocked;
  thread_ = std::thread([this] { work(); });
}

void LogArchiver::work() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 19);  // on Linux: of this thread
  for (;;) {
    Day today;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return requested_ || stopping_; });
      if (!requested_) return;
      today = *requested_;
      requested_.reset();
    }
    try {
      round(today);
    } catch (const std::exception& failure) {
      report_(Level::warning, "log files not tidied up", failure.what());
    }
  }
}

bool LogArchiver::may_pack(std::uint64_t size) {
  if (!stopping_) return true;
  left_after_stop_ -= static_cast<std::int64_t>(size);
  return left_after_stop_ >= 0;
}

void LogArchiver::round(Day today) {
  finish_forgotten(today);
  delete_old(today);
  pack_finished();
  keep_budget(today);
}

// Of collectors that have nothing to log today: their day is that of the last line.
void LogArchiver::finish_forgotten(Day today) {
  const auto files = list_log_files(folder_);
  if (!files) return report_(Level::warning, "log files not tidied up", files.error().message);
  std::string failure;
  for (const LogFileEntry& file : *files) {
    if (file.name.kind != LogFileKind::today || file.size == 0 || !is_log_of_ours(file.path)) continue;
    struct stat status {};
    if (::lstat(file.path.c_str(), &status) != 0) continue;
    const Day day = zone_.day(base::WallTime{std::chrono::seconds{status.st_mtim.tv_sec}});
    if (day >= today) continue;
    if (const auto finished = finish_day(file.path, status, day); !finished)
      failure = finished.error().message;
  }
  if (!failure.empty()) report_(Level::warning, "log file of an earlier day keeps its name", failure);
}

void LogArchiver::pack_finished() {
  const auto files = list_log_files(folder_);
  if (!files) return;
  std::string failure;
  for (const LogFileEntry& file : *files) {
    std::error_code error;
    if (file.name.kind == LogFileKind::temporary) {
      // Without the file that it was made from nobody packs it any more.
      if (!fs::exists(file.path.parent_path() / file.path.stem().stem(), error) && !error)
        ::unlink(file.path.c_str());
      continue;
    }
    if (file.name.kind != LogFileKind::finished) continue;
    const auto packed = pack_log(file.path, [this](std::uint64_t size) { return may_pack(size); });
    if (!packed) failure = packed.error().message;
  }
  if (!failure.empty()) report_(Level::warning, "log files not packed; the next start tries again", failure);
}

void LogArchiver::delete_old(Day today) {
  const auto files = list_log_files(folder_);
  if (!files) return;
  std::string failure;
  for (const LogFileEntry& file : *files) {
    const bool archived = file.name.kind == LogFileKind::finished || file.name.kind == LogFileKind::packed;
    if (!archived || file.name.day >= today - std::chrono::days{retention_.days}) continue;
    if (::unlink(file.path.c_str()) != 0 && errno != ENOENT)
      failure = file_error("deleting", file.path).message;
  }
  if (!failure.empty()) report_(Level::warning, "old log files not deleted", failure);
}

// What delete_old() left is younger than it should get. A file that another process deletes at the same
// moment is counted as gone by both: none is deleted twice instead of the next one.
void LogArchiver::keep_budget(Day today) {
  const auto files = list_log_files(folder_);
  if (!files) return;
  std::uint64_t total = 0;
  std::vector<const LogFileEntry*> archives;
  for (const LogFileEntry& file : *files) {
    if (file.name.kind == LogFileKind::today && !is_log_of_ours(file.path)) continue;
    total += file.size;
    if (file.name.kind == LogFileKind::finished || file.name.kind == LogFileKind::packed)
      archives.push_back(&file);
  }
  auto end = archives.begin();
  std::uint64_t left = total;
  for (; left > retention_.disk_budget && end != archives.end(); ++end) left -= (*end)->size;
  if (end != archives.begin()) {
    const Day newest = (*std::prev(end))->name.day;
    report_(Level::critical, "log files are deleted before their time",
            fmt::format(
                "all take {}, logs.disk_budget is {}: {} of {} to {} go, younger than logs.days ({}); "
                "raise it, or logs.level",
                base::format_size(total), base::format_size(retention_.disk_budget), end - archives.begin(),
                to_string(archives.front()->name.day), to_string(newest), retention_.days));
    newest_missing_ = std::max(newest, newest_missing_.value_or(newest));
  }
  for (auto oldest = archives.begin(); oldest != end; ++oldest)
    if (::unlink((*oldest)->path.c_str()) != 0 && errno != ENOENT)
      return report_(Level::warning, "old log files not deleted",
                     file_error("deleting", (*oldest)->path).message);
  if (left > retention_.disk_budget)
    report_(Level::warning, "log files of today alone take more than logs.disk_budget",
            "raise it, or logs.level; files of today are not deleted");
  warn_of_shortage(today, left);
}

void LogArchiver::warn_of_shortage(Day today, std::uint64_t total) {
  if (newest_missing_ && *newest_missing_ < today - std::chrono::days{retention_.days})
    newest_missing_.reset();
  const std::string budget = base::format_size(retention_.disk_budget);
  std::string text;
  if (newest_missing_) {
    text = fmt::format(
        "Logs of {} and before were deleted before their {} days: logs.disk_budget ({}) is used up; "
        "raise it, or logs.level",
        to_string(*newest_missing_), retention_.days, budget);
  } else if (total > retention_.disk_budget - retention_.disk_budget / 10) {
    text = fmt::format(
        "The logs take {} of logs.disk_budget ({}), beyond which days younger than {} are deleted; "
        "raise it, or logs.level",
        base::format_size(total), budget, retention_.days);
    report_(Level::warning, "logs.disk_budget is nearly used up", text);
  }
  const std::lock_guard lock(mutex_);
  shortage_ = std::move(text);
}

std::string LogArchiver::shortage() const {
  const std::lock_guard lock(mutex_);
  return shortage_;
}

}  // namespace telemetry
