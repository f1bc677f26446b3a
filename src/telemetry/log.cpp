#include "telemetry/log.hpp"

#include <date/tz.h>
#include <fcntl.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <map>
#include <mutex>
#include <vector>

#include "base/text.hpp"

namespace telemetry {
namespace {

constexpr std::size_t maximum_open_files = 64;

// One file in append mode. A file that was deleted under us is made again; a line cut off by a full
// disk is closed with a line break before the next one, so that later lines stay whole.
class FileSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit FileSink(std::filesystem::path path) : path_(std::move(path)) {}
  ~FileSink() override { close(); }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    struct stat status {};
    if (file_ >= 0 && (::fstat(file_, &status) != 0 || status.st_nlink == 0)) close();
    if (file_ < 0) open();
    spdlog::memory_buf_t line;
    if (torn_) line.push_back('\n');
    formatter_->format(message, line);
    for (std::size_t done = 0; done < line.size();) {
      const ssize_t written = ::write(file_, line.data() + done, line.size() - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) spdlog::throw_spdlog_ex(path_.string(), errno);
      done += static_cast<std::size_t>(written);
      torn_ = done < line.size();
    }
  }

  void flush_() override {}  // each line is written at once: a crash loses none

  void open() {
    std::filesystem::create_directories(path_.parent_path());
    file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (file_ < 0) spdlog::throw_spdlog_ex(path_.string(), errno);
  }

  void close() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    torn_ = false;
  }

  const std::filesystem::path path_;
  int file_ = -1;
  bool torn_ = false;
};

std::string file_name(std::string_view collector) {
  std::string name(collector);
  std::replace(name.begin(), name.end(), '/', '_');
  std::replace(name.begin(), name.end(), '\0', '_');
  return name + ".log";
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" =\"") != std::string_view::npos;
}

