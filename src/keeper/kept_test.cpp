#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "keeper/roster.hpp"

namespace keeper {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::shared_ptr<config::Collector> some_collector() {
  auto collector = std::make_shared<config::Collector>();
  collector->name = "alpha";
  collector->description = "Letters";
  collector->timeout = 3min;
  return collector;
}

TEST(Kept, IsUsedLikeAPointer) {
  const Kept none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.load(), nullptr);
  EXPECT_FALSE(Kept(std::shared_ptr<const config::Collector>()));

  const auto whole = some_collector();
  Member member{.entry = {.name = "alpha", .after = {}}, .collector = whole};
  ASSERT_TRUE(member.collector);
  const std::shared_ptr<const config::Collector> held = member.collector;
  EXPECT_EQ(held, whole);
  EXPECT_EQ(member.collector->name, "alpha");
  EXPECT_EQ(member.collector.outline().description, "Letters");
  EXPECT_EQ(member.collector.outline().timeout, 3min);
  member.collector.reset();
  EXPECT_FALSE(member.collector);
}

// A folder of collectors, and settings that name it.
class LoadedRoster_ : public testing::Test {
 protected:
  LoadedRoster_() {
    std::string path = (fs::temp_directory_path() / "rosterXXXXXX").string();
    folder_ = mkdtemp(path.data());
    fs::create_directory(folder_ / "collectors");
    settings_.base = folder_;
    settings_.collectors = "collectors";
  }
  ~LoadedRoster_() override { fs::remove_all(folder_); }

  void write(const std::string& stem, const std::string& name, const std::string& more) {
    std::ofstream(folder_ / "collectors" / (stem + ".yaml"))
        << "name: " << name
        << "\nrequester: {url_base: https://example.org}\nfields: {id: id}\n"
           "destination: {table: t, primary_key: [id]}\n"
        << more;
  }
  LoadedRoster load() { return load_roster(settings_, environment_, base::WallTime(now_ += 1min)); }

  fs::path folder_;
  config::Settings settings_;
  const config::Environment environment_ = [](std::string_view) { return std::nullopt; };
  base::WallTime::duration now_{};
};

TEST_F(LoadedRoster_, RunsWhatWasLoadedWhateverBecomesOfTheFile) {
  write("beta", "beta", "timeout: 2m\ndescription: Old\n");
  const auto [roster, faults, is_empty] = load();
  ASSERT_TRUE(faults.empty()) << faults.text();
  ASSERT_EQ(roster.members.size(), 1u);
  ASSERT_TRUE(roster.members[0].collector) << roster.members[0].fault;
  write("beta", "beta", "timeout: 3m\ndescription: New\n");
  EXPECT_EQ(roster.members[0].collector->timeout, 2min);
  EXPECT_EQ(roster.members[0].collector.outline().description, "Old");

  const Roster newer = renewed(roster, load().roster, {});
  EXPECT_EQ(newer.members[0].collector->timeout, 3min);
  EXPECT_EQ(newer.members[0].known_since, roster.members[0].known_since);

  write("beta", "beta", "timeout: soon\n");
  const Roster outdated = renewed(newer, load().roster, {});
  EXPECT_TRUE(outdated.members[0].is_outdated);
  EXPECT_EQ(outdated.members[0].collector->timeout, 3min);
}

TEST_F(LoadedRoster_, TwoFilesOfOneNameAreOneFaultyMember) {
  write("a", "alpha", "");
  write("b", "same", "");
  write("c", "same", "");
  const Roster roster = load().roster;
  ASSERT_EQ(roster.members.size(), 2u);
  EXPECT_TRUE(roster.members[0].collector);
  EXPECT_FALSE(roster.members[1].collector);
  EXPECT_NE(roster.members[1].fault.find("\"same\" is also the name in"), std::string::npos)
      << roster.members[1].fault;
}

TEST_F(LoadedRoster_, WhoCollectsMayFindMoreFaults) {
  write("a", "alpha", "");
  write("b", "beta", "after: [alpha]\n");
  const auto [roster, faults, is_empty] =
      load_roster(settings_, environment_, {}, [](config::CatalogueEntry& it) {
        if (it.name != "alpha") return;
        it.faults.add({it.file, {2, 3, {}}, "fields.id", "is not to be had", ""});
        it.collector.reset();
      });
  ASSERT_EQ(roster.members.size(), 2u);
  EXPECT_FALSE(roster.members[0].collector);
  EXPECT_TRUE(roster.members[0].fault.ends_with("a.yaml:2:3: fields.id is not to be had"))
      << roster.members[0].fault;
  EXPECT_TRUE(roster.members[1].collector) << roster.members[1].fault;
}

TEST_F(LoadedRoster_, WhatWaitsForNobodyIsFaulty) {
  write("a", "alpha", "");
  write("b", "beta", "after: [gamma]\n");
  const Roster roster = load().roster;
  EXPECT_TRUE(roster.members.at(0).collector) << roster.members[0].fault;
  EXPECT_FALSE(roster.members.at(1).collector);
  EXPECT_NE(roster.members[1].fault.find("b.yaml:5:9: after[0]"), std::string::npos)
      << roster.members[1].fault;
}

TEST_F(LoadedRoster_, AnEmptyFolderIsTold) {
  const LoadedRoster empty = load();
  EXPECT_TRUE(empty.is_empty_folder);
  EXPECT_TRUE(empty.roster.members.empty());
}

TEST_F(LoadedRoster_, AFolderThatCannotBeReadIsAFault) {
  settings_.collectors = "elsewhere";
  const LoadedRoster none = load();
  EXPECT_FALSE(none.faults.empty());
  EXPECT_FALSE(none.is_empty_folder);
}

}  // namespace
}  // namespace keeper
