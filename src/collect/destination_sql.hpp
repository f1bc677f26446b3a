// The statements of a destination, as text: one function each, for every engine. In them the rows of the
// table are called `stored`, those of the TEMP table `staged`. Pure; what depends on the table as it is
// stands in a Fit.
//
// Statements that insert take $1 = the run and $2 = the time, unless the table is somebody else's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/collector.hpp"
#include "store/dialect.hpp"

namespace store {
struct Table;
}

namespace collect {

store::ColumnType column_type(const config::Field& field);  // of the column that pulse makes for it
store::ColumnType value_type(const config::Field& field);   // of its values: also max_length of a text

inline constexpr std::string_view run_column = "_run_id", loaded_column = "_loaded_at";
inline constexpr std::string_view replaced_column = "_replaced_by";  // marks the generation before

// How a collector and its table go together.
struct Fit {
  bool exists = false;
  bool foreign = false;                       // made by somebody else: gets no _run_id, _loaded_at (CO11)
  std::vector<const config::Field*> loaded;   // the fields that have a column, or get one
  std::vector<const config::Field*> missing;  // of these, the ones whose column is to be added
};

class DestinationSql {
 public:
  DestinationSql(const config::Collector& collector, const store::Dialect& dialect, const std::string& run);

  const std::string& table() const { return table_; }  // quoted, as are all names here
  const std::string& staging() const { return staging_; }
  const std::string& previous() const { return previous_; }  // the generation before
  std::string key_list(std::string_view prefix = {}) const;

  // The key as the table has it, so that keys equal there are equal here.
  std::string create_staging(const store::Table& table) const;
  // Where in a staged row the key is, if equal keys are equal byte by byte; else nothing.
  std::vector<std::size_t> plain_key(const store::Table& table) const;
  std::string drop_staging() const;
  std::string any_repeated() const;
  // Of rows with one key all but one are losers (CO4): these four in this order.
  std::string rank_repeated() const;
  std::string count_conflicts(const Fit& fit) const;
  std::string delete_losers() const;
  std::string drop_losers() const;

  std::string create_table() const;
  std::string add_column(const config::Field& field) const;
  // These change nothing: the one fails if the key will not do, the others if a right is missing.
  std::string plan_merge() const;
  std::vector<std::string> plan_writes(const Fit& fit) const;
  std::string count_stored() const;
  std::string insert(const Fit& fit) const;      // all rows
  std::string insert_new(const Fit& fit) const;  // rows whose key is not there yet
  std::string upsert(const Fit& fit) const;
  bool updates(const Fit& fit) const;                 // else upsert() is insert_new()
  std::string upsert_counting(const Fit& fit) const;  // gives: inserted, written; where the engine can
  std::string count_new() const;                      // staged rows whose key is not there
  // Replace with a key: whether a row is new or differs; then, in this order, what deletes those that are not
  // staged.
  std::string any_change(const Fit& fit) const;
  std::string keep_staged_keys() const;
  std::string index_kept() const;
  std::string delete_vanished() const;
  std::string drop_kept() const;
  std::string delete_all() const;
  std::string drop_previous() const;
  std::string copy_to_previous() const;

 private:
  std::string staged_type(const config::Field& field, const store::Table& table) const;
  std::string column_list(const Fit& fit) const;
  std::string same_key(std::string_view a, std::string_view b) const;
  // Any of the loaded columns that count; of `stored` against what it becomes.
  std::string any_differs(const Fit& fit, std::string_view a, std::string_view b) const;
  std::string in_key_order() const;
  std::string result_of(const config::Field& field) const;
  config::Destination::OnConflict policy(const config::Field& field) const;

  const config::Collector& collector_;
  const store::Dialect& dialect_;
  const std::string run_, table_, previous_, staging_, losers_, kept_;
};

}  // namespace collect
