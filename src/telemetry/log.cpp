#include "telemetry/log.hpp"

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>

#include "base/text.hpp"
#include "telemetry/log_archive.hpp"
#include "telemetry/log_file.hpp"
#include "telemetry/log_line.hpp"
#include "telemetry/log_reserve.hpp"
#include "telemetry/log_time.hpp"

namespace telemetry {
namespace {

// Besides, at most four are open at a moment for renaming and packing: 64 in all.
constexpr std::size_t maximum_open_files = 60;

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
  Impl(LogOptions given, const base::Clock& the_clock, const base::Redactor& redactor)
      : options(std::move(given)),
        clock(the_clock),
        zone(options.timezone),
        lines(zone, redactor),
        reserve(options.directory, options.disk_reserve, options.free_space),
        archiver(options.directory, zone, {options.days, options.disk_budget},
                 [this](Level level, std::string_view event, std::string_view reason) {
                   say(level, event, reason);
                 }) {
    console.set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
  }

  bool wanted(Level level) const { return level >= options.level; }
  LogHead head(Level level, std::string_view collector) const { return {clock.wall(), level, collector}; }

  // `text` and `json` make the line in that format.
  template <class Text, class Json>
  void write(const LogHead& head, Text text, Json json) noexcept {
    try {
      const bool to_file = !head.collector.empty() && !options.directory.empty();
      const bool as_json = options.format == LogFormat::json;
      std::string line;
      if (options.console || (to_file && !as_json)) line = text();
      if (options.console) try_console(line);
      if (!to_file) return;
      if (const auto written = write_file(head, as_json ? json() : std::move(line)); !written)
        complain(written.error().message);
    } catch (const std::exception& failure) {
      complain(failure.what());
    } catch (...) {
      complain("unknown");
    }
  }

  void write_console(const std::string& line) {
    const std::lock_guard lock(console_mutex);
    if (options.console_writer)
      options.console_writer(line + '\n');
    else
      console.log(spdlog::details::log_msg(spdlog::string_view_t{}, spdlog::level::info,
                                           spdlog::string_view_t{line.data(), line.size()}));
  }

  void try_console(const std::string& line) noexcept {
    try {
      write_console(line);
    } catch (...) {  // a broken terminal or writer: nobody is left to tell
    }
  }

  void say(Level level, std::string_view event, std::string_view reason) noexcept {
    try {
      write_console(lines.text(head(level, {}), event, {{"reason", reason}}));
    } catch (...) {
    }
  }

  void complain(std::string_view reason) noexcept {
    if (dropped.fetch_add(1) == 0)
      say(Level::error, "log line dropped; further ones are only counted", reason);
  }

  base::Result<void> write_file(const LogHead& head, std::string line) {
    const std::lock_guard lock(files_mutex);
    const base::SteadyTime now = clock.steady();
    if (head.level == Level::debug && reserve.is_short(now)) {
      if (shed.fetch_add(1) > 0) return {};
      line = shedding(head);
    }
    // Asked under the lock, so that days follow each other; the line's own time may be a moment older.
    const Day today = zone.day(clock.wall());
    begin_day(today, now);
    LogFile& own = file(std::string(head.collector));
    tidy_up |= judge(own.rotate(today, now), own);
    const auto written = own.write(line + '\n', today);
    if (tidy_up && own.is_open()) {  // else there may be no folder
      archiver.request(today);
      tidy_up = false;
    }
    return written;
  }

  std::string shedding(const LogHead& dropped_line) {
    const LogHead head{dropped_line.time, Level::warning, dropped_line.collector};
    constexpr std::string_view event = "debug lines left out of the log files";
    const std::string reason =
        fmt::format("less than {} free on their disk", base::format_size(options.disk_reserve));
    const std::string text = lines.text(head, event, {{"reason", reason}});
    try_console(text);
    return options.format == LogFormat::json ? lines.json(head, event, {{"reason", reason}}) : text;
  }

