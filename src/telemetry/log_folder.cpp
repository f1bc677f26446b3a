#include "telemetry/log_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <tuple>

namespace telemetry {
namespace {

namespace fs = std::filesystem;

constexpr int maximum_number = 1000;  // of files of one day

bool remove_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// Takes ".2" off "kev-2025-11-21.2"; 1 if there is none.
int remove_number(std::string_view& text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) return 1;
  const std::string_view digits = text.substr(dot + 1);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.front() == '0') return 1;
  if (number < 2 || number > maximum_number) return 1;
  text.remove_suffix(digits.size() + 1);
  return number;
}

bool is_taken(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

base::Result<fs::path> free_name(const fs::path& today, Day day) {
  const std::string stem = today.stem().string() + '-' + to_string(day);
  for (int number = 1; number <= maximum_number; ++number) {
    const std::string name = stem + (number == 1 ? "" : fmt::format(".{}", number)) + ".log";
    const fs::path path = today.parent_path() / name;
    if (!is_taken(path) && !is_taken(path.string() + ".gz")) return path;
  }
  return base::error(base::Code::conflict, "{}: {} files of one day; the clock must have gone back often",
                     (today.parent_path() / stem).string(), maximum_number);
}

}  // namespace

void FileHandle::reset() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

base::Error file_error(std::string_view doing, const fs::path& path) {
  const int number = errno;
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return base::error(full ? base::Code::no_space : base::Code::unavailable, "{} {}: {}", doing, path.string(),
                     std::generic_category().message(number));
}

std::optional<LogFileName> parse_log_file_name(std::string_view file) {
  LogFileName result;
  if (remove_suffix(file, ".log.gz.tmp"))
    result.kind = LogFileKind::temporary;
  else if (remove_suffix(file, ".log.gz"))
    result.kind = LogFileKind::packed;
  else if (!remove_suffix(file, ".log"))
    return std::nullopt;
  const std::string_view whole = file;
  constexpr std::size_t suffix = std::string_view("-2025-11-21").size();
  result.number = remove_number(file);
  const auto day = file.size() > suffix && file[file.size() - suffix] == '-'
                       ? parse_day(file.substr(file.size() - suffix + 1))
                       : std::nullopt;
  if (day) {
    if (result.kind == LogFileKind::today) result.kind = LogFileKind::finished;
    result.day = *day;
    result.name = file.substr(0, file.size() - suffix);
    return result;
  }
  if (result.kind != LogFileKind::today || whole.empty()) return std::nullopt;
  return LogFileName{.kind = LogFileKind::today, .name = std::string(whole), .day = {}, .number = 1};
}

std::string log_file_name(std::string_view collector) {
  std::string name(collector);
  std::replace(name.begin(), name.end(), '/', '_');
  std::replace(name.begin(), name.end(), '\0', '_');
  const auto parsed = parse_log_file_name(name + ".log");
  if (parsed && parsed->kind != LogFileKind::today) name += '_';
  return name + ".log";
}

base::Result<std::vector<LogFileEntry>> list_log_files(const fs::path& folder) {
  std::error_code error;
  std::vector<LogFileEntry> list;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    auto name = parse_log_file_name(entry->path().filename().string());
    struct stat status {};
    if (!name || ::lstat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    list.push_back({entry->path(), std::move(*name), static_cast<std::uint64_t>(status.st_size),
                    std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec)});
  }
  if (error)
    return base::error(base::Code::unavailable, "reading the folder {}: {}", folder.string(),
                       error.message());
  std::sort(list.begin(), list.end(), [](const LogFileEntry& a, const LogFileEntry& b) {
    return std::tie(a.name.day, a.name.name, a.name.number, a.path) <
           std::tie(b.name.day, b.name.name, b.name.number, b.path);
  });
  return list;
}

bool is_log_of_ours(const fs::path& file) {
  constexpr std::string_view json = R"({"time":")", text = "[dddd-dd-dd dd:dd:dd] ";
  std::array<char, text.size()> begin{};
  const FileHandle handle(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!handle) return false;
  const ssize_t size = ::pread(handle.get(), begin.data(), begin.size(), 0);
  const std::string_view found(begin.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (found.starts_with(json)) return true;
  return std::equal(found.begin(), found.end(), text.begin(), text.end(), [](char got, char wanted) {
    return wanted == 'd' ? got >= '0' && got <= '9' : got == wanted;
  });
}

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

base::Result<bool> finish_day(const fs::path& today, const struct stat& expected, Day day) {
  const fs::path lock_path = today.parent_path() / ".rotation.lock";
  const FileHandle lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (!lock) return file_error("opening", lock_path);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK || errno == EINTR) return false;
    return file_error("locking", lock_path);
  }
  // Under the lock nobody else renames, so that what is seen here still holds when it is acted on.
  struct stat status {};
  if (::lstat(today.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || !same_file(status, expected))
    return false;
  const fs::path target = TRY(free_name(today, day));
  if (::rename(today.c_str(), target.c_str()) != 0) return file_error("renaming", today);
  return true;
}

}  // namespace telemetry
