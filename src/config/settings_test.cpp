#include "config/settings.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

  void make_pipe(const std::string& name) { ASSERT_EQ(mkfifo((folder_ / name).c_str(), 0600), 0); }
  void make_socket(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder_ / name).string().copy(address.sun_path, sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(socket);
  }
  void expect_fault(const std::string& part) {
    EXPECT_NE(faults_.text().find(part), std::string::npos) << "no \"" << part << "\" in\n" << faults_.text();
  }
  // Into faults_: the catalogue's own and those of all its entries.
  Catalogue load_collectors(const std::vector<std::string>& arguments) {
    const auto loaded = load();
    if (!loaded) return {};
    Catalogue catalogue = load_catalogue(arguments, loaded->settings, loaded->environment, {});
    for (const Fault& fault : catalogue.faults.sorted()) faults_.add(fault);
    for (const CatalogueEntry& entry : catalogue.entries)
      for (const Fault& fault : entry.faults.sorted()) faults_.add(fault);
    return catalogue;
  }
  static std::size_t valid(const Catalogue& catalogue) {
    std::size_t count = 0;
    for (const CatalogueEntry& entry : catalogue.entries) count += entry.collector.has_value();
    return count;
  }

  fs::path folder_;
  Faults faults_;
};

TEST_F(Settings_, NoFileMeansDefaults) {
  const auto loaded = load();
  ASSERT_TRUE(loaded) << faults_.text();
  EXPECT_EQ(loaded->settings.store.path, folder_ / "var/pulse.db");
  EXPECT_EQ(loaded->settings.logs.level, LogLevel::info);
  EXPECT_EQ(loaded->settings.logs.format, LogFormat::text);
  EXPECT_EQ(loaded->settings.logs.days, 60);
  EXPECT_EQ(loaded->settings.logs.disk_budget, std::uint64_t{2} << 30);
}

TEST_F(Settings_, LogFilesHaveAFormatAnAgeAndABudget) {
  write("pulse.yaml", "logs: {format: json, days: 3650, disk_budget: 500MiB}\n");
  const auto loaded = load();
  ASSERT_TRUE(loaded) << faults_.text();
  EXPECT_EQ(loaded->settings.logs.format, LogFormat::json);
  EXPECT_EQ(loaded->settings.logs.days, 3650);
  EXPECT_EQ(loaded->settings.logs.disk_budget, std::uint64_t{500} << 20);
  EXPECT_EQ(load({{"PULSE_LOGS__DAYS", "1"}})->settings.logs.days, 1);
}

TEST_F(Settings_, LogFilesRefuseWhatCannotBe) {
  const std::string file =
      write("pulse.yaml", "logs:\n  format: xml\n  days: 0\n  disk_budget: lots\n  directory: l\n");
  EXPECT_FALSE(load());
  expect_fault(file + ":2:11: logs.format: \"xml\" is none of the values; allowed: text, json");
  expect_fault(file + ":3:9: logs.days: \"0\"");
  expect_fault(file + ":4:16: logs.disk_budget: \"lots\"");
  EXPECT_EQ(faults_.size(), 3u);
  for (const char* wrong : {"days: 3651", "days: 1.5", "days: -1", "disk_budget: 1MB", "disk_budget: 2TiB",
                            "disk_budget: -1", "format: [text]"}) {
    write("pulse.yaml", "logs: {" + std::string(wrong) + "}\n");
    EXPECT_FALSE(load()) << wrong;
    EXPECT_EQ(faults_.size(), 1u) << wrong << faults_.text();
  }
}