std::string in_quotes(std::string_view value) {
  std::string result = "\"";
  for (const char c : value) {
    if (c == '"') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string date_and_time(date::local_seconds local) {
  const auto day = date::floor<date::days>(local);
  const date::year_month_day date{day};
  const date::hh_mm_ss<std::chrono::seconds> time{local - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

date::sys_seconds to_seconds(base::WallTime time) {
  return date::sys_seconds{std::chrono::floor<std::chrono::seconds>(time).time_since_epoch()};
}

const date::time_zone* find_zone(const std::string& name) {
  if (name.empty()) return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace

std::string_view to_string(Level level) {
  static constexpr std::array<std::string_view, 6> names{"DEBUG", "INFO",     "WARNING",
                                                         "ERROR", "CRITICAL", "FATAL"};
  return names[static_cast<std::size_t>(level)];
}

std::string Field::number(double value) { return fmt::format("{}", value); }
std::string Field::number(std::int64_t value) { return fmt::format("{}", value); }
std::string Field::number(std::uint64_t value) { return fmt::format("{}", value); }
std::string Field::number(bool value) { return value ? "true" : "false"; }

struct Log::Impl {
  Impl(LogOptions given, const base::Clock& the_clock, const base::Redactor& the_redactor)
      : options(std::move(given)),
        clock(the_clock),
        redactor(the_redactor),
        zone(find_zone(options.timezone)) {
    ::tzset();  // localtime_r does not
    console.set_formatter(plain_line());
  }

  static std::unique_ptr<spdlog::formatter> plain_line() {
    return std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n");
  }

  std::string timestamp() const {
    const date::sys_seconds now = to_seconds(clock.wall());
    if (zone != nullptr) return date_and_time(zone->to_local(now));
    const std::time_t seconds = now.time_since_epoch().count();
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    return date_and_time(date::local_seconds{now.time_since_epoch() + std::chrono::seconds{parts.tm_gmtoff}});
  }

  std::string prefix(Level level) const { return fmt::format("[{}] {}: ", timestamp(), to_string(level)); }

  // Before quoting: a secret that holds '"' would be hidden from the redactor after it.
  std::string clean(std::string_view text) const { return base::escape_control(redactor.redact(text)); }

  std::string format(Level level, std::string_view event, Fields fields) const {
    std::string line = prefix(level) + clean(event);
    for (const Field& field : fields) {
      const std::string value = clean(field.value);
      line.append(" ")
          .append(clean(field.key))
          .append("=")
          .append(needs_quotes(value) ? in_quotes(value) : value);
    }
    return line;
  }

  bool wanted(Level level) const { return level >= options.level; }

  void write(const std::string& collector, const std::string& line) noexcept {
    try {
      if (options.console) write_console(line);
    } catch (...) {  // a broken terminal or writer: nobody is left to tell
    }
    if (collector.empty() || options.directory.empty()) return;
    try {
      const std::lock_guard lock(files_mutex);
      file(collector).log(message(line));
      return;
    } catch (const std::exception& failure) {
      complain(failure.what());
    } catch (...) {
      complain("unknown");
    }
  }

  static spdlog::details::log_msg message(std::string_view line) {
    return {spdlog::string_view_t{}, spdlog::level::info, spdlog::string_view_t{line.data(), line.size()}};
  }

  void write_console(const std::string& line) {
    const std::lock_guard lock(console_mutex);
    if (options.console_writer)
      options.console_writer(line + '\n');
    else
      console.log(message(line));
  }

  void complain(std::string_view reason) noexcept {
    if (dropped.fetch_add(1) > 0) return;
    try {
      write_console(
          format(Level::error, "log line dropped; further ones are only counted", {{"reason", reason}}));
    } catch (...) {
    }
  }

  FileSink& file(const std::string& collector) {
    const auto found = files.find(collector);
    if (found == files.end() && files.size() == maximum_open_files)
      files.erase(std::min_element(files.begin(), files.end(),
                                   [](auto& a, auto& b) { return a.second.used < b.second.used; }));
    OpenFile& open = found == files.end() ? files[collector] : found->second;
    if (!open.sink) {
      open.sink = std::make_unique<FileSink>(options.directory / file_name(collector));
      open.sink->set_formatter(plain_line());
    }
    open.used = ++uses;
    return *open.sink;
  }

  struct OpenFile {
    std::unique_ptr<FileSink> sink;
    std::uint64_t used = 0;
  };

  const LogOptions options;
  const base::Clock& clock;
  const base::Redactor& redactor;
  const date::time_zone* const zone;
  std::mutex console_mutex;
  spdlog::sinks::stderr_sink_st console;
  std::mutex files_mutex;
  std::map<std::string, OpenFile> files;
  std::uint64_t uses = 0;
  std::atomic<std::uint64_t> dropped{0};
};

void Logger::log(Level level, std::string_view event, Fields fields) const {
  Log::Impl& log = *log_->impl_;
  if (!log.wanted(level)) return;
  try {
    log.write(collector_, log.format(level, event, fields));
  } catch (const std::exception& failure) {
    log.complain(failure.what());
  }
}

void Logger::banner(Level level, std::initializer_list<std::string> lines) const {
  Log::Impl& log = *log_->impl_;
  if (!log.wanted(level)) return;
  try {
    const std::string prefix = log.prefix(level);
    const std::string rule = prefix + std::string(70, '=');
    // One write, so that lines of other threads stay outside of the frame.
    std::string text = rule;
    for (const std::string& line : lines) text.append("\n").append(prefix).append(log.clean(line));
    log.write(collector_, text.append("\n").append(rule));
  } catch (const std::exception& failure) {
    log.complain(failure.what());
  }
}

base::Result<void> Log::check_timezone(const std::string& name) {
  if (name.empty() || find_zone(name) != nullptr) return {};
  std::vector<std::string_view> known;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) known.push_back(zone.name());
  } catch (const std::exception& failure) {
    return base::error(base::Code::invalid_config, "no time zone data on this machine: {}", failure.what());
  }
  const std::string_view near = base::nearest(name, known);
  return base::error(base::Code::invalid_config, "unknown time zone '{}'{}", name,
                     near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near));
}

Log::Log(LogOptions options, const base::Clock& clock, const base::Redactor& redactor)
    : impl_(std::make_unique<Impl>(std::move(options), clock, redactor)) {}
Log::~Log() = default;

Logger Log::logger() { return {this, {}}; }
Logger Log::collector(std::string_view collector_name) { return {this, std::string(collector_name)}; }
std::uint64_t Log::dropped() const { return impl_->dropped.load(); }

void Log::flush() {
  const std::lock_guard lock(impl_->console_mutex);
  impl_->console.flush();
}

}  // namespace telemetry
