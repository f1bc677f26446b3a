#include "telemetry/log_archive.hpp"

#include <signal.h>
#include <sys/resource.h>

#include <functional>
#include <map>
#include <random>
#include <thread>

#include "telemetry/log_folder_test.hpp"

namespace telemetry {
namespace {

using LogArchiveTest = LogFolderTest;

TEST_F(LogArchiveTest, what_is_not_ours_stays_as_it_is) {
  const Names foreign{"kev-2020-13-01.log",
                      "kev-2020-01-01.txt",
                      "kev-2020-01-01.log.bak",
                      "syslog.log",
                      "kev.log.1",
                      "-2020-01-01.log",
                      "notes",
                      "empty.log"};
  LogOptions tight = options();
  tight.disk_budget = 1;
  for (const std::string& name : foreign)
    write(name, name == "empty.log" ? "" : "something else\n", start - std::chrono::days{400});
  fs::create_directory(folder_ / "dir-2020-01-01.log");
  fs::create_symlink("nowhere", folder_ / "link-2020-01-01.log");
  run(tight);
  Names wanted = foreign;
  wanted.insert(wanted.end(), {"kev.log", "dir-2020-01-01.log", "link-2020-01-01.log"});
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(names(), wanted);
}

TEST_F(LogArchiveTest, a_crash_at_any_step_loses_nothing) {
  run();  // a day, as it is while it lasts
  const std::string day = content("kev.log"), finished = "kev-2025-11-21.log";
  write("kev.log", day, start);
  clock_.advance(24h);
  run();
  ASSERT_EQ(names(), (Names{finished + ".gz", "kev.log"}));
  std::ifstream stream(folder_ / (finished + ".gz"), std::ios::binary);
  const std::string packed((std::istreambuf_iterator<char>(stream)), {}), half = packed.substr(0, 20);
  const std::map<std::string, std::map<std::string, std::string>> crashes{
      {"not renamed", {{"kev.log", day}}},
      {"renamed", {{finished, day}}},
      {"half packed", {{finished, day}, {finished + ".gz.tmp", half}}},
      {"packed", {{finished, day}, {finished + ".gz.tmp", packed}}},
      {"packed and renamed", {{finished, day}, {finished + ".gz", packed}}},
      {"done", {{finished + ".gz", packed}}},
      {"deleted by others meanwhile", {{finished + ".gz", packed}, {finished + ".gz.tmp", half}}}};
  for (const auto& [when, files] : crashes) {
    for (const std::string& name : names()) fs::remove(folder_ / name);
    for (const auto& [name, text] : files) write(name, text, start);
    run("after");
    EXPECT_EQ(names(), (Names{finished + ".gz", "kev.log"})) << when;
    EXPECT_EQ(content(finished + ".gz"), day) << when;
    EXPECT_EQ(content("kev.log"), "[2025-11-22 10:00:00] INFO: after\n") << when;
  }
  EXPECT_EQ(console_, "");
}

TEST_F(LogArchiveTest, a_file_that_another_process_still_has_open_is_packed_later) {
  auto other = std::make_unique<Log>(options(), clock_, redactor_);
  other->collector("kev").info("other's first");
  clock_.advance(24h);
  write("kev.log", content("kev.log"), start);
  run("rotates");
  EXPECT_EQ(names(), (Names{"kev-2025-11-21.log", "kev.log"}));
  other->collector("kev").info("other's second");
  other.reset();
  EXPECT_EQ(names(), (Names{"kev-2025-11-21.log.gz", "kev.log"}));
  EXPECT_EQ(content("kev-2025-11-21.log.gz"), "[2025-11-21 10:00:00] INFO: other's first\n");
  EXPECT_EQ(content("kev.log"),
            "[2025-11-22 10:00:00] INFO: rotates\n[2025-11-22 10:00:00] INFO: other's second\n");
}

TEST_F(LogArchiveTest, days_are_kept_as_long_as_wanted) {
  const Day today = std::chrono::floor<std::chrono::days>(
      std::chrono::local_time<base::Duration>{start.time_since_epoch()});
  for (int age : {1, 59, 60, 61, 400})
    write("kev-" + to_string(today - std::chrono::days{age}) + ".log.gz", "x");
  write("kev-2025-01-01.3.log", mark + "never packed\n");
  write("kev-2031-01-01.log.gz", "of a clock that was wrong");
  run();
  EXPECT_EQ(names(), (Names{"kev-2025-09-22.log.gz", "kev-2025-09-23.log.gz", "kev-2025-11-20.log.gz",
                            "kev-2031-01-01.log.gz", "kev.log"}));
  LogOptions brief = options();
  brief.days = 1;
  run(brief);
  EXPECT_EQ(names(), (Names{"kev-2025-11-20.log.gz", "kev-2031-01-01.log.gz", "kev.log"}));
}

TEST_F(LogArchiveTest, the_oldest_days_go_first_to_stay_within_the_budget) {
  for (const char* name : {"a-2025-11-18.log.gz", "b-2025-11-17.log.gz", "b-2025-11-19.log.gz",
                           "a-2025-11-20.log.gz", "b-2025-11-20.2.log.gz"})
    write(name, std::string(1000, 'x'));
  write("foreign.bin", std::string(100'000, 'x'));
  write("foreign.log", std::string(100'000, 'x'));
  write("nvd.log", mark + std::string(1000, 'x') + '\n', start);
  LogOptions tight = options();
  tight.disk_budget = 4200;
  run(tight);
  EXPECT_EQ(names(), (Names{"a-2025-11-20.log.gz", "b-2025-11-19.log.gz", "b-2025-11-20.2.log.gz",
                            "foreign.bin", "foreign.log", "kev.log", "nvd.log"}));
  EXPECT_TRUE(console_.starts_with("[2025-11-21 10:00:00] CRITICAL: log files are deleted before their time"))
      << console_;
  EXPECT_NE(console_.find("2 of 2025-11-17 to 2025-11-18 go"), std::string::npos) << console_;
  EXPECT_EQ(std::count(console_.begin(), console_.end(), '\n'), 1);
  console_.clear();
  tight.disk_budget = 500;
  run(tight);
  EXPECT_EQ(names(), (Names{"foreign.bin", "foreign.log", "kev.log", "nvd.log"}));
  EXPECT_TRUE(console_.starts_with("[2025-11-21 10:00:00] CRITICAL: ")) << console_;
  EXPECT_NE(console_.find(
                "[2025-11-21 10:00:00] WARNING: log files of today alone take more than logs.disk_budget"),
            std::string::npos)
      << console_;
}

// The rounds are on another thread.
bool comes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return condition();
}

TEST_F(LogArchiveTest, a_budget_that_is_used_up_is_said_as_long_as_days_are_missing) {
  const auto has = [](const Log& log, std::string_view words) {
    return [&log, words] { return log.shortage().find(words) != std::string::npos; };
  };
  LogOptions tight = options();
  tight.disk_budget = 4000;
  tight.days = 10;
  write("a-2025-11-18.log.gz", std::string(3000, 'x'));
  Log log(tight, clock_, redactor_);
  log.tidy_up();
  clock_.advance(24h);
  write("a-2025-11-19.log.gz", std::string(700, 'x'));
  log.tidy_up();
  EXPECT_TRUE(comes_true(has(log, "The logs take 3.6 KiB of logs.disk_budget (3.9 KiB)"))) << log.shortage();
  clock_.advance(24h);
  write("a-2025-11-20.log.gz", std::string(700, 'x'));
  log.tidy_up();
  EXPECT_TRUE(comes_true(has(log, "Logs of 2025-11-18 and before were deleted before their 10 days")))
      << log.shortage();
  clock_.advance(6 * 24h);  // it would be gone by now all the same
  log.tidy_up();
  EXPECT_TRUE(comes_true([&] { return log.shortage().empty(); })) << log.shortage();
  EXPECT_EQ(names(), (Names{"a-2025-11-19.log.gz", "a-2025-11-20.log.gz"}));
}

// Within it no file can grow beyond `size`: a disk that is full for us.
class FullDisk {
 public:
  explicit FullDisk(rlim_t size) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    before_signal_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, before_signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*before_signal_)(int) = nullptr;
};

std::string noise(std::size_t size) {
  std::mt19937 random(1);
  std::string text = mark;
  while (text.size() < size) text += static_cast<char>(random());
  return text + '\n';
}

TEST_F(LogArchiveTest, a_full_disk_leaves_the_day_unpacked_until_the_next_start) {
  const std::string day = noise(600'000);
  write("kev-2025-11-20.log", day);
  {
    const FullDisk full(300'000);
    run();
  }
  EXPECT_EQ(names(), (Names{"kev-2025-11-20.log", "kev.log"}));
  EXPECT_NE(console_.find("WARNING: log files not packed; the next start tries again"), console_.npos);
  EXPECT_NE(console_.find("kev-2025-11-20.log.gz.tmp: File too large"), console_.npos) << console_;
  run();
  EXPECT_EQ(names(), (Names{"kev-2025-11-20.log.gz", "kev.log"}));
  EXPECT_TRUE(content("kev-2025-11-20.log.gz") == day);
}

TEST_F(LogArchiveTest, a_line_cut_off_is_closed_even_by_the_next_process) {
  const std::string day = noise(299'990);
  write("kev.log", day);
  const std::size_t size = fs::file_size(folder_ / "kev.log");
  {
    const FullDisk full(size + 10);
    Log log(options(), clock_, redactor_);
    log.collector("kev").info("cut off");
    EXPECT_EQ(log.dropped(), 1U);
  }
  run("whole");
  EXPECT_EQ(content("kev.log").substr(size), "[2025-11-2\n[2025-11-21 10:00:00] INFO: whole\n");
}

TEST_F(LogArchiveTest, packing_stops_when_told_and_never_twice_at_once) {
  const std::string day = noise(300'000);
  write("kev-2025-11-20.log", day);
  const fs::path file = folder_ / "kev-2025-11-20.log";
  int pieces = 0;
  const auto stopped = pack_log(file, [&](std::uint64_t) { return ++pieces < 3; });
  ASSERT_TRUE(stopped.has_value());
  EXPECT_FALSE(*stopped);
  EXPECT_EQ(names(), (Names{"kev-2025-11-20.log"}));
  const auto packed = pack_log(file, [&](std::uint64_t) {
    const auto again = pack_log(file, [](std::uint64_t) { return true; });
    EXPECT_TRUE(again.has_value() && !*again);
    return true;
  });
  EXPECT_TRUE(packed.has_value() && *packed);
  EXPECT_TRUE(content("kev-2025-11-20.log.gz") == day);
  const auto gone = pack_log(file, [](std::uint64_t) { return true; });
  EXPECT_TRUE(gone.has_value() && !*gone);
}

TEST_F(LogArchiveTest, a_log_that_writes_no_file_tidies_nothing_up) {
  write("kev-2020-01-01.log", mark + "old\n");
  {
    Log log(options(), clock_, redactor_);
    log.logger().info("event");
  }
  EXPECT_EQ(names(), (Names{"kev-2020-01-01.log"}));
}

}  // namespace
}  // namespace telemetry
