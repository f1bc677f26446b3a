// What every engine must do.
#include "store/conformance_test.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <stdexcept>
#include <thread>

#include "store/migrations.hpp"

namespace store::testing {
namespace {

using base::Code;
using base::Result;

TEST_P(Conformance, CommitsWhatTheWorkReturnsAValueFor) {
  create_table();
  ASSERT_OK(write([](Connection& c) -> Result<void> {
    EXPECT_EQ(TRY(c.execute("INSERT INTO t VALUES ($1, $2), ($3, $2)", {1, "a", 2})), 2);
    EXPECT_EQ(TRY(c.execute("UPDATE t SET name = $1", {"b"})), 2);
    EXPECT_EQ(TRY(c.execute("DELETE FROM t WHERE id = $1", {2})), 1);
    EXPECT_EQ(TRY(c.execute("CREATE TABLE other (x {bigint})")), 0);
    return {};
  }));
  const auto rows = query(*session_, "SELECT id, name FROM t");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().integer(0), 1);
  EXPECT_EQ(rows->front().text(1), "b");
}

TEST_P(Conformance, RollsBackAnError) {
  create_table();
  EXPECT_FAILS(Code::invalid_data, write([](Connection& c) -> Result<void> {
                 TRY(c.execute("INSERT INTO t VALUES (1, 'a')"));
                 return base::error(Code::invalid_data, "no");
               }));
  EXPECT_EQ(count(), 0);
}

TEST_P(Conformance, RollsBackAnException) {
  create_table();
  const auto outcome = write([](Connection& c) -> Result<void> {
    TRY(c.execute("INSERT INTO t VALUES (1, 'a')"));
    throw std::runtime_error("boom");
  });
  EXPECT_FAILS(Code::internal, outcome);
  EXPECT_TRUE(mentions(outcome, "boom"));
  EXPECT_FAILS(Code::internal, write([](Connection&) -> Result<void> { throw 1; }));
  EXPECT_EQ(count(), 0);
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES (1, 'a')"));
}

TEST_P(Conformance, AFailedStatementSpoilsTheTransaction) {
  create_table();
  const auto outcome = write([](Connection& c) -> Result<void> {
    TRY(c.execute("INSERT INTO t VALUES (1, 'a')"));
    EXPECT_FAILS(Code::invalid_data, c.execute("INSERT INTO t VALUES (1, 'b')"));
    EXPECT_FAILS(Code::invalid_data, c.query("SELECT 1"));  // as it was, not a new error
    return {};
  });
  EXPECT_FAILS(Code::invalid_data, outcome);
  EXPECT_EQ(count(), 0);
}

TEST_P(Conformance, ParametersComeBackAsTheyWent) {
  ASSERT_OK(execute(*session_, "CREATE TABLE p (n {bigint}, i {bigint}, d DOUBLE PRECISION, t TEXT)"));
  constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
  const std::string text = "Žluťoučký '\"; DROP TABLE p; -- \n";
  ASSERT_OK(execute(*session_, "INSERT INTO p VALUES ($1, $2, $3, $4)", {{}, smallest, 0.1, text}));
  ASSERT_OK(execute(*session_, "INSERT INTO p VALUES ($1, $2, $3, $4)", {{}, 7, -1e300, std::string_view{}}));
  const auto rows = query(*session_, "SELECT n, i, d, t FROM p ORDER BY i");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 2U);
  const Row& first = rows->front();
  EXPECT_TRUE(first.is_null(0));
  EXPECT_EQ(first.integer(0), 0);
  EXPECT_EQ(first.text(0), "");
  EXPECT_EQ(first.integer(1), smallest);
  EXPECT_EQ(first.text(1), "-9223372036854775808");
  EXPECT_EQ(std::get<double>(first.cells[2]), 0.1);
  EXPECT_EQ(first.text(2), "0.1");
  EXPECT_EQ(first.text(3), text);
  EXPECT_EQ(std::get<double>(rows->back().cells[2]), -1e300);
  EXPECT_FALSE(rows->back().is_null(3)) << "an empty text is not NULL";
}

