// The table a collector fills: verified before the first request, created if absent, then slice by slice
// merged into, appended to or replaced, with exact counts (CO9). Rows wait in a TEMP table of the session;
// filling it takes no write lock, the rest happens in the slice's transaction.
//
//   TRY(destination.verify(stop));
//   TRY(destination.stage(page, stop)); …          // a slice: pages, then fold, then merge, or neither
//   TRY(destination.fold(counts, stop));
//   TRY(session.transact(Access::write, stop, [&](Connection& connection) -> Result<void> {
//     if (const auto shrunk = TRY(destination.shrunk(connection, counts))) …  // refuse it: return
//     return destination.merge(connection, now, counts);
//   }));
//   TRY(destination.reset(stop));                  // on to the next slice
//
// Errors: invalid_config if table and collector do not go together: a line for each fault, with the SQL that
// mends it; those of the store. Belongs to one thread at a time.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "collect/destination_sql.hpp"
#include "collect/key_watch.hpp"
#include "collect/outcome.hpp"
#include "config/collector.hpp"
#include "store/database.hpp"

namespace collect {

class Destination {
 public:
  Destination(const config::Collector& collector, const std::string& run, store::Database& database,
              store::Session& session);

  base::Result<void> verify(std::stop_token stop);
  bool exists() const { return table_.exists; }  // the table, as last seen

  // The following three after verify().
  // With all of their columns; false also without a table.
  base::Result<bool> has_rows(std::stop_token stop);
  // The collector's fields; those whose column takes no NULL are required, so that a record without one is
  // set aside and does not spoil the others.
  std::vector<config::Field> fields() const;
  // Columns the table lacks and will not get, by destination.schema_contract: their values are left out. What
  // else that means for a record that has one (discard_row, quarantine_row) is the mapper's to do.
  const std::vector<std::string>& lacking() const { return lacking_; }

  store::ListStyle list_style() const { return dialect_.list_style(); }  // for the Mapper

  // Rows in the order of the collector's fields; one call a page.
  base::Result<void> stage(const store::RowSource& rows, std::stop_token stop);

  // After the last page: counts what is staged. Of rows with the same key one stays (CO4): that with the
  // greatest dedup_sort, else the last.
  base::Result<void> fold(Counts& counts, std::stop_token stop);

  // Inside the slice's transaction, before merge(): a replace that would leave less than half of the rows
  // there are (CO8). Nothing is changed yet; merge() does not ask again.
  struct Shrunk {
    std::int64_t before = 0, staged = 0;
  };
  base::Result<std::optional<Shrunk>> shrunk(store::Connection& connection, const Counts& counts);

  // Inside the slice's transaction: inserted, updated, unchanged, deleted.
  base::Result<void> merge(store::Connection& connection, base::WallTime now, Counts& counts);

  // Forgets what is staged, merged or not.
  base::Result<void> reset(std::stop_token stop);

 private:
  bool is(config::Destination::WriteDisposition disposition) const;
  bool has_key() const { return !collector_.destination.primary_key.empty(); }

  using Faults = std::vector<std::string>;
  base::Result<Faults> examine(store::Connection& connection);
  base::Result<Faults> examine_previous(store::Connection& connection);
  base::Result<Faults> examine_key(std::stop_token stop);
  base::Result<Faults> examine_rights(std::stop_token stop);
  std::string refused_by_rights(const std::string& message) const;
  base::Result<void> take_turns(store::Connection& connection);

  base::Result<std::int64_t> count(store::Connection& connection, const std::string& sql) const;
  base::Result<void> fold_repeated(store::Connection& connection, Counts& counts);
  base::Result<void> prepare(store::Connection& connection);
  base::Result<void> upsert(store::Connection& connection, std::span<const store::Param> params,
                            Counts& counts);
  base::Result<std::int64_t> delete_old(store::Connection& connection);
  base::Result<void> replace(store::Connection& connection, std::span<const store::Param> params,
                             Counts& counts);

  const config::Collector& collector_;
  const std::string run_;
  store::Database& database_;
  store::Session& session_;
  const store::Dialect& dialect_;
  const DestinationSql sql_;
  store::Table table_;  // as last seen
  Fit fit_;
  bool key_is_there_ = true;
  std::vector<std::string> lacking_;
  bool staged_ = false, folded_ = false;
  std::int64_t staged_rows_ = 0;
  KeyWatch keys_;
};

}  // namespace collect
