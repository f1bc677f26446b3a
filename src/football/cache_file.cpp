#include "football/cache_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/system_error.hpp"
#include "base/text.hpp"

namespace football {
namespace {

namespace fs = std::filesystem;
using base::Code;
using std::chrono::microseconds;
using namespace std::chrono_literals;

constexpr std::string_view magic = "PHXCACHE";
constexpr std::size_t header_bytes = 8 + 4 + 8 + 8 + 8, record_bytes = 4 + 4 + 8 + 8 + 8, checksum_bytes = 8;
constexpr auto too_old = 30 * 24h;  // nothing is kept longer
constexpr auto clock_error = 1min;  // ahead of us that a file may be
constexpr std::int64_t longest = microseconds{max_cache_lifetime}.count();
constexpr std::size_t piece = 256u << 10;

constexpr std::uint64_t checksum_start = 0xcbf29ce484222325;
std::uint64_t checksum(std::string_view bytes, std::uint64_t sum = checksum_start) {
  for (const unsigned char byte : bytes) sum = (sum ^ byte) * 0x100000001b3;
  return sum;
}

struct File {
  int handle = -1;
  explicit File(int opened) : handle(opened) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (handle >= 0) ::close(handle);
  }
};

base::Error fault(std::string_view what, const fs::path& file) {
  const int number = errno;
  base::Error error = base::system_error(number, fmt::format("{} {}", what, file.string()));
  if (number == EFBIG) error.code = Code::no_space;  // the limit of a process's files
  return error;
}

template <std::integral Number>
void append(std::string& out, Number number) {
  const auto bits = static_cast<std::make_unsigned_t<Number>>(number);
  for (std::size_t i = 0; i < sizeof(Number); ++i) out += static_cast<char>(bits >> (8 * i) & 0xff);
}

// ---- writing

class Writer {
 public:
  Writer(int handle, const fs::path& file) : handle_(handle), file_(file) {}

  base::Result<void> add(std::string_view bytes) {
    sum_ = checksum(bytes, sum_);
    return put(bytes);
  }
  base::Result<void> finish() {
    std::string end;
    append(end, sum_);
    TRY(put(end));
    TRY(flush());
    if (::fsync(handle_) != 0) return fault("writing", file_);
    return {};
  }