TEST_P(Conformance, RefusesWrongParameters) {
  create_table();
  const auto attempt = [&](std::string_view sql, std::initializer_list<Param> params) {
    return execute(*session_, sql, params);
  };
  EXPECT_FAILS(Code::internal, attempt("INSERT INTO t VALUES ($1, $2)", {1}));
  EXPECT_FAILS(Code::internal, attempt("INSERT INTO t VALUES ($1, $2)", {1, "a", "b"}));
  EXPECT_FAILS(Code::internal, attempt("INSERT INTO t VALUES ($1, $3)", {1, "a"}));
  EXPECT_FAILS(Code::invalid_data,
               attempt("INSERT INTO t VALUES ($1, $2)", {1, std::string_view("a\0b", 3)}));
  EXPECT_EQ(count(), 0);
}

TEST_P(Conformance, RefusesWrongSql) {
  create_table();
  const auto outcome = execute(*session_, "INSERT  INTO\n no_such_table VALUES ($1)", {"s3cret"});
  EXPECT_FAILS(Code::internal, outcome);
  EXPECT_TRUE(mentions(outcome, "INSERT INTO no_such_table")) << message_of(outcome);
  EXPECT_FALSE(mentions(outcome, "s3cret"));
  EXPECT_FAILS(Code::internal, execute(*session_, "INSERT INTO t VALUES (1, 'a'); DELETE FROM t"));
  EXPECT_FAILS(Code::internal, execute(*session_, "-- nothing"));
  EXPECT_FAILS(Code::internal, execute(*session_, "INSERT INTO t VALUES (1, \"no_column\")"));
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES (1, 'a'); -- and no more"));
  EXPECT_EQ(count(), 1);
}

TEST_P(Conformance, TheWorkCannotEndItsTransaction) {
  create_table();
  EXPECT_FAILS(Code::internal, write([](Connection& c) -> Result<void> {
                 TRY(c.execute("INSERT INTO t VALUES (1, 'a')"));
                 TRY(c.execute("ROLLBACK"));
                 TRY(c.execute("INSERT INTO t VALUES (2, 'a')"));
                 return {};
               }));
  EXPECT_FAILS(Code::internal, write([](Connection& c) -> Result<void> {
                 TRY(c.execute("ROLLBACK"));
                 return {};
               }));
  EXPECT_EQ(count(), 0);
}

TEST_P(Conformance, ManyDifferentStatements) {
  create_table();
  ASSERT_OK(write([](Connection& c) -> Result<void> {
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 200; ++i) {
        const auto rows = TRY(c.query(fmt::format("SELECT {} + $1", i), {round}));
        EXPECT_EQ(rows.front().integer(0), i + round);
      }
    }
    return {};
  }));
}

TEST_P(Conformance, TempTablesLastForTheSession) {
  create_table();
  ASSERT_OK(execute(*session_, "CREATE TEMP TABLE run_1 (x {bigint})", {}, Access::staging));
  ASSERT_OK(execute(*session_, "INSERT INTO run_1 VALUES (1), (2)", {}, Access::staging));
  EXPECT_FAILS(Code::conflict, session_->transact(Access::staging, {}, [](Connection& c) -> Result<void> {
    TRY(c.execute("INSERT INTO run_1 VALUES (3)"));
    return base::error(Code::conflict, "undone");
  }));
  ASSERT_OK(execute(*session_, "INSERT INTO t SELECT x, 'staged' FROM run_1"));
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(number(*session_, "SELECT count(*) FROM run_1", Access::staging), 2);

  auto other = session_of(*database_);
  ASSERT_OK(execute(*other, "CREATE TEMP TABLE run_2 (x {bigint})", {}, Access::staging));
  session_.reset();
  EXPECT_FAILS(Code::internal, execute(*other, "SELECT * FROM run_1", {}, Access::staging));
  ASSERT_OK(execute(*other, "SELECT * FROM run_2", {}, Access::staging));
}

TEST_P(Conformance, StagingInterleavesWithAnotherSessionsWrites) {
  create_table();
  auto writer = session_of(*database_);
  ASSERT_OK(execute(*session_, "CREATE TEMP TABLE run_1 (x {bigint})", {}, Access::staging));
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(execute(*session_, "INSERT INTO run_1 VALUES ($1)", {i}, Access::staging));
    ASSERT_OK(execute(*writer, "INSERT INTO t VALUES ($1, 'w')", {i}));
  }
  ASSERT_OK(execute(*session_, "INSERT INTO t SELECT x + 100, 's' FROM run_1"));
  EXPECT_EQ(count(), 10);
}

