#include "telemetry/log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>
#include <vector>

namespace telemetry {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime start = std::chrono::sys_days{std::chrono::year{2025} / 11 / 21} + 10h + 30min + 2s;

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class LogTest : public testing::Test {
 protected:
  LogTest() {
    std::string name = (std::filesystem::temp_directory_path() / "log_test.XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~LogTest() override { std::filesystem::remove_all(directory_); }

  LogOptions options() {
    return {.directory = directory_ / "logs",
            .level = Level::info,
            .timezone = "UTC",
            .console = true,
            .console_writer = [this](std::string_view line) { console_ += line; }};
  }

  std::filesystem::path directory_;
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual, start};
  base::Redactor redactor_;
  std::string console_;
};

TEST_F(LogTest, line_format_and_kinds_of_values) {
  Log log(options(), clock_, redactor_);
  log.logger().info("run finished", {{"run", "r-1"},
                                     {"rows", 1404},
                                     {"huge", ~std::uint64_t{0}},
                                     {"low", -3},
                                     {"share", 0.25},
                                     {"ok", true},
                                     {"title", "two words"}});
  EXPECT_EQ(console_,
            "[2025-11-21 10:30:02] INFO: run finished run=r-1 rows=1404 huge=18446744073709551615 low=-3 "
            "share=0.25 "
            "ok=true title=\"two words\"\n");
}

TEST_F(LogTest, values_that_would_be_misread_are_quoted) {
  Log log(options(), clock_, redactor_);
  log.logger().info("e", {{"empty", ""}, {"equal", "a=b"}, {"quote", "say \"hi\""}, {"plain", "a/b:c,d"}});
  EXPECT_EQ(
      console_,
      "[2025-11-21 10:30:02] INFO: e empty=\"\" equal=\"a=b\" quote=\"say \\\"hi\\\"\" plain=a/b:c,d\n");
}

TEST_F(LogTest, backslashes_are_doubled_inside_of_quotes_only) {
  Log log(options(), clock_, redactor_);
  log.logger().info("e", {{"path", R"(C:\new)"}, {"quoted", "C:\\new dir\\"}, {"both", "a\n\\n \"\\"}});
  EXPECT_EQ(console_, R"([2025-11-21 10:30:02] INFO: e path=C:\new quoted="C:\\new dir\\" both="a\n\\n \"\\")"
                      "\n");
}

TEST_F(LogTest, control_characters_never_break_a_line) {
  Log log(options(), clock_, redactor_);
  log.logger().error("first\nsecond", {{"v", "a\r\n\x1b[31mb"}});
  EXPECT_EQ(console_, "[2025-11-21 10:30:02] ERROR: first\\nsecond v=a\\r\\n\\x1b[31mb\n");
}

TEST_F(LogTest, secrets_are_redacted_everywhere) {
  redactor_.add(base::Secret("pa\"ss word"));
  Log log(options(), clock_, redactor_);
  const Logger logger = log.collector("kev");
  logger.error("login pa\"ss word failed",
               {{"url", "https://user:hidden@example.org/x"}, {"value", "before pa\"ss word after"}});
  logger.banner(Level::info, {"with pa\"ss word"});
  const std::vector<std::string> lines = lines_of(directory_ / "logs/kev.log");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0],
            "[2025-11-21 10:30:02] ERROR: login *** failed url=https://***@example.org/x value=\"before *** "
            "after\"");
  EXPECT_EQ(lines[2], "[2025-11-21 10:30:02] INFO: with ***");
  EXPECT_EQ(console_.find("word"), std::string::npos);
}

TEST_F(LogTest, levels_below_the_wanted_one_are_left_out) {
  LogOptions wanted = options();
  wanted.level = Level::warning;
  Log log(wanted, clock_, redactor_);
  const Logger logger = log.logger();
  logger.debug("no");
  logger.info("no");
  logger.banner(Level::info, {"no"});
  logger.warning("yes");
  logger.error("yes");
  logger.critical("yes");
  logger.fatal("yes");
  EXPECT_EQ(console_,
            "[2025-11-21 10:30:02] WARNING: yes\n[2025-11-21 10:30:02] ERROR: yes\n"
            "[2025-11-21 10:30:02] CRITICAL: yes\n[2025-11-21 10:30:02] FATAL: yes\n");
}

