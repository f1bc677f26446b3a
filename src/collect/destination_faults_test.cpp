// Each write disposition on a database that breaks, at every one of its calls in turn: rows, the generation
// before, slice record and cursor are all there or none is, and doing it again gives what one run would have.
#include <gtest/gtest.h>

#include "collect/destination_fixture_test.hpp"
#include "store/faulty_database_test.hpp"

namespace {

using base::Code;
using collect::Counts;
using collect::Destination;
using collect::Ledger;
using collect::testing::Lines;
using collect::testing::Row;
using store::testing::FaultyDatabase;

struct Case {
  const char* name;
  const char* destination;
  Lines after;   // the table
  Lines before;  // the generation before; none if empty
};

const Case cases[] = {
    {"merge", "primary_key: [id]", {"1|a|NULL", "2|B|x", "3|C|x"}, {}},
    {"append", "write_disposition: append", {"1|a|NULL", "2|B|x", "2|b|NULL", "3|C|x", "3|c|x"}, {}},
    {"append_new", "write_disposition: append, primary_key: [id]", {"1|a|NULL", "2|b|NULL", "3|C|x"}, {}},
    {"replace", "write_disposition: replace", {"2|B|x", "3|C|x", "3|c|x"}, {"1|a|r2", "2|b|r2"}},
    {"replace_by_key",
     "write_disposition: replace, primary_key: [id]",
     {"2|B|x", "3|C|x"},
     {"1|a|r2", "2|b|r2"}},
};

class DestinationFaults : public testing::TestWithParam<Case> {
 protected:
  static constexpr const char* slice = "all";

  // One run of one slice, as the runner does it.
  static base::Result<void> run(store::Database& database, const config::Collector& collector,
                                const std::string& id, const std::vector<Row>& rows) {
    const auto session = TRY(database.session({}));
    base::SimulatedClock clock{base::SimulatedClock::Mode::manual};
    Ledger ledger(*session, clock);
    collect::RunRecord record;
    record.id = id;
    record.collector = "items";
    record.started_at = clock.wall();
    TRY(ledger.begin(record, std::nullopt, {}));
    Destination destination(collector, id, database, *session);
    TRY(destination.verify({}));
    TRY(destination.stage(collect::testing::rows_of(rows), {}));
    TRY(destination.fold(record.counts, {}));
    const auto committed =
        session->transact(store::Access::write, {}, [&](store::Connection& c) -> base::Result<void> {
          if (TRY(destination.shrunk(c, record.counts)))
            return base::error(Code::invalid_data, "it would shrink");
          TRY(destination.merge(c, clock.wall(), record.counts));
          collect::CursorRecord cursor;
          cursor.collector = "items";
          cursor.high_water = id;
          cursor.run = id;
          TRY(ledger.save_cursor(c, cursor));
          collect::SliceRecord done;
          done.name = slice;
          done.counts = record.counts;
          return ledger.commit_slice(c, record, done);
        });
    if (committed || committed.error().code != Code::unavailable) return committed;
    return TRY(ledger.find_slice(id, slice, {})) ? base::Result<void>() : committed;
  }

  Lines lines(const std::string& sql) { return collect::testing::lines_of(*session_, sql); }
  bool has_table(const std::string& name) {
    return lines("SELECT 1 FROM sqlite_schema WHERE name = '" + name + "'").size() == 1;
  }
  // Everything a slice commits.
  Lines state() {
    Lines all;
    if (has_table("items")) all = lines("SELECT id, a, b FROM items ORDER BY id, a");
    if (has_table("_prev_items"))
      for (const std::string& line : lines("SELECT id, a, _replaced_by FROM _prev_items ORDER BY id"))
        all.push_back("before " + line);
    for (const std::string& line : lines("SELECT high_water FROM pulse_cursors"))
      all.push_back("cursor " + line);
    for (const std::string& line :
         lines("SELECT run, inserted, updated, unchanged, deleted FROM pulse_slices "
               "WHERE state = 'committed' ORDER BY run"))
      all.push_back("slice " + line);
    return all;
  }
  void start() {
    session_.reset();
    database_ = collect::testing::migrated_database();
    session_ = store::testing::session_of(*database_);
    ASSERT_OK(run(*database_, first_, "r1", {{std::int64_t{1}, "a"}, {std::int64_t{2}, "b"}}));
  }

  // The second run brings a column more, so that the table grows in the same transaction.
  const config::Collector first_ =
      collect::testing::collector_into("{id: {path: i, type: integer}, a: a}", GetParam().destination);
  const config::Collector second_ =
      collect::testing::collector_into("{id: {path: i, type: integer}, a: a, b: b}", GetParam().destination);
  const std::vector<Row> rows_{
      {std::int64_t{2}, "B", "x"}, {std::int64_t{3}, "c", "x"}, {std::int64_t{3}, "C", "x"}};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::Session> session_;
};

Lines first_state_without_b() { return {"1|a", "2|b"}; }

TEST_P(DestinationFaults, AllOrNothing) {
  start();
  ASSERT_OK(run(*database_, second_, "r2", rows_));
  const Lines done = state();
  Lines expected = GetParam().after;
  for (const std::string& line : GetParam().before) expected.push_back("before " + line);
  ASSERT_GE(done.size(), expected.size());
  EXPECT_EQ(Lines(done.begin(), done.begin() + static_cast<std::ptrdiff_t>(expected.size())), expected);

  int calls = 0;
  for (bool fired = true; fired;) {
    start();
    FaultyDatabase faulty(*database_);
    faulty.fail_at(calls + 1, FaultyDatabase::Lasting::once);
    const auto result = run(faulty, second_, "r2", rows_);
    fired = faulty.fired();
    SCOPED_TRACE(fmt::format("call {}: {}", calls + 1, faulty.where()));
    const bool committed = lines("SELECT 1 FROM pulse_slices WHERE run = 'r2'").size() == 1;
    EXPECT_EQ(result.has_value(), committed) << store::testing::message_of(result);
    if (committed) {
      EXPECT_EQ(state(), done);
    } else {
      EXPECT_EQ(lines("SELECT id, a FROM items ORDER BY id"), first_state_without_b());
      EXPECT_EQ(lines("SELECT count(*) FROM pragma_table_info('items')"), Lines{"4"});
      EXPECT_FALSE(has_table("_prev_items"));
      EXPECT_EQ(lines("SELECT high_water FROM pulse_cursors"), Lines{"r1"});
      // Once more, by a run of another name.
      ASSERT_OK(run(*database_, second_, "r3", rows_));
      EXPECT_EQ(lines("SELECT id, a, b FROM items ORDER BY id, a"), GetParam().after);
    }
    EXPECT_EQ(collect::testing::temp_tables(*session_), Lines{});
    if (HasFailure()) return;
    ASSERT_LT(++calls, 200);
  }
  EXPECT_GT(calls, 25);
}

INSTANTIATE_TEST_SUITE_P(Dispositions, DestinationFaults, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