  void begin_day(Day today, base::SteadyTime now) {
    if (today == last_day) return;
    tidy_up = true;
    for (auto& [name, open] : files) judge(open.file.finish_day(today, now), open.file);
    last_day = today;
  }

  void tidy_up_now() {
    const std::lock_guard lock(files_mutex);
    std::error_code error;
    if (options.directory.empty() || !std::filesystem::is_directory(options.directory, error)) return;
    const Day today = zone.day(clock.wall());
    begin_day(today, clock.steady());
    if (tidy_up) archiver.request(today);
    tidy_up = false;
  }

  // What cannot be opened is left to write(), whose line is lost by it.
  bool judge(const base::Result<bool>& rotated, const LogFile& file) {
    if (rotated) return *rotated;
    if (file.is_open() && !rotation_failed.exchange(true))
      say(Level::warning, "log file of an earlier day keeps its name, and today's lines go there",
          rotated.error().message);
    return false;
  }

  LogFile& file(const std::string& collector) {
    auto found = files.find(collector);
    if (found == files.end()) {
      if (files.size() == maximum_open_files)
        files.erase(std::min_element(files.begin(), files.end(),
                                     [](auto& a, auto& b) { return a.second.used < b.second.used; }));
      const std::filesystem::path path = options.directory / log_file_name(collector);
      found = files.emplace(collector, OpenFile{LogFile(path, zone), 0}).first;
    }
    found->second.used = ++uses;
    return found->second.file;
  }

  struct OpenFile {
    LogFile file;
    std::uint64_t used = 0;
  };

  const LogOptions options;
  const base::Clock& clock;
  const Zone zone;
  const LogLine lines;
  std::mutex console_mutex;
  spdlog::sinks::stderr_sink_st console;
  std::mutex files_mutex;  // before console_mutex, and for all from here to last_day
  std::map<std::string, OpenFile> files;
  std::uint64_t uses = 0;
  DiskReserve reserve;
  bool tidy_up = false;  // since a file got the name of its day
  std::optional<Day> last_day;
  std::atomic<bool> rotation_failed{false};
  std::atomic<std::uint64_t> dropped{0}, shed{0};
  LogArchiver archiver;  // the last one: its thread ends before what it speaks through
};

void Logger::log(Level level, std::string_view event, Fields fields) const {
  Log::Impl& log = *log_->impl_;
  if (!log.wanted(level)) return;
  const LogHead head = log.head(level, collector_);
  log.write(
      head, [&] { return log.lines.text(head, event, fields); },
      [&] { return log.lines.json(head, event, fields); });
}

// One write, so that lines of other threads stay outside of the frame.
void Logger::banner(Level level, std::initializer_list<std::string> lines) const {
  Log::Impl& log = *log_->impl_;
  if (!log.wanted(level)) return;
  const LogHead head = log.head(level, collector_);
  log.write(
      head, [&] { return log.lines.text_banner(head, lines); },
      [&] { return log.lines.json_banner(head, lines); });
}

base::Result<void> Log::check_timezone(const std::string& name) { return Zone::check(name); }

Log::Log(LogOptions options, const base::Clock& clock, const base::Redactor& redactor)
    : impl_(std::make_unique<Impl>(std::move(options), clock, redactor)) {}
Log::~Log() = default;

Logger Log::logger() { return {this, {}}; }
Logger Log::collector(std::string_view collector_name) { return {this, std::string(collector_name)}; }
std::uint64_t Log::dropped() const { return impl_->dropped.load(); }
std::uint64_t Log::shed() const { return impl_->shed.load(); }

std::string Log::shortage() const { return impl_->archiver.shortage(); }
void Log::tidy_up() { impl_->tidy_up_now(); }

void Log::flush() {
  const std::lock_guard lock(impl_->console_mutex);
  impl_->console.flush();
}

}  // namespace telemetry
