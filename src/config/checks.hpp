// `checks`: what must be true of a batch before it is committed, and of stored tables on demand. Every item
// is a map with one check word; level and release stand beside the word or inside of its map (semantics CK).
//
//   - row_count: {must_be_greater_than: 0, level: warn}
//   - missing: {column: title, must_be_less_than: 5%}
//     level: hold
//
// A type for the collector's table, see descriptor.hpp. Whether the columns exist is the collector's to
// check: columns_of() names each with its place in the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "config/descriptor.hpp"
#include "config/types.hpp"

namespace config {

enum class CheckLevel { warn, hold, fail };
enum class CheckRelease { manual, second_fetch };  // how a held batch gets free (CK2)

struct RowCount {  // exactly one must_be…
  std::optional<std::int64_t> must_be, must_be_greater_than, must_be_less_than;
  std::optional<std::pair<std::int64_t, std::int64_t>> must_be_between;  // both included
  std::string table;  // "": the batch, or the collector's own table
  std::string where;  // SQL; "": all rows
  bool allows(std::int64_t rows) const;
};

struct Freshness {  // the newest value of the column
  std::string column;
  base::Duration must_be_less_than{};
};

struct NoFutureDates {
  std::vector<std::string> columns;
  base::Duration tolerance{};
};

// How many rows may break a validity rule. Neither is written: none.
struct BadRows {
  std::optional<std::int64_t> must_be;
  std::optional<Share> must_be_less_than;
  bool allows(std::int64_t bad, std::int64_t all) const;
};

struct Duplicate : BadRows {  // rows that share the values of all columns with an earlier one
  std::vector<std::string> columns;
};

struct Missing : BadRows {  // rows with a NULL in one of the columns
  std::vector<std::string> columns;
};

struct Invalid : BadRows {  // a NULL is missing, not invalid
  std::string column;
  std::optional<std::string> valid_min, valid_max;  // decimal numbers in plain notation
  std::vector<std::string> valid_values;            // none: any
  std::optional<std::string> valid_regex;           // RE2; found anywhere in the text, unless it has ^ and $
};

struct Anomaly {
  enum class Metric { row_count, missing_percent, average, sum, min, max };
  enum class Seasonality { none, day_of_week };
  enum class Direction { both, up, down };
  Metric metric = Metric::row_count;
  std::string column;  // "" for row_count only
  base::Duration training{};
  Seasonality seasonality = Seasonality::none;
  Direction direction = Direction::both;
};

struct Check {
  std::variant<RowCount, Freshness, NoFutureDates, Duplicate, Missing, Invalid, Anomaly> rule;
  CheckLevel level = CheckLevel::warn;
  CheckRelease release = CheckRelease::manual;
  std::string_view word() const;  // row_count, freshness …
};

struct NamedColumn {
  std::string column;
  std::string path;  // from the collector's map: checks[2].missing.columns[0], for Node::nearest()
};
std::vector<NamedColumn> columns_of(const std::vector<Check>& checks);

inline constexpr std::size_t max_checks = 200;  // of a collector

Type<std::vector<Check>> checks();

}  // namespace config
