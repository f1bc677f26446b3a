// What the words of a dialect do, on every engine.
#include "store/dialect.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/decimal.hpp"
#include "base/rng.hpp"
#include "base/text.hpp"
#include "store/conformance_test.hpp"
#include "store/sqlite_functions.hpp"

namespace store::testing {
namespace {

using Kind = ColumnType::Kind;

constexpr ColumnType text{.kind = Kind::text};
constexpr ColumnType integer{.kind = Kind::integer};
constexpr ColumnType number_type{.kind = Kind::number};

class DialectConformance : public Conformance {
 protected:
  // Of an expression, as text; "NULL" for NULL.
  std::string value(const std::string& expression) {
    const auto rows = query(*session_, "SELECT " + expression);
    if (!rows) return rows.error().message;
    return rows->front().is_null(0) ? "NULL" : rows->front().text(0);
  }
  bool truth(const std::string& condition) {
    return value("CASE WHEN " + condition + " THEN 'yes' ELSE 'no' END") == "yes";
  }
  const Dialect& dialect_ = database_->dialect();
};

TEST_P(DialectConformance, DiffersByTheTypesEquality) {
  const auto differ = [&](const char* a, const char* b, const ColumnType& type) {
    return truth(dialect_.differs(a, b, type));
  };
  EXPECT_FALSE(differ("'1.10'", "'1.1'", number_type));
  EXPECT_FALSE(differ("'0.10'", "'0.1000'", number_type));
  EXPECT_TRUE(differ("'12345678901234567890.1'", "'12345678901234567890.2'", number_type));
  EXPECT_FALSE(differ("'-0'", "'0.00'", number_type));
  EXPECT_FALSE(differ("10", "'10.0'", number_type));
  EXPECT_FALSE(differ("NULL", "NULL", number_type));
  EXPECT_TRUE(differ("NULL", "'0'", number_type));
  EXPECT_TRUE(differ("'0'", "NULL", number_type));
  EXPECT_FALSE(differ("NULL", "NULL", text));
  EXPECT_TRUE(differ("NULL", "'a'", text));
  EXPECT_FALSE(differ("'a'", "'a'", text));
  EXPECT_TRUE(differ("'a'", "'A'", text));
  EXPECT_TRUE(differ("'1.10'", "'1.1'", text));
  EXPECT_TRUE(differ("1", "2", integer));
  EXPECT_FALSE(differ("2", "2", integer));
}

TEST_P(DialectConformance, DocumentsDifferByValue) {
  const auto differ = [&](const char* a, const char* b) {
    return truth(dialect_.differs(a, b, {.kind = Kind::json}));
  };
  EXPECT_FALSE(differ("'{\"a\":1.10,\"b\":[1e2,-0]}'", "'{\"a\":1.1,\"b\":[100,0.0]}'"));
  EXPECT_TRUE(differ("'{\"a\":1.10}'", "'{\"a\":1.11}'"));
  EXPECT_TRUE(differ("'{\"1.10\":1}'", "'{\"1.1\":1}'"));
  EXPECT_TRUE(differ("'[\"\\\"1.10\"]'", "'[\"\\\"1.1\"]'"));
  EXPECT_TRUE(differ("'[1,2]'", "'[12]'"));
  EXPECT_TRUE(differ("'1'", "'\"1\"'"));
  EXPECT_TRUE(differ("'[1]'", "'[1,1]'"));
  EXPECT_TRUE(differ("NULL", "'null'"));
  EXPECT_FALSE(differ("NULL", "NULL"));
}

TEST_P(DialectConformance, OneTransactionAtATimePasses) {
  if (dialect_.take_turns().empty()) return;
  const auto other = session_of(*database_);
  ASSERT_OK(write([&](Connection& c) -> base::Result<void> {
    TRY(c.query(dialect_.take_turns(), {"it's"}));
    TRY(c.query(dialect_.take_turns(), {"it's"}));  // which has it already
    const auto second = other->transact(Access::write, {}, [&](Connection& late) -> base::Result<void> {
      TRY(late.query(dialect_.take_turns(), {"something else"}));
      TRY(late.execute("SET LOCAL lock_timeout = 1"));
      TRY(late.query(dialect_.take_turns(), {"it's"}));
      return {};
    });
    EXPECT_FAILS(base::Code::conflict, second);
    return {};
  }));
}

TEST_P(DialectConformance, GreaterFollowsTheTypesOrder) {
  const auto greater = [&](const char* a, const char* b, const ColumnType& type) {
    return truth(dialect_.greater(a, b, type));
  };
  EXPECT_TRUE(greater("'10'", "'9.5'", number_type));
  EXPECT_FALSE(greater("'10'", "'9.5'", text));
  EXPECT_FALSE(greater("'1.10'", "'1.1'", number_type));
  EXPECT_TRUE(greater("'a'", "'B'", text));
  EXPECT_TRUE(greater("10", "9", integer));
  for (const ColumnType& type : {text, number_type}) {
    EXPECT_TRUE(greater("'1'", "NULL", type));
    EXPECT_FALSE(greater("NULL", "'1'", type));
    EXPECT_FALSE(greater("NULL", "NULL", type));
    EXPECT_FALSE(truth("NOT " + dialect_.greater("'1'", "NULL", type))) << "never NULL";
    EXPECT_TRUE(truth("NOT " + dialect_.greater("NULL", "'1'", type))) << "never NULL";
  }
}

TEST_P(DialectConformance, NullIsAbsentAmongGreatestAndLeast) {
  const auto both = [&](const char* a, const char* b, const ColumnType& type) {
    return value(dialect_.least(a, b, type)) + " " + value(dialect_.greatest(a, b, type));
  };
  EXPECT_EQ(both("'10'", "'9.5'", number_type), "9.5 10");
  EXPECT_EQ(both("'9.5'", "'10'", number_type), "9.5 10");
  EXPECT_EQ(both("'10'", "'9.5'", text), "10 9.5");
  EXPECT_EQ(both("'-1'", "NULL", number_type), "-1 -1");
  EXPECT_EQ(both("NULL", "'-1'", number_type), "-1 -1");
  EXPECT_EQ(both("NULL", "NULL", number_type), "NULL NULL");
  EXPECT_EQ(both("'1.1'", "'1.10'", number_type), "1.1 1.1") << "of equal values the first";
}

TEST_P(DialectConformance, OrderedSortsByTheType) {
  ASSERT_OK(execute(*session_, "CREATE TABLE s (x " + dialect_.type(number_type) + ")"));
  ASSERT_OK(execute(*session_, "INSERT INTO s VALUES ('10'), (NULL), ('-3'), ('9.5'), ('-20.5'), ('0')"));
  const auto rows =
      query(*session_, "SELECT x FROM s ORDER BY " + dialect_.ordered("x", number_type) + " DESC NULLS LAST");
  ASSERT_OK(rows);
  std::vector<std::string> found;
  for (const Row& row : *rows) found.push_back(row.text(0));
  EXPECT_EQ(found, (std::vector<std::string>{"10", "9.5", "0", "-3", "-20.5", ""}));
}

TEST_P(DialectConformance, ColumnTypesKeepWhatTheyAreGiven) {
  struct Case {
    ColumnType type;
    Param given;
    std::string kept;
  };
  const std::vector<Case> cases{
      {text, "007", "007"},
      {{.kind = Kind::text, .length = 3}, "1e3", "1e3"},
      {integer, std::int64_t{-5}, "-5"},
      {{.kind = Kind::bigint}, std::int64_t{9'007'199'254'740'993}, "9007199254740993"},
      {number_type, "12345678901234567890.10", "12345678901234567890.10"},
      {{.kind = Kind::number, .precision = 5, .scale = 2}, "1.10", "1.10"},
      {{.kind = Kind::real}, 0.1, "0.1"},
      {{.kind = Kind::date}, "2025-11-21", "2025-11-21"},
  };
  std::string columns = "position " + std::string(dialect_.serial());
  std::string names, values;
  std::vector<Param> params;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    columns += fmt::format(", c{} {}", i, dialect_.type(cases[i].type));
    names += fmt::format("{}c{}", i == 0 ? "" : ", ", i);
    params.push_back(cases[i].given);
    values += fmt::format("{}${}", i == 0 ? "" : ", ", i + 1);
  }
  ASSERT_OK(execute(*session_, "CREATE TABLE u (" + columns + ")"));
  ASSERT_OK(write([&](Connection& c) -> base::Result<void> {
    TRY(c.execute(fmt::format("INSERT INTO u ({}) VALUES ({})", names, values), params));
    return {};
  }));
  const auto rows = query(*session_, "SELECT " + names + " FROM u");
  ASSERT_OK(rows);
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(rows->front().text(i), cases[i].kept) << i;
}

INSTANTIATE_TEST_SUITE_P(Engines, DialectConformance, ::testing::ValuesIn(engines), name_of);

TEST(SqliteDialect, DeclaredTypes) {
  const auto database = open(":memory:");
  std::string types;
  for (const Kind kind :
       {Kind::text, Kind::integer, Kind::bigint, Kind::number, Kind::real, Kind::boolean, Kind::date,
        Kind::timestamp, Kind::timestamp_local, Kind::uuid, Kind::json, Kind::text_list, Kind::integer_list})
    types += database->dialect().type({.kind = kind, .length = 5}) + " ";
  EXPECT_EQ(types, "TEXT INTEGER INTEGER TEXT REAL INTEGER TEXT TEXT TEXT TEXT TEXT TEXT TEXT ");
}

TEST(SqliteDialect, ColumnsThatIgnoreCaseStillDiffer) {
  const auto database = open(":memory:");
  const auto session = session_of(*database);
  ASSERT_OK(execute(*session, "CREATE TABLE t (a TEXT COLLATE NOCASE)"));
  ASSERT_OK(execute(*session, "INSERT INTO t VALUES ('x')"));
  EXPECT_EQ(number(*session, "SELECT " + database->dialect().differs("a", "'X'", text) + " FROM t"), 1);
  EXPECT_EQ(number(*session, "SELECT " + database->dialect().greater("a", "'X'", text) + " FROM t"), 1);
}

TEST(DecimalOrder, IsTheOrderOfTheNumbers) {
  const std::vector<std::string> ascending{"-1e400",
                                           "-12345678901234567890.2",
                                           "-12345678901234567890.1",
                                           "-10",
                                           "-9.99",
                                           "-1.12",
                                           "-1.1",
                                           "-1",
                                           "-0.5",
                                           "-0.05",
                                           "0",
                                           "0.05",
                                           "0.5",
                                           "1",
                                           "1.1",
                                           "1.12",
                                           "1.2",
                                           "9.99",
                                           "10",
                                           "99",
                                           "100",
                                           "1e20",
                                           "1e400"};
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (std::size_t j = 0; j < ascending.size(); ++j)
      EXPECT_EQ(decimal_order(ascending[i]) <=> decimal_order(ascending[j]), i <=> j)
          << ascending[i] << " " << ascending[j];
  EXPECT_EQ(decimal_order("1.10"), decimal_order("1.1"));
  EXPECT_EQ(decimal_order("-0.0"), decimal_order("0"));
  EXPECT_EQ(decimal_order("100"), decimal_order("1e2"));
}

TEST(DecimalOrder, AgreesWithComparison) {
  base::Rng rng(7);
  const auto decimal = [&] {
    return fmt::format("{}{}.{:0{}}", rng.below(2) == 0 ? "-" : "", rng.below(200), rng.below(100),
                       2 + rng.below(3));
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string a = *base::plain_decimal(decimal()), b = *base::plain_decimal(decimal());
    EXPECT_EQ(decimal_order(a) <=> decimal_order(b), base::compare_decimal(a, b)) << a << " " << b;
  }
}

TEST(DecimalOrder, TakesWhatIsNoNumber) {
  for (const std::string none : {"", "abc", "-", "1.", "NaN", "1e999999999", "\xff", "١"})
    EXPECT_LT(decimal_order(none), decimal_order("-1e400")) << none;
  const auto database = open(":memory:");
  const auto session = session_of(*database);
  EXPECT_EQ(number(*session, "SELECT " + database->dialect().differs("'abc'", "'abd'", number_type)), 1);
  EXPECT_EQ(number(*session,
                   "SELECT " + database->dialect().differs("1e20", "'100000000000000000000'", number_type)),
            0);
  EXPECT_EQ(number(*session, "SELECT " + database->dialect().greater("x'ff00'", "'abc'", number_type)), 1);
  EXPECT_EQ(number(*session, "SELECT " + database->dialect().greater("1.5e3", "'1499'", number_type)), 1);
}

}  // namespace
}  // namespace store::testing