TEST_F(LogTest, each_collector_has_a_file_and_keeps_what_was_in_it) {
  for (const char* text : {"first", "second"}) {
    Log log(options(), clock_, redactor_);
    log.collector("kev").info(text);
    log.collector("nvd").info("other");
    log.logger().info("nobody's");
  }
  EXPECT_EQ(
      lines_of(directory_ / "logs/kev.log"),
      (std::vector<std::string>{"[2025-11-21 10:30:02] INFO: first", "[2025-11-21 10:30:02] INFO: second"}));
  EXPECT_EQ(lines_of(directory_ / "logs/nvd.log").size(), 2U);
}

TEST_F(LogTest, no_directory_means_no_files) {
  LogOptions console_only = options();
  console_only.directory.clear();
  Log log(console_only, clock_, redactor_);
  log.collector("kev").info("event");
  EXPECT_EQ(console_, "[2025-11-21 10:30:02] INFO: event\n");
  EXPECT_EQ(log.dropped(), 0U);
  EXPECT_FALSE(std::filesystem::exists("kev.log"));
}

TEST_F(LogTest, a_name_never_leaves_the_directory) {
  Log log(options(), clock_, redactor_);
  log.collector("../../evil").info("event");
  EXPECT_EQ(lines_of(directory_ / "logs/.._.._evil.log").size(), 1U);
}

std::size_t open_files_in(const std::filesystem::path& directory) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (!gone && target.string().starts_with(directory.string())) ++count;
  }
  return count;
}

TEST_F(LogTest, more_than_64_collectors_keep_at_most_64_files_open) {
  Log log(options(), clock_, redactor_);
  for (int round = 0; round < 3; ++round)
    for (int i = 0; i < 100; ++i) log.collector(fmt::format("c{}", i)).info("event", {{"round", round}});
  const std::size_t open = open_files_in(directory_);
  EXPECT_GE(open, 60U);
  EXPECT_LE(open, 64U);
  EXPECT_EQ(log.dropped(), 0U);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(lines_of(directory_ / "logs" / (fmt::format("c{}.log", i))).size(), 3U) << i;
}

TEST_F(LogTest, an_unwritable_directory_is_counted_and_said_once) {
  std::ofstream(directory_ / "logs") << "a file where the directory should be";
  LogOptions quiet = options();
  quiet.console = false;
  Log log(quiet, clock_, redactor_);
  const Logger logger = log.collector("kev");
  for (int i = 0; i < 5; ++i) logger.info("event");
  EXPECT_EQ(log.dropped(), 5U);
  EXPECT_TRUE(console_.starts_with("[2025-11-21 10:30:02] ERROR: log line dropped")) << console_;
  EXPECT_EQ(std::count(console_.begin(), console_.end(), '\n'), 1);

  std::filesystem::remove(directory_ / "logs");  // repaired: written again
  logger.info("event");
  EXPECT_EQ(log.dropped(), 5U);
  EXPECT_EQ(lines_of(directory_ / "logs/kev.log").size(), 1U);
}

TEST_F(LogTest, a_full_disk_is_counted) {
  std::filesystem::create_directory(directory_ / "logs");
  std::filesystem::create_symlink("/dev/full", directory_ / "logs/kev.log");
  Log log(options(), clock_, redactor_);
  log.collector("kev").info("event");
  log.collector("nvd").info("event");
  EXPECT_EQ(log.dropped(), 1U);
  EXPECT_EQ(lines_of(directory_ / "logs/nvd.log").size(), 1U);
}

TEST_F(LogTest, a_deleted_file_is_made_again) {
  Log log(options(), clock_, redactor_);
  const Logger logger = log.collector("kev");
  logger.info("before");
  std::filesystem::remove_all(directory_ / "logs");
  logger.info("after");
  EXPECT_EQ(lines_of(directory_ / "logs/kev.log"),
            (std::vector<std::string>{"[2025-11-21 10:30:02] INFO: after"}));
}

TEST_F(LogTest, a_writer_that_throws_does_no_harm) {
  LogOptions broken = options();
  broken.console_writer = [](std::string_view) { throw std::runtime_error("closed"); };
  Log log(broken, clock_, redactor_);
  log.collector("kev").info("event");
  EXPECT_EQ(lines_of(directory_ / "logs/kev.log").size(), 1U);
}