TEST_F(Settings_, TheDaemonsSettings) {
  using namespace std::chrono_literals;
  const Settings defaults = load()->settings;
  EXPECT_EQ(defaults.listen.address, "127.0.0.1:8787");
  EXPECT_FALSE(defaults.listen.is_off() || defaults.listen.is_public);
  EXPECT_TRUE(defaults.listen.token.empty() && defaults.listen.name.empty());
  EXPECT_EQ(defaults.workers, 16);
  EXPECT_EQ(defaults.retention.runs, 60 * 24h);
  EXPECT_EQ(defaults.retention.quarantine, 60 * 24h);

  write("pulse.yaml",
        "listen: {address: '[::]:80', token: \"${T}\", public: true, name: pulse.example.org}\n"
        "workers: 256\nretention: {runs: 1d, quarantine: 3650d}\n");
  const auto loaded = load({{"T", "a-good-long-token"}});
  ASSERT_TRUE(loaded) << faults_.text();
  EXPECT_EQ(loaded->settings.listen.address, "[::]:80");
  EXPECT_EQ(loaded->settings.listen.token.reveal(), "a-good-long-token");
  EXPECT_TRUE(loaded->settings.listen.is_public);
  EXPECT_EQ(loaded->settings.listen.name, "pulse.example.org");
  EXPECT_EQ(loaded->settings.workers, 256);
  EXPECT_EQ(loaded->settings.retention.runs, 24h);
  EXPECT_EQ(loaded->settings.retention.quarantine, 3650 * 24h);

  const auto process = load(
      {{"T", ""}, {"PULSE_LISTEN__ADDRESS", "off"}, {"PULSE_LISTEN__TOKEN", "b"}, {"PULSE_WORKERS", "1"}});
  ASSERT_TRUE(process) << faults_.text();
  EXPECT_TRUE(process->settings.listen.is_off());
  EXPECT_EQ(process->settings.listen.token.reveal(), "b");
  EXPECT_EQ(process->settings.workers, 1);
}

TEST_F(Settings_, WhatAListenAddressIs) {
  for (const char* sound : {"127.0.0.1:0", "0.0.0.0:65535", "localhost:8787", "'[::1]:8787'", "'off'"}) {
    write("pulse.yaml", "listen:\n  address: " + std::string(sound) + "\n");
    EXPECT_TRUE(load()) << sound << faults_.text();
  }
  for (const auto& [text, wrong] : {std::pair{"127.0.0.1", "has no port"},
                                    {"'[::1]'", "has no port"},
                                    {"'127.0.0.1:'", "has no port from 0 to 65535"},
                                    {"127.0.0.1:65536", "has no port from 0 to 65535"},
                                    {"127.0.0.1:+1", "has no port from 0 to 65535"},
                                    {"127.0.0.1:http", "has no port from 0 to 65535"},
                                    {"'::1:8787'", "needs brackets"},
                                    {"'[127.0.0.1]:80'", "is no numeric address"},
                                    {"'[]:80'", "is no numeric address"},
                                    {"':80'", "is no numeric address"},
                                    {"127.1:80", "is no numeric address"},
                                    {"example.org:80", "is no numeric address"},
                                    {"\"127.0.0.1\\0x:80\"", "is no numeric address"},
                                    {"http://127.0.0.1:80", "is no numeric address"},
                                    {"none", "has no port"},
                                    {"''", "has no port"}}) {
    const std::string file = write("pulse.yaml", "listen:\n  address: " + std::string(text) + "\n");
    EXPECT_FALSE(load()) << text;
    EXPECT_EQ(faults_.size(), 1u);
    expect_fault(file + ":2:12: listen.address: ");
    expect_fault(wrong);
  }
  write("pulse.yaml", "");
  EXPECT_FALSE(load({{"PULSE_LISTEN__ADDRESS", "on"}}));
  expect_fault("PULSE_LISTEN__ADDRESS: listen.address: \"on\" has no port");
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
  EXPECT_EQ(load({{"PULSE_STORE", "sqlite:x.db"}})->settings.store.path, folder_ / "x.db");
}

TEST_F(Settings_, ANamedFileMustExist) {
  EXPECT_FALSE(load({}, (folder_ / "missing.yaml").string()));
  expect_fault("--config: " + (folder_ / "missing.yaml").string() + ": there is no such file");
  const std::string other = write("other/pulse.yaml", "store: sqlite:b.db\n");
  EXPECT_EQ(load({{"PULSE_CONFIG", other}})->settings.store.path, folder_ / "other/b.db");
}

