#include "store/migrations.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "store/conformance_test.hpp"

namespace store::testing {
namespace {

using base::Code;

constexpr std::array<Migration, 3> three{{
    {1, "first", "-- a comment;\nCREATE TABLE {pulse}a (x {bigint});\nINSERT INTO {pulse}a VALUES (1);\n"},
    {2, "second", "CREATE TABLE {pulse}b (at {timestamp}, body {json})"},
    {3, "third", "ALTER TABLE {pulse}a ADD COLUMN y TEXT DEFAULT ';'"},
}};
constexpr std::span<const Migration> all{three};

class Migrations : public Conformance {
 protected:
  base::Result<int> run(std::span<const Migration> migrations) { return migrate(*database_, migrations, {}); }
  std::int64_t recorded() { return number(*session_, "SELECT count(*) FROM {pulse}schema_migrations"); }
  void expect_refused(std::span<const Migration> migrations, std::string_view reason) {
    const auto result = run(migrations);
    EXPECT_FAILS(Code::invalid_config, result);
    EXPECT_TRUE(mentions(result, reason)) << message_of(result);
  }
};

TEST_P(Migrations, RunOnceInOrder) {
  EXPECT_EQ(run(all.first(1)).value(), 1);
  EXPECT_EQ(run(all).value(), 3);
  EXPECT_EQ(run(all).value(), 3);
  EXPECT_EQ(number(*session_, "SELECT count(*) FROM {pulse}a WHERE y = ';'"), 1);
  const auto rows = query(*session_,
                          "SELECT version, name, sha256, applied_at FROM {pulse}schema_migrations"
                          " ORDER BY version");
  ASSERT_OK(rows);
  ASSERT_EQ(rows->size(), 3U);
  EXPECT_EQ(rows->at(1).integer(0), 2);
  EXPECT_EQ(rows->at(1).text(1), "second");
  EXPECT_EQ(rows->at(1).text(2).size(), 64U);
  EXPECT_EQ(rows->at(1).text(3).size(), std::string_view("2025-11-21T10:30:02.000000Z").size());
}

TEST_P(Migrations, NothingToRunIsVersionZero) { EXPECT_EQ(run({}).value(), 0); }

TEST_P(Migrations, AFailedOneLeavesNothingBehind) {
  auto broken = three;
  broken[1].sql = "CREATE TABLE {pulse}b (x {bigint});\nINSERT INTO no_such_table VALUES (1);";
  const auto result = run(broken);
  EXPECT_FAILS(Code::internal, result);
  EXPECT_TRUE(mentions(result, "migration 0002_second")) << message_of(result);
  EXPECT_EQ(recorded(), 1);
  EXPECT_EQ(run(all).value(), 3);
}

TEST_P(Migrations, AChangedFileIsRefused) {
  ASSERT_OK(run(all));
  auto changed = three;
  changed[1].sql = "CREATE TABLE {pulse}b (at {timestamp}, body {json}) ";
  changed[1].name = "renamed";
  expect_refused(changed, "0002_renamed has changed since it ran on this database (as 0002_second)");
}

TEST_P(Migrations, AGapIsRefused) {
  ASSERT_OK(run(all));
  ASSERT_OK(execute(*session_, "DELETE FROM {pulse}schema_migrations WHERE version = 2"));
  expect_refused(all, "migration 0003_third ran, but not 2");
  const std::array<Migration, 2> gap{three[0], three[2]};
  EXPECT_FAILS(Code::internal, run(gap));
}

TEST_P(Migrations, OneVersionNewerIsAcceptedAndTwoAreNot) {
  ASSERT_OK(run(all));
  EXPECT_EQ(run(all.first(2)).value(), 3);
  expect_refused(all.first(1), "version 3 (0003_third), this program knows 1");
}

TEST_P(Migrations, SeveralAtOnceRunEachOnce) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] { EXPECT_EQ(migrate(*database_, all, {}).value_or(0), 3); });
  }
  EXPECT_EQ(recorded(), 3);
}

TEST_P(Migrations, AStopEndsThem) {
  std::stop_source source;
  source.request_stop();
  EXPECT_FAILS(Code::cancelled, migrate(*database_, all, source.get_token()));
}

