// The order in which collectors wait for each other, over a folder.
#include "config/catalogue.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace config {
namespace {

namespace fs = std::filesystem;

class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest() {
    std::string name = (fs::temp_directory_path() / "catalogue_test.XXXXXX").string();
    settings_.base = ::mkdtemp(name.data());
    settings_.collectors = "collectors";
    fs::create_directory(settings_.base / "collectors");
  }
  ~CatalogueTest() override { fs::remove_all(settings_.base); }

  std::string path(const std::string& name) const {
    return (settings_.base / "collectors" / (name + ".yaml")).string();
  }
  void write(const std::string& name, const std::string& after) {
    std::ofstream(path(name)) << "name: " << name << "\nafter: " << after
                              << "\nschedule: {every: 1h}\nrequester: {url_base: https://example.org}\n"
                                 "fields: {id: id}\ndestination: {table: t, primary_key: [id]}\n";
  }
  // All faults, and the names of those that are valid.
  std::pair<std::string, std::vector<std::string>> load(
      const std::vector<std::string>& arguments = {},
      const std::vector<CommandLineOverride>& overrides = {}) {
    const Catalogue catalogue = load_catalogue(
        arguments, settings_, [](auto) { return std::nullopt; }, overrides);
    std::string faults = catalogue.faults.text();
    std::vector<std::string> valid;
    for (const CatalogueEntry& entry : catalogue.entries) {
      faults += entry.faults.text();
      if (entry.collector) valid.push_back(entry.name);
    }
    return {faults, valid};
  }
  using Names = std::vector<std::string>;

  Settings settings_;
};

TEST_F(CatalogueTest, AfterNamesCollectorsThatAreThere) {
  write("first", "[]");
  write("second", "[first]");
  write("third", "[first, secnod]");
  write("fourth", "[\n  first,\n    nobody-at-all]");
  const auto [faults, valid] = load();
  EXPECT_EQ(faults, path("fourth") +
                        ":4:5: after[1]: no collector is called \"nobody-at-all\"; remove it, or add "
                        "that collector\n" +
                        path("third") +
                        ":2:16: after[1]: no collector is called \"secnod\"; did you mean "
                        "\"second\"?\n");
  EXPECT_EQ(valid, (Names{"first", "second"}));
}

TEST_F(CatalogueTest, NobodyWaitsInACircle) {
  write("a", "[d, b]");
  write("b", "[c]");
  write("c", "[d, a]");
  write("d", "[]");
  write("self", "[d, self]");
  const auto [faults, valid] = load();
  EXPECT_EQ(faults, path("c") +
                        ":2:12: after[1]: \"a\" waits for this one: a → b → c → a; remove one of them from "
                        "its list\n" +
                        path("self") + ":2:12: after[1]: names the collector itself; remove it\n");
  EXPECT_EQ(valid, (Names{"a", "b", "d"})) << "one broken thing never stops the others";
}

TEST_F(CatalogueTest, WhoIsAskedForOneLooksAtAll) {
  write("a", "[b]");
  write("b", "[]");
  EXPECT_EQ(load({"a"}).first, "");
  write("b", "[a]");
  EXPECT_EQ(load({"a"}).second, Names{"a"});
  EXPECT_NE(load({"b"}).first.find("a → b → a"), std::string::npos);
}

TEST_F(CatalogueTest, AFileByItselfMayWaitForOthers) {
  write("a", "[nobody]");
  EXPECT_EQ(load({path("a")}).first, "");
  EXPECT_NE(load({(settings_.base / "collectors").string()}).first.find("\"nobody\""), std::string::npos);
  write("a", "[a]");
  EXPECT_NE(load({path("a")}).first.find(":2:9: after[0]: names the collector itself"), std::string::npos);
}

TEST_F(CatalogueTest, AnOverrideIsJudgedWhereItStands) {
  write("a", "[b]");
  write("b", "[]");
  Faults faults;
  const auto override = parse_command_line_override("a:after=[b, zzz]", faults);
  ASSERT_TRUE(override);
  EXPECT_NE(load({}, {*override}).first.find(": after[1]: no collector is called \"zzz\""),
            std::string::npos);
  EXPECT_EQ(load({}, {*parse_command_line_override("a:after=[]", faults)}).first, "");
}

TEST_F(CatalogueTest, AnInvalidCollectorIsThereAllTheSame) {
  write("a", "[b]");
  std::ofstream(path("b")) << "name: b\nafter: [a]\ntimeout: soon\n";
  EXPECT_EQ(load().first.find("after"), std::string::npos);
  EXPECT_EQ(load().second, Names{"a"});
}

TEST_F(CatalogueTest, AnEmptyFolderIsToldFromOneThatCannotBeRead) {
  const auto empty = load_catalogue({}, settings_, [](auto) { return std::nullopt; }, {});
  EXPECT_TRUE(empty.is_empty_folder);
  EXPECT_NE(empty.faults.text().find("holds no collector files"), std::string::npos);
  fs::remove(settings_.base / "collectors");
  EXPECT_FALSE(load_catalogue({}, settings_, [](auto) { return std::nullopt; }, {}).is_empty_folder);
  settings_.collectors = ".";
  EXPECT_TRUE(load_catalogue({}, settings_, [](auto) { return std::nullopt; }, {}).is_empty_folder);
  EXPECT_FALSE(load_catalogue({settings_.base.string()}, settings_, [](auto) { return std::nullopt; }, {})
                   .is_empty_folder);
}

}  // namespace
}  // namespace config
