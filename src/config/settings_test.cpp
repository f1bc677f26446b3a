#include "config/settings.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "config/catalogue.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

class Settings_ : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "settings-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  std::optional<LoadedSettings> load(std::map<std::string, std::string> environment = {},
                                     std::optional<std::string> path = {}) {
    faults_ = {};
    return load_settings(
        {.path = std::move(path), .directory = folder_, .process_environment = std::move(environment)},
        faults_);
  }

  fs::path folder_;
  Faults faults_;
};

TEST_F(Settings_, NoFileMeansDefaults) {
  const auto loaded = load();
  ASSERT_TRUE(loaded) << faults_.text();
  EXPECT_EQ(loaded->settings.sqlite_path(), folder_ / "var/pulse.db");
  EXPECT_EQ(loaded->settings.logs.level, LogLevel::info);
}

TEST_F(Settings_, EnvironmentBeatsDotenvBeatsFile) {
  write("pulse.yaml", "store: sqlite:a.db\nlogs: {level: error, directory: l}\n");
  EXPECT_EQ(load()->settings.logs.level, LogLevel::error);
  write(".env", "# comment\nexport PULSE_LOGS__LEVEL=warning\nSECRET='a b' # no\nPLAIN=x # comment\n");
  const auto dotenv = load();
  ASSERT_TRUE(dotenv) << faults_.text();
  EXPECT_EQ(dotenv->settings.logs.level, LogLevel::warning);
  EXPECT_EQ(dotenv->environment("SECRET"), "a b");
  EXPECT_EQ(dotenv->environment("PLAIN"), "x");
  const auto process = load({{"PULSE_LOGS__LEVEL", "debug"}, {"PLAIN", "y"}});
  EXPECT_EQ(process->settings.logs.level, LogLevel::debug);
  EXPECT_EQ(process->settings.logs.directory, "l");
  EXPECT_EQ(process->environment("PLAIN"), "y");
}

TEST_F(Settings_, EveryFaultAtOnceAtItsPlace) {
  const std::string file = write("pulse.yaml", "store: mysql:x\nlogs: {levl: info}\nhttp: {rewrite: [a]}\n");
  EXPECT_FALSE(load({{"PULSE_LOG__LEVEL", "debug"}}));
  const std::string text = faults_.text();
  EXPECT_NE(text.find(file + ":2:8: logs.levl: unknown key; did you mean \"level\"?"), std::string::npos)
      << text;
  EXPECT_NE(text.find(file + ":3:17: http.rewrite: is not a map"), std::string::npos) << text;
  EXPECT_NE(text.find("PULSE_LOG__LEVEL: log: unknown key"), std::string::npos) << text;
  write("pulse.yaml", "store: mysql:x\n");
  EXPECT_FALSE(load());
  EXPECT_EQ(faults_.size(), 1u);
}

TEST_F(Settings_, VariablesOfPulseAudioAreNotOurs) {
  EXPECT_TRUE(
      load({{"PULSE_SERVER", "unix:/run/pulse"}, {"PULSE_COOKIE", "/c"}, {"PULSE_LATENCY_MSEC", "60"}}))
      << faults_.text();
  EXPECT_FALSE(load({{"PULSE_STOER", "sqlite:x.db"}}));
  EXPECT_NE(faults_.text().find("did you mean \"store\"?"), std::string::npos) << faults_.text();
  EXPECT_EQ(load({{"PULSE_STORE", "sqlite:x.db"}})->settings.sqlite_path(), folder_ / "x.db");
}

TEST_F(Settings_, ANamedFileMustExist) {
  EXPECT_FALSE(load({}, (folder_ / "missing.yaml").string()));
  EXPECT_NE(faults_.text().find("--config: there is no file"), std::string::npos);
  const std::string other = write("other/pulse.yaml", "store: sqlite:b.db\n");
  EXPECT_EQ(load({{"PULSE_CONFIG", other}})->settings.sqlite_path(), folder_ / "other/b.db");
}

