#include "pulse/log_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/iso8601.hpp"
#include "base/text.hpp"
#include "decode/gzip.hpp"

namespace pulse {

using base::Result;
using telemetry::FileHandle;
using telemetry::LogFileKind;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t block = 64u << 10;
constexpr std::size_t longest_line = 1u << 20;
constexpr std::size_t largest_day = 512u << 20;

FileHandle open_file(const fs::path& path) {
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file && (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))) {
    errno = EINVAL;
    return {};
  }
  return file;
}

off_t size_of(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 ? status.st_size : 0;
}

Result<std::string_view> read_at(int file, off_t at, std::size_t size, std::array<char, block>& buffer,
                                 const fs::path& path) {
  for (;;) {
    const ssize_t got = ::pread(file, buffer.data(), std::min(size, buffer.size()), at);
    if (got >= 0) return std::string_view(buffer.data(), static_cast<std::size_t>(got));
    if (errno != EINTR) return telemetry::file_error("reading", path);
  }
}

// Where the last `wanted` lines begin; `wanted` becomes what is missing in the file. A last line without an
// end is one.
Result<off_t> begin_of_last_lines(int file, off_t end, std::int64_t& wanted, const fs::path& path) {
  std::array<char, block> buffer;
  if (end == 0 || wanted == 0) return end;
  off_t at = end;
  while (at > 0) {
    const off_t begin = std::max<off_t>(0, at - static_cast<off_t>(block));
    const std::string_view bytes =
        TRY(read_at(file, begin, static_cast<std::size_t>(at - begin), buffer, path));
    for (std::size_t i = bytes.size(); i-- > 0;) {
      const off_t behind = begin + static_cast<off_t>(i) + 1;
      if (bytes[i] != '\n' || behind == end) continue;
      if (--wanted == 0) return behind;
    }
    at = begin;
  }
  --wanted;  // the first line has no line's end before it
  return 0;
}

void keep_last_lines(std::string& text, std::int64_t& wanted) {
  if (text.empty()) return;
  for (std::size_t i = text.size() - 1; i-- > 0;)
    if (text[i] == '\n' && --wanted == 0) {
      text.erase(0, i + 1);
      return;
    }
  --wanted;
}

Result<std::string> unpack(const FileHandle& file, const fs::path& path) {
  const off_t size = size_of(file.get());
  if (static_cast<std::uint64_t>(size) > largest_day)
    return base::error(base::Code::invalid_data, "{} is too large; read it with zcat", path.string());
  std::string packed;
  std::array<char, block> buffer;
  for (;;) {
    const auto bytes = TRY(read_at(file.get(), static_cast<off_t>(packed.size()), block, buffer, path));
    if (bytes.empty() || packed.size() > largest_day) break;
    packed += bytes;
  }
  return TRY_WITH(decode::gunzip(std::move(packed), largest_day), "{}", path.string());
}

bool is_limited(const LogQuery& query) { return query.lines != std::numeric_limits<std::int64_t>::max(); }

}  // namespace

struct LogReader::Part {
  telemetry::LogFileEntry entry;
  FileHandle file{};  // of a day that is not packed
  off_t begin = 0;
  std::optional<std::string> text{};  // of one that is
};

LogReader::LogReader(LogQuery query, const telemetry::Zone& zone, Print print, Complain complain)
    : query_(std::move(query)),
      zone_(zone),
      print_(std::move(print)),
      complain_(std::move(complain)),
      path_(query_.folder / telemetry::log_file_name(query_.collector)),
      since_text_(query_.since ? '[' + zone.text(*query_.since) + ']' : std::string()),
      begun_(!query_.since) {}

// Of this collector and new enough, the newest first.
Result<std::vector<LogReader::Part>> LogReader::finished_days() {
  std::vector<Part> parts;
  std::error_code fault;
  if (!fs::exists(query_.folder, fault)) return parts;
  struct stat open {};
  const bool has_today = today_ && ::fstat(today_.get(), &open) == 0;
  std::set<std::pair<telemetry::Day, int>> plain;
  std::vector<telemetry::LogFileEntry> packed;
  for (telemetry::LogFileEntry& entry : TRY(telemetry::list_log_files(query_.folder))) {
    struct stat status {};
    if (entry.name.name != path_.stem()) continue;
    // The first lines of a day may still stand in the file of the day before.
    if (query_.since && entry.name.day + std::chrono::days{1} < zone_.day(*query_.since)) continue;
    // What was today's when we opened it may have got its name since.
    if (has_today && ::stat(entry.path.c_str(), &status) == 0 && telemetry::same_file(status, open)) continue;
    if (entry.name.kind == LogFileKind::packed)
      packed.push_back(std::move(entry));
    else if (entry.name.kind == LogFileKind::finished) {
      plain.emplace(entry.name.day, entry.name.number);
      parts.push_back({.entry = std::move(entry)});
    }
  }
  for (telemetry::LogFileEntry& entry : packed)
    if (!plain.contains({entry.name.day, entry.name.number})) parts.push_back({.entry = std::move(entry)});
  std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return std::pair(a.entry.name.day, a.entry.name.number) >
           std::pair(b.entry.name.day, b.entry.name.number);
  });
  return parts;
}

