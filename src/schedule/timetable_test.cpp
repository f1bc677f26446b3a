#include "schedule/timetable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/rng.hpp"
#include "schedule/testing.hpp"

namespace schedule {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

// The slots after `from`, written out in UTC: exactly these come first.
void expect_slots(std::string_view zone_name, std::string_view cron, std::string_view from,
                  const std::vector<std::string>& expected) {
  const auto slots = table(cron, zone_name).between(at(from), at("2037-12-31 00:00Z"), expected.size());
  std::vector<std::string> wanted;
  for (const std::string& text : expected) wanted.push_back(text + ":00");
  EXPECT_EQ(texts(slots), wanted) << cron << " in " << zone_name << " from " << from;
}

TEST(Timetable, BerlinForward) {  // at 2025-03-30 01:00 UTC from 02:00 to 03:00
  const auto expect = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("Europe/Berlin", cron, "2025-03-29 12:00Z", expected);
  };
  expect("15,45 2 * * *", {"2025-03-30T01:00", "2025-03-31T00:15", "2025-03-31T00:45", "2025-04-01T00:15"});
  expect("*/15 2 * * *", {"2025-03-31T00:00", "2025-03-31T00:15", "2025-03-31T00:30", "2025-03-31T00:45"});
  expect("30 2 * * *", {"2025-03-30T01:00", "2025-03-31T00:30"});
  expect("0 2,3 * * *", {"2025-03-30T01:00", "2025-03-31T00:00", "2025-03-31T01:00"});
  expect("@daily", {"2025-03-29T23:00", "2025-03-30T22:00", "2025-03-31T22:00"});
  expect("30 2 30 3 *", {"2025-03-30T01:00", "2026-03-30T00:30"});
  expect("30 2 29 3 *", {"2026-03-29T01:00", "2027-03-29T00:30"});
  expect_slots("Europe/Berlin", "0 * * * *", "2025-03-29 23:00Z",
               {"2025-03-30T00:00", "2025-03-30T01:00", "2025-03-30T02:00"});
}

TEST(Timetable, BerlinBackward) {  // at 2025-10-26 01:00 UTC from 03:00 to 02:00
  const auto expect = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("Europe/Berlin", cron, "2025-10-25 12:00Z", expected);
  };
  expect("15,45 2 * * *", {"2025-10-26T00:15", "2025-10-26T00:45", "2025-10-27T01:15", "2025-10-27T01:45"});
  expect("*/15 2 * * *",
         {"2025-10-26T00:00", "2025-10-26T00:15", "2025-10-26T00:30", "2025-10-26T00:45", "2025-10-26T01:00",
          "2025-10-26T01:15", "2025-10-26T01:30", "2025-10-26T01:45", "2025-10-27T01:00"});
  expect("30 2 * * *", {"2025-10-26T00:30", "2025-10-27T01:30"});
  expect("@daily", {"2025-10-25T22:00", "2025-10-26T23:00", "2025-10-27T23:00"});
  expect_slots("Europe/Berlin", "0 * * * *", "2025-10-25 23:00Z",
               {"2025-10-26T00:00", "2025-10-26T01:00", "2025-10-26T02:00", "2025-10-26T03:00"});
  // From between the two passes and inside the second.
  expect_slots("Europe/Berlin", "30 2 * * *", "2025-10-26 00:45Z", {"2025-10-27T01:30"});
  expect_slots("Europe/Berlin", "30 2 * * *", "2025-10-26 01:10Z", {"2025-10-27T01:30"});
}

