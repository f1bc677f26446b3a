// The table a collector fills: verified before the first request, created if absent, merged into with exact
// counts (CO9). Rows wait in a TEMP table of the session; filling it takes no write lock, merging it is one
// statement of the slice's transaction.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "collect/outcome.hpp"
#include "config/collector.hpp"
#include "store/database.hpp"

namespace collect {

class Destination {
 public:
  Destination(const config::Collector& collector, const std::string& run, store::Database& database,
              store::Session& session);

  // invalid_config with the SQL that mends it, if the table exists and lacks a column or the unique key.
  base::Result<void> verify(std::stop_token stop);

  // The collector's fields; those whose column takes no NULL are required, so that a record without one is
  // set aside and does not spoil the others. After verify().
  std::vector<config::Field> fields() const;

  // Rows in the order of the collector's fields; one call a page.
  base::Result<void> stage(const store::RowSource& rows, std::stop_token stop);

  // Of rows with the same key only the last stays (CO4). After the last page.
  base::Result<void> fold(Counts& counts, std::stop_token stop);

  // Inside the slice's transaction.
  base::Result<void> merge(store::Connection& connection, base::WallTime now, Counts& counts);

 private:
  base::Result<void> verify_columns() const;
  base::Result<void> verify_key(std::stop_token stop);
  const store::Column* find_column(std::string_view name) const;
  base::Result<void> create(store::Connection& connection);
  std::string merge_sql() const;
  std::string column_list(std::string_view prefix = {}) const;
  std::string key_list(std::string_view prefix = {}) const;
  std::string differs(const config::Field& field, std::string_view left, std::string_view right) const;

  const config::Collector& collector_;
  const std::string run_;
  store::Database& database_;
  store::Session& session_;
  const store::Dialect& dialect_;
  const std::string table_;             // quoted
  const std::string staging_;           // quoted
  std::vector<store::Column> columns_;  // empty: the table is to be created
  bool foreign_ = false;                // made by somebody else: gets no _run_id, _loaded_at (CO11)
  bool staged_ = false;
};

}  // namespace collect