TEST_F(LogTest, banner_frames_its_lines) {
  Log log(options(), clock_, redactor_);
  log.collector("kev").banner(Level::info, {"Run r-1", "rows\n1404"});
  const std::string prefix = "[2025-11-21 10:30:02] INFO: ";
  const std::string rule = prefix + std::string(70, '=');
  const std::vector<std::string> wanted{rule, prefix + "Run r-1", prefix + "rows\\n1404", rule};
  EXPECT_EQ(lines_of(directory_ / "logs/kev.log"), wanted);
}

TEST_F(LogTest, eight_threads_tear_no_line) {
  LogOptions quiet = options();
  quiet.console_writer = {};
  quiet.console = false;
  Log log(quiet, clock_, redactor_);
  const std::string padding(300, 'x');
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        const Logger logger = log.collector("kev");
        for (int i = 0; i < 1000; ++i) logger.info("event", {{"thread", t}, {"i", i}, {"padding", padding}});
      });
  }
  std::map<std::string, int> seen;
  const std::string prefix = "[2025-11-21 10:30:02] INFO: event ";
  for (const std::string& line : lines_of(directory_ / "logs/kev.log")) {
    ASSERT_TRUE(line.starts_with(prefix + "thread=") && line.ends_with(" padding=" + padding)) << line;
    ++seen[line];
  }
  EXPECT_EQ(seen.size(), 8000U);
  EXPECT_EQ(log.dropped(), 0U);
}

struct ZoneCase {
  const char* zone;
  base::WallTime time;
  const char* shown;
};

TEST_F(LogTest, times_are_shown_in_the_zone_with_daylight_saving) {
  using std::chrono::sys_days;
  using std::chrono::year;
  const ZoneCase cases[] = {
      {"Europe/Berlin", sys_days{year{2025} / 3 / 30} + 59min + 59s, "2025-03-30 01:59:59"},
      {"Europe/Berlin", sys_days{year{2025} / 3 / 30} + 1h, "2025-03-30 03:00:00"},
      {"Europe/Berlin", sys_days{year{2025} / 10 / 26} + 30min, "2025-10-26 02:30:00"},
      {"Europe/Berlin", sys_days{year{2025} / 10 / 26} + 1h + 30min, "2025-10-26 02:30:00"},
      {"America/New_York", sys_days{year{2025} / 1 / 1} + 2h, "2024-12-31 21:00:00"},
      {"Asia/Kathmandu", sys_days{year{2025} / 7 / 1}, "2025-07-01 05:45:00"},
      {"UTC", start + 999'999us, "2025-11-21 10:30:02"},
  };
  for (const ZoneCase& c : cases) {
    base::SimulatedClock clock(base::SimulatedClock::Mode::manual, c.time);
    LogOptions zoned = options();
    zoned.timezone = c.zone;
    console_.clear();
    Log log(zoned, clock, redactor_);
    log.logger().info("event");
    EXPECT_EQ(console_, fmt::format("[{}] INFO: event\n", c.shown)) << c.zone;
  }
}

TEST_F(LogTest, no_zone_means_the_systems) {
  ::setenv("TZ", "XYZ-3:30", 1);
  LogOptions local = options();
  local.timezone.clear();
  Log log(local, clock_, redactor_);
  log.logger().info("event");
  ::unsetenv("TZ");
  EXPECT_EQ(console_, "[2025-11-21 14:00:02] INFO: event\n");
}

TEST_F(LogTest, an_unknown_zone_is_reported_before_and_survived_after) {
  EXPECT_TRUE(Log::check_timezone("").has_value());
  EXPECT_TRUE(Log::check_timezone("Europe/Berlin").has_value());
  const auto wrong = Log::check_timezone("Europe/Berln");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code, base::Code::invalid_config);
  EXPECT_EQ(wrong.error().message, "unknown time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?");

  LogOptions unknown = options();
  unknown.timezone = "Nowhere/Land";
  Log log(unknown, clock_, redactor_);
  log.logger().info("event");
  EXPECT_TRUE(console_.ends_with(" INFO: event\n"));
}

}  // namespace
}  // namespace telemetry
