// Rows as one parameter, and times from now, on every engine.
#include "store/batch.hpp"

#include <limits>
#include <map>

#include "base/iso8601.hpp"
#include "store/conformance_test.hpp"

namespace {

using namespace store::testing;
using store::Batch;
using store::Connection;
using store::Param;

class BatchTest : public Conformance {};

TEST_P(BatchTest, RowsComeBackAsTheyWereInTheirOrder) {
  const std::string odd = "a\"b\\c\n\t\x01 ção 🏁 {pulse} $1 '";
  Batch batch({{"id", Batch::Kind::integer}, {"word", Batch::Kind::text}});
  batch.add({std::numeric_limits<std::int64_t>::max(), odd});
  EXPECT_FALSE(batch.text().empty());
  batch.add({std::int64_t{-5}, ""});
  batch.add({Param(), Param()});
  EXPECT_EQ(batch.size(), 3u);
  std::vector<store::Row> rows;
  ASSERT_OK(session_->transact(store::Access::read, {}, [&](Connection& c) -> base::Result<void> {
    rows = TRY(c.query("SELECT s.id, s.word, s.place FROM " + batch.source(c.dialect(), 1, "s") +
                           " WHERE $2 = 7 ORDER BY s.place",
                       {batch.text(), std::int64_t{7}}));
    return {};
  }));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].integer(0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(rows[0].text(1), odd);
  EXPECT_EQ(rows[1].integer(0), -5);
  EXPECT_FALSE(rows[1].is_null(1));
  EXPECT_EQ(rows[1].text(1), "");
  EXPECT_TRUE(rows[2].is_null(0));
  EXPECT_TRUE(rows[2].is_null(1));
  EXPECT_EQ(rows[2].integer(2), 2);
}

TEST_P(BatchTest, AnEmptyBatchHasNoRows) {
  Batch batch = store::batch_of_ids({});
  EXPECT_TRUE(batch.empty());
  ASSERT_OK(session_->transact(store::Access::read, {}, [&](Connection& c) -> base::Result<void> {
    EXPECT_TRUE(TRY(c.query("SELECT id FROM " + batch.source(c.dialect(), 1, "s"), {batch.text()})).empty());
    return {};
  }));
}

TEST_P(BatchTest, OfEachIdItsRowsAndNoOthers) {
  ASSERT_OK(session_->transact(store::Access::read, {}, [&](Connection& c) -> base::Result<void> {
    const std::string rows_of =
        "SELECT n, count(*) FROM (SELECT 7 AS n UNION ALL SELECT -3 UNION ALL SELECT 7 UNION ALL SELECT 8) "
        "AS t "
        "WHERE n";
    const std::string sql = store::of_each_id(c.dialect(), 1, rows_of, " GROUP BY n");
    Batch batch = store::batch_of_ids({7, -3, 5});
    std::map<std::int64_t, std::int64_t> found;
    for (const store::Row& row : TRY(c.query(sql, {batch.text()}))) found[row.integer(0)] = row.integer(1);
    EXPECT_EQ(found, (std::map<std::int64_t, std::int64_t>{{-3, 1}, {7, 2}}));
    Batch none = store::batch_of_ids({});
    EXPECT_TRUE(TRY(c.query(sql, {none.text()})).empty());
    return {};
  }));
}

// A plan that is made while the table is empty must still be good when it is full.
TEST_P(BatchTest, OfEachIdReadsNoMoreThanTheIndexFinds) {
  ASSERT_OK(session_->transact(store::Access::write, {}, [&](Connection& c) -> base::Result<void> {
    if (!c.dialect().is_server()) return {};
    TRY(c.execute("CREATE TABLE growing (owner bigint NOT NULL, word text NOT NULL)"));
    TRY(c.execute("CREATE INDEX growing_owner ON growing (owner)"));
    TRY(c.execute("SET LOCAL plan_cache_mode = force_generic_plan"));
    TRY(c.execute("PREPARE words_of(text) AS " +
                  store::of_each_id(c.dialect(), 1, "SELECT owner, word FROM growing WHERE owner")));
    std::string plan;
    for (const store::Row& row : TRY(c.query("EXPLAIN EXECUTE words_of('[[1]]')")))
      plan += row.text(0) + "\n";
    EXPECT_NE(plan.find("growing_owner"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << plan;
    EXPECT_EQ(plan.find("Hash"), std::string::npos) << plan;
    TRY(c.execute("DEALLOCATE words_of"));
    TRY(c.execute("DROP TABLE growing"));
    return {};
  }));
}

TEST_P(BatchTest, TimesFromNow) {
  ASSERT_OK(session_->transact(store::Access::read, {}, [&](Connection& c) -> base::Result<void> {
    const std::string sql =
        "SELECT {now}, " + store::from_now(c.dialect(), "$1") + ", " + store::from_now(c.dialect(), "$2");
    const auto rows = TRY(c.query(sql, {std::int64_t{90'500'000}, std::int64_t{-86'400'000'000}}));
    const auto time = [&](std::size_t column) { return *base::parse_timestamp(rows.at(0).text(column)); };
    EXPECT_LT(std::chrono::abs(time(1) - time(0) - std::chrono::milliseconds(90'500)),
              std::chrono::seconds(30));
    EXPECT_LT(std::chrono::abs(time(2) - time(0) + std::chrono::hours(24)), std::chrono::seconds(30));
    return {};
  }));
}

TEST(Storable, NulBytesAndBrokenTextsAreNot) {
  EXPECT_TRUE(store::is_storable("ção"));
  EXPECT_FALSE(store::is_storable(std::string_view("a\0b", 3)));
  EXPECT_FALSE(store::is_storable("a\xff"));
}

INSTANTIATE_TEST_SUITE_P(Engines, BatchTest, testing::ValuesIn(engines), name_of);

}  // namespace