// Opens it, and finds where its last lines begin; it stays empty if it is gone, or damaged.
Result<void> LogReader::load(Part& part, std::int64_t& wanted) {
  FileHandle file = open_file(part.entry.path);
  if (!file && errno == ENOENT && part.entry.name.kind == LogFileKind::finished) {
    part.entry.path += ".gz";  // packed in between
    part.entry.name.kind = LogFileKind::packed;
    file = open_file(part.entry.path);
  }
  if (!file && errno == ENOENT) return {};
  if (!file) return telemetry::file_error("opening", part.entry.path);
  if (part.entry.name.kind != LogFileKind::packed) {
    if (is_limited(query_))
      part.begin = TRY(begin_of_last_lines(file.get(), size_of(file.get()), wanted, part.entry.path));
    part.file = std::move(file);
    return {};
  }
  auto text = unpack(file, part.entry.path);
  if (!text) {
    complain_(text.error().message);
    return {};
  }
  part.text = *std::move(text);
  if (is_limited(query_)) keep_last_lines(*part.text, wanted);
  return {};
}

Result<bool> LogReader::print_existing() {
  today_ = open_file(path_);
  if (!today_ && errno != ENOENT) return telemetry::file_error("opening", path_);
  auto parts = TRY(finished_days());
  const bool is_there = today_ || !parts.empty();
  std::int64_t wanted = query_.lines;
  if (today_ && is_limited(query_))
    at_ = TRY(begin_of_last_lines(today_.get(), size_of(today_.get()), wanted, path_));
  // Of the days that a limit leaves, only as much is kept as is shown; without one, each is read in its turn.
  std::size_t used = parts.size();
  if (is_limited(query_))
    for (used = 0; used < parts.size() && wanted > 0; ++used) TRY(load(parts[used], wanted));
  for (std::size_t i = used; i-- > 0 && is_read_;) TRY(print_part(parts[i]));
  TRY(print_today());
  if (!query_.follow) end_line();
  return is_there;
}

Result<void> LogReader::print_part(Part& part) {
  std::int64_t all = query_.lines;
  if (!is_limited(query_)) TRY(load(part, all));
  if (part.text) {
    feed(*part.text);
    part.text.reset();
  } else if (part.file) {
    TRY(print_file(part.file.get(), part.begin, size_of(part.file.get())));
  }
  end_line();
  return {};
}

Result<void> LogReader::print_file(int file, off_t& at, off_t end) {
  std::array<char, block> buffer;
  while (at < end && is_read_) {
    const auto bytes = TRY(read_at(file, at, static_cast<std::size_t>(end - at), buffer, path_));
    if (bytes.empty()) break;
    at += static_cast<off_t>(bytes.size());
    feed(bytes);
  }
  return {};
}

Result<void> LogReader::print_today() {
  if (!today_) return {};
  return print_file(today_.get(), at_, size_of(today_.get()));
}

Result<bool> LogReader::print_new() {
  struct stat open {};
  struct stat named {};
  const bool is_named = ::stat(path_.c_str(), &named) == 0;
  TRY(print_today());  // what came before the name was looked at is in the file that had it
  if (!is_named) return is_read_;
  if (today_ && ::fstat(today_.get(), &open) == 0 && telemetry::same_file(open, named)) {
    if (open.st_size < at_) {  // somebody emptied it
      at_ = 0;
      pending_.clear();
      TRY(print_today());
    }
    return is_read_;
  }
  FileHandle next = open_file(path_);
  if (!next) return is_read_;  // renamed just now: the next call sees more
  TRY(print_today());
  end_line();
  today_ = std::move(next);
  at_ = 0;
  TRY(print_today());
  return is_read_;
}

void LogReader::feed(std::string_view bytes) {
  while (!bytes.empty() && is_read_) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t room = longest_line - pending_.size();
    const std::size_t taken = std::min(end, room);
    pending_ += bytes.substr(0, taken);
    const bool at_end = taken == end && end < bytes.size();
    bytes.remove_prefix(taken + (at_end ? 1 : 0));
    if (at_end) {
      if (pending_.empty()) pending_ = "\n";  // an empty line is one
      end_line();
    } else if (pending_.size() == longest_line) {
      end_line();
    }
  }
}

void LogReader::end_line() {
  if (pending_.empty()) return;
  const std::string line = pending_ == "\n" ? std::string() : std::move(pending_);
  pending_.clear();
  begun_ = begun_ || is_since(line);
  if (begun_ && is_read_) is_read_ = print_(line);
}

bool LogReader::is_since(std::string_view line) const {
  if (constexpr std::string_view begin = R"({"time":")"; line.starts_with(begin)) {
    line.remove_prefix(begin.size());
    const auto time = base::parse_timestamp(line.substr(0, line.find('"')));
    return time && *time >= std::chrono::floor<std::chrono::milliseconds>(*query_.since);
  }
  return line.starts_with('[') && line.size() >= since_text_.size() &&
         line.substr(0, since_text_.size()) >= since_text_;
}

std::vector<std::string> names_of_logs(const fs::path& folder) {
  std::set<std::string> names;
  if (const auto list = telemetry::list_log_files(folder))
    for (const telemetry::LogFileEntry& entry : *list)
      if (entry.name.kind != LogFileKind::temporary) names.insert(entry.name.name);
  return {names.begin(), names.end()};
}

}  // namespace pulse