TEST(Timetable, NewYork) {
  const auto forward = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("America/New_York", cron, "2025-03-09 00:00Z",
                 expected);  // at 07:00 UTC from 02:00 to 03:00
  };
  forward("15,45 2 * * *", {"2025-03-09T07:00", "2025-03-10T06:15", "2025-03-10T06:45"});
  forward("*/15 2 * * *", {"2025-03-10T06:00", "2025-03-10T06:15"});
  forward("30 2 * * *", {"2025-03-09T07:00", "2025-03-10T06:30"});
  forward("@daily", {"2025-03-09T05:00", "2025-03-10T04:00"});
  expect_slots("America/New_York", "0 * * * *", "2025-03-09 05:00Z",
               {"2025-03-09T06:00", "2025-03-09T07:00", "2025-03-09T08:00"});

  const auto backward = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("America/New_York", cron, "2025-11-02 00:00Z",
                 expected);  // at 06:00 UTC from 02:00 to 01:00
  };
  backward("15,45 2 * * *", {"2025-11-02T07:15", "2025-11-02T07:45", "2025-11-03T07:15"});
  backward("*/15 2 * * *", {"2025-11-02T07:00", "2025-11-02T07:15"});
  backward("30 2 * * *", {"2025-11-02T07:30", "2025-11-03T07:30"});
  backward("30 1 * * *", {"2025-11-02T05:30", "2025-11-03T06:30"});
  backward("*/30 1 * * *", {"2025-11-02T05:00", "2025-11-02T05:30", "2025-11-02T06:00", "2025-11-02T06:30",
                            "2025-11-03T06:00"});
  backward("0 1-3 * * *", {"2025-11-02T05:00", "2025-11-02T07:00", "2025-11-02T08:00", "2025-11-03T06:00"});
  backward("@daily", {"2025-11-02T04:00", "2025-11-03T05:00"});
  expect_slots("America/New_York", "0 * * * *", "2025-11-02 04:00Z",
               {"2025-11-02T05:00", "2025-11-02T06:00", "2025-11-02T07:00"});
}

TEST(Timetable, SaoPauloWhoseClocksChangeAtMidnight) {
  const auto forward = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("America/Sao_Paulo", cron, "2017-10-14 12:00Z",
                 expected);  // 10-15 03:00 UTC, 00:00 to 01:00
  };
  forward("@daily", {"2017-10-15T03:00", "2017-10-16T02:00"});
  forward("30 0 * * *", {"2017-10-15T03:00", "2017-10-16T02:30"});
  forward("*/15 0 * * *", {"2017-10-16T02:00", "2017-10-16T02:15"});
  forward("15,45 2 * * *", {"2017-10-15T04:15", "2017-10-15T04:45", "2017-10-16T04:15"});
  forward("*/15 2 * * *", {"2017-10-15T04:00", "2017-10-15T04:15"});
  forward("30 2 * * *", {"2017-10-15T04:30", "2017-10-16T04:30"});
  expect_slots("America/Sao_Paulo", "0 * * * *", "2017-10-15 01:00Z",
               {"2017-10-15T02:00", "2017-10-15T03:00", "2017-10-15T04:00"});

  const auto backward = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("America/Sao_Paulo", cron, "2018-02-17 12:00Z",
                 expected);  // 02-18 02:00 UTC, 00:00 to 23:00
  };
  backward("@daily", {"2018-02-18T03:00", "2018-02-19T03:00"});
  backward("30 23 * * *", {"2018-02-18T01:30", "2018-02-19T02:30"});
  backward("*/30 23 * * *", {"2018-02-18T01:00", "2018-02-18T01:30", "2018-02-18T02:00", "2018-02-18T02:30",
                             "2018-02-19T02:00"});
  backward("15,45 2 * * *", {"2018-02-18T05:15", "2018-02-18T05:45"});
  expect_slots("America/Sao_Paulo", "0 * * * *", "2018-02-18 00:00Z",
               {"2018-02-18T01:00", "2018-02-18T02:00", "2018-02-18T03:00"});
}

