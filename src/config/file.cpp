#include "config/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "config/node.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

struct Descriptor {
  explicit Descriptor(int number) : number(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  const int number;
};

std::string kind_fault(mode_t mode) {
  if (S_ISREG(mode)) return {};
  if (S_ISDIR(mode)) return "is a folder";
  if (S_ISFIFO(mode)) return "is a pipe";
  if (S_ISSOCK(mode)) return "is a socket";
  return "is a device";
}

std::string reason(int number) { return std::error_code(number, std::generic_category()).message(); }

// Also for a file that was exchanged since it was looked at: hence fstat.
std::string read_all(const fs::path& path, std::string& text) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status {};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) return "cannot be read: " + reason(errno);
  if (const std::string fault = kind_fault(status.st_mode); !fault.empty()) return fault;
  constexpr std::size_t most = max_file_size + 1;  // one more shows that there is too much
  const auto size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  text.resize(std::clamp<std::size_t>(size + 1, 4096, most));
  std::size_t length = 0;
  while (length < most) {
    if (length == text.size()) text.resize(std::min(2 * length, most));  // it has grown
    const ssize_t count = ::read(file.number, text.data() + length, text.size() - length);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return "cannot be read: " + reason(errno);
    if (count == 0) break;
    length += static_cast<std::size_t>(count);
  }
  text.resize(length);
  return {};
}

}  // namespace

std::string not_a_file(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) return kind_fault(status.st_mode);
  if (errno != ENOENT && errno != ENOTDIR) return "cannot be read: " + reason(errno);
  return is_taken(path) ? "is a link that leads nowhere" : "there is no such file";
}

bool is_taken(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

std::optional<std::string> read_config_file(const fs::path& path, Faults& faults) {
  std::string text;
  std::string fault = not_a_file(path);
  if (fault.empty()) fault = read_all(path, text);
  const char* remedy = "name a file that can be read";
  if (fault.empty() && text.size() > max_file_size) {
    fault = "is larger than 1 MiB";
    remedy = "a configuration is never that large; is this the right file?";
  }
  if (fault.empty()) return text;
  faults.add({path.string(), {1, 1, {}}, "", std::move(fault), remedy});
  return std::nullopt;
}

}  // namespace config
