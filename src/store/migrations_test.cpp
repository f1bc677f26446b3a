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

}  // namespace
}  // namespace store::testing
