// Do a collector and its table go together? Everything that stands against it is found at once, each with the
// SQL that mends it, so that a person needs one round. Pure.
//
//   const FitJudgement judged = judge_fit(collector, dialect, sql, table);
//   if (!judged.faults.empty()) … // one line each
#pragma once

#include <string>
#include <vector>

#include "collect/destination_sql.hpp"
#include "config/collector.hpp"
#include "store/dialect.hpp"

namespace store {
struct Table;
}

namespace collect {

struct FitJudgement {
  Fit fit;                           // how they go together
  std::vector<std::string> lacking;  // columns the table will not get, by destination.schema_contract
  std::vector<std::string> faults;   // why they do not, for people
  bool key_is_there = true;          // the table has all columns of the key
};

FitJudgement judge_fit(const config::Collector& collector, const store::Dialect& dialect,
                       const DestinationSql& sql, const store::Table& table);

// By its name, as the engine compares names; nullptr: none.
const store::Column* find_column(const store::Dialect& dialect, const store::Table& table,
                                 std::string_view name);

}  // namespace collect
