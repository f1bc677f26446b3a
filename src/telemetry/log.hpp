// The one log (R20). A line is `[2025-11-21 10:30:02] LEVEL: event key=value key="two words"`, in local time
// or the configured zone; it goes to the console (stderr) and, for a collector's logger, also to
// <directory>/<collector>.log, there as a JSON object if that is wanted. A finished day of a file is packed
// and kept for some days (log_folder.hpp has the names).
//
//   log.info("run finished", {{"run", id}, {"rows", 1404}});
//
// An event is logged once, at the boundary that decides. Secrets are redacted, control characters escaped:
// one event is always one line. A Log never throws and never fails its caller: what cannot be written is
// counted (dropped()) and said on stderr once. Thread-safe. Loggers are cheap to copy and must not outlive
// their Log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace telemetry {

enum class Level { debug, info, warning, error, critical, fatal };
std::string_view to_string(Level level);  // "DEBUG" …

struct Field {
  std::string_view key;
  std::string value;
  bool is_number = false;  // or true, false: bare in JSON

  Field(std::string_view key, std::string_view value) : key(key), value(value) {}
  Field(std::string_view key, const char* value) : key(key), value(value) {}
  Field(std::string_view key, const std::string& value) : key(key), value(value) {}
  template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
  Field(std::string_view key, Number value) : key(key), value(number(value)), is_number(true) {}

 private:
  static std::string number(double value);
  static std::string number(std::int64_t value);
  static std::string number(bool value);
  static std::string number(std::uint64_t value);
  template <class Integer,
            class = std::enable_if_t<std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>>>
  static std::string number(Integer value) {
    return number(
        static_cast<std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t>>(value));
  }
};
using Fields = std::initializer_list<Field>;

enum class LogFormat { text, json };

struct LogOptions {
  std::filesystem::path directory;                     // empty: no files
  LogFormat format = LogFormat::text;                  // of the files; the console is for people
  std::int64_t days = 60;                              // how many before today are kept
  std::uint64_t disk_budget = std::uint64_t{2} << 30;  // of all files; the oldest days go first
  Level level = Level::info;
  std::string timezone;  // IANA name; empty: the system's
  bool console = true;
  // For tests and for progress lines that must be cleared first; stderr if empty. Gets the finished line with
  // its '\n'.
  std::function<void(std::string_view)> console_writer{};
  // Debug lines stay out of the files when less is free on their disk (DU1).
  std::uint64_t disk_reserve = std::uint64_t{256} << 20;
  std::function<std::uint64_t(const std::filesystem::path&)> free_space{};  // for tests; the disk's if empty
};

class Log;

class Logger {
 public:
  void log(Level level, std::string_view event, Fields fields = {}) const;
  void debug(std::string_view event, Fields fields = {}) const { log(Level::debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) const { log(Level::info, event, fields); }
  void warning(std::string_view event, Fields fields = {}) const { log(Level::warning, event, fields); }
  void error(std::string_view event, Fields fields = {}) const { log(Level::error, event, fields); }
  void critical(std::string_view event, Fields fields = {}) const { log(Level::critical, event, fields); }
  void fatal(std::string_view event, Fields fields = {}) const { log(Level::fatal, event, fields); }

  // The frame around a run in the collector's file (R20): a rule of '=', then the lines, then a rule.
  void banner(Level level, std::initializer_list<std::string> lines) const;

 private:
  friend class Log;
  Logger(Log* log, std::string collector) : log_(log), collector_(std::move(collector)) {}
  Log* log_;
  std::string collector_;
};

class Log {
 public:
  // invalid_config, with the nearest known name; "" (the system's zone) is always fine.
  static base::Result<void> check_timezone(const std::string& name);

  // A zone that check_timezone() refuses becomes the system's.
  Log(LogOptions options, const base::Clock& clock, const base::Redactor& redactor);
  ~Log();
  Logger logger();                                    // console only
  Logger collector(std::string_view collector_name);  // console and the collector's file
  std::uint64_t dropped() const;                      // lines that could not be written to a file
  std::uint64_t shed() const;                         // debug lines left out to save the disk
  // What the first line of a day does for the days before, where no line may come for days (daemons): to be
  // called every few minutes. Does nothing on a day that was seen already.
  void tidy_up();
  // For people: days are gone before their time, or soon will be, because of disk_budget; "" if not.
  std::string shortage() const;
  void flush();

 private:
  friend class Logger;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace telemetry