TEST_P(Conformance, ReadingCannotWrite) {
  create_table();
  EXPECT_FAILS(Code::permission, execute(*session_, "INSERT INTO t VALUES (1, 'a')", {}, Access::read));
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES (1, 'a')"));
  EXPECT_EQ(count(), 1);
}

TEST_P(Conformance, AReaderSeesOneMomentWhileOthersCommit) {
  if (!GetParam().readers_are_separate) GTEST_SKIP() << "one connection for all";
  create_table();
  ASSERT_OK(execute(*session_, "INSERT INTO t VALUES (1, 'a')"));
  auto writer = session_of(*database_);
  ASSERT_OK(session_->transact(Access::read, {}, [&](Connection& c) -> Result<void> {
    EXPECT_EQ(TRY(c.query("SELECT count(*) FROM t")).front().integer(0), 1);
    TRY(execute(*writer, "INSERT INTO t VALUES (2, 'b')"));
    EXPECT_EQ(TRY(c.query("SELECT count(*) FROM t")).front().integer(0), 1);
    return {};
  }));
  EXPECT_EQ(count(), 2);
}

TEST_P(Conformance, LoadAppends) {
  create_table();
  const auto load = [&](const std::vector<std::vector<Param>>& rows) -> Result<std::int64_t> {
    std::int64_t loaded = 0;
    TRY(write([&](Connection& c) -> Result<void> {
      std::size_t next = 0;
      loaded = TRY(
          c.load(c.dialect().table("", "t"), {"id", "name"}, [&]() -> std::optional<std::span<const Param>> {
            if (next == rows.size()) return std::nullopt;
            return rows[next++];
          }));
      return {};
    }));
    return loaded;
  };
  const auto loaded = load({{1, "a"}, {2, {}}, {3, ""}});
  ASSERT_OK(loaded);
  EXPECT_EQ(*loaded, 3);
  EXPECT_EQ(number(*session_, "SELECT count(*) FROM t WHERE name IS NULL"), 1);
  EXPECT_EQ(load({}).value(), 0);
  EXPECT_FAILS(Code::invalid_data, load({{4, "d"}, {1, "again"}}));
  EXPECT_FAILS(Code::internal, load({{4, "d"}, {5}}));
  EXPECT_FAILS(Code::invalid_data, load({{4, "d"}, {5, std::string_view("\0", 1)}}));
  EXPECT_EQ(count(), 3);
}