TEST_F(Settings_, WhatIsNamedMustBeAFile) {
  make_pipe("pipe");
  make_socket("socket");
  fs::create_directory(folder_ / "folder");
  fs::create_symlink("nowhere", folder_ / "link");
  for (const auto& [name, what] : {std::pair{"pipe", "is a pipe"},
                                   {"socket", "is a socket"},
                                   {"folder", "is a folder"},
                                   {"link", "is a link that leads nowhere"}}) {
    const std::string path = (folder_ / name).string();
    EXPECT_FALSE(load({}, path));
    expect_fault("--config: " + path + ": " + what);
    EXPECT_FALSE(load({{"PULSE_CONFIG", path}}));
    expect_fault("PULSE_CONFIG: " + path + ": " + what);
  }
  EXPECT_FALSE(load({}, "/dev/null"));
  expect_fault("is a device");
  EXPECT_FALSE(load({}, std::string(5000, 'x')));
  expect_fault("cannot be read: File name too long");
  EXPECT_LT(faults_.text().size(), 400u);
  EXPECT_TRUE(load({{"HOME", std::string(5000, 'x')}}));
}

TEST_F(Settings_, WhatStandsAtTheUsualPlacesMustBeAFileToo) {
  make_pipe(".env");
  EXPECT_FALSE(load());
  expect_fault(".env:1:1: is a pipe");
  fs::remove(folder_ / ".env");
  fs::create_directory(folder_ / "pulse.yaml");
  EXPECT_FALSE(load());
  expect_fault("pulse.yaml:1:1: is a folder");
}

TEST_F(Settings_, AByteOrderMarkIsSkipped) {
  write("pulse.yaml", "\xEF\xBB\xBFlogs: {level: error}\n");
  write(".env", "\xEF\xBB\xBFSECRET=x\n");
  const auto loaded = load();
  ASSERT_TRUE(loaded) << faults_.text();
  EXPECT_EQ(loaded->settings.logs.level, LogLevel::error);
  EXPECT_EQ(loaded->environment("SECRET"), "x");
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

TEST_F(Settings_, OnlyFilesAreReadAndNothingHangs) {
  write("collectors/a.yaml", collector("alpha"));
  write("collectors/.hidden.yaml", "{");
  fs::create_symlink("me@host.1234", folder_ / "collectors/.#a.yaml");
  fs::create_symlink("nowhere", folder_ / "collectors/link.yaml");
  fs::create_directory(folder_ / "collectors/folder.yaml");
  make_pipe("collectors/pipe.yaml");
  make_socket("collectors/socket.yaml");
  const Catalogue all = load_collectors({});
  EXPECT_EQ(all.entries.size(), 5u);
  EXPECT_EQ(valid(all), 1u);
  EXPECT_TRUE(all.faults.empty()) << all.faults.text();
  expect_fault("link.yaml:1:1: is a link that leads nowhere");
  expect_fault("folder.yaml:1:1: is a folder");
  expect_fault("pipe.yaml:1:1: is a pipe");
  expect_fault("socket.yaml:1:1: is a socket");
}

TEST_F(Settings_, AnArgumentMustSelectSomething) {
  write("collectors/a.yaml", collector("alpha"));
  fs::create_directory(folder_ / "empty");
  EXPECT_TRUE(load_collectors({(folder_ / "empty").string()}).entries.empty());
  expect_fault((folder_ / "empty").string() + ":1:1: holds no collector files (*.yaml)");
  EXPECT_TRUE(load_collectors({(folder_ / std::string(5000, 'x')).string()}).entries[0].faults.size() == 1);
  EXPECT_TRUE(load_collectors({std::string(5000, 'x')}).entries.empty());

  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  load_collectors({"empty"});
  fs::current_path(before);
  expect_fault("empty: no collector of this name in");
  expect_fault("did you mean ./empty?");
}

TEST_F(Settings_, AnOverrideMustNameACollector) {
  const std::string file =
      write("pulse.yaml", "overrides:\n  '*': {timeout: 1m}\n  aplha: {timeout: 2m}\n  zz: {}\n");
  write("collectors/a.yaml", collector("alpha"));
  write("collectors/b.yaml", collector("beta"));
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{}, {"beta"}}) {
    const Catalogue catalogue = load_collectors(arguments);
    EXPECT_EQ(valid(catalogue), arguments.empty() ? 2u : 1u);
    EXPECT_EQ(faults_.text(),
              file + ":3:3: overrides.aplha: no collector has this name; did you mean \"alpha\"?\n" + file +
                  ":4:3: overrides.zz: no collector has this name; known: alpha, beta\n");
  }
  load_collectors({(folder_ / "collectors/a.yaml").string()});  // one file knows nothing of the others
  EXPECT_EQ(faults_.text(), "");
}

