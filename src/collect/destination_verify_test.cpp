// What stands against a table is found before the first request, all of it at once, and what the message says
// mends it.
#include <gtest/gtest.h>

#include <sstream>

#include "collect/destination_fixture_test.hpp"

namespace {

using base::Code;
using collect::testing::collector_into;
using collect::testing::Lines;
using collect::testing::null;
using collect::testing::Row;
using collect::testing::Staged;
using store::testing::mentions;

class VerifyTest : public collect::testing::DestinationTest {
 protected:
  // One a fault.
  Lines faults() {
    const auto verified = verify();
    if (verified) return {};
    EXPECT_EQ(verified.error().code, Code::invalid_config);
    Lines found;
    std::istringstream lines(verified.error().message);
    for (std::string line; std::getline(lines, line);) found.push_back(line);
    return found;
  }
  std::string fault() {
    const Lines found = faults();
    EXPECT_EQ(found.size(), 1U) << testing::PrintToString(found);
    return found.empty() ? "" : found[0];
  }
  // What stands behind the last "with: ".
  void mend(const std::string& fault) {
    const std::size_t at = fault.rfind("with: ");
    ASSERT_NE(at, std::string::npos) << fault;
    std::string sql = fault.substr(at + 6);
    sql.resize(sql.rfind(';') + 1);
    for (std::size_t end; (end = sql.find(';')) != std::string::npos; sql.erase(0, end + 1))
      execute(sql.substr(0, end));
  }
  void with(const std::string& fields, const std::string& destination = "primary_key: [id]") {
    collector_ = collector_into("{id: {path: i, type: integer}, " + fields + "}", destination);
  }
};
class VerifyPostgresTest : public VerifyTest {};
class VerifySqliteTest : public VerifyTest {};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_P(VerifyTest, AllFaultsAtOnce) {
  with("a: a, b: b, n: {path: n, type: number}", "primary_key: [id, b]");
  execute("CREATE TABLE items (id INTEGER, wanted TEXT NOT NULL, n " + type(Kind::number) + ")");
  const Lines found = faults();
  ASSERT_EQ(found.size(), 3U) << testing::PrintToString(found);
  EXPECT_HAS(found[0], R"(lacks "b", a column of destination.primary_key)");
  EXPECT_HAS(found[1], R"(lacks 1 of the collector's columns; add with: ALTER TABLE "items" ADD COLUMN "a")");
  EXPECT_HAS(found[2], R"(wants a value for its column "wanted", which no field fills)");
  mend(found[0]);
  mend(found[1]);
  if (is_sqlite()) return;
  mend(found[2]);
  const std::string key = fault();
  EXPECT_HAS(key, R"(has no unique key of exactly these columns)");
  mend(key);
  EXPECT_EQ(faults(), Lines{});
  EXPECT_EQ(load({{std::int64_t{1}, "a", "b", "1"}}), (Staged{1, 0, 0, 1, 0}));
}

TEST_P(VerifyTest, AKeyToAddIsSaidWithTheRest) {
  with("a: a");
  execute("CREATE TABLE items (id INTEGER)");
  const Lines found = faults();
  ASSERT_EQ(found.size(), 2U) << testing::PrintToString(found);
  mend(found[0]);
  mend(found[1]);
  EXPECT_EQ(faults(), Lines{});
}

TEST_P(VerifyTest, AnotherTableIsNamedForAView) {
  execute("CREATE VIEW items AS SELECT 1 AS id");
  EXPECT_HAS(fault(), R"("items" is a view, not a table; name another one in destination.table)");
}

TEST_P(VerifyTest, AColumnThatTheTableComputes) {
  with("a: a");
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT GENERATED ALWAYS AS ('x') STORED)");
  const std::string computed = fault();
  EXPECT_HAS(computed, R"(computes its column "a" itself)");
  mend(computed);
  EXPECT_EQ(load({{std::int64_t{1}, "a"}}), (Staged{1, 0, 0, 1, 0}));
  execute("DROP TABLE items");
  execute(
      "CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL GENERATED ALWAYS AS ('x') "
      "STORED)");
  EXPECT_EQ(load({{std::int64_t{1}, "a"}}), (Staged{1, 0, 0, 1, 0})) << "nobody fills it";
  EXPECT_EQ(lines("SELECT * FROM items"), Lines{"1|a|x"});
}