TEST(Timetable, LordHoweWithItsHalfHour) {
  const auto forward = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("Australia/Lord_Howe", cron, "2025-10-04 12:00Z", expected);  // 15:30 UTC, 02:00 to 02:30
  };
  forward("15,45 2 * * *", {"2025-10-04T15:30", "2025-10-04T15:45", "2025-10-05T15:15", "2025-10-05T15:45"});
  forward("*/15 2 * * *", {"2025-10-04T15:30", "2025-10-04T15:45", "2025-10-05T15:00"});
  forward("30 2 * * *", {"2025-10-04T15:30", "2025-10-05T15:30"});
  forward("@daily", {"2025-10-04T13:30", "2025-10-05T13:00"});
  expect_slots("Australia/Lord_Howe", "0 * * * *", "2025-10-04 14:00Z",
               {"2025-10-04T14:30", "2025-10-04T16:00", "2025-10-04T17:00"});

  const auto backward = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("Australia/Lord_Howe", cron, "2025-04-05 12:30Z", expected);  // 15:00 UTC, 02:00 to 01:30
  };
  backward("45 1 * * *", {"2025-04-05T14:45", "2025-04-06T15:15"});
  backward("*/15 1 * * *", {"2025-04-05T14:00", "2025-04-05T14:15", "2025-04-05T14:30", "2025-04-05T14:45",
                            "2025-04-05T15:00", "2025-04-05T15:15", "2025-04-06T14:30"});
  backward("15,45 2 * * *", {"2025-04-05T15:45", "2025-04-05T16:15"});
  backward("30 2 * * *", {"2025-04-05T16:00", "2025-04-06T16:00"});
  backward("@daily", {"2025-04-05T13:00", "2025-04-06T13:30"});
  expect_slots("Australia/Lord_Howe", "0 * * * *", "2025-04-05 13:30Z",
               {"2025-04-05T14:00", "2025-04-05T15:30", "2025-04-05T16:30"});
}

TEST(Timetable, ApiaLeapsOverADay) {  // at 2011-12-30 10:00 UTC from the end of the 29th to the 31st
  const auto expect = [](std::string_view cron, const std::vector<std::string>& expected) {
    expect_slots("Pacific/Apia", cron, "2011-12-29 09:00Z", expected);
  };
  expect("@daily", {"2011-12-29T10:00", "2011-12-30T10:00", "2011-12-31T10:00"});
  expect("30 2 * * *", {"2011-12-29T12:30", "2011-12-30T10:00", "2011-12-30T12:30", "2011-12-31T12:30"});
  expect("15,45 2 * * *", {"2011-12-29T12:15", "2011-12-29T12:45", "2011-12-30T10:00", "2011-12-30T12:15"});
  expect("*/15 2 * * *", {"2011-12-29T12:00", "2011-12-29T12:15", "2011-12-29T12:30", "2011-12-29T12:45",
                          "2011-12-30T12:00"});
  expect("0 12 30 12 *", {"2011-12-30T10:00", "2012-12-29T22:00"});
  expect_slots("Pacific/Apia", "0 * * * *", "2011-12-30 08:00Z",
               {"2011-12-30T09:00", "2011-12-30T10:00", "2011-12-30T11:00"});
}

TEST(Timetable, BothDayFields) {  // SC1
  expect_slots("UTC", "0 0 13 * 5", "2025-06-01 00:00Z",
               {"2025-06-06T00:00", "2025-06-13T00:00", "2025-06-20T00:00"});
  expect_slots("UTC", "0 0 13 * *", "2025-06-01 00:00Z", {"2025-06-13T00:00", "2025-07-13T00:00"});
  expect_slots("UTC", "0 0 31 2 1", "2025-01-31 00:00Z", {"2025-02-03T00:00", "2025-02-10T00:00"});
  expect_slots("UTC", "0 0 29 2 *", "2025-01-01 00:00Z", {"2028-02-29T00:00", "2032-02-29T00:00"});
}

TEST(Timetable, Ends) {
  EXPECT_EQ(table("0 0 1 1 *").next(at("2037-01-01 00:00Z")), std::nullopt);
  EXPECT_EQ(table("* * * * *", "Europe/Berlin").next(at("2037-12-31 23:59Z")), std::nullopt);
  EXPECT_EQ(table("0 0 29 2 *").next(at("2036-02-29 00:00Z")), std::nullopt);
  EXPECT_EQ(table("* * * * *").next(WallTime::min()), WallTime{});
  EXPECT_EQ(table("* * * * *").next(WallTime::max()), std::nullopt);
  EXPECT_EQ(every(1s).next(WallTime::min()), WallTime{});
  EXPECT_EQ(every(1s).next(WallTime::max()), std::nullopt);
  EXPECT_EQ(table("0 0 * * *", "Africa/Monrovia").next(WallTime::min()), WallTime{2670s});  // -00:44:30
}