 private:
  base::Result<void> put(std::string_view bytes) {
    buffer_ += bytes;
    return buffer_.size() < piece ? base::Result<void>{} : flush();
  }
  base::Result<void> flush() {
    for (std::size_t done = 0; done < buffer_.size();) {
      const ssize_t written = ::write(handle_, buffer_.data() + done, buffer_.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fault("writing", file_);
      done += static_cast<std::size_t>(written);
    }
    buffer_.clear();
    return {};
  }

  const int handle_;
  const fs::path& file_;
  std::string buffer_;
  std::uint64_t sum_ = checksum_start;
};

std::int64_t micros(base::Duration duration) {
  return std::chrono::duration_cast<microseconds>(duration).count();
}

base::Result<void> write_content(Writer& writer, const std::vector<CacheRecord>& records,
                                 base::WallTime now) {
  std::uint64_t content = 0;
  for (const CacheRecord& it : records) content += record_bytes + it.key.size() + it.body->size();
  std::string head(magic);
  append(head, cache_file_version);
  append<std::int64_t>(head, now.time_since_epoch().count());
  append<std::uint64_t>(head, records.size());
  append<std::uint64_t>(head, content);
  TRY(writer.add(head));
  for (const CacheRecord& it : records) {
    std::string fixed;
    append(fixed, static_cast<std::uint32_t>(it.key.size()));
    append(fixed, static_cast<std::uint32_t>(it.body->size()));
    append<std::int64_t>(fixed, it.at.time_since_epoch().count());
    append<std::int64_t>(fixed, micros(it.lifetime.fresh));
    append<std::int64_t>(fixed, micros(it.lifetime.keep));
    TRY(writer.add(fixed));
    TRY(writer.add(it.key));
    TRY(writer.add(*it.body));
  }
  return writer.finish();
}

base::Result<void> write_beside(const fs::path& temporary, const std::vector<CacheRecord>& records,
                                base::WallTime now) {
  ::unlink(temporary.c_str());  // of a crash
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.handle < 0) return fault("making", temporary);
  Writer writer(file.handle, temporary);
  return write_content(writer, records, now);
}

// ---- reading

base::Error damaged(const fs::path& file, std::string_view why) {
  return base::error(Code::invalid_data, "the cache file {} is not used: {}", file.string(), why);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <std::integral Number>
  Number number() {  // 0 behind the end
    const std::string_view bytes = take(sizeof(Number));
    std::make_unsigned_t<Number> bits = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bits |= static_cast<std::make_unsigned_t<Number>>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return static_cast<Number>(bits);
  }
  std::string_view take(std::size_t size) {
    broken_ = broken_ || size > rest_.size();
    const std::string_view part = broken_ ? std::string_view{} : rest_.substr(0, size);
    rest_.remove_prefix(part.size());
    return part;
  }
  bool broken() const { return broken_; }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
  bool broken_ = false;
};

base::Result<std::string> read_all(int handle, std::uint64_t max_bytes, const fs::path& file) {
  struct stat status {};
  if (::fstat(handle, &status) != 0) return fault("reading", file);
  if (!S_ISREG(status.st_mode)) return damaged(file, "it is no ordinary file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > max_bytes)
    return damaged(file, fmt::format("it has {}, more than the {} of the cache", base::format_size(size),
                                     base::format_size(max_bytes)));
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(handle, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fault("reading", file);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

base::Result<CacheRecord> read_record(Reader& reader, const fs::path& file) {
  const auto key_size = reader.number<std::uint32_t>(), body_size = reader.number<std::uint32_t>();
  const auto at = reader.number<std::int64_t>();
  const auto fresh = reader.number<std::int64_t>(), keep = reader.number<std::int64_t>();
  if (key_size > max_cache_key) return damaged(file, "a key is too long");
  CacheRecord record;
  record.key = reader.take(key_size);
  record.body = std::make_shared<const std::string>(reader.take(body_size));
  if (reader.broken()) return damaged(file, "an entry is not whole");
  if (fresh < 0 || keep < fresh || keep > longest) return damaged(file, "a lifetime is impossible");
  record.at = base::WallTime{microseconds{at}};
  record.lifetime = {microseconds{fresh}, microseconds{keep}};
  return record;
}

base::Result<std::vector<CacheRecord>> parse(std::string_view bytes, const fs::path& file,
                                             base::WallTime now) {
  if (!bytes.starts_with(magic)) return damaged(file, "it is no cache file of phoenix");
  if (bytes.size() < header_bytes + checksum_bytes) return damaged(file, "it is not whole");
  const std::string_view covered = bytes.substr(0, bytes.size() - checksum_bytes);
  if (Reader(bytes.substr(covered.size())).number<std::uint64_t>() != checksum(covered))
    return damaged(file, "its checksum is wrong: it was damaged or is not whole");
  Reader reader(covered.substr(magic.size()));
  const auto version = reader.number<std::uint32_t>();
  if (version != cache_file_version)
    return damaged(
        file, fmt::format("its format is version {}, this program reads {}", version, cache_file_version));
  const base::WallTime made{microseconds{reader.number<std::int64_t>()}};
  const auto entries = reader.number<std::uint64_t>(), content = reader.number<std::uint64_t>();
  if (made > now + clock_error) return damaged(file, "it was made in the future: check the clock");
  if (made < now - too_old)
    return damaged(file, "it was made more than 30 days ago, nothing in it is of use any longer");
  if (content != reader.left() || entries > content / record_bytes)
    return damaged(file, "its sizes contradict each other");
  std::vector<CacheRecord> records;
  records.reserve(entries);
  for (std::uint64_t i = 0; i < entries; ++i) records.push_back(TRY(read_record(reader, file)));
  if (reader.left() > 0) return damaged(file, "there is something behind its last entry");
  return records;
}

}  // namespace

base::Result<void> write_cache_file(const fs::path& file, const std::vector<CacheRecord>& records,
                                    base::WallTime now) {
  fs::path temporary = file;
  temporary += ".tmp";
  if (auto written = write_beside(temporary, records, now); !written) {
    ::unlink(temporary.c_str());
    return written.error();
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0) {
    const base::Error error = fault("replacing", file);
    ::unlink(temporary.c_str());
    return error;
  }
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const File handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.handle < 0 || ::fsync(handle.handle) != 0) return fault("writing the folder", folder);
  return {};
}

base::Result<std::optional<std::vector<CacheRecord>>> read_cache_file(const fs::path& file,
                                                                      base::WallTime now,
                                                                      std::uint64_t max_bytes) {
  // O_NONBLOCK: a pipe of that name does not hold us up.
  const File opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (opened.handle < 0 && errno == ENOENT) return std::optional<std::vector<CacheRecord>>{};
  if (opened.handle < 0) return fault("opening", file);
  const std::string bytes = TRY(read_all(opened.handle, max_bytes, file));
  return std::optional(TRY(parse(bytes, file, now)));
}

}  // namespace football
