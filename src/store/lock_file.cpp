#include "store/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

#include "base/system_error.hpp"
#include "base/text.hpp"

namespace store {
namespace {

// "process 1234 (since 2025-11-21T10:30:02.000000Z)". The text may be missing for the moment between lock and
// write.
std::string holder(int descriptor) {
  char text[128];
  const ssize_t length = ::pread(descriptor, text, sizeof text, 0);
  std::string line(text, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  line.resize(std::min(line.find('\n'), line.size()));
  const std::size_t space = line.find(' ');
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (space == std::string::npos || space == 0 || !std::all_of(line.begin(), line.begin() + space, is_digit))
    return "another process";
  return fmt::format("process {} (since {})", line.substr(0, space),
                     base::escape_control(line.substr(space + 1)));
}

// False when somebody removed or replaced the file after we opened it: then we hold a lock nobody else looks
// at.
bool is_still_there(int descriptor, const std::string& path) {
  struct stat ours {};
  struct stat named {};
  return ::fstat(descriptor, &ours) == 0 && ::stat(path.c_str(), &named) == 0 &&
         ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

}  // namespace

LockFile::~LockFile() {
  if (descriptor_ < 0) return;
  [[maybe_unused]] const int ignored = ::ftruncate(descriptor_, 0);
  ::close(descriptor_);
}

base::Result<LockFile> LockFile::acquire(const std::filesystem::path& target, std::chrono::milliseconds wait,
                                         base::Clock& clock, std::stop_token stop) {
  using namespace std::chrono_literals;
  const std::string path = target.string() + ".lock";
  const base::SteadyTime deadline = clock.steady() + wait;
  while (true) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return base::system_error(errno, "opening the lock file " + path);
    LockFile lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      if (!is_still_there(descriptor, path)) continue;
      const std::string text = fmt::format("{} {}\n", ::getpid(), base::to_iso8601(clock.wall()));
      // Best effort: the text is for messages only, and a full disk must not keep us from starting.
      if (::ftruncate(descriptor, 0) == 0) [[maybe_unused]]
        const ssize_t ignored = ::pwrite(descriptor, text.data(), text.size(), 0);
      return lock;
    }
    const int fault = errno;
    const std::string owner = holder(descriptor);
    ::close(std::exchange(lock.descriptor_, -1));  // not ours: its text must not be cut by the destructor
    if (fault != EWOULDBLOCK && fault != EINTR) return base::system_error(fault, "locking " + path);
    const base::Duration left = deadline - clock.steady();
    if (left <= 0ns) {
      return base::error(base::Code::conflict, "{} is in use by {}; wait for it or raise --wait",
                         target.string(), owner);
    }
    if (!clock.sleep_for(std::min<base::Duration>(left, 50ms), stop))
      return base::error(base::Code::cancelled, "stopped while {} is in use by {}", target.string(), owner);
  }
}

}  // namespace store