TEST_F(Settings_, BrokenDotenvLinesAreFaults) {
  write(".env", "A=1\nthis is no line\n=x\n");
  EXPECT_FALSE(load());
  EXPECT_NE(faults_.text().find(".env:2:1"), std::string::npos);
  EXPECT_NE(faults_.text().find(".env:3:1"), std::string::npos);
}

std::string collector(const std::string& name) {
  return "name: " + name +
         "\nrequester: {url_base: https://example.org}\nfields: {id: id}\ndestination: {table: t, "
         "primary_key: [id]}\n";
}

TEST_F(Settings_, OneBrokenFileLeavesTheOthers) {
  write("collectors/a.yaml", collector("alpha"));
  write("collectors/b.yaml", "name: beta\ntimeout: soon\n");
  write("collectors/c.yaml", collector("gamma"));
  write("collectors/notes.txt", "not a collector");
  const auto loaded = load();
  const Catalogue all = load_catalogue({}, loaded->settings, loaded->environment, {});
  ASSERT_EQ(all.entries.size(), 3u);
  EXPECT_TRUE(all.entries[0].collector && all.entries[2].collector);
  EXPECT_FALSE(all.entries[1].collector);
  const Catalogue one = load_catalogue({"gamma"}, loaded->settings, loaded->environment, {});
  ASSERT_EQ(one.entries.size(), 1u);
  EXPECT_TRUE(one.faults.empty());
  const Catalogue unknown = load_catalogue({"gama"}, loaded->settings, loaded->environment, {});
  EXPECT_NE(unknown.faults.text().find("did you mean \"gamma\"?"), std::string::npos);
}

TEST_F(Settings_, TwoFilesWithOneNameAreFaultsOfBoth) {
  write("collectors/a.yaml", collector("same"));
  write("collectors/b.yaml", collector("same"));
  const auto loaded = load();
  const Catalogue all = load_catalogue({}, loaded->settings, loaded->environment, {});
  for (const CatalogueEntry& entry : all.entries) EXPECT_FALSE(entry.collector) << entry.file;
}

TEST_F(Settings_, OverridesByNameForAllAndOnTheCommandLine) {
  write("pulse.yaml", "overrides:\n  '*': {timeout: 1m}\n  alpha: {timeout: 2m, requester.timeout: 5s}\n");
  write("collectors/a.yaml", collector("alpha"));
  write("collectors/b.yaml", collector("beta"));
  const auto loaded = load();
  ASSERT_TRUE(loaded) << faults_.text();
  std::vector<CommandLineOverride> command_line;
  for (const char* text : {"beta:timeout=3m", "max_bad_rows=7", "requester.url_base=http://localhost:1"})
    command_line.push_back(*parse_command_line_override(text, faults_));
  const Catalogue all = load_catalogue({}, loaded->settings, loaded->environment, command_line);
  ASSERT_TRUE(all.entries[0].collector && all.entries[1].collector)
      << all.entries[0].faults.text() << all.entries[1].faults.text();
  EXPECT_EQ(all.entries[0].collector->timeout, std::chrono::minutes{2});
  EXPECT_EQ(all.entries[0].collector->requester.timeout, std::chrono::seconds{5});
  EXPECT_EQ(all.entries[1].collector->timeout, std::chrono::minutes{3});
  EXPECT_EQ(all.entries[1].collector->max_bad_rows.count, 7);
  EXPECT_EQ(all.entries[1].collector->requester.url_base, "http://localhost:1");

  write("pulse.yaml", "overrides: {alpha: {timeout: never}}\n");
  const auto wrong = load();
  const Catalogue faulty = load_catalogue({"alpha"}, wrong->settings, wrong->environment, {});
  EXPECT_NE(
      faulty.entries[0].faults.text().find("overrides in " + (folder_ / "pulse.yaml").string() + ":1:21"),
      std::string::npos)
      << faulty.entries[0].faults.text();
}

}  // namespace
}  // namespace config
