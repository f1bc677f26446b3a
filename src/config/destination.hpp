// Where a collector's rows go.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace config {

struct Destination {
  enum class WriteDisposition { merge, append, replace };
  enum class OnConflict { overwrite, keep, keep_if_null, max, min };
  enum class SchemaContract { evolve, freeze, discard_row, discard_value, quarantine_row };
  std::string table, schema, database;
  WriteDisposition write_disposition = WriteDisposition::merge;
  std::vector<std::string> primary_key;                         // required for merge; append: may be empty
  std::vector<std::pair<std::string, OnConflict>> on_conflict;  // columns not named: overwrite
  SchemaContract schema_contract = SchemaContract::evolve;
  std::string dedup_sort;      // column: of rows with one key in one batch, the greatest stays
  std::string version_column;  // column: update only when it is greater than the stored one
};

}  // namespace config
