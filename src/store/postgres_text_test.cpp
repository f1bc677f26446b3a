// The pure parts of the PostgreSQL adapter.
#include "store/postgres_text.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "store/postgres_dialect.hpp"
#include "store/postgres_error.hpp"
#include "store/postgres_url.hpp"
#include "store/testing.hpp"

namespace store::testing {
namespace {

using base::Code;
using Kind = ColumnType::Kind;

TEST(PostgresText, CellsByType) {
  const auto text = [](std::string_view written, unsigned oid) {
    return Row{{cell_of_postgres(written, oid)}}.text(0);
  };
  EXPECT_EQ(cell_of_postgres("t", 16), Cell(std::int64_t{1}));
  EXPECT_EQ(cell_of_postgres("f", 16), Cell(std::int64_t{0}));
  EXPECT_EQ(cell_of_postgres("-9223372036854775808", 20), Cell(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(cell_of_postgres("0.1", 701), Cell(0.1));
  EXPECT_EQ(cell_of_postgres("-Infinity", 701), Cell(-std::numeric_limits<double>::infinity()));
  EXPECT_EQ(cell_of_postgres("NaN", 701), Cell(std::string("NaN")));
  EXPECT_EQ(cell_of_postgres("1.10", 1700), Cell(std::string("1.10")));
  EXPECT_EQ(text("2025-11-21 10:30:02.5+00", 1184), "2025-11-21T10:30:02.500000Z");
  EXPECT_EQ(text("2025-11-21 10:30:02+00", 1184), "2025-11-21T10:30:02.000000Z");
  EXPECT_EQ(text("2025-11-21 10:30:02.123456", 1114), "2025-11-21T10:30:02.123456");
  for (const char* as_it_is : {"infinity", "0044-03-15 12:00:00+00 BC", "12025-11-21 10:30:02+00",
                               "2025-11-21 10:30:02-03", "2025-11-21 10:30:02.1234567+00"})
    EXPECT_EQ(text(as_it_is, 1184), as_it_is);
}

TEST(PostgresText, CopyLines) {
  std::string line;
  const std::vector<Param> row{{}, std::int64_t{-7}, 0.1, 1.0, "", "\\N", "a\tb\nc\rd\\.", "Žluť"};
  ASSERT_OK(append_copy_line(line, row));
  EXPECT_EQ(line, "\\N\t-7\t0.1\t1\t\t\\\\N\ta\\tb\\nc\\rd\\\\.\tŽluť\n");
  const std::string before = line;
  const std::vector<Param> wrong{"a", std::string_view("\0", 1)};
  EXPECT_FAILS(Code::invalid_data, append_copy_line(line, wrong));
  const std::vector<Param> nan{std::numeric_limits<double>::quiet_NaN()};
  EXPECT_FAILS(Code::invalid_data, append_copy_line(line, nan));
  EXPECT_EQ(line, before);
}

TEST(PostgresUrl, SaysWhereItLeads) {
  const auto parsed = [](const char* url) { return parse_postgres_url(base::Secret(url)); };
  const auto two = parsed(
      "postgresql://u:p%40ss@one:5433,two:5434/pulse?sslmode=verify-full&target_session_attrs=read-write"
      "&sslrootcert=/ca.pem");
  ASSERT_OK(two);
  EXPECT_EQ(two->description(), "PostgreSQL one:5433,two:5434/pulse");
  EXPECT_EQ(two->password.reveal(), "p@ss");
  ASSERT_EQ(two->hosts.size(), 2U);
  EXPECT_EQ(two->hosts[1].name, "two");
  EXPECT_EQ(parsed("postgres://[::1]:5432/x")->description(), "PostgreSQL ::1:5432/x");
  EXPECT_EQ(parsed("postgresql:///x?host=/run/pg")->description(), "PostgreSQL /run/pg/x");
  const auto by_address = parsed("postgresql:///x?hostaddr=10.0.0.1,10.0.0.2&port=7");
  ASSERT_OK(by_address);
  EXPECT_EQ(by_address->description(), "PostgreSQL 10.0.0.1:7,10.0.0.2:7/x");
}

TEST(PostgresUrl, FaultsDoNotShowIt) {
  for (const char* wrong :
       {"", "host=x password=s3cret", "mysql://u:s3cret@h/d", "postgresql://u:s3cret%zz@h/d",
        "postgresql://u:s3cret@[h/d", "postgresql://u:s3cret@h/d?s3cret", "postgresql://u:x@h/d?s3cret=1"}) {
    const auto refused = parse_postgres_url(base::Secret(wrong));
    EXPECT_FAILS(Code::invalid_config, refused);
    EXPECT_FALSE(mentions(refused, "s3cret")) << wrong;
    EXPECT_TRUE(mentions(refused, "postgresql://")) << message_of(refused);
  }
}

TEST(PostgresError, CodesOfStates) {
  struct Case {
    Code code;
    std::vector<const char*> states;
  };
  const std::vector<Case> cases{
      {Code::unavailable,
       {"08000", "08006", "25P03", "40003", "53000", "53200", "53300", "57P01", "57P03", "58030", "XX000"}},
      {Code::no_space, {"53100"}},
      {Code::conflict, {"40001", "40P01", "55P03", "55006"}},
      {Code::invalid_data,
       {"22001", "22003", "22P02", "22021", "23502", "23505", "40002", "44000", "54000", "P0001", "XX001"}},
      {Code::permission, {"28000", "28P01", "42501", "25006"}},
      {Code::invalid_config, {"3D000", "3F000"}},
      {Code::timeout, {"57014", "25P04"}},
      {Code::internal, {"42601", "42P01", "21000", "0A000", "25P02", "26000", ""}},
  };
  for (const auto& [code, states] : cases)
    for (const char* state : states) EXPECT_EQ(code_of_sqlstate(state), code) << state;
}

TEST(PostgresError, OfAConnectionThatFailed) {
  const auto refused = connect_error(
      "connection to server at \"a\" (10.0.0.1), port 5432 failed: timeout expired\n"
      "connection to server at \"b\" (10.0.0.2), port 5432 failed: FATAL:  28P01: password authentication "
      "failed for user \"u\"\nLOCATION:  auth_failed, auth.c:338\n");
  EXPECT_EQ(refused.code, Code::permission);
  EXPECT_EQ(
      refused.message,
      "connection to server at \"a\" (10.0.0.1), port 5432 failed: timeout expired; connection to server "
      "at \"b\" (10.0.0.2), port 5432 failed: FATAL:  password authentication failed for user \"u\" "
      "(SQLSTATE 28P01); check the user and the password in the database's URL");
  EXPECT_EQ(connect_error("").code, Code::unavailable);
  EXPECT_EQ(connect_error("\t\n:  28P01").code, Code::unavailable);
}

TEST(PostgresDialect, DeclaredTypes) {
  std::string types;
  for (const Kind kind :
       {Kind::text, Kind::integer, Kind::bigint, Kind::number, Kind::real, Kind::boolean, Kind::date,
        Kind::timestamp, Kind::timestamp_local, Kind::uuid, Kind::json, Kind::text_list, Kind::integer_list})
    types += postgres_dialect()->type({.kind = kind}) + ", ";
  EXPECT_EQ(types,
            "text, integer, bigint, numeric, double precision, boolean, date, timestamptz, timestamp, uuid, "
            "jsonb, text[], bigint[], ");
  EXPECT_EQ(postgres_dialect()->type({.kind = Kind::text, .length = 5}), "varchar(5)");
  EXPECT_EQ(postgres_dialect()->type({.kind = Kind::number, .precision = 5, .scale = 2}), "numeric(5,2)");
}

TEST(PostgresDialect, Names) {
  const auto engine = postgres_dialect();
  const Dialect& dialect = *engine;
  EXPECT_EQ(dialect.table("s\"x", "T"), "\"s\"\"x\".\"T\"");
  EXPECT_EQ(dialect.ledger("runs"), "pulse.runs");
  EXPECT_EQ(postgres_dialect("phoenix")->ledger("jobs"), "phoenix.jobs");
  EXPECT_TRUE(dialect.same_name("a", "a"));
  EXPECT_FALSE(dialect.same_name("a", "A"));
  const std::string long_name(62, 'x');
  EXPECT_TRUE(dialect.same_name(long_name + "y", long_name + "yz"));
  EXPECT_FALSE(dialect.same_name(long_name + "y", long_name + "z"));
  EXPECT_EQ(clip_identifier(long_name + "Ž"), long_name) << "no half characters";
}

}  // namespace
}  // namespace store::testing
