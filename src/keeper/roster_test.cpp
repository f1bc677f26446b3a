#include "keeper/roster.hpp"

#include "keeper/fixture_test.hpp"

namespace {

using namespace std::chrono_literals;
using base::WallTime;
using keeper::make_roster;
using keeper::Member;
using keeper::renewed;
using keeper::Roster;
using keeper::testing::catalogue;
using keeper::testing::faulty;
using keeper::testing::good;

const WallTime now{1'772'323'200s};
const char* const hourly = "schedule: {every: 1h}\n";

const Member& member(const Roster& roster, const std::string& name) {
  const auto index = roster.find(name);
  EXPECT_TRUE(index) << name;
  return roster.members.at(*index);
}

TEST(Roster, IsByNameAndFaultyOnesAreInIt) {
  const Roster roster =
      make_roster(catalogue({good("b", hourly), faulty("c"), good("a"), faulty("a-a")}), now);
  EXPECT_EQ(roster.names(), (std::vector<std::string>{"a", "a-a", "b", "c"}));
  EXPECT_EQ(roster.entries().size(), 4U);
  EXPECT_EQ(roster.find("b"), 2U);
  EXPECT_FALSE(roster.find("bb"));
  EXPECT_FALSE(roster.find(""));

  const Member& b = member(roster, "b");
  EXPECT_TRUE(b.entry.timetable && b.collector && b.fault.empty() && !b.invalid_since);
  EXPECT_EQ(b.known_since, now);
  const Member& c = member(roster, "c");
  EXPECT_FALSE(c.entry.timetable || c.collector);
  EXPECT_EQ(c.invalid_since, now);
  EXPECT_EQ(c.fault, "c.yaml:3:1: typo is unknown");
}

TEST(Roster, TheFirstFaultSaysHowManyMoreThereAre) {
  auto entry = faulty("a");
  entry.faults.add(
      {.file = "a.yaml", .mark = {.line = 9, .column = 2}, .key = "", .message = "later", .remedy = {}});
  EXPECT_EQ(member(make_roster(catalogue({entry}), now), "a").fault,
            "a.yaml:3:1: typo is unknown (and 1 more; see pulse validate)");
  entry = {"b", "b.yaml", std::nullopt, {}};
  EXPECT_NE(member(make_roster(catalogue({entry}), now), "b").fault, "");
}

TEST(Roster, TwoFilesOfOneNameAreOneLine) {
  const Roster roster = make_roster(catalogue({faulty("a", "first"), faulty("a", "second")}), now);
  ASSERT_EQ(roster.members.size(), 1U);
  EXPECT_NE(roster.members[0].fault.find("first"), std::string::npos);
}

TEST(Roster, WhatWaitsForNobodyOrInACircleIsFaulty) {
  const Roster roster = renewed(Roster{},
                                catalogue({good("a", "schedule: {every: 1h}\nafter: [gone]\n"),
                                           good("b", "schedule: {every: 1h}\nafter: [c]\n"),
                                           good("c", "schedule: {every: 1h}\nafter: [b]\n"),
                                           good("d", "schedule: {every: 1h}\nafter: [c]\n"),
                                           good("e", "schedule: {every: 1h}\nafter: [f]\n"), faulty("f")}),
                                now);
  EXPECT_NE(member(roster, "a").fault.find("after names gone"), std::string::npos);
  EXPECT_EQ(member(roster, "a").fault.rfind("items.yaml: after", 0), 0U) << member(roster, "a").fault;
  EXPECT_EQ(member(roster, "a").invalid_since, now);
  // One of a circle is enough to break it.
  EXPECT_NE(bool(member(roster, "b").collector), bool(member(roster, "c").collector));
  EXPECT_TRUE(member(roster, "d").collector);
  EXPECT_TRUE(member(roster, "e").collector);  // it is there, though faulty
  EXPECT_FALSE(schedule::order_fault(roster.entries()));
}

TEST(Roster, AReloadTakesWhatIsNewAndDropsWhatIsGone) {
  const Roster old = make_roster(catalogue({good("a", hourly), good("b", hourly)}), now);
  const Roster roster =
      renewed(old, catalogue({good("b", "schedule: {every: 2h}\n"), good("c", hourly)}), now + 1h);
  EXPECT_EQ(roster.names(), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(member(roster, "b").known_since, now);
  EXPECT_EQ(member(roster, "c").known_since, now + 1h);
  EXPECT_EQ(member(roster, "b").entry.timetable->next(now), now + 2h);
}

TEST(Roster, AFileThatBecameFaultyLeavesItsCollectorAsItWas) {
  const Roster first = make_roster(catalogue({good("a", hourly), faulty("b", "old")}), now);
  const Roster second = renewed(first, catalogue({faulty("a"), faulty("b", "new")}), now + 1h);
  const Member& a = member(second, "a");
  EXPECT_TRUE(a.collector && a.entry.timetable && a.is_outdated && !a.invalid_since);
  EXPECT_NE(a.fault, "");
  const Member& b = member(second, "b");
  EXPECT_FALSE(b.collector || b.is_outdated);
  EXPECT_EQ(b.invalid_since, now);  // since then
  EXPECT_NE(b.fault.find("new"), std::string::npos);

  const Roster third = renewed(second, catalogue({faulty("a", "again"), good("b")}), now + 2h);
  EXPECT_TRUE(member(third, "a").collector && member(third, "a").is_outdated);
  EXPECT_NE(member(third, "a").fault.find("again"), std::string::npos);
  EXPECT_TRUE(member(third, "b").collector && !member(third, "b").invalid_since);
  const Roster mended = renewed(third, catalogue({good("a"), good("b")}), now + 3h);
  EXPECT_FALSE(member(mended, "a").is_outdated);
  EXPECT_EQ(member(mended, "a").fault, "");
  EXPECT_EQ(member(mended, "a").known_since, now);
}

// What it was waits for one that is gone: it cannot go on as it was.
TEST(Roster, WhatLosesItsUpstreamInAReloadIsFaultyNotOutdated) {
  const Roster old =
      make_roster(catalogue({good("a"), good("b", "schedule: {every: 1h}\nafter: [a]\n")}), now);
  const Roster roster = renewed(old, catalogue({good("b", "schedule: {every: 1h}\nafter: [a]\n")}), now + 1h);
  const Member& b = member(roster, "b");
  EXPECT_FALSE(b.collector);
  EXPECT_FALSE(b.is_outdated);
  EXPECT_EQ(b.invalid_since, now + 1h);
  EXPECT_NE(b.fault.find("after names a"), std::string::npos);
}

}  // namespace