TEST(Timetable, NextIsLater) {
  EXPECT_EQ(table("0 * * * *").next(at("2025-01-01 00:59:59.999999Z")), at("2025-01-01 01:00Z"));
  EXPECT_EQ(table("0 * * * *").next(at("2025-01-01 01:00Z")), at("2025-01-01 02:00Z"));
  EXPECT_EQ(table("*/20 5 4 * * *").next(at("2025-01-01 04:05:20.5Z")), at("2025-01-01 04:05:40Z"));
}

TEST(Timetable, EveryMeansMultiplesSince1970) {
  EXPECT_EQ(every(15min).next(at("2025-01-01 00:00Z")), at("2025-01-01 00:15Z"));
  EXPECT_EQ(every(7 * 24h).next(at("2025-01-01 00:00Z")),
            at("2025-01-02 00:00Z"));  // a Thursday, as 1970-01-01
  EXPECT_EQ(texts(every(90s).between(at("2025-01-01 00:00Z"), at("2025-01-01 00:05Z"), 10)).size(), 3u);
  EXPECT_EQ(every(1h).between(at("2025-01-01 00:00Z"), at("2026-01-01 00:00Z"), 5).size(), 5u);
}

TEST(Timetable, TimeOfDay) {
  const Timetable berlin = table("@daily", "Europe/Berlin");
  EXPECT_EQ(berlin.next_time_of_day(at("2025-01-01 06:59Z"), 8h), at("2025-01-01 07:00Z"));
  EXPECT_EQ(berlin.next_time_of_day(at("2025-01-01 07:00Z"), 8h), at("2025-01-01 07:00Z"));
  EXPECT_EQ(berlin.next_time_of_day(at("2025-01-01 07:00:00.1Z"), 8h), at("2025-01-02 07:00Z"));
  EXPECT_EQ(berlin.next_time_of_day(at("2025-03-29 12:00Z"), 2h + 30min), at("2025-03-30 01:00Z"));
  EXPECT_EQ(berlin.next_time_of_day(at("2025-10-25 12:00Z"), 2h + 30min), at("2025-10-26 00:30Z"));
}

