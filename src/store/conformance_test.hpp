// For tests that every engine must pass. An engine joins by one line in `engines`.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "store/postgres_server_test.hpp"
#include "store/testing.hpp"

namespace store::testing {

struct Engine {
  const char* name;
  std::unique_ptr<Database> (*open)(const TempFolder&);
  bool readers_are_separate;
  const char* endless_query;
};

inline constexpr const char* endless_recursion =
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";

inline constexpr std::array engines{
    Engine{"sqlite_file", [](const TempFolder& folder) { return open(folder / "pulse.db"); }, true,
           endless_recursion},
    Engine{"sqlite_memory", [](const TempFolder&) { return open(":memory:"); }, false, endless_recursion},
    Engine{"postgresql", [](const TempFolder&) { return open_fresh_postgres(); }, true,
           "SELECT pg_sleep(3600)"},
};

// The same with a ledger of another name, for what knows of ledgers.
inline constexpr std::array engines_of_phoenix{
    Engine{"sqlite_phoenix",
           [](const TempFolder& folder) { return open(folder / "phoenix.db", false, "phoenix"); }, true,
           endless_recursion},
    Engine{"postgresql_phoenix", [](const TempFolder&) { return open_fresh_postgres("phoenix"); }, true,
           "SELECT pg_sleep(3600)"},
};

inline std::string name_of(const ::testing::TestParamInfo<Engine>& info) { return info.param.name; }

class Conformance : public ::testing::TestWithParam<Engine> {
 protected:
  base::Result<void> write(const Work& work) { return session_->transact(Access::write, {}, work); }
  void create_table() {
    ASSERT_OK(execute(*session_, "CREATE TABLE t (id {bigint} PRIMARY KEY, name TEXT)"));
  }
  std::int64_t count() { return number(*session_, "SELECT count(*) FROM t"); }

  TempFolder folder_;
  std::unique_ptr<Database> database_ = GetParam().open(folder_);
  std::unique_ptr<Session> session_ = session_of(*database_);
};

}  // namespace store::testing
