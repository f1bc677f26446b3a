// What the tables of the ledger have in common: the columns of runs, of counts and of slices, in one place.
// For ledger.cpp, history.cpp, slots.cpp and loads.cpp only.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/ledger.hpp"
#include "collect/outcome.hpp"
#include "store/database.hpp"

namespace collect {

// The counting columns of runs, and where each stands in Counts.
struct CountColumn {
  const char* name;
  std::int64_t Counts::*member;
  bool in_slices;
};
inline constexpr std::array count_columns{
    CountColumn{"requests", &Counts::requests, false},
    CountColumn{"pages", &Counts::pages, false},
    CountColumn{"received_bytes", &Counts::received_bytes, false},
    CountColumn{"records", &Counts::records, true},
    CountColumn{"staged", &Counts::staged, true},
    CountColumn{"inserted", &Counts::inserted, true},
    CountColumn{"updated", &Counts::updated, true},
    CountColumn{"unchanged", &Counts::unchanged, true},
    CountColumn{"deleted", &Counts::deleted, true},
    CountColumn{"quarantined", &Counts::quarantined, true},
    CountColumn{"conflicts", &Counts::conflicts, true},
};

// Of a table of the ledger, which stands in a schema of its own where there are schemas; empty: it is not
// there.
base::Result<std::vector<store::Column>> columns_of_ledger(store::Database& database,
                                                           store::Connection& connection,
                                                           std::string_view table);

// What the ledger has from later than this was written while a clock was wrong, and says nothing of what is
// due, was collected or failed. The hours are what clocks are set by in ordinary life, which must not bring a
// slot back (SC4), and one more.
inline base::WallTime believable_until(base::WallTime now) { return now + std::chrono::hours{3}; }

std::optional<base::WallTime> time_in(const store::Row& row, std::size_t column);
store::Param text_or_null(std::string_view text);
std::string iso_or_empty(const std::optional<base::WallTime>& time);

// Columns by name with their values, for one statement. Texts must live until it ran.
class ColumnValues {
 public:
  void add(std::string_view column, store::Param value);
  const std::vector<store::Param>& params() const { return params_; }
  std::string insert_into(std::string_view table) const;  // INSERT INTO table (…) VALUES ($1, …)

 private:
  std::vector<std::string> columns_;
  std::vector<store::Param> params_;
};

std::string run_columns();  // in the order in which read_run() takes them
RunRecord read_run(const store::Row& row);

// A slice as both tables that hold one (slices, loads) write and read it.
struct SliceTexts {  // what its values point into
  explicit SliceTexts(const SliceRecord& slice);
  std::string window_start, window_end;
};
void add_slice(ColumnValues& values, const SliceRecord& slice, const SliceTexts& texts);
std::string slice_columns();  // in the order in which read_slice() takes them, from `first`
SliceRecord read_slice(const store::Row& row, std::size_t first);
std::size_t slice_column_count();

}  // namespace collect