TEST_P(Migrations, TheEmbeddedOnesRun) {
  const auto embedded = embedded_migrations();
  ASSERT_FALSE(embedded.empty());
  EXPECT_EQ(embedded[0].name, "collect_runs");
  EXPECT_EQ(run(embedded).value(), static_cast<int>(embedded.size()));
  ASSERT_OK(execute(*session_,
                    "INSERT INTO {pulse}runs (id, collector, state, host, process, started_at)"
                    " VALUES ('r', 'c', 'running', 'h', 1, {now})"));
  ASSERT_OK(execute(
      *session_, "INSERT INTO {pulse}slices (run, collector, slice, state) VALUES ('r', 'c', 's', 'open')"));
  EXPECT_FAILS(Code::invalid_data, execute(*session_, "UPDATE {pulse}runs SET state = 'done'"));
  EXPECT_FAILS(Code::invalid_data, execute(*session_, "UPDATE {pulse}runs SET failure_type = 'bad luck'"));
  EXPECT_FAILS(Code::invalid_data, execute(*session_, "DELETE FROM {pulse}runs"));  // a slice refers to it
  EXPECT_EQ(number(*session_, "SELECT count(*) FROM {pulse}quarantine"), 0);
}

INSTANTIATE_TEST_SUITE_P(Engines, Migrations, ::testing::ValuesIn(engines), name_of);
INSTANTIATE_TEST_SUITE_P(Phoenix, Migrations, ::testing::ValuesIn(engines_of_phoenix), name_of);

constexpr std::array<Migration, 1> both_words{
    {{1, "words",
      "CREATE TABLE {pulse}jobs (id {bigint} PRIMARY KEY);\nCREATE INDEX {ledger}jobs_by_id ON {ledger}jobs "
      "(id);"
      "\nCREATE UNIQUE INDEX {pulse}jobs_once ON {pulse}jobs (id);\nINSERT INTO {ledger}jobs VALUES (7)"}}};

// The names that a foreign program would see.
std::string names(Session& session, std::string_view sql) {
  std::string list;
  const auto rows = query(session, sql);
  EXPECT_TRUE(rows) << message_of(rows);
  if (rows)
    for (const Row& row : *rows) list += row.text(0) + ' ';
  return list;
}

TEST(Ledgers, TwoInOneFileDoNotMeet) {
  const TempFolder folder;
  for (const char* ledger : {"pulse", "phoenix"}) {
    const auto database = open(folder / "both.db", false, ledger);
    ASSERT_OK(migrate(*database, both_words, {}));
    const auto session = session_of(*database);
    EXPECT_EQ(number(*session, "SELECT id FROM {pulse}jobs"), 7);
    EXPECT_EQ(database->dialect().ledger("jobs"), std::string(ledger) + "_jobs");
  }
  EXPECT_EQ(names(*session_of(*open(folder / "both.db")),
                  "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"),
            "phoenix_jobs phoenix_jobs_by_id phoenix_jobs_once phoenix_schema_migrations "
            "pulse_jobs pulse_jobs_by_id pulse_jobs_once pulse_schema_migrations ");
}

TEST(Ledgers, TwoOnOneServerDoNotMeet) {
  const std::string url = PostgresServer::instance().fresh_database();
  for (const char* ledger : {"pulse", "phoenix"}) {
    const auto database = open_postgres_at(url, 2, ledger);
    ASSERT_OK(migrate(*database, both_words, {}));
    const auto session = session_of(*database);
    EXPECT_EQ(number(*session, "SELECT id FROM {ledger}jobs"), 7);
    EXPECT_EQ(database->dialect().ledger("jobs"), std::string(ledger) + ".jobs");
    EXPECT_EQ(names(*session, "SHOW application_name"), ledger + std::string(" "));
    EXPECT_EQ(names(*session, "SELECT tablename || '/' || indexname FROM pg_indexes WHERE schemaname = '" +
                                  std::string(ledger) + "' ORDER BY 1"),
              "jobs/jobs_by_id jobs/jobs_once jobs/jobs_pkey schema_migrations/schema_migrations_pkey ");
  }
}

TEST(Ledgers, EachIsMissedByItsName) {
  const TempFolder folder;
  const auto refused = try_open(folder / "phoenix.db", true, "phoenix");
  EXPECT_FAILS(Code::unavailable, refused);
  EXPECT_TRUE(mentions(refused, "run `phoenix run` first")) << message_of(refused);
}

// Another ledger's migration under way is not waited for.
TEST(Ledgers, EachIsMigratedUnderALockOfItsOwn) {
  const std::string url = PostgresServer::instance().fresh_database();
  const auto pulse = open_postgres_at(url, 2), phoenix = open_postgres_at(url, 2, "phoenix");
  const auto session = session_of(*pulse);
  ASSERT_OK(session->transact(Access::write, {}, [&](Connection& connection) -> base::Result<void> {
    for (const std::string& statement : connection.dialect().before_migrations())
      TRY(connection.execute(statement));
    EXPECT_EQ(migrate(*phoenix, both_words, {}).value_or(0), 1);
    return {};
  }));
}

}  // namespace
}  // namespace store::testing
