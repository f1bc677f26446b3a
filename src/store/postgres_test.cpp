// What is PostgreSQL's own: types, COPY, settings, names. What every engine does is in conformance_test.cpp.
#include "store/postgres.hpp"

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "store/postgres_server_test.hpp"

namespace store::testing {
namespace {

using base::Code;
using base::Result;
using Kind = ColumnType::Kind;

class Postgres : public ::testing::Test {
 protected:
  Result<std::int64_t> load(std::string_view table, const std::vector<std::string>& columns,
                            const std::vector<std::vector<Param>>& rows) {
    std::int64_t loaded = 0;
    TRY(session_->transact(Access::write, {}, [&](Connection& c) -> Result<void> {
      std::size_t next = 0;
      loaded = TRY(c.load(table, columns, [&]() -> std::optional<std::span<const Param>> {
        if (next == rows.size()) return std::nullopt;
        return rows[next++];
      }));
      return {};
    }));
    return loaded;
  }
  std::string value(std::string_view sql) {
    const auto rows = query(*session_, sql);
    return rows ? (rows->empty() ? "no row" : rows->front().text(0)) : rows.error().message;
  }

  const std::string url_ = PostgresServer::instance().fresh_database();
  std::unique_ptr<Database> database_ = open_postgres_at(url_);
  std::unique_ptr<Session> session_ = session_of(*database_);
};

TEST_F(Postgres, SetsUpItsConnections) {
  const std::vector<std::pair<const char*, const char*>> settings{
      {"TimeZone", "UTC"},          {"DateStyle", "ISO, YMD"},   {"synchronous_commit", "on"},
      {"client_encoding", "UTF8"},  {"extra_float_digits", "1"}, {"statement_timeout", "5min"},
      {"application_name", "pulse"}};
  for (const auto& [name, wanted] : settings) EXPECT_EQ(value(std::string("SHOW ") + name), wanted) << name;
  EXPECT_EQ(PostgresServer::instance().admin("SHOW fsync"), "on");
  EXPECT_EQ(database_->description().substr(0, 16), "PostgreSQL /tmp/");
  EXPECT_EQ(database_->dialect().name(), "postgresql");
}

// Of every type: as a parameter and as a loaded value, the same comes back.
TEST_F(Postgres, AllTypesComeBackAsTheyWent) {
  struct Case {
    Kind kind;
    Param given;
    std::string kept;
  };
  const std::vector<Case> cases{
      {Kind::text, "tab\t \\N \\. line\nr\r \"quoted\" Žluť 🐘", "tab\t \\N \\. line\nr\r \"quoted\" Žluť 🐘"},
      {Kind::integer, std::int64_t{-2147483648}, "-2147483648"},
      {Kind::bigint, std::int64_t{9'007'199'254'740'993}, "9007199254740993"},
      {Kind::bigint, 3.0, "3"},
      {Kind::number, "12345678901234567890.10", "12345678901234567890.10"},
      {Kind::real, 0.1, "0.1"},
      {Kind::real, 5e-324, "5e-324"},
      {Kind::boolean, std::int64_t{1}, "1"},
      {Kind::boolean, "false", "0"},
      {Kind::date, "2025-11-21", "2025-11-21"},
      {Kind::timestamp, "2025-11-21T10:30:02.500000Z", "2025-11-21T10:30:02.500000Z"},
      {Kind::timestamp_local, "2025-11-21T10:30:02.000000", "2025-11-21T10:30:02.000000"},
      {Kind::uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
      {Kind::json, "{\"b\":1.10,\"a\":[null]}", "{\"a\": [null], \"b\": 1.10}"},
      {Kind::text_list, "{a,\"b c\",NULL}", "{a,\"b c\",NULL}"},
      {Kind::integer_list, "{1,-9007199254740993}", "{1,-9007199254740993}"},
      {Kind::text, "", ""},
  };
  std::string columns = "n " + std::string(database_->dialect().serial()), names, values;
  std::vector<std::string> list;
  std::vector<Param> row, nulls(cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    list.push_back(fmt::format("c{}", i));
    columns += fmt::format(", c{} {}", i, database_->dialect().type({.kind = cases[i].kind}));
    names += fmt::format("{}c{}", i == 0 ? "" : ", ", i);
    values += fmt::format("{}${}", i == 0 ? "" : ", ", i + 1);
    row.push_back(cases[i].given);
  }
  ASSERT_OK(execute(*session_, "CREATE TABLE a (" + columns + ")"));
  ASSERT_OK(session_->transact(Access::write, {}, [&](Connection& c) -> Result<void> {
    TRY(c.execute(fmt::format("INSERT INTO a ({}) VALUES ({})", names, values), row));
    return {};
  }));
  ASSERT_OK(load("a", list, {row, nulls}));
  const auto rows = query(*session_, "SELECT " + names + " FROM a ORDER BY n");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 3U);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(rows->at(0).text(i), cases[i].kept) << i;
    EXPECT_EQ(rows->at(1).cells[i], rows->at(0).cells[i]) << i << ": COPY and INSERT differ";
    EXPECT_TRUE(rows->at(2).is_null(i)) << i;
  }
}

TEST_F(Postgres, LoadsManyRows) {
  constexpr std::int64_t many = 100'000;
  ASSERT_OK(
      execute(*session_, "CREATE TEMP TABLE s (id bigint, name text, price numeric)", {}, Access::staging));
  ASSERT_OK(session_->transact(Access::staging, {}, [&](Connection& c) -> Result<void> {
    std::int64_t next = 0;
    std::string name;
    std::vector<Param> row(3);
    const auto loaded =
        TRY(c.load("s", {"id", "name", "price"}, [&]() -> std::optional<std::span<const Param>> {
          if (next == many) return std::nullopt;
          name = fmt::format("name\t{}\\", next);
          row[0] = next++;
          row[1] = name;
          row[2] = "1.10";
          return row;
        }));
    EXPECT_EQ(loaded, many);
    const auto rows = TRY(c.query("SELECT count(*), sum(id), count(DISTINCT name), sum(price) FROM s"));
    EXPECT_EQ(rows[0].integer(0), many);
    EXPECT_EQ(rows[0].integer(1), many * (many - 1) / 2);
    EXPECT_EQ(rows[0].integer(2), many);
    EXPECT_EQ(rows[0].text(3), "110000.00");
    return {};
  }));
}

TEST_F(Postgres, ALoadThatFailsSaysWhy) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (id bigint PRIMARY KEY, name varchar(3))"));
  const auto too_long = load("t", {"id", "name"}, {{1, "abc"}, {2, "abcd"}});
  EXPECT_FAILS(Code::invalid_data, too_long);
  EXPECT_TRUE(mentions(too_long, "varying(3)")) << message_of(too_long);
  EXPECT_FAILS(Code::invalid_data, load("t", {"id"}, {{"s"}}));
  EXPECT_FAILS(Code::invalid_data, load("t", {"id", "name"}, {{1, "\xff"}}));
  EXPECT_FAILS(Code::internal, load("no_such_table", {"id"}, {}));
  EXPECT_FAILS(Code::internal, load("t", {"id", "no_such_column"}, {}));
  // Longer than all buffers: the server complains while we still send.
  std::vector<std::vector<Param>> rows(50'000, {1, "abc"});
  rows[10] = {1, "abcd"};
  EXPECT_FAILS(Code::invalid_data, load("t", {"id", "name"}, rows));
  const RowSource throws = []() -> std::optional<std::span<const Param>> { throw 7; };
  EXPECT_FAILS(Code::internal, session_->transact(Access::write, {}, [&](Connection& c) -> Result<void> {
    TRY(c.load("t", {"id"}, throws));
    return {};
  }));
  EXPECT_EQ(load("t", {"id", "name"}, {{1, "abc"}}).value(), 1);
}

TEST_F(Postgres, ColumnsOfItsTables) {
  ASSERT_OK(execute(*session_, "CREATE SCHEMA \"S x\""));
  ASSERT_OK(execute(*session_,
                    "CREATE TABLE \"S x\".\"T\" (a varchar(5) NOT NULL, b numeric(5,2) DEFAULT 1, c bigint "
                    "GENERATED BY DEFAULT AS IDENTITY, d timestamptz) PARTITION BY LIST (a)"));
  ASSERT_OK(execute(*session_, "CREATE VIEW v AS SELECT 1 AS one"));
  ASSERT_OK(session_->transact(Access::staging, {}, [&](Connection& c) -> Result<void> {
    std::string found;
    for (const Column& column : TRY(database_->columns(c, "S x", "T")))
      found += fmt::format("{} {}{}{}; ", column.name, column.type, column.not_null ? " NOT NULL" : "",
                           column.has_default ? " default" : "");
    EXPECT_EQ(found,
              "a character varying(5) NOT NULL; b numeric(5,2) default; c bigint NOT NULL default; "
              "d timestamp with time zone; ");
    EXPECT_TRUE(TRY(database_->columns(c, "", "T")).empty());
    EXPECT_TRUE(TRY(database_->columns(c, "no schema", "T")).empty());
    TRY(c.execute("CREATE TEMP TABLE temporary (x bigint)"));
    EXPECT_EQ(TRY(database_->columns(c, "", "temporary")).size(), 1U);
    const auto view = database_->columns(c, "", "v");
    EXPECT_FAILS(Code::invalid_config, view);
    EXPECT_TRUE(mentions(view, "\"v\" is a view, not a table")) << message_of(view);
    EXPECT_EQ(TRY(c.column_names("SELECT 1 AS \"A b\", $1::text AS t")),
              (std::vector<std::string>{"A b", "t"}));
    return {};
  }));
}

TEST_F(Postgres, WhatATableIs) {
  ASSERT_OK(execute(*session_, "CREATE DOMAIN inner_type AS varchar(5) DEFAULT 'x'"));
  ASSERT_OK(execute(*session_, "CREATE DOMAIN outer_type AS inner_type NOT NULL"));
  ASSERT_OK(
      execute(*session_,
              "CREATE TABLE t (a outer_type, b text COLLATE \"C\", c int GENERATED ALWAYS AS IDENTITY, d "
              "int GENERATED ALWAYS AS (1) STORED, e int)"));
  ASSERT_OK(session_->transact(Access::read, {}, [&](Connection& c) -> Result<void> {
    const Table table = TRY(database_->describe(c, "", "t"));
    EXPECT_TRUE(table.exists && !table.is_partitioned);
    std::string found;
    for (const Column& column : table.columns)
      found += fmt::format("{}: {}{}{}{}; ", column.name, column.enforced_type,
                           column.collation.empty() ? "" : " " + column.collation,
                           column.is_computed ? " computed" : "", column.has_default ? " default" : "");
    EXPECT_EQ(found,
              "a: character varying(5) default; b: text pg_catalog.\"C\"; c: integer computed default; "
              "d: integer computed default; e: integer; ");
    EXPECT_TRUE(table.columns[0].not_null);
    EXPECT_FALSE(TRY(database_->describe(c, "none", "t")).has_schema);
    EXPECT_TRUE(TRY(database_->describe(c, "public", "none")).has_schema);
    return {};
  }));
}

// What another made is found by the next statement, though this transaction has looked for it before.
TEST_F(Postgres, ATableThatCameMeanwhile) {
  const auto other = session_of(*database_);
  ASSERT_OK(session_->transact(Access::write, {}, [&](Connection& c) -> Result<void> {
    EXPECT_FALSE(TRY(database_->describe(c, "", "late")).exists);
    TRY(execute(*other, "CREATE TABLE late (x int)"));
    EXPECT_TRUE(TRY(database_->describe(c, "", "late")).exists);
    return {};
  }));
}

TEST_F(Postgres, ASchemaForTablesWithoutOne) {
  ASSERT_OK(execute(*session_, "CREATE SCHEMA mine"));
  const auto database = open_postgres({.url = base::Secret(url_), .schema = "mine"}, system_clock(), {});
  ASSERT_OK(database);
  ASSERT_OK(execute(*session_of(**database), "CREATE TABLE t (x bigint)"));
  EXPECT_EQ(value("SELECT count(*) FROM mine.t"), "0");
}

TEST_F(Postgres, ComparesTextsByTheirBytes) {
  ASSERT_OK(execute(*session_,
                    "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', "
                    "deterministic = false)"));
  ASSERT_OK(execute(*session_, "CREATE TABLE t (a text COLLATE loose, b varchar(3) COLLATE loose)"));
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES ('x', 'X')"));
  const Dialect& dialect = database_->dialect();
  const ColumnType text{.kind = Kind::text};
  EXPECT_EQ(value("SELECT a = b FROM t"), "1");
  EXPECT_EQ(value("SELECT " + dialect.differs("a", "b", text) + " FROM t"), "1");
  EXPECT_EQ(value("SELECT " + dialect.greater("a", "b", text) + " FROM t"), "1");
  const ColumnType json{.kind = Kind::json}, list{.kind = Kind::text_list}, at{.kind = Kind::timestamp};
  EXPECT_EQ(value("SELECT " + dialect.differs("'{\"a\": 1, \"b\": 2}'", "'{\"b\":2,\"a\":1.0}'", json)), "0");
  EXPECT_EQ(value("SELECT " + dialect.differs("'{a}'", "'{A}'", list)), "1");
  EXPECT_EQ(value("SELECT " + dialect.differs("'2025-11-21 10:00+03'", "'2025-11-21 07:00Z'", at)), "0");
}

TEST_F(Postgres, StatementsAreKeptAndForgotten) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (x bigint)"));
  ASSERT_OK(session_->transact(Access::write, {}, [&](Connection& c) -> Result<void> {
    for (int i = 0; i < 200; ++i) TRY(c.query(fmt::format("SELECT {}", i)));
    EXPECT_LE(TRY(c.query("SELECT count(*) FROM pg_prepared_statements")).front().integer(0), 64);
    return {};
  }));
  // A table that changes under a kept statement spoils one transaction, not the connection.
  ASSERT_OK(query(*session_, "SELECT * FROM t"));
  ASSERT_OK(execute(*session_of(*database_), "ALTER TABLE t ADD COLUMN y text"));
  EXPECT_FAILS(Code::conflict, query(*session_, "SELECT * FROM t"));
  ASSERT_OK(query(*session_, "SELECT * FROM t"));
}

TEST_F(Postgres, TempTablesDoNotReachTheNextSession) {
  const auto database = open_postgres_at(url_, 1);
  {
    const auto first = session_of(*database);
    ASSERT_OK(execute(*first, "create\n temporary TABLE run_1 (x bigint)"));
  }
  EXPECT_FAILS(Code::internal, execute(*session_of(*database), "SELECT * FROM run_1"));
}

TEST_F(Postgres, CopyBelongsToLoad) {
  ASSERT_OK(execute(*session_, "CREATE TABLE t (x bigint)"));
  EXPECT_FAILS(Code::internal, execute(*session_, "COPY t FROM STDIN"));
  EXPECT_FAILS(Code::internal, execute(*session_, "COPY t TO STDOUT"));
  EXPECT_EQ(value("SELECT count(*) FROM t"), "0");
}

}  // namespace
}  // namespace store::testing
