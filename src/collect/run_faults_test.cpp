// Runs on a database that breaks, at every one of its calls in turn.
#include <gtest/gtest.h>

#include "collect/fixture_test.hpp"
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

class RunFaults : public testing::TestWithParam<std::tuple<Lasting, bool>> {
 protected:
  // One run that breaks at call n. False: the run needs fewer calls.
  bool break_at(int n) {
    const auto [lasting, has_rows] = GetParam();
    World world;
    if (has_rows) {
      world.transport.script = {answer(200, before)};
      EXPECT_EQ(world.run(collector_).run.outcome, Outcome::success);
    }
    const Lines old_rows = has_rows ? Lines{"1|a", "2|b"} : Lines{};
    const Lines new_rows = has_rows ? Lines{"1|a", "2|B", "3|C"} : Lines{"2|B", "3|C"};
    world.transport.script = {answer(200, after)};

    FaultyDatabase faulty(*world.database);
    faulty.fail_at(n, lasting);
    const collect::RunReport report = world.run_on(&faulty, collector_);
    faulty.heal();
    SCOPED_TRACE(fmt::format("call {}: {}", n, faulty.where()));

    const Lines rows = rows_of(world);
    const bool committed = rows == new_rows;
    if (!committed) {
      EXPECT_EQ(rows, old_rows);
    }
    const std::string mine = fmt::format(" WHERE run = '{}' AND state = 'committed'", report.run.id);
    EXPECT_EQ(world.count("pulse_slices" + mine), committed ? 1 : 0);
    EXPECT_EQ(world.count("pulse_quarantine"), committed ? 1 : 0);
    EXPECT_EQ(collect::testing::temp_tables(*world.session), Lines{});
    // What is reported is what is there; only an answer that the database could not give any more is unknown.
    if (lasting == Lasting::once || report.run.outcome == Outcome::success) {
      EXPECT_EQ(report.run.outcome == Outcome::success, committed) << report.run.error;
    }
    if (report.run.outcome != Outcome::success) {
      EXPECT_EQ(report.run.outcome, Outcome::failed);
      EXPECT_EQ(report.run.failure_type, collect::FailureType::transient);
      EXPECT_NE(report.run.error.find("the database broke"), std::string::npos) << report.run.error;
    }
    expect_honest_ledger(world, report, committed);
    expect_recovery(world, new_rows);
    return faulty.fired();
  }

  static Lines rows_of(World& world) {
    return world.has_table("items") ? world.lines("SELECT id, name FROM items ORDER BY id") : Lines{};
  }

  // No row (it could not even begin), or a final one that tells the truth, or `running`.
  static void expect_honest_ledger(World& world, const collect::RunReport& report, bool committed) {
    const Lines states = world.lines("SELECT state FROM pulse_runs WHERE id = '" + report.run.id + "'");
    ASSERT_LE(states.size(), 1U);
    if (states.empty()) {
      EXPECT_FALSE(committed);
    } else if (states[0] != "running") {
      EXPECT_EQ(states[0], committed ? "success" : "failed");
    }
  }

  // The next start of the program, and its next run.
  void expect_recovery(World& world, const Lines& new_rows) {
    const auto lost = collect::Ledger(*world.session, world.clock).mark_lost({});
    ASSERT_OK(lost);
    for (const collect::RunRecord& run : *lost)
      EXPECT_EQ(run.counts.staged, 2 * world.count("pulse_slices WHERE run = '" + run.id + "'"));
    const collect::RunReport next = world.run(collector_);
    EXPECT_EQ(next.run.outcome, Outcome::success) << next.run.error;
    EXPECT_EQ(rows_of(world), new_rows);
    EXPECT_EQ(world.count("pulse_runs WHERE state = 'running'"), 0);
  }

  const config::Collector collector_ = collect::testing::collector_with(
      "{id: {path: id, type: integer}, name: name}", "[id]", "max_bad_rows: 1");
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

std::string name_of(const testing::TestParamInfo<std::tuple<Lasting, bool>>& info) {
  const auto [lasting, has_rows] = info.param;
  return std::string(lasting == Lasting::once ? "once" : "for_good") +
         (has_rows ? "_with_rows" : "_first_run");
}
INSTANTIATE_TEST_SUITE_P(Database, RunFaults,
                         testing::Combine(testing::Values(Lasting::once, Lasting::for_good), testing::Bool()),
                         name_of);

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
