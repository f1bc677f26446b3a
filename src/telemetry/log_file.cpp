#include "telemetry/log_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace telemetry {
namespace {

constexpr int maximum_tries = 100;  // of others renaming the file while it is being opened

// The day of the last line. Another process may have seen midnight a moment earlier; a time further in the
// future means that the clock was set back since.
Day day_of(const struct stat& status, const Zone& zone, Day today) {
  const Day day = zone.day(base::WallTime{std::chrono::seconds{status.st_mtim.tv_sec}});
  const bool is_past = day < today && status.st_size > 0;
  return is_past || day == today + std::chrono::days{1} ? day : today;
}

}  // namespace

bool LogFile::moved() const {
  struct stat there {};
  return ::stat(path_.c_str(), &there) != 0 || !same_file(status_, there);
}

void LogFile::close() {
  file_.reset();
  torn_ = false;
}

// The shared lock comes before the look at the name: a file that still has it afterwards cannot be packed
// and deleted, which needs the lock for itself, before we close it. File systems without locks
// do not pack at all.
base::Result<void> LogFile::open(Day today) {
  std::error_code error;
  std::filesystem::create_directories(path_.parent_path(), error);
  if (error)
    return base::error(base::Code::unavailable, "making the folder {}: {}", path_.parent_path().string(),
                       error.message());
  for (int tries = 0; tries < maximum_tries; ++tries) {
    file_ = FileHandle(::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    if (!file_) return file_error("opening", path_);
    if (::flock(file_.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) continue;
    if (::fstat(file_.get(), &status_) != 0) return file_error("reading", path_);
    if (moved()) continue;
    day_ = day_of(status_, *zone_, today);
    char last = '\n';
    torn_ = S_ISREG(status_.st_mode) && status_.st_size > 0 &&
            ::pread(file_.get(), &last, 1, status_.st_size - 1) == 1 && last != '\n';
    return {};
  }
  close();
  return base::error(base::Code::conflict, "opening {}: others keep replacing it", path_.string());
}

base::Result<bool> LogFile::rotate(Day today, base::SteadyTime now) {
  if (file_ && moved()) close();
  if (!file_) TRY(open(today));
  return turn_over(today, now);
}

base::Result<bool> LogFile::finish_day(Day today, base::SteadyTime now) {
  if (file_ && moved()) close();
  return file_ ? turn_over(today, now) : false;
}

base::Result<bool> LogFile::turn_over(Day today, base::SteadyTime now) {
  if (day_ > today + std::chrono::days{1}) day_ = today;  // the clock was set back
  if (day_ >= today || now < retry_ || !S_ISREG(status_.st_mode)) return false;
  auto finished = telemetry::finish_day(path_, status_, day_);
  if (!finished) retry_ = now + std::chrono::minutes{1};
  if (finished && *finished) close();
  return finished;
}

base::Result<void> LogFile::write(std::string_view line, Day today) {
  if (!file_) TRY(open(today));
  if (torn_) {
    if (::write(file_.get(), "\n", 1) != 1) return file_error("writing", path_);
    torn_ = false;
  }
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t written = ::write(file_.get(), line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("writing", path_);
    done += static_cast<std::size_t>(written);
    torn_ = done < line.size();
  }
  return {};
}

}  // namespace telemetry