TEST(Splay, IsStable) {
  EXPECT_EQ(splay_of("", 2min), std::chrono::milliseconds{0xcbf29ce484222325 % 120'000});
  EXPECT_EQ(splay_of("a", 2min),
            std::chrono::milliseconds{0xaf63dc4c8601ec8c % 120'000});  // published vector
  EXPECT_EQ(splay_of("a", 0s), 0s);
  std::set<base::Duration> seen;
  for (int i = 0; i < 100; ++i) {
    const auto splay = splay_of(fmt::format("collector-{}", i), 2min);
    EXPECT_LT(splay, 2min);
    seen.insert(splay);
  }
  EXPECT_GT(seen.size(), 90u);
}

TEST(Zone, FaultsSayWhatToDo) {
  const auto fault = Zone::find("Europe/Berln");
  ASSERT_FALSE(fault);
  EXPECT_NE(fault.error().message.find("there is no time zone Europe/Berln; write"), std::string::npos);
}

// ---- random expressions, beside a walk over all minutes

constexpr std::array<std::string_view, 8> zones{
    "UTC",          "Europe/Berlin",  "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
    "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca"};

std::string random_field(base::Rng& rng, int low, int high) {
  const auto value = [&] { return rng.between(low, high); };
  switch (rng.below(6)) {
    case 0:
    case 1: return "*";
    case 2: return fmt::format("*/{}", rng.between(1, high - low));
    case 3: return fmt::format("{}", value());
    case 4: return fmt::format("{},{},{}", value(), value(), value());
    default: {
      const auto a = value(), b = value();
      return fmt::format("{}-{}/{}", std::min(a, b), std::max(a, b), rng.between(1, 3));
    }
  }
}

std::string random_cron(base::Rng& rng) {
  return fmt::format("{} {} {} {} {}", random_field(rng, 0, 59), random_field(rng, 0, 23),
                     random_field(rng, 1, 31), rng.below(3) == 0 ? random_field(rng, 1, 12) : "*",
                     random_field(rng, 0, 6));
}

bool matches(const Cron& cron, std::int64_t local) {
  const auto day =
      std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds{std::chrono::seconds{local}});
  const std::chrono::year_month_day date{day};
  const auto has = [](std::uint64_t set, std::int64_t value) { return (set >> value & 1) != 0; };
  const bool by_date = has(cron.sets().days, static_cast<unsigned>(date.day()));
  const bool by_weekday = has(cron.sets().weekdays, std::chrono::weekday{day}.c_encoding());
  const bool either = !cron.any_day() && !cron.any_weekday();
  return has(cron.sets().minutes, local / 60 % 60) && has(cron.sets().hours, local / 3600 % 24) &&
         has(cron.sets().months, static_cast<unsigned>(date.month())) &&
         (either ? by_date || by_weekday : by_date && by_weekday);
}

// What SC2 says, minute by minute: fixed expressions walk over the times of day and ask when each is shown;
// others walk over real time and ask what is shown.
std::vector<WallTime> walk(const Cron& cron, const Zone& zone, std::int64_t from, std::int64_t until) {
  std::set<WallTime> found;
  constexpr std::int64_t two_days = 2 * 86'400;
  if (cron.is_fixed()) {
    for (std::int64_t local = from - two_days; local < until + two_days; local += 60)
      if (matches(cron, local)) found.insert(WallTime{std::chrono::seconds{zone.to_utc(local)}});
  } else {
    for (std::int64_t second = from; second < until + 60; second += 60)
      if (matches(cron, zone.to_local(second))) found.insert(WallTime{std::chrono::seconds{second}});
  }
  std::vector<WallTime> result;
  for (const WallTime time : found)
    if (time > WallTime{std::chrono::seconds{from}} && time <= WallTime{std::chrono::seconds{until}})
      result.push_back(time);
  return result;
}

TEST(Timetable, RandomExpressionsAgreeWithAWalk) {
  base::Rng rng(20250330);
  int compared = 0;
  for (int i = 0; i < 120;) {
    const std::string text = random_cron(rng);
    const auto cron = Cron::parse(text);
    if (!cron) continue;  // a date that never comes, a step that is too long
    ++i;
    const std::string_view name = zones[rng.below(zones.size())];
    const Zone there = zone(name);
    std::int64_t from = at("2010-01-01 00:00Z").time_since_epoch() / 1s + rng.between(0, 8'000) * 86'400;
    // Every other one around a change of the clocks.
    if (const Zone::Period period = there.period(from); i % 2 == 0 && period.end < 2'100'000'000)
      from = period.end - rng.between(0, 5) * 86'400;
    from -= from % 60;
    const std::int64_t until = from + 12 * 86'400;
    const Timetable table(*cron, there);
    const WallTime begin{std::chrono::seconds{from}}, end{std::chrono::seconds{until}};
    const auto slots = table.between(begin, end, 1'000'000);
    ASSERT_EQ(texts(slots), texts(walk(*cron, there, from, until))) << text << " in " << name;
    EXPECT_TRUE(std::adjacent_find(slots.begin(), slots.end(), std::greater_equal<>()) == slots.end());
    compared += static_cast<int>(slots.size());

    const auto newest = slots.empty() ? std::nullopt : std::optional(slots.back());
    EXPECT_EQ(table.latest(begin, end), newest) << text << " in " << name;
    if (!slots.empty()) {
      const std::size_t k = rng.below(slots.size());
      EXPECT_EQ(table.latest(begin, slots[k]), slots[k]);
      const auto before = k == 0 ? std::nullopt : std::optional(slots[k - 1]);
      EXPECT_EQ(table.latest(begin, slots[k] - microseconds{1}), before);
    }
  }
  EXPECT_GT(compared, 3'000);
}

}  // namespace
}  // namespace schedule
