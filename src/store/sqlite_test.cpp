// What is SQLite's own: files, locks, faults of the disk. What every engine does is in conformance_test.cpp.
#include "store/sqlite.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <thread>

#include "store/testing.hpp"

namespace store::testing {
namespace {

using base::Code;
using base::Result;

TEST(Sqlite, KeepsWhatWasCommitted) {
  const TempFolder folder;
  const auto path = folder / "new/folder/pulse.db";
  {
    const auto database = open(path);
    const auto session = session_of(*database);
    ASSERT_OK(execute(*session, "CREATE TABLE t (x)"));
    ASSERT_OK(execute(*session, "INSERT INTO t VALUES (1)"));
    EXPECT_EQ(database->description(), "SQLite " + path.string());
  }
  EXPECT_EQ(number(*session_of(*open(path, true)), "SELECT x FROM t"), 1);
  const auto database = open(path);
  EXPECT_EQ(number(*session_of(*database), "SELECT x FROM t"), 1);
  struct stat info {};
  ASSERT_EQ(::stat((folder / "new").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST(Sqlite, IsSetUpForSafety) {
  const TempFolder folder;
  const auto database = open(folder / "pulse.db");
  const auto session = session_of(*database);
  const auto setting = [&](const std::string& name) {
    return query(*session, "PRAGMA " + name, {}, Access::staging).value().front().text(0);
  };
  EXPECT_EQ(setting("journal_mode"), "wal");
  EXPECT_EQ(setting("synchronous"), "2");
  EXPECT_EQ(setting("foreign_keys"), "1");
  EXPECT_EQ(setting("trusted_schema"), "0");
  EXPECT_EQ(setting("cell_size_check"), "1");
  EXPECT_EQ(setting("journal_size_limit"), "67108864");
}

TEST(Sqlite, OneProcessWritesAtATime) {
  const TempFolder folder;
  OtherProcess other([&](const auto& hold) {
    const auto database = open(folder / "pulse.db");
    if (database) hold();
  });
  ASSERT_TRUE(other.ready());
  std::filesystem::create_symlink(folder / "pulse.db", folder / "link.db");
  for (const char* name : {"pulse.db", "link.db", "./pulse.db"}) {
    const auto refused = try_open(folder / name);
    EXPECT_FAILS(Code::conflict, refused);
    EXPECT_TRUE(mentions(refused, fmt::format("process {}", other.pid()))) << message_of(refused);
  }
  other.kill();
  ASSERT_OK(try_open(folder / "pulse.db"));
}

TEST(Sqlite, ReadsWhileAnotherProcessWrites) {
  const TempFolder folder;
  OtherProcess other([&](const auto& hold) {
    const auto database = open(folder / "pulse.db");
    const auto session = session_of(*database);
    if (!execute(*session, "CREATE TABLE t (x)") || !execute(*session, "INSERT INTO t VALUES (1)")) return;
    static_cast<void>(session->transact(Access::write, {}, [&](Connection& c) -> Result<void> {
      TRY(c.execute("INSERT INTO t VALUES (2)"));
      hold();
      return {};
    }));
  });
  ASSERT_TRUE(other.ready());
  const auto database = open(folder / "pulse.db", true);
  const auto session = session_of(*database);
  EXPECT_EQ(number(*session, "SELECT count(*) FROM t"), 1);
  EXPECT_FAILS(Code::permission, execute(*session, "INSERT INTO t VALUES (3)"));
  EXPECT_FAILS(Code::permission, execute(*session, "CREATE TEMP TABLE x (a)", {}, Access::staging));
  // Killed in the middle of a transaction: its write-ahead log is read, without what was not committed.
  other.kill();
  EXPECT_EQ(number(*session_of(*open(folder / "pulse.db", true)), "SELECT count(*) FROM t"), 1);
  EXPECT_EQ(number(*session_of(*open(folder / "pulse.db")), "SELECT count(*) FROM t"), 1);
}

TEST(Sqlite, ReadingNeedsADatabase) {
  const TempFolder folder;
  const auto refused = try_open(folder / "pulse.db", true);
  EXPECT_FAILS(Code::unavailable, refused);
  EXPECT_TRUE(mentions(refused, "run `pulse collect` first")) << message_of(refused);
  EXPECT_FALSE(std::filesystem::exists(folder / "pulse.db"));
}

TEST(Sqlite, SaysWhatIsWrongWithThePath) {
  const TempFolder folder;
  EXPECT_FAILS(Code::invalid_config, try_open(""));
  const auto directory = try_open(folder / "");
  EXPECT_FAILS(Code::invalid_config, directory);
  EXPECT_TRUE(mentions(directory, "is a folder")) << message_of(directory);
  std::ofstream(folder / "file") << "x";
  const auto below = try_open(folder / "file/sub/pulse.db");
  EXPECT_FAILS(Code::unavailable, below);
  EXPECT_TRUE(mentions(below, "Not a directory")) << message_of(below);
}

TEST(Sqlite, RefusesAFileThatIsNoDatabase) {
  const TempFolder folder;
  std::ofstream(folder / "pulse.db") << std::string(8192, 'x');
  for (const bool read_only : {false, true}) {
    const auto refused = try_open(folder / "pulse.db", read_only);
    EXPECT_FAILS(Code::unavailable, refused);
    EXPECT_TRUE(mentions(refused, "not a database; restore the file from a backup")) << message_of(refused);
  }
}

TEST(Sqlite, ReportsACorruptFile) {
  const TempFolder folder;
  const auto path = folder / "pulse.db";
  {
    const auto database = open(path);
    const auto session = session_of(*database);
    ASSERT_OK(execute(*session, "CREATE TABLE t (x)"));
    ASSERT_OK(execute(*session,
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
                      " INSERT INTO t SELECT hex(randomblob(500)) FROM n"));
  }
  const auto size = std::filesystem::file_size(path);
  ASSERT_GT(size, 20'000U);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(size - 4096, '\xff');
  file.close();
  const auto database = open(path);
  const auto result = query(*session_of(*database), "SELECT count(*), max(x) FROM t");
  EXPECT_FAILS(Code::unavailable, result);
  EXPECT_TRUE(mentions(result, "restore the file from a backup")) << message_of(result);
}

TEST(Sqlite, AFullDiskIsNoSpaceAndPassesAgain) {
  const TempFolder folder;
  const auto database = open(folder / "pulse.db");
  const auto session = session_of(*database);
  ASSERT_OK(execute(*session, "CREATE TABLE t (x)"));
  ASSERT_OK(query(*session, "PRAGMA max_page_count = 10", {}, Access::staging));
  const std::string large(100'000, 'x');
  EXPECT_FAILS(Code::no_space, session->transact(Access::write, {}, [&](Connection& c) -> Result<void> {
    TRY(c.execute("INSERT INTO t VALUES ('small')"));
    static_cast<void>(c.execute("INSERT INTO t VALUES ($1)", {large}));  // swallowed: must not be committed
    return {};
  }));
  EXPECT_EQ(number(*session, "SELECT count(*) FROM t"), 0);
  ASSERT_OK(query(*session, "PRAGMA max_page_count = 1000", {}, Access::staging));
  ASSERT_OK(execute(*session, "INSERT INTO t VALUES ($1)", {large}));
}

TEST(Sqlite, StagingMustNotTouchTheDatabase) {
  const TempFolder folder;
  const auto database = open(folder / "pulse.db");
  const auto session = session_of(*database);
  ASSERT_OK(execute(*session, "CREATE TABLE t (x)"));
  const auto outcome = execute(*session, "INSERT INTO t VALUES (1)", {}, Access::staging);
  EXPECT_FAILS(Code::internal, outcome);
  EXPECT_TRUE(mentions(outcome, "not TEMP")) << message_of(outcome);
  EXPECT_EQ(number(*session, "SELECT count(*) FROM t"), 0);
}

// The holder of the file's write lock is another program, here one that ignores our lock file.
TEST(Sqlite, StagingNeedsNoWriteLockAndWritingWaitsForIt) {
  const TempFolder folder;
  const auto path = folder / "pulse.db";
  { ASSERT_OK(execute(*session_of(*open(path)), "CREATE TABLE t (x)")); }
  OtherProcess other([&](const auto& hold) {
    const auto database = open(path);
    static_cast<void>(session_of(*database)->transact(Access::write, {}, [&](Connection&) -> Result<void> {
      std::filesystem::remove(path.string() + ".lock");
      hold();
      return {};
    }));
  });
  ASSERT_TRUE(other.ready());
  base::SimulatedClock clock(base::SimulatedClock::Mode::automatic);
  const auto database = open_sqlite({.path = path}, clock, {});
  ASSERT_OK(database);
  const auto session = session_of(**database);
  ASSERT_OK(execute(*session, "CREATE TEMP TABLE run_1 (x)", {}, Access::staging));
  ASSERT_OK(execute(*session, "INSERT INTO run_1 VALUES (1)", {}, Access::staging));
  EXPECT_EQ(number(*session, "SELECT count(*) FROM t"), 0);
  const auto start = clock.steady();
  EXPECT_FAILS(Code::conflict, execute(*session, "INSERT INTO t VALUES (1)"));
  EXPECT_EQ(clock.steady() - start, std::chrono::seconds{5});
  other.kill();
  ASSERT_OK(execute(*session, "INSERT INTO t VALUES (1)"));
}

TEST(Sqlite, AStopWakesAWriterInLine) {
  const auto database = open(":memory:");
  const auto session = session_of(*database);
  std::stop_source source;
  ASSERT_OK(session->transact(Access::write, {}, [&](Connection&) -> Result<void> {
    std::jthread waiter([&] {
      const auto other = session_of(*database);
      EXPECT_FAILS(Code::cancelled, other->transact(Access::write, source.get_token(),
                                                    [](Connection&) -> Result<void> { return {}; }));
    });
    source.request_stop();
    return {};
  }));
}

TEST(Sqlite, TypesAndTextsThatSqliteWouldBend) {
  const auto database = open(":memory:");
  const auto session = session_of(*database);
  ASSERT_OK(execute(*session, "CREATE TABLE t (x)"));
  EXPECT_FAILS(Code::invalid_data, execute(*session, "INSERT INTO t VALUES ($1)", {std::nan("")}));
  ASSERT_OK(execute(*session, "CREATE TABLE u (x INTEGER PRIMARY KEY, y NOT NULL)"));
  EXPECT_FAILS(Code::invalid_data, execute(*session, "INSERT INTO u VALUES (1, NULL)"));
  EXPECT_FAILS(Code::invalid_data, execute(*session, "INSERT INTO u VALUES ('abc', 1)"));
  EXPECT_EQ(database->dialect().table("", "a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(database->dialect().table("temp", "t"), "\"temp\".\"t\"");
}

TEST(Sqlite, WhatATableIs) {
  const auto database = open(":memory:");
  const auto session = session_of(*database);
  ASSERT_OK(execute(*session, "CREATE TABLE t (a TEXT, b ANY, c INT GENERATED ALWAYS AS (1)) STRICT"));
  ASSERT_OK(execute(*session, "CREATE TABLE u (a TEXT)"));
  ASSERT_OK(session->transact(Access::read, {}, [&](Connection& c) -> Result<void> {
    std::string found;
    for (const Column& column : TRY(database->describe(c, "", "t")).columns)
      found += fmt::format("{}: {}{}; ", column.name, column.enforced_type,
                           column.is_computed && column.has_default ? " computed" : "");
    EXPECT_EQ(found, "a: TEXT; b: ; c: INT computed; ");
    EXPECT_EQ(TRY(database->describe(c, "", "u")).columns.at(0).enforced_type, "");
    EXPECT_TRUE(TRY(database->describe(c, "main", "v")).has_schema);
    EXPECT_FALSE(TRY(database->describe(c, "none", "v")).has_schema);
    return {};
  }));
}

TEST(Sqlite, APlanIsOfTheSchemaAsItIsNow) {
  const TempFolder folder;
  const auto database = open(folder / "pulse.db");
  const auto session = session_of(*database);
  ASSERT_OK(execute(*session, "CREATE TABLE t (x TEXT UNIQUE)"));
  const auto plan = [&] {
    const auto rows =
        query(*session, "EXPLAIN INSERT INTO t (x) SELECT x FROM t WHERE true ON CONFLICT (x) DO NOTHING", {},
              Access::read);
    return rows ? rows->size() : 0;
  };
  const std::size_t steps = plan();
  EXPECT_GT(steps, 0U);
  // The writing connection changes the schema; the reading one notices with its next statement.
  ASSERT_OK(execute(*session, "CREATE TABLE other (x TEXT UNIQUE)"));
  ASSERT_OK(execute(*session, "CREATE INDEX t_by_x ON t (x)"));
  EXPECT_TRUE(query(*session, "SELECT count(*) FROM other", {}, Access::read));
  EXPECT_GT(plan(), steps);
}

TEST(SqliteDeathTest, NulInANameIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto database = open(":memory:");
  EXPECT_DEATH(static_cast<void>(database->dialect().quote(std::string_view("a\0b", 3))), "NUL byte");
}

TEST(Row, ReadsNumbersFromTexts) {
  const Row row{{Cell{std::string("12")}, Cell{3.0}, Cell{}}};
  EXPECT_EQ(row.integer(0), 12);
  EXPECT_EQ(row.integer(1), 3);
  EXPECT_EQ(row.integer(2), 0);
  EXPECT_TRUE(row.is_null(2));
}

}  // namespace
}  // namespace store::testing
