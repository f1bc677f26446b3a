#include "config/database_address.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "config/settings.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

class DatabaseAddresses : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "databases-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
  std::optional<LoadedSettings> load(std::map<std::string, std::string> environment = {}) {
    faults_ = {};
    return load_settings({.path = {}, .directory = folder_, .process_environment = std::move(environment)},
                         faults_);
  }
  std::string text() const { return faults_.text(); }
  void expect_fault(const std::string& part) {
    EXPECT_NE(text().find(part), std::string::npos) << "no \"" << part << "\" in\n" << text();
  }

  fs::path folder_;
  Faults faults_;
};

TEST_F(DatabaseAddresses, ADatabaseInMemoryIsRefused) {
  write("pulse.yaml", "store: 'sqlite::memory:'\n");
  EXPECT_FALSE(load());
  expect_fault(
      "pulse.yaml:1:8: store: a database in memory is gone when the program ends; write sqlite:PATH");
}

TEST_F(DatabaseAddresses, ADatabaseIsAFileOfSqliteOrAServer) {
  write(".env", "DB_PASSWORD=s3cr3t-word\n");
  write("pulse.yaml",
        "store: 'postgresql://pulse:${DB_PASSWORD}@one:5432,[::1]:5433/pulse?sslmode=verify-full'\n"
        "databases: {old_data: 'sqlite:old.db', far-away: 'postgres:///x?host=/run/postgresql&user=a@b'}\n");
  const auto loaded = load();
  ASSERT_TRUE(loaded) << text();
  const Settings& settings = loaded->settings;
  EXPECT_EQ(settings.store.engine, DatabaseAddress::Engine::postgresql);
  EXPECT_EQ(settings.store.url.reveal(),
            "postgresql://pulse:s3cr3t-word@one:5432,[::1]:5433/pulse?sslmode=verify-full");
  EXPECT_EQ(settings.store.description(), "postgresql://one:5432,[::1]:5433/pulse");
  EXPECT_TRUE(settings.store.path.empty());
  EXPECT_EQ(settings.store.mark.line, 1);
  EXPECT_EQ(settings.store.mark.column, 8);
  EXPECT_EQ(settings.database_names(), (std::vector<std::string>{"store", "far-away", "old_data"}));
  EXPECT_EQ(settings.databases.at("old_data").engine, DatabaseAddress::Engine::sqlite);
  EXPECT_EQ(settings.databases.at("old_data").path, folder_ / "old.db");
  EXPECT_EQ(settings.databases.at("old_data").description(), "sqlite:" + (folder_ / "old.db").string());
  EXPECT_EQ(settings.databases.at("far-away").description(), "postgres:///x");
}

// No part of a password may end up where libpq looks for a host or a port: its complaints name those.
TEST_F(DatabaseAddresses, APasswordThatEndsTooEarlyIsRefusedAndNotShown) {
  for (const auto& [url, wrong] :
       {std::pair{"postgresql://pulse:s3cr@t-word@db/pulse", "holds an @ behind the one"},
        {"postgresql://pulse:s3cr/t-word@db/pulse", "holds an @ behind the one"},
        {"postgresql://pulse:s3cr/t-word?x@db/pulse", "holds a port that is not a number"},
        {"postgresql://pulse:s3cr t-word@db/pulse", "holds a blank or a control character"},
        {"postgresql://pulse:s3cr-t-word", "holds a port that is not a number"},
        {"mysql://pulse:s3cr-t-word@db/pulse", "names no database this program knows"},
        {"postgresql:pulse:s3cr-t-word@db/pulse", "names no database this program knows"},
        {"sqlite:", "names no database this program knows"},
        {"", "names no database this program knows"}}) {
    write("pulse.yaml", "store: " + ("'" + std::string(url) + "'\ndatabases: {other: \"") + url + "\"}\n");
    EXPECT_FALSE(load()) << url;
    expect_fault(std::string("pulse.yaml:1:8: store: ") + wrong);
    expect_fault(std::string("pulse.yaml:2:20: databases.other: ") + wrong);
    EXPECT_EQ(text().find("s3cr"), std::string::npos) << text();
    EXPECT_EQ(text().find("t-word"), std::string::npos) << text();
  }
  write("pulse.yaml", "store: 'postgresql://pulse:${NOT_SET}@db/pulse'\n");
  EXPECT_FALSE(load());
  expect_fault("pulse.yaml:1:8: store: the environment variable NOT_SET is not set");
}

TEST_F(DatabaseAddresses, DatabasesHaveNames) {
  write("pulse.yaml", "databases:\n  store: sqlite:a.db\n  Big One: sqlite:b.db\n  no-value:\n");
  EXPECT_FALSE(load());
  expect_fault("pulse.yaml:2:3: databases.store: is the name of the program's own database");
  expect_fault("pulse.yaml:3:3: databases.Big One: is not a name for a database");
  expect_fault("databases.no-value: has no value");
  fs::remove(folder_ / "pulse.yaml");
  const auto loaded = load({{"PULSE_DATABASES__BIG_ONE", "postgresql://db/big"}});
  ASSERT_TRUE(loaded) << text();
  EXPECT_EQ(loaded->settings.databases.at("big_one").description(), "postgresql://db/big");
}

TEST_F(DatabaseAddresses, DatabaseUrlStandsInForAStoreThatNobodySet) {
  const std::map<std::string, std::string> ambient{{"DATABASE_URL", "postgres://pulse:s3cr3t-word@db/pulse"}};
  EXPECT_EQ(load(ambient)->settings.store.description(), "postgres://db/pulse");
  write(".env", "DATABASE_URL=sqlite:from-dotenv.db\n");
  EXPECT_EQ(load()->settings.store.path, folder_ / "from-dotenv.db");
  EXPECT_EQ(load(ambient)->settings.store.description(), "postgres://db/pulse");
  EXPECT_EQ(load({{"DATABASE_URL", ""}})->settings.store.path, folder_ / "var/pulse.db");
  EXPECT_FALSE(load({{"DATABASE_URL", "mysql://pulse:s3cr3t-word@db/pulse"}}));
  expect_fault("DATABASE_URL: store: names no database this program knows; write sqlite:PATH");
  EXPECT_EQ(text().find("s3cr3t"), std::string::npos) << text();

  // What was set for pulse alone wins.
  EXPECT_EQ(load({{"PULSE_STORE", "sqlite:x.db"}, {"DATABASE_URL", "mysql:"}})->settings.store.path,
            folder_ / "x.db");
  write("pulse.yaml", "store: sqlite:a.db\n");
  EXPECT_EQ(load(ambient)->settings.store.path, folder_ / "a.db");
}

}  // namespace
}  // namespace config
