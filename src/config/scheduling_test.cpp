#include "config/scheduling.hpp"

#include "config/reading_test.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

TEST(Schedule, CronTextForShort) {
  const Schedule it = good(schedule(), "\"30 2 * * MON\"");
  ASSERT_TRUE(it.cron);
  EXPECT_EQ(it.cron->text(), "30 2 * * MON");
  EXPECT_FALSE(it.every);
  EXPECT_EQ(it.timezone, "UTC");
  EXPECT_EQ(it.splay, 0s);
  EXPECT_EQ(it.recover_missed, Schedule::RecoverMissed::last);
  EXPECT_FALSE(it.late_maximum_delay);
  EXPECT_EQ(it.overlap, Schedule::Overlap::skip);
  EXPECT_EQ(good(schedule(), "\"@daily\"").cron->text(), "@daily");
}

TEST(Schedule, AsAMap) {
  const Schedule it = good(schedule(),
                           "{cron: 0 6 * * *, timezone: America/Sao_Paulo, splay: 2m, recover_missed: all, "
                           "late_maximum_delay: 6h, overlap: cancel}");
  EXPECT_EQ(it.cron->sets().hours, std::uint64_t{1} << 6);
  EXPECT_EQ(it.timezone, "America/Sao_Paulo");
  EXPECT_EQ(it.splay, 2min);
  EXPECT_EQ(it.recover_missed, Schedule::RecoverMissed::all);
  EXPECT_EQ(it.late_maximum_delay, 6h);
  EXPECT_EQ(it.overlap, Schedule::Overlap::cancel);

  const Schedule every = good(schedule(), "{every: 15m, splay: 14m, overlap: queue, recover_missed: none}");
  EXPECT_EQ(every.every, 15min);
  EXPECT_FALSE(every.cron);
  EXPECT_EQ(every.overlap, Schedule::Overlap::queue);
}

TEST(Schedule, CronFaultsPointIntoTheExpression) {
  EXPECT_EQ(faults_of(schedule(), "5/15 * * * *"),
            "f.yaml:1:1: \"5/15 * * * *\" is no cron expression: a step needs a range, for dialects disagree "
            "about \"5/15\"; write 5-59/15\n");
  EXPECT_EQ(faults_of(schedule(), "cron: \"0 22-2 * * *\""),
            "f.yaml:1:10: cron: \"0 22-2 * * *\" is no cron expression: the range \"22-2\" runs backwards; "
            "write 22-23,0-2\n");
  EXPECT_EQ(faults_of(schedule(), "cron: 0 0 31 2 *").substr(0, 19), "f.yaml:1:11: cron: ");
}

TEST(Schedule, ExactlyOneOfCronAndEvery) {
  EXPECT_EQ(faults_of(schedule(), "{cron: '@daily', every: 1h}"),
            "f.yaml:1:1: has both cron and every; give exactly one of them\n");
  EXPECT_EQ(faults_of(schedule(), "{timezone: UTC}"),
            "f.yaml:1:1: has neither cron nor every; give exactly one of them\n");
  EXPECT_EQ(faults_of(schedule(), "{every: 15m, splay: 15m}"),
            "f.yaml:1:21: splay: is not shorter than every; a start may not be put off past the next one; "
            "make it shorter\n");
  EXPECT_EQ(faults_of(schedule(), "{cron: '@hourly', splay: 2h}"), "");
}

TEST(Schedule, FaultsOfItsKeys) {
  EXPECT_EQ(
      faults_of(schedule(), "{every: 1mo}"),
      "f.yaml:1:10: every: \"1mo\" is no period: months and years have no fixed length; write 30s, 15m, "
      "1h, 2d or 1w, at most 52w, or use cron: \"0 0 1 * *\"\n");
  EXPECT_EQ(
      faults_of(schedule(), "{every: soon, overlap: maybe, recover_missed: some}"),
      "f.yaml:1:9: every: \"soon\" is no period: \"soon\" is not a period; write 30s, 15m, 1h, 2d or 1w, "
      "at most 52w\n"
      "f.yaml:1:24: overlap: \"maybe\" is none of the values; allowed: skip, queue, cancel\n"
      "f.yaml:1:47: recover_missed: \"some\" is none of the values; allowed: last, all, none\n");
  EXPECT_EQ(faults_of(schedule(), "{every: 1h, timezone: America/Sao_Paolo}"),
            "f.yaml:1:23: timezone: there is no time zone America/Sao_Paolo; did you mean "
            "America/Sao_Paulo?; write a name of the time zone database: UTC, America/Sao_Paulo\n");
  EXPECT_NE(faults_of(schedule(), "{every: 1h, timezone: ''}"), "");
  EXPECT_NE(faults_of(schedule(), "{every: 1h, timezone: \"a\\x07b\"}").find("\\x07"), std::string::npos);
  EXPECT_EQ(faults_of(schedule(), "{every: 1h, splya: 1m}"),
            "f.yaml:1:13: splya: unknown key; did you mean \"splay\"?\n");
  EXPECT_NE(faults_of(schedule(), "[a, b]").find("is a list where one value is expected"), std::string::npos);
}

TEST(Schedule, ValuesFromTheEnvironmentAreNotShown) {
  for (const char* text :
       {"${SET}", "{cron: '${SET}'}", "{every: '${SET}'}", "{every: 1h, timezone: '${SET}'}"}) {
    const std::string faults = faults_of(schedule(), text);
    EXPECT_NE(faults, "") << text;
    EXPECT_EQ(faults.find("hunter"), std::string::npos) << faults;
  }
}

TEST(Schedule, TheReferenceKnowsItsKeys) {
  const std::string reference = write_reference(schedule_table().keys());
  for (const char* key : {"`cron`", "`every`", "`timezone`", "`splay`", "`recover_missed`", "`overlap`"})
    EXPECT_NE(reference.find(key), std::string::npos) << key;
  EXPECT_TRUE(schedule().info.keys);
}

TEST(Scheduling, TimeOfDay) {
  EXPECT_EQ(good(time_of_day(), "08:00").since_midnight, 8h);
  EXPECT_EQ(good(time_of_day(), "\"23:59\"").since_midnight, 23h + 59min);
  EXPECT_EQ(faults_of(time_of_day(), "24:00"),
            "f.yaml:1:1: \"24:00\" is no time of day; write hours and minutes, from 00:00 to 23:59\n");
  for (const char* bad : {"8:00", "08:60", "08-00", "08:0x", "8", "08:00:00", "0800 ", "''"})
    EXPECT_NE(faults_of(time_of_day(), bad), "") << bad;
}

TEST(Scheduling, OnUpstreamFailure) {
  EXPECT_EQ(good(on_upstream_failure(), "run"), OnUpstreamFailure::run);
  EXPECT_EQ(good(on_upstream_failure(), "skip"), OnUpstreamFailure::skip);
  EXPECT_NE(faults_of(on_upstream_failure(), "stop"), "");
}

}  // namespace
}  // namespace config
