#include "pulse/log_reader.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/text.hpp"
#include "telemetry/log_archive.hpp"

namespace pulse {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;
using namespace std::chrono_literals;

// 2025-11-21T10:30:00Z
const base::WallTime now{std::chrono::seconds{1'763'721'000}};

class Reading : public testing::Test {
 protected:
  Reading()
      : folder_(fs::path(testing::TempDir()) /
                fs::path(testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Reading() override { fs::remove_all(folder_); }

  void write(const std::string& file, const std::string& text, bool append = false) const {
    std::ofstream(folder_ / file, append ? std::ios::app : std::ios::trunc) << text;
  }
  void pack(const std::string& file) const {
    const auto packed = telemetry::pack_log(folder_ / file, [](std::uint64_t) { return true; });
    ASSERT_TRUE(packed && *packed);
  }
  LogReader reader(LogQuery query = {}) {
    query.folder = folder_;
    query.collector = "kev";
    return {query, zone_,
            [this](std::string_view line) {
              lines_.emplace_back(line);
              return static_cast<std::int64_t>(lines_.size()) < reads_;
            },
            [this](std::string_view what) { complaints_.emplace_back(what); }};
  }
  Lines existing(LogQuery query = {}) {
    lines_.clear();
    const auto there = reader(std::move(query)).print_existing();
    EXPECT_TRUE(there) << there.error().message;
    return lines_;
  }
  Lines take() { return std::exchange(lines_, {}); }

  const fs::path folder_;
  const telemetry::Zone zone_{"America/Sao_Paulo"};  // three hours behind
  std::int64_t reads_ = 1'000'000;
  Lines lines_, complaints_;
};

TEST_F(Reading, LastLinesOverTodayAndFinishedDays) {
  write("kev-2025-11-19.log", "1\n2\n");
  pack("kev-2025-11-19.log");
  write("kev-2025-11-20.log", "3\n");
  write("kev-2025-11-20.2.log", "4\n");  // the day came twice
  write("kev.log", "5\n6\n");
  write("nvd.log", "another collector\n");
  write("kev-2025.log", "another collector\n");
  EXPECT_EQ(existing(), (Lines{"1", "2", "3", "4", "5", "6"}));
  for (std::int64_t wanted = 0; wanted <= 7; ++wanted) {
    Lines all{"1", "2", "3", "4", "5", "6"};
    if (wanted < 6) all.erase(all.begin(), all.end() - wanted);
    EXPECT_EQ(existing({.lines = wanted}), all) << wanted;
  }
}

TEST_F(Reading, LastLinesOfAFileOfManyBlocks) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + '\n';
  write("kev.log", text);
  const Lines last = existing({.lines = 20'000});
  ASSERT_EQ(last.size(), 20'000u);
  EXPECT_EQ(last.front(), "30000");
  EXPECT_EQ(last.back(), "49999");
  EXPECT_EQ(existing().size(), 50'000u);
}

TEST_F(Reading, EmptyLinesAndAnEndThatIsMissing) {
  write("kev.log", "1\n\n3");
  EXPECT_EQ(existing(), (Lines{"1", "", "3"}));
  EXPECT_EQ(existing({.lines = 2}), (Lines{"", "3"}));
  write("kev.log", "");
  EXPECT_EQ(existing({.lines = 2}), Lines{});
}

TEST_F(Reading, ALineWithoutEndIsBounded) {
  write("kev.log", std::string((1u << 20) + 10, 'x') + "\nnext\n");
  const Lines lines = existing();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].size(), 1u << 20);
  EXPECT_EQ(lines[1], "xxxxxxxxxx");
}

TEST_F(Reading, SinceInBothFormats) {
  write("kev-2025-11-18.log", "[2025-11-18 07:30:00] INFO: too old\n");
  write("kev-2025-11-20.log",
        "[2025-11-20 23:59:59] INFO: a\n{\"time\":\"2025-11-21T01:10:00.000-03:00\",\"event\":\"b\"}\n");
  pack("kev-2025-11-20.log");
  write("kev.log",
        "[2025-11-21 05:29:59] INFO: c\n  of c\n"
        "{\"time\":\"2025-11-21T05:30:00.000-03:00\",\"event\":\"d\"}\n  of d\n[2025-11-21 07:00:00] INFO: "
        "e\n");
  const Lines two_hours{"{\"time\":\"2025-11-21T05:30:00.000-03:00\",\"event\":\"d\"}", "  of d",
                        "[2025-11-21 07:00:00] INFO: e"};
  EXPECT_EQ(existing({.since = now - 2h}), two_hours);
  EXPECT_EQ(existing({.lines = 1, .since = now - 2h}), Lines{two_hours.back()});
  EXPECT_EQ(existing({.lines = 50, .since = now - 2h}), two_hours);
  EXPECT_EQ(existing({.since = now - 7h}).size(), 6u);
  EXPECT_EQ(existing({.since = now - 24h}).size(), 7u);
}

TEST_F(Reading, ADamagedDayIsSaidAndLeftOut) {
  write("kev-2025-11-20.log.gz", "\x1f\x8b garbage");
  write("kev.log", "1\n");
  EXPECT_EQ(existing({.lines = 50}), Lines{"1"});
  ASSERT_EQ(complaints_.size(), 1u);
  EXPECT_NE(complaints_[0].find("kev-2025-11-20.log.gz"), std::string::npos);
}

TEST_F(Reading, APackedDayWhoseFileIsStillThereCountsOnce) {
  write("kev-2025-11-20.log", "1\n");
  fs::copy(folder_ / "kev-2025-11-20.log", folder_ / "copy");
  pack("kev-2025-11-20.log");
  fs::rename(folder_ / "copy", folder_ / "kev-2025-11-20.log");
  EXPECT_EQ(existing(), Lines{"1"});
}

TEST_F(Reading, NoLogYet) {
  const auto there = reader().print_existing();
  EXPECT_TRUE(there && !*there);
  fs::remove_all(folder_);
  const auto nowhere = reader().print_existing();
  EXPECT_TRUE(nowhere && !*nowhere);
}

TEST_F(Reading, FollowsOverMidnightAndWhateverHappensToTheFile) {
  write("kev.log", "1\nhal");
  LogReader it = reader({.lines = 50, .follow = true});
  ASSERT_TRUE(it.print_existing());
  EXPECT_EQ(take(), Lines{"1"}) << "a line that is being written is waited for";
  write("kev.log", "f\n3\n", true);
  EXPECT_TRUE(*it.print_new());
  EXPECT_EQ(take(), (Lines{"half", "3"}));
  EXPECT_TRUE(*it.print_new());
  EXPECT_EQ(take(), Lines{});

  fs::rename(folder_ / "kev.log", folder_ / "kev-2025-11-21.log");  // the day ends
  write("kev-2025-11-21.log", "late\n", true);                      // by who still had it open
  EXPECT_TRUE(*it.print_new());
  EXPECT_EQ(take(), Lines{"late"});
  write("kev-2025-11-21.log", "later\n", true);
  write("kev.log", "new day\n");
  EXPECT_TRUE(*it.print_new());
  EXPECT_EQ(take(), (Lines{"later", "new day"}));

  write("kev.log", "x\n");  // emptied, and written anew
  EXPECT_TRUE(*it.print_new());
  EXPECT_EQ(take(), Lines{"x"});
  fs::remove(folder_ / "kev.log");
  EXPECT_TRUE(*it.print_new());
  write("kev.log", "again\n");
  EXPECT_TRUE(*it.print_new());
  EXPECT_EQ(take(), Lines{"again"});
}

TEST_F(Reading, FollowsALogThatDoesNotExistYet) {
  fs::remove_all(folder_);
  LogReader it = reader({.lines = 50, .follow = true});
  ASSERT_FALSE(*it.print_existing());
  EXPECT_TRUE(*it.print_new());
  fs::create_directories(folder_);
  write("kev.log", "first\n");
  EXPECT_TRUE(*it.print_new());
  EXPECT_EQ(take(), Lines{"first"});
}

TEST_F(Reading, EndsWhenNobodyReads) {
  write("kev.log", "1\n2\n3\n");
  reads_ = 2;
  LogReader it = reader({.follow = true});
  ASSERT_TRUE(it.print_existing());
  EXPECT_EQ(lines_.size(), 2u);
  EXPECT_FALSE(*it.print_new());
}

TEST_F(Reading, NamesOfLogs) {
  write("kev.log", "");
  write("kev-2025-11-20.log", "");
  write("nvd-2025-11-20.log.gz", "");
  write("notes.txt", "");
  EXPECT_EQ(names_of_logs(folder_), (Lines{"kev", "nvd"}));
  EXPECT_EQ(names_of_logs(folder_ / "nowhere"), Lines{});
}

}  // namespace
}  // namespace pulse