TEST_P(VerifyTest, ColumnsOfTheEnginesOwn) {
  with("a: a", "write_disposition: append");
  execute(
      is_sqlite()
          ? "CREATE TABLE items (key INTEGER PRIMARY KEY, id INTEGER, a TEXT)"
          : "CREATE TABLE items (key BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id INTEGER, a TEXT)");
  EXPECT_EQ(load({{std::int64_t{7}, "a"}, {std::int64_t{7}, "b"}}), (Staged{2, 0, 0, 2, 0}));
  EXPECT_EQ(lines("SELECT * FROM items ORDER BY key"), (Lines{"1|7|a", "2|7|b"}));
}

TEST_P(VerifyTest, ColumnsThatArePulsesByNameOnly) {
  with("a: a");
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a TEXT, _run_id INTEGER, _loaded_at TEXT)");
  const Lines found = faults();
  if (is_sqlite()) {
    EXPECT_EQ(found, Lines{});
    return;
  }
  ASSERT_EQ(found.size(), 2U);
  EXPECT_HAS(found[0], "has a column _run_id of integer, where pulse keeps text");
  mend(found[0]);
  mend(found[1]);
  EXPECT_EQ(faults(), Lines{});
}

TEST_P(VerifyPostgresTest, TypesAreHeldAgainstTheColumns) {
  struct Case {
    const char *field, *column, *says, *instead;
  };
  for (const Case& it : std::initializer_list<Case>{
           {"text", "varchar(20)", "is too narrow for a field of type text",
            "give the field max_length: 20, or"},
           {"varchar(30)", "varchar(20)", "a field of type varchar(30)", "give the field max_length: 20, or"},
           {"bigint", "integer", "is too narrow", "give the field type: integer, or"},
           {"number(8,2)", "numeric(5,2)", "is too narrow", "give the field type: number(5,2), or"},
           {"number", "numeric(5,2)", "is too narrow", "give the field type: number(5,2), or"},
           {"timestamp", "date", "is too narrow", "give the field type: date, or"},
           {"integer", "text", "does not take the values of", "give the field type: text, or"},
           {"text", "integer", "does not take the values of", "give the field type: integer, or"},
           {"json", "text", "does not take", "give the field type: text, or"},
           {"text", "jsonb", "does not take", "give the field type: json, or"},
           {"text[]", "text", "does not take", "give the field type: text, or"},
           {"number", "double precision", "is too narrow", "give the field type: double, or"},
       }) {
    SCOPED_TRACE(fmt::format("{} into {}", it.field, it.column));
    with(fmt::format("a: {{path: a, type: '{}'}}", it.field));
    execute(fmt::format("CREATE TABLE items (id INTEGER PRIMARY KEY, a {})", it.column));
    const std::string found = fault();
    EXPECT_HAS(found, it.says);
    EXPECT_HAS(found, it.instead);
    const std::string type(it.field);
    if (type != "json" && type != "text[]") {
      mend(found);
      EXPECT_EQ(faults(), Lines{});
    }
    execute("DROP TABLE items");
  }
}

