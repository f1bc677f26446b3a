// Runs on a database that breaks, at every one of its calls in turn.
#include <gtest/gtest.h>

#include "collect/fixture_test.hpp"
#include "store/conformance_test.hpp"
#include "store/faulty_database_test.hpp"

namespace {

using collect::Outcome;
using collect::testing::answer;
using collect::testing::World;
using store::testing::FaultyDatabase;
using Lines = std::vector<std::string>;
using Lasting = FaultyDatabase::Lasting;

const char* const before = R"([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])";
const char* const after =
    R"([{"id": 2, "name": "B"}, {"id": "bad"}, {"id": 3, "name": "c"}, {"id": 3, "name": "C"}])";

struct Case {
  const store::testing::Engine& engine;
  Lasting lasting;
  bool has_rows;
};

class RunFaults : public testing::TestWithParam<Case> {
 protected:
  // One run that breaks at call n. False: the run needs fewer calls.
  bool break_at(int n) {
    world_.wipe("items");
    if (GetParam().has_rows) {
      world_.transport.script = {answer(200, before)};
      EXPECT_EQ(world_.run(collector_).run.outcome, Outcome::success);
    }
    old_rows_ = GetParam().has_rows ? Lines{"1|a", "2|b"} : Lines{};
    new_rows_ = GetParam().has_rows ? Lines{"1|a", "2|B", "3|C"} : Lines{"2|B", "3|C"};
    world_.transport.script = {answer(200, after)};

    FaultyDatabase faulty(*world_.database);
    faulty.fail_at(n, GetParam().lasting);
    const collect::RunReport report = world_.run_on(&faulty, collector_, {.wait = std::chrono::minutes{1}});
    faulty.heal();
    SCOPED_TRACE(fmt::format("call {}: {}", n, faulty.where()));
    expect_all_or_nothing(report);
    if (report.recorded) expect_honest_ledger(report);
    expect_recovery();
    return faulty.fired();
  }

  void expect_all_or_nothing(const collect::RunReport& report) {
    const bool committed = rows() == new_rows_;
    if (!committed) {
      EXPECT_EQ(rows(), old_rows_);
    }
    const std::string mine = fmt::format(" WHERE run = '{}' AND state = 'committed'", report.run.id);
    EXPECT_EQ(world_.count("{pulse}slices" + mine), committed ? 1 : 0);
    EXPECT_EQ(world_.count("{pulse}quarantine"), committed ? 1 : 0);
    if (!is_server()) {
      EXPECT_EQ(collect::testing::temp_tables(*world_.session), Lines{});
    }
    // What is reported is what is there; only an answer that the database could not give any more is unknown.
    // A server that is back is no reason to fail.
    if (GetParam().lasting == Lasting::once || report.run.outcome == Outcome::success) {
      EXPECT_EQ(report.run.outcome == Outcome::success, committed) << report.run.error;
      EXPECT_TRUE(committed || !is_server()) << report.run.error;
    }
    if (report.run.outcome != Outcome::success) {
      EXPECT_TRUE(report.run.outcome == Outcome::failed ||
                  (is_server() && report.run.outcome == Outcome::timeout))
          << to_string(report.run.outcome);
      EXPECT_NE(report.run.error.find("the database broke"), std::string::npos) << report.run.error;
    }
  }
  Lines rows() {
    return world_.has_table("items") ? world_.lines("SELECT id, name FROM items ORDER BY id") : Lines{};
  }
  bool is_server() const { return world_.database->dialect().is_server(); }

  // No row (it could not even begin), or a final one that tells the truth, or `running`.
  void expect_honest_ledger(const collect::RunReport& report) {
    const Lines states = world_.lines("SELECT state FROM {pulse}runs WHERE id = '" + report.run.id + "'");
    ASSERT_EQ(states.size(), 1U);
    EXPECT_EQ(states[0], to_string(report.run.outcome));
  }

  // The next start of the program, and its next run.
  void expect_recovery() {
    if (is_server())
      ASSERT_OK(store::testing::execute(*world_.session,
                                        "UPDATE {pulse}runs SET lease_until = '2001-01-01T00:00:00Z'"));
    const auto lost = collect::Ledger(*world_.session, world_.clock).mark_lost({});
    ASSERT_OK(lost);
    for (const collect::RunRecord& run : *lost)
      EXPECT_EQ(run.counts.staged, 2 * world_.count("{pulse}slices WHERE run = '" + run.id + "'"));
    const collect::RunReport next = world_.run(collector_);
    EXPECT_TRUE(collect::ended_well(next.run)) << to_string(next.run.outcome) << ' ' << next.run.error;
    EXPECT_EQ(rows(), new_rows_);
    EXPECT_EQ(world_.count("{pulse}runs WHERE state = 'running'"), 0);
  }

  const config::Collector collector_ = collect::testing::collector_with(
      "{id: {path: id, type: integer}, name: name}", "[id]", "max_bad_rows: 1");
  store::testing::TempFolder folder_;
  World world_{{}, GetParam().engine.open(folder_)};
  Lines old_rows_, new_rows_;
};

TEST_P(RunFaults, AllOrNothingWhereverTheDatabaseBreaks) {
  int calls = 0;
  while (break_at(calls + 1)) {
    ++calls;
    ASSERT_LT(calls, 500);
    if (HasFailure()) return;
  }
  EXPECT_GT(calls, 30);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const store::testing::Engine& engine : store::testing::engines)
    for (const Lasting lasting : {Lasting::once, Lasting::for_good})
      for (const bool has_rows : {false, true})
        if (std::string_view(engine.name) == "sqlite_memory" ||
            (std::string_view(engine.name) == "postgresql" && (lasting == Lasting::once) == has_rows))
          cases.push_back({engine, lasting, has_rows});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Database, RunFaults, testing::ValuesIn(all_cases()), [](const auto& info) {
  return std::string(info.param.engine.name) + (info.param.lasting == Lasting::once ? "_once" : "_for_good") +
         (info.param.has_rows ? "_with_rows" : "_first_run");
});

// The loop above proves nothing unless the decorator really breaks things at each kind of call.
TEST(FaultyDatabase, FailsEachKindOfCall) {
  World world;
  FaultyDatabase faulty(*world.database);
  Lines where;
  for (int n = 1;; ++n) {
    faulty.fail_at(n, Lasting::once);
    const auto work = [&]() -> base::Result<void> {
      const auto session = TRY(faulty.session({}));
      return session->transact(store::Access::write, {}, [](store::Connection& c) -> base::Result<void> {
        const auto made =
            c.execute("CREATE TABLE IF NOT EXISTS t (a TEXT)");  // an error that the work ignores
        bool given = false;
        const std::vector<store::Param> row{"x"};
        TRY(c.load("\"t\"", {"a"}, [&]() -> std::optional<std::span<const store::Param>> {
          if (std::exchange(given, true)) return std::nullopt;
          return row;
        }));
        return {};
      });
    };
    const auto result = work();
    EXPECT_EQ(result.has_value(), !faulty.fired());
    if (!faulty.fired()) break;
    where.push_back(faulty.where());
    const bool stays = faulty.where() == "the answer of the commit";
    EXPECT_EQ(world.has_table("t"), stays) << faulty.where();
    if (stays) {
      ASSERT_OK(store::testing::execute(*world.session, "DROP TABLE t"));
    }
  }
  EXPECT_EQ(where, (Lines{"session", "begin", "CREATE TABLE IF NOT EXISTS t (a TEXT)", "load", "load",
                          "commit", "the answer of the commit"}));
  EXPECT_EQ(world.count("t"), 1);
}

}  // namespace
