#include <sys/file.h>

#include <map>
#include <sstream>
#include <thread>

#include "telemetry/log_folder.hpp"
#include "telemetry/log_folder_test.hpp"

namespace telemetry {
namespace {

using LogRotationTest = LogFolderTest;

TEST_F(LogRotationTest, a_finished_day_gets_its_name_and_is_packed) {
  {
    Log log(options(), clock_, redactor_);
    const Logger kev = log.collector("kev"), nvd = log.collector("nvd");
    kev.info("first");
    nvd.info("idle");
    clock_.advance(13h + 59min + 59s);
    kev.info("last");
    clock_.advance(1s);
    kev.info("next");
  }
  EXPECT_EQ(names(), (Names{"kev-2025-11-21.log.gz", "kev.log", "nvd-2025-11-21.log.gz"}));
  EXPECT_EQ(content("kev-2025-11-21.log.gz"),
            "[2025-11-21 10:00:00] INFO: first\n[2025-11-21 23:59:59] INFO: last\n");
  EXPECT_EQ(content("kev.log"), "[2025-11-22 00:00:00] INFO: next\n");
  EXPECT_EQ(content("nvd-2025-11-21.log.gz"), "[2025-11-21 10:00:00] INFO: idle\n");
  EXPECT_EQ(console_, "");
}

// As of a daemon whose collectors have nothing to say.
TEST_F(LogRotationTest, without_a_line_for_days_the_days_still_end) {
  LogOptions some_days = options();
  some_days.days = 3;
  write("old-2025-11-17.log.gz", "x");
  {
    Log log(some_days, clock_, redactor_);
    const Logger kev = log.collector("kev"), nvd = log.collector("nvd");
    kev.info("event");
    nvd.info("event");
    for (int hour = 0; hour < 24; ++hour, clock_.advance(1h)) log.tidy_up();
  }  // ends with the round that was asked for
  EXPECT_EQ(names(), (Names{"kev-2025-11-21.log.gz", "nvd-2025-11-21.log.gz"}));
  {
    Log log(some_days, clock_, redactor_);
    for (int day = 0; day < 4; ++day, clock_.advance(24h)) log.tidy_up();
  }
  EXPECT_EQ(names(), Names{});
  EXPECT_EQ(console_, "");
}

TEST_F(LogRotationTest, tidying_up_makes_no_folder) {
  LogOptions nowhere = options();
  nowhere.directory = folder_ / "none";
  { Log(nowhere, clock_, redactor_).tidy_up(); }
  nowhere.directory.clear();
  { Log(nowhere, clock_, redactor_).tidy_up(); }
  EXPECT_EQ(names(), Names{});
}

TEST_F(LogRotationTest, midnight_is_that_of_the_zone_even_where_there_is_none) {
  LogOptions zoned = options();
  zoned.timezone = "America/Sao_Paulo";
  clock_.jump_wall(sys_days{year{2018} / 11 / 4} + 3h - 1s - start);
  {
    Log log(zoned, clock_, redactor_);
    log.collector("kev").info("before");
    clock_.advance(1s);
    log.collector("kev").info("after");
  }
  EXPECT_EQ(names(), (Names{"kev-2018-11-03.log.gz", "kev.log"}));
  EXPECT_EQ(content("kev.log"), "[2018-11-04 01:00:00] INFO: after\n");
}

TEST_F(LogRotationTest, an_hour_that_comes_twice_is_of_one_day) {
  LogOptions zoned = options();
  zoned.timezone = "America/Sao_Paulo";
  clock_.jump_wall(sys_days{year{2018} / 2 / 18} + 1h + 30min - start);  // 23:30, and again an hour later
  {
    Log log(zoned, clock_, redactor_);
    for (int i = 0; i < 2; ++i, clock_.advance(1h)) log.collector("kev").info("event");
    EXPECT_EQ(names(), (Names{"kev.log"}));
    log.collector("kev").info("midnight has passed");
  }
  EXPECT_EQ(names(), (Names{"kev-2018-02-17.log.gz", "kev.log"}));
}

TEST_F(LogRotationTest, a_day_that_ended_while_nobody_ran_is_that_of_the_last_line) {
  write("kev.log", mark + "old\n", start - 48h);
  write("retired.log", mark + "rest\n", start - 72h);
  write("json.log",
        R"({"time":"2025-11-20T09:00:00.000+00:00","level":"INFO"})"
        "\n",
        start - 24h);
  run();
  EXPECT_EQ(names(), (Names{"json-2025-11-20.log.gz", "kev-2025-11-19.log.gz", "kev.log",
                            "retired-2025-11-18.log.gz"}));
  EXPECT_EQ(content("kev-2025-11-19.log.gz"), mark + "old\n");
  EXPECT_EQ(content("kev.log"), "[2025-11-21 10:00:00] INFO: event\n");
}

TEST_F(LogRotationTest, a_day_that_comes_again_overwrites_nothing) {
  write("kev-2025-11-21.log.gz", "the first\n", start);
  write("kev-2025-11-21.2.log", "the second\n", start);
  run("the third");
  clock_.advance(24h);
  write("kev.log", content("kev.log"), start);
  run();
  EXPECT_EQ(names(), (Names{"kev-2025-11-21.2.log.gz", "kev-2025-11-21.3.log.gz", "kev-2025-11-21.log.gz",
                            "kev.log"}));
  EXPECT_EQ(content("kev-2025-11-21.3.log.gz"), "[2025-11-21 10:00:00] INFO: the third\n");
  EXPECT_EQ(content("kev-2025-11-21.2.log.gz"), "the second\n");
}

// Not so far ahead that a tidying up which began there would find the finished day too old.
TEST_F(LogRotationTest, a_clock_set_back_goes_on_in_the_same_file) {
  {
    Log log(options(), clock_, redactor_);
    clock_.jump_wall(std::chrono::days{30});
    log.collector("kev").info("wrong");
    clock_.jump_wall(-std::chrono::days{30});
    log.collector("kev").info("right");
    clock_.advance(24h);
    log.collector("kev").info("next");
  }
  EXPECT_EQ(names(), (Names{"kev-2025-11-21.log.gz", "kev.log"}));
  EXPECT_EQ(content("kev.log"), "[2025-11-22 10:00:00] INFO: next\n");
}

TEST_F(LogRotationTest, a_collector_named_like_a_finished_day_keeps_its_file) {
  {
    Log log(options(), clock_, redactor_);
    log.collector("kev-2020-01-01").info("event");
    log.collector("kev-2020-01-01.2").info("event");
  }
  EXPECT_EQ(names(), (Names{"kev-2020-01-01.2_.log", "kev-2020-01-01_.log"}));
}

TEST_F(LogRotationTest, two_logs_on_one_folder_lose_and_double_no_line) {
  constexpr int days = 12, lines = 300;
  std::string console_of_second;
  {
    LogOptions others = options();
    others.console_writer = [&](auto line) { console_of_second += line; };
    Log first(options(), clock_, redactor_), second(others, clock_, redactor_);
    const auto writer = [&](Log& log, const char* name) {
      const Logger logger = log.collector("kev");
      for (int i = 0; i < days * lines; ++i) {
        if (i % lines == lines - 1) clock_.advance(12h);
        logger.info("event", {{"by", name}, {"i", i}});
      }
    };
    std::jthread a([&] { writer(first, "a"); }), b([&] { writer(second, "b"); });
  }
  std::map<std::string, int> seen;
  for (const std::string& name : names()) {
    std::istringstream text(content(name));
    for (std::string line; std::getline(text, line);)
      if (!line.empty()) ++seen[line.substr(line.find("by="))];
  }
  EXPECT_EQ(seen.size(), 2U * days * lines);
  for (const auto& [line, count] : seen) ASSERT_EQ(count, 1) << line;
  EXPECT_GE(names().size(), static_cast<std::size_t>(days));
  EXPECT_EQ(console_ + console_of_second, "");
}

TEST_F(LogRotationTest, a_file_that_cannot_be_renamed_takes_the_lines_of_today) {
  const std::string name(245, 'n');  // NAME.log fits into 255 bytes, NAME-2025-11-21.log does not
  Log log(options(), clock_, redactor_);
  for (int i = 0; i < 3; ++i, clock_.advance(24h)) log.collector(name).info("event");
  EXPECT_EQ(names(), (Names{name + ".log"}));
  EXPECT_EQ(content(name + ".log"),
            "[2025-11-21 10:00:00] INFO: event\n[2025-11-22 10:00:00] INFO: event\n"
            "[2025-11-23 10:00:00] INFO: event\n");
  EXPECT_EQ(log.dropped(), 0U);
}

TEST_F(LogRotationTest, a_rename_under_way_elsewhere_is_not_waited_for) {
  Log log(options(), clock_, redactor_);
  const Logger logger = log.collector("kev");
  logger.info("yesterday");
  {
    const FileHandle lock(::open((folder_ / ".rotation.lock").c_str(), O_RDWR | O_CREAT, 0640));
    ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
    clock_.advance(24h);
    logger.info("in between");
    EXPECT_EQ(names(), (Names{"kev.log"}));
  }
  logger.info("today");
  EXPECT_EQ(content("kev.log"), "[2025-11-22 10:00:00] INFO: today\n");
}

TEST_F(LogRotationTest, debug_lines_go_first_when_the_disk_gets_full) {
  std::uint64_t free = 99;
  int asked = 0;
  LogOptions debug = options();
  debug.level = Level::debug;
  debug.disk_reserve = 100;
  debug.free_space = [&](const fs::path& folder) {
    ++asked;
    return folder == folder_ ? free : 0;
  };
  Log log(debug, clock_, redactor_);
  const Logger logger = log.collector("kev");
  for (int i = 0; i < 3; ++i) logger.debug("not needed");
  logger.info("needed");
  EXPECT_EQ(log.shed(), 3U);
  EXPECT_EQ(asked, 1);
  free = 100;
  logger.debug("still short: asked once a second");
  clock_.advance(1s);
  logger.debug("again");
  EXPECT_EQ(content("kev.log"),
            "[2025-11-21 10:00:00] WARNING: debug lines left out of the log files reason=\"less than 100 B "
            "free on their disk\"\n"
            "[2025-11-21 10:00:00] INFO: needed\n[2025-11-21 10:00:01] DEBUG: again\n");
  EXPECT_EQ(log.dropped(), 0U);
}

TEST_F(LogRotationTest, json_goes_to_the_files_and_text_to_the_console) {
  LogOptions json = options();
  json.format = LogFormat::json;
  json.console = true;
  Log log(json, clock_, redactor_);
  log.collector("kev").info("run finished", {{"rows", 3}});
  log.collector("kev").banner(Level::info, {"Run", "3 rows"});
  EXPECT_EQ(content("kev.log"),
            R"({"time":"2025-11-21T10:00:00.000+00:00","level":"INFO","event":"run finished",)"
            R"("collector":"kev","fields":{"rows":3}})"
            "\n"
            R"({"time":"2025-11-21T10:00:00.000+00:00","level":"INFO","event":"banner","collector":"kev",)"
            R"("lines":["Run","3 rows"]})"
            "\n");
  EXPECT_TRUE(console_.starts_with("[2025-11-21 10:00:00] INFO: run finished rows=3\n")) << console_;
}

TEST(LogFileName, says_what_a_file_is) {
  const auto kind = [](std::string_view file) { return parse_log_file_name(file)->kind; };
  EXPECT_EQ(kind("kev.log"), LogFileKind::today);
  EXPECT_EQ(kind("kev-2025-02-30.log"), LogFileKind::today);
  EXPECT_EQ(kind("kev-2025-02-28.log"), LogFileKind::finished);
  EXPECT_EQ(kind("kev-2025-02-28.log.gz"), LogFileKind::packed);
  EXPECT_EQ(kind("kev-2025-02-28.log.gz.tmp"), LogFileKind::temporary);
  const auto name = parse_log_file_name("a-b-2025-02-28.12.log.gz");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->name, "a-b");
  EXPECT_EQ(to_string(name->day), "2025-02-28");
  EXPECT_EQ(name->number, 12);
  for (const char* foreign : {"kev.log.gz", "kev", ".log", "kev.log.gz.tmp", "kev-2025-02-28.log.gz.old",
                              "kev-2025-02-28.01.log.gz", "kev-2025-02-28.1.log.gz", "x-2025-2-28.log.gz"})
    EXPECT_FALSE(parse_log_file_name(foreign).has_value()) << foreign;
}

}  // namespace
}  // namespace telemetry