TEST_P(VerifyPostgresTest, WhatIsCastWithoutLossFits) {
  execute("CREATE DOMAIN short AS varchar(30)");
  execute("CREATE DOMAIN name_of AS short NOT NULL CHECK (VALUE <> 'forbidden')");
  with(
      "a: {path: a, type: integer}, b: {path: b, type: integer}, c: {path: c, max_length: 30}, "
      "d: {path: d, type: 'varchar(30)'}, j: {path: j, type: json}, k: {path: k, type: json}, "
      "t: {path: t, type: timestamp}, l: {path: l, type: 'text[]'}, n: {path: n, type: 'integer[]'}");
  execute(
      "CREATE TABLE items (id BIGINT PRIMARY KEY, a bigint, b numeric, c name_of, d text, j json, k jsonb, "
      "t timestamp, l varchar[], n integer[])");
  const Row row{std::int64_t{1},
                std::int64_t{2},
                std::int64_t{3},
                "c",
                "d",
                R"({"a":1})",
                "[1]",
                "2025-11-21T12:00:00.000001Z",
                "{\"a\",NULL}",
                "{1,2}"};
  EXPECT_EQ(load({row}), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(load({row}), (Staged{0, 0, 1, 1, 0}));
  EXPECT_EQ(lines("SELECT * FROM items"),
            Lines{"1|2|3|c|d|{\"a\": 1}|[1]|2025-11-21T12:00:00.000001|{a,NULL}|{1,2}"});
  collect::Destination destination(collector_, "r", *database_, *session_);
  ASSERT_OK(destination.verify({}));
  EXPECT_TRUE(destination.fields()[3].required) << "by the domain of its domain";
}

TEST_P(VerifyPostgresTest, RightsAreSaidLikeTheRest) {
  with("a: a");
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a varchar(5))");
  execute("GRANT SELECT ON items TO stranger");
  const auto& server = store::testing::PostgresServer::instance();
  const std::string name = lines("SELECT current_database()")[0];
  const auto stranger = store::testing::open_postgres_at(server.url(name, "stranger"), 1);
  const auto session = store::testing::session_of(*stranger);
  const auto verified = collect::Destination(collector_, "r", *stranger, *session).verify({});
  EXPECT_FAILS(Code::invalid_config, verified);
  EXPECT_TRUE(mentions(verified, "is too narrow")) << store::testing::message_of(verified);
  EXPECT_TRUE(mentions(verified, "GRANT SELECT, INSERT")) << store::testing::message_of(verified);
  // Each kind of writing asks for what it needs.
  execute("ALTER TABLE items ALTER COLUMN a TYPE text");
  for (const auto& [destination, right] : std::initializer_list<std::pair<const char*, const char*>>{
           {"write_disposition: append", "INSERT"},
           {"primary_key: [id]", "UPDATE"},
           {"primary_key: [id], write_disposition: replace", "DELETE"}}) {
    with("a: a", destination);
    const auto refused = collect::Destination(collector_, "r", *stranger, *session).verify({});
    EXPECT_FAILS(Code::invalid_config, refused);
    EXPECT_TRUE(mentions(refused, "cannot be read and written")) << store::testing::message_of(refused);
    execute(fmt::format("GRANT {} ON items TO stranger", right));
    ASSERT_OK(collect::Destination(collector_, "r", *stranger, *session).verify({}));
  }
}

TEST_P(VerifySqliteTest, OnlyAStrictTableRefuses) {
  with("a: a, n: {path: n, type: number}, r: {path: r, type: double}");
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a INTEGER, n VARCHAR(1), r REAL)");
  EXPECT_EQ(faults(), Lines{});
  execute("DROP TABLE items");
  execute("CREATE TABLE items (id INTEGER PRIMARY KEY, a INTEGER, n REAL, r REAL) STRICT");
  const Lines found = faults();
  ASSERT_EQ(found.size(), 2U) << testing::PrintToString(found);
  EXPECT_HAS(found[0], "does not take the values of a field of type text; give the field type: bigint, or");
  mend(found[0]);
  mend(found[1]);
  EXPECT_EQ(faults(), Lines{});
  EXPECT_EQ(load({{std::int64_t{1}, "a", "1.10", 0.5}}), (Staged{1, 0, 0, 1, 0}));
  EXPECT_EQ(lines("SELECT id, a, n, r FROM items"), Lines{"1|a|1.10|0.5"});
}

ON_EVERY_ENGINE(VerifyTest);
INSTANTIATE_TEST_SUITE_P(Engines, VerifyPostgresTest, testing::Values(collect::testing::loading_engines[1]),
                         store::testing::name_of);
INSTANTIATE_TEST_SUITE_P(Engines, VerifySqliteTest, testing::Values(collect::testing::loading_engines[0]),
                         store::testing::name_of);

}  // namespace