TEST_P(Conformance, LoadsAnyNumberOfRowsFromOnePlace) {
  create_table();
  constexpr std::int64_t some = 1'003;  // no multiple of whatever the engine takes at once
  ASSERT_OK(write([&](Connection& c) -> Result<void> {
    std::int64_t next = 0;
    std::string name;
    std::vector<Param> row(2);
    const auto loaded = TRY(c.load("t", {"id", "name"}, [&]() -> std::optional<std::span<const Param>> {
      name.assign(64, 'x');  // the row before is void
      if (next == some) return std::nullopt;
      name = std::string(next == 500 ? 300'000 : 20, 'n') + std::to_string(next);
      row = {next++, std::string_view(name)};
      return row;
    }));
    EXPECT_EQ(loaded, some);
    return {};
  }));
  EXPECT_EQ(count(), some);
  EXPECT_EQ(number(*session_, "SELECT count(DISTINCT name) FROM t"), some);
  EXPECT_EQ(number(*session_, "SELECT count(*) FROM t WHERE name LIKE '%n' || id"), some);
  EXPECT_EQ(number(*session_, "SELECT length(name) FROM t WHERE id = 500"), 300'003);
}

TEST_P(Conformance, RowsOfALoadMayComeFromQueries) {
  create_table();
  ASSERT_OK(write([&](Connection& c) -> Result<void> {
    std::int64_t next = 0;
    std::vector<Param> row(2);
    const auto loaded = TRY(c.load("t", {"id", "name"}, [&]() -> std::optional<std::span<const Param>> {
      if (next == 200) return std::nullopt;
      const auto rows = c.query(fmt::format("SELECT {} + count(*) FROM t", 1000 * ++next));
      row[0] = rows.value().front().integer(0);
      return row;
    }));
    EXPECT_EQ(loaded, 200);
    return {};
  }));
  EXPECT_EQ(count(), 200);
}

TEST_P(Conformance, AStopEndsALongStatement) {
  std::atomic<bool> begun = false;
  std::stop_source source;
  std::jthread stopper([&] {
    begun.wait(false);
    source.request_stop();
  });
  EXPECT_FAILS(Code::cancelled,
               session_->transact(Access::write, source.get_token(), [&](Connection& c) -> Result<void> {
                 TRY(c.query("SELECT 1"));
                 begun = true;
                 begun.notify_one();
                 TRY(c.query(GetParam().endless_query));
                 return {};
               }));
  stopper.join();
  create_table();  // the connection is as good as before
  EXPECT_EQ(count(), 0);
}

TEST_P(Conformance, AStopEndsALoad) {
  create_table();
  std::stop_source source;
  std::int64_t next = 0;
  std::vector<Param> row(2);
  EXPECT_FAILS(Code::cancelled,
               session_->transact(Access::write, source.get_token(), [&](Connection& c) -> Result<void> {
                 TRY(c.load("t", {"id", "name"}, [&]() -> std::optional<std::span<const Param>> {
                   if (next == 10) source.request_stop();
                   row[0] = next++;
                   return row;
                 }));
                 return {};
               }));
  EXPECT_EQ(next, 11);
  EXPECT_EQ(count(), 0);
}

TEST_P(Conformance, AStopBetweenStatementsPreventsTheCommit) {
  create_table();
  std::stop_source source;
  EXPECT_FAILS(Code::cancelled,
               session_->transact(Access::write, source.get_token(), [&](Connection& c) -> Result<void> {
                 TRY(c.execute("INSERT INTO t VALUES (1, 'a')"));
                 source.request_stop();
                 return {};
               }));
  EXPECT_EQ(count(), 0);
  bool ran = false;
  EXPECT_FAILS(Code::cancelled,
               session_->transact(Access::write, source.get_token(), [&](Connection&) -> Result<void> {
                 ran = true;
                 return {};
               }));
  EXPECT_FALSE(ran);
}

TEST_P(Conformance, QuotedNamesMayHoldAnything) {
  const Dialect& dialect = database_->dialect();
  const std::string table = dialect.quote("a \"b\" {pulse} ';--");
  ASSERT_OK(execute(
      *session_, "CREATE TABLE " + table + " (" + dialect.quote("select") + " TEXT NOT NULL, n {bigint})"));
  std::vector<Column> columns;
  std::vector<Column> none;
  ASSERT_OK(session_->transact(Access::read, {}, [&](Connection& c) -> Result<void> {
    columns = TRY(database_->columns(c, "", "a \"b\" {pulse} ';--"));
    none = TRY(database_->columns(c, "", "no_such_table"));
    return {};
  }));
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(columns[0].name, "select");
  EXPECT_STRCASEEQ(columns[0].type.c_str(), "TEXT");
  EXPECT_TRUE(columns[0].not_null);
  EXPECT_EQ(columns[1].name, "n");
  EXPECT_FALSE(columns[1].not_null);
  EXPECT_TRUE(none.empty());
}

TEST_P(Conformance, LedgerTablesHaveOneNameInSqlAndDialect) {
  ASSERT_OK(migrate(*database_, {}, {}));  // makes the ledger's place
  ASSERT_OK(execute(*session_, "CREATE TABLE {pulse}things (at {timestamp}, body {json})"));
  ASSERT_OK(execute(*session_, "INSERT INTO {pulse}things VALUES ({now}, '{\"pulse\": \"{pulse}\"}')"));
  const auto rows = query(*session_, "SELECT at, body FROM " + database_->dialect().ledger("things"));
  ASSERT_OK(rows);
  EXPECT_EQ(rows->front().text(1), "{\"pulse\": \"{pulse}\"}") << "texts are left alone";
}

TEST_P(Conformance, AllThreadsGetToWrite) {
  create_table();
  constexpr int writers = 4;
  constexpr int writes = 25;
  {
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < writers; ++writer) {
      threads.emplace_back([&, writer] {
        auto session = session_of(*database_);
        for (int i = 0; i < writes; ++i)
          EXPECT_TRUE(execute(*session, "INSERT INTO t VALUES ($1, 'x')", {writer * writes + i}).has_value());
        EXPECT_TRUE(query(*session, "SELECT count(*) FROM t").has_value());
      });
    }
  }
  EXPECT_EQ(count(), writers * writes);
}

INSTANTIATE_TEST_SUITE_P(Engines, Conformance, ::testing::ValuesIn(engines), name_of);

}  // namespace
}  // namespace store::testing