TEST_F(Settings_, ADestinationNamesADatabaseThatIsThere) {
  write("pulse.yaml", "databases: {warehouse: 'postgresql://db/w'}\n");
  for (const char* name : {"store", "warehouse", "warehuose", "elsewhere"})
    write("collectors/" + std::string(name) + ".yaml",
          "name: " + std::string(name) +
              "\nrequester: {url_base: https://example.org}\nfields: {id: id}\ndestination:\n  database: " +
              name + "\n  table: t\n  primary_key: [id]\n");
  EXPECT_EQ(valid(load_collectors({})), 2u);
  EXPECT_EQ(faults_.size(), 2u);
  expect_fault(
      "elsewhere.yaml:5:13: destination.database: \"elsewhere\" is the name of no database; known: store, "
      "warehouse; add it under databases in pulse.yaml");
  expect_fault(
      "warehuose.yaml:5:13: destination.database: \"warehuose\" is the name of no database; did you "
      "mean \"warehouse\"?");
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
  EXPECT_EQ(all.entries[1].collector->requester.url_base.source(), "http://localhost:1");

  write("pulse.yaml", "overrides: {alpha: {timeout: never}}\n");
  const auto wrong = load();
  const Catalogue faulty = load_catalogue({"alpha"}, wrong->settings, wrong->environment, {});
  EXPECT_NE(
      faulty.entries[0].faults.text().find("overrides in " + (folder_ / "pulse.yaml").string() + ":1:21"),
      std::string::npos)
      << faulty.entries[0].faults.text();
}

TEST_F(Settings_, AStoredCollectorIsReadAgainAsItWasLoaded) {
  write("pulse.yaml", "overrides: {alpha: {timeout: 2m}}\n");
  write("collectors/a.yaml",
        "name: alpha\nrequester: {url_base: https://example.org, authenticator: {type: bearer, token: "
        "\"${TOKEN}\"}}\nfields: {id: id}\ndestination: {table: t, primary_key: [id]}\n");
  auto loaded = load({{"TOKEN", "opened-once"}});
  ASSERT_TRUE(loaded) << faults_.text();
  Catalogue all = load_catalogue({}, loaded->settings, loaded->environment, {});
  ASSERT_TRUE(all.entries.at(0).collector && all.entries[0].stored) << all.entries[0].faults.text();
  const Collector& first = *all.entries[0].collector;
  loaded.reset();
  write("collectors/a.yaml", "nothing that could be read\n");
  for (int i = 0; i < 2; ++i) {
    const Collector again = all.entries[0].stored->read();
    EXPECT_EQ(again.definition, first.definition);
    EXPECT_EQ(again.file, first.file);
    EXPECT_EQ(again.timeout, std::chrono::minutes{2});
    ASSERT_EQ(again.secrets.size(), 1u);
    EXPECT_EQ(again.secrets[0].reveal(), "opened-once");
  }
}

TEST_F(Settings_, AVisitorMayTakeWhatWasRead) {
  write("collectors/a.yaml", collector("alpha"));
  write("collectors/b.yaml", collector("same"));
  write("collectors/c.yaml", collector("same"));
  write("collectors/d.yaml", "name: delta\ntimeout: soon\n");
  const auto loaded = load();
  std::string seen;
  const Catalogue all = load_catalogue(loaded->settings, loaded->environment, [&](CatalogueEntry& it) {
    seen += it.name + (it.collector ? " " : "! ");
    it.collector.reset();
    it.stored.reset();
  });
  EXPECT_EQ(seen, "alpha same same delta! ");
  std::string sound;
  for (const CatalogueEntry& it : all.entries)
    if (it.faults.empty()) sound += it.name;
  EXPECT_EQ(sound, "alpha");
}

}  // namespace
}  // namespace config
