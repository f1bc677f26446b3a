#include "collect/destination.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/text.hpp"
#include "collect/destination_fit.hpp"

namespace collect {
namespace {

using base::Code;
using base::Result;
using config::Field;
using store::Access;
using store::Connection;
using store::Param;
using Disposition = config::Destination::WriteDisposition;

constexpr std::size_t max_name = 63;  // PostgreSQL cuts longer ones off

base::Result<void> refuse(const std::vector<std::string>& faults) {
  if (faults.empty()) return {};
  return base::Error{Code::invalid_config, base::join(faults, "\n")};
}

}  // namespace

Destination::Destination(const config::Collector& collector, const std::string& run,
                         store::Database& database, store::Session& session)
    : collector_(collector),
      run_(run),
      database_(database),
      session_(session),
      dialect_(database.dialect()),
      sql_(collector, dialect_, run) {}

bool Destination::is(Disposition disposition) const {
  return collector_.destination.write_disposition == disposition;
}

std::vector<Field> Destination::fields() const {
  std::vector<Field> fields = collector_.fields;
  for (Field& field : fields) {
    const store::Column* column = find_column(dialect_, table_, field.column);
    if (column != nullptr && column->not_null) field.required = true;
  }
  return fields;
}

// ---- do table and collector go together? ----

Result<void> Destination::verify(std::stop_token stop) {
  Faults faults;
  TRY(session_.transact(Access::read, stop, [&](Connection& connection) -> Result<void> {
    faults = TRY(examine(connection));
    return {};
  }));
  if (table_.exists && has_key() && key_is_there_)
    for (std::string& fault : TRY(examine_key(stop))) faults.push_back(std::move(fault));
  if (table_.exists && faults.empty()) faults = TRY(examine_rights(std::move(stop)));
  return refuse(faults);
}

Result<bool> Destination::has_rows(std::stop_token stop) {
  if (!table_.exists || !fit_.missing.empty()) return false;
  bool found = false;
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    found = !TRY(connection.query(fmt::format("SELECT 1 FROM {} LIMIT 1", sql_.table()))).empty();
    return {};
  }));
  return found;
}

// Again in each slice's transaction: the table may have come, gone or changed meanwhile, also by a slice of
// ours that was rolled back.
Result<Destination::Faults> Destination::examine(Connection& connection) {
  const config::Destination& it = collector_.destination;
  auto table = database_.describe(connection, it.schema, it.table);
  if (!table) {
    if (table.error().code == Code::invalid_config)
      table.error().message += "; name another one in destination.table";
    return table.error();
  }
  table_ = *std::move(table);
  FitJudgement judged = judge_fit(collector_, dialect_, sql_, table_);
  fit_ = std::move(judged.fit);
  lacking_ = std::move(judged.lacking);
  key_is_there_ = judged.key_is_there;
  if (is(Disposition::replace))
    for (std::string& fault : TRY(examine_previous(connection))) judged.faults.push_back(std::move(fault));
  return std::move(judged.faults);
}

// replace() drops the generation before, so it must be one.
Result<Destination::Faults> Destination::examine_previous(Connection& connection) {
  const config::Destination& it = collector_.destination;
  const std::string name = "_prev_" + it.table;
  if (name.size() > max_name)
    return Faults{
        fmt::format("the table's name {} is too long for replace, which keeps the rows before under "
                    "the name _prev_<table>; shorten it to {} bytes",
                    sql_.table(), max_name - std::string_view("_prev_").size())};
  const auto previous = database_.describe(connection, it.schema, name);
  if (!previous && previous.error().code != Code::invalid_config) return previous.error();
  if (!previous)
    return Faults{previous.error().message +
                  ", and replace keeps the rows before under this name; rename it"};
  if (!previous->exists || find_column(dialect_, *previous, replaced_column) != nullptr) return Faults();
  return Faults{
      fmt::format("the table {} was not made by replace, which keeps the rows before under this name; rename "
                  "it with: ALTER TABLE {} RENAME TO {};",
                  sql_.previous(), sql_.previous(), dialect_.quote(it.table + "_saved"))};
}

// The engine itself says whether the key will do: it plans a merge that is never carried out.
Result<Destination::Faults> Destination::examine_key(std::stop_token stop) {
  const auto planned =
      session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
        TRY(connection.query(sql_.plan_merge()));
        return {};
      });
  if (planned) return Faults();
  if (planned.error().code == Code::permission) return Faults{refused_by_rights(planned.error().message)};
  if (planned.error().code != Code::internal) return planned.error();
  return Faults{fmt::format(
      "the table {0} cannot be merged into by the primary_key ({1}), because it has no unique key of exactly "
      "these columns; change destination.primary_key, or add one with: CREATE UNIQUE INDEX {2} ON {0} ({1}); "
      "({3})",
      sql_.table(), sql_.key_list(), dialect_.quote(collector_.destination.table + "_key"),
      planned.error().message)};
}

Result<Destination::Faults> Destination::examine_rights(std::stop_token stop) {
  const auto planned =
      session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
        for (const std::string& plan : sql_.plan_writes(fit_)) TRY(connection.query(plan));
        return {};
      });
  if (planned) return Faults();
  if (planned.error().code == Code::permission) return Faults{refused_by_rights(planned.error().message)};
  return planned.error();
}

std::string Destination::refused_by_rights(const std::string& message) const {
  return fmt::format(
      "the table {0} cannot be read and written: {1}; as its owner: GRANT SELECT, INSERT, UPDATE, DELETE ON "
      "{0} TO …;",
      sql_.table(), message);
}

// ---- staging ----

Result<void> Destination::stage(const store::RowSource& rows, std::stop_token stop) {
  CHECK(!folded_, "rows staged after fold(): reset() begins the next slice");
  std::vector<std::string> columns;
  for (const Field& field : collector_.fields) columns.push_back(field.column);
  if (!staged_) keys_ = KeyWatch(sql_.plain_key(table_));
  const store::RowSource watched = [&] {
    const auto row = rows();
    if (row) keys_.see(*row);
    return row;
  };
  std::int64_t loaded = 0;
  TRY(session_.transact(Access::staging, std::move(stop), [&](Connection& connection) -> Result<void> {
    if (!staged_) TRY(connection.execute(sql_.create_staging(table_)));
    loaded = TRY_WITH(connection.load(sql_.staging(), columns, watched), "staging");
    return {};
  }));
  staged_ = true;
  staged_rows_ += loaded;
  return {};
}

Result<std::int64_t> Destination::count(Connection& connection, const std::string& sql) const {
  return TRY(connection.query(sql)).at(0).integer(0);
}

Result<void> Destination::fold(Counts& counts, std::stop_token stop) {
  TRY(session_.transact(Access::staging, std::move(stop), [&](Connection& connection) -> Result<void> {
    if (!staged_) TRY(connection.execute(sql_.create_staging(table_)));
    counts.conflicts = 0;
    counts.staged = staged_rows_;
    if (staged_rows_ < 2 || !has_key() || !keys_.may_repeat()) return {};
    if (!TRY(connection.query(sql_.any_repeated())).empty()) TRY(fold_repeated(connection, counts));
    return {};
  }));
  staged_ = folded_ = true;
  return {};
}

Result<void> Destination::fold_repeated(Connection& connection, Counts& counts) {
  TRY(connection.execute(sql_.rank_repeated()));
  counts.conflicts = TRY(count(connection, sql_.count_conflicts(fit_)));
  counts.staged -= TRY(connection.execute(sql_.delete_losers()));
  TRY(connection.execute(sql_.drop_losers()));
  return {};
}

Result<void> Destination::reset(std::stop_token stop) {
  TRY(session_.transact(Access::staging, std::move(stop), [&](Connection& connection) -> Result<void> {
    TRY(connection.execute(sql_.drop_staging()));
    return {};
  }));
  staged_ = folded_ = false;
  staged_rows_ = 0;
  return {};
}

// ---- the slice's transaction ----

// Among the runs that make, alter or replace tables of this name, whatever schema they are in. First of all
// locks of the transaction, so that no two wait for each other.
Result<void> Destination::take_turns(Connection& connection) {
  if (dialect_.take_turns().empty()) return {};
  const std::string what = "pulse.table " + collector_.destination.table.substr(0, max_name);
  TRY(connection.query(dialect_.take_turns(), {what}));
  return {};
}

Result<std::optional<Destination::Shrunk>> Destination::shrunk(Connection& connection, const Counts& counts) {
  const config::Destination& it = collector_.destination;
  if (!is(Disposition::replace)) return std::nullopt;
  TRY(take_turns(connection));
  if (!TRY(database_.describe(connection, it.schema, it.table)).exists) return std::nullopt;
  const std::int64_t before = TRY(count(connection, sql_.count_stored()));
  if (counts.staged >= before - counts.staged) return std::nullopt;
  return Shrunk{before, counts.staged};
}

Result<void> Destination::prepare(Connection& connection) {
  if (is(Disposition::replace)) TRY(take_turns(connection));
  TRY(refuse(TRY(examine(connection))));
  const auto is_ready = [&] { return fit_.exists && fit_.missing.empty(); };
  if (is_ready()) return {};
  if (!dialect_.take_turns().empty()) {
    TRY(take_turns(connection));  // another may have been about to do the same
    TRY(refuse(TRY(examine(connection))));
    if (is_ready()) return {};
  }
  if (!fit_.exists) {
    TRY_WITH(connection.execute(sql_.create_table()), "creating {}", sql_.table());
    return {};
  }
  for (const Field* field : fit_.missing)
    TRY_WITH(connection.execute(sql_.add_column(*field)), "adding a column to {}", sql_.table());
  return {};
}

Result<void> Destination::merge(Connection& connection, base::WallTime now, Counts& counts) {
  CHECK(folded_, "merge() comes after fold()");
  TRY(prepare(connection));
  const std::string loaded_at = base::to_iso8601(now);
  std::vector<Param> params;
  if (!fit_.foreign) params = {run_, loaded_at};
  counts.inserted = counts.updated = counts.unchanged = counts.deleted = 0;
  if (is(Disposition::replace)) return replace(connection, params, counts);
  if (is(Disposition::merge)) return upsert(connection, params, counts);
  const std::string sql = has_key() ? sql_.insert_new(fit_) : sql_.insert(fit_);
  counts.inserted = TRY_WITH(connection.execute(sql, params), "appending to {}", sql_.table());
  counts.unchanged = counts.staged - counts.inserted;
  return {};
}

// Exact, whoever else writes into the table meanwhile (CO9).
Result<void> Destination::upsert(Connection& connection, std::span<const Param> params, Counts& counts) {
  std::int64_t written = 0;
  const auto merge_rows = [&]() -> Result<void> {
    written = TRY_WITH(connection.execute(sql_.upsert(fit_), params), "merging into {} by its key ({})",
                       sql_.table(), sql_.key_list());
    return {};
  };
  const bool many_write = !dialect_.take_turns().empty();
  if (!sql_.updates(fit_)) {
    TRY(merge_rows());
    counts.inserted = written;
  } else if (!many_write) {
    const std::int64_t before = TRY(count(connection, sql_.count_stored()));
    TRY(merge_rows());
    counts.inserted = TRY(count(connection, sql_.count_stored())) - before;
  } else if (table_.is_partitioned) {
    // Which rows are new can be asked beforehand only, so it must still be true then.
    TRY_WITH(connection.execute(dialect_.keep_writers_out(sql_.table())), "locking {}", sql_.table());
    counts.inserted = TRY(count(connection, sql_.count_new()));
    TRY(merge_rows());
  } else {
    const auto rows = TRY_WITH(connection.query(sql_.upsert_counting(fit_), params),
                               "merging into {} by its key ({})", sql_.table(), sql_.key_list());
    counts.inserted = rows.at(0).integer(0);
    written = rows.at(0).integer(1);
  }
  counts.updated = written - counts.inserted;
  counts.unchanged = counts.staged - written;
  return {};
}

// Those whose key is not staged; without a key, all.
Result<std::int64_t> Destination::delete_old(Connection& connection) {
  if (!has_key()) return connection.execute(sql_.delete_all());
  TRY(connection.execute(sql_.keep_staged_keys()));
  TRY(connection.execute(sql_.index_kept()));
  const std::int64_t deleted = TRY(connection.execute(sql_.delete_vanished()));
  TRY(connection.execute(sql_.drop_kept()));
  return deleted;
}

// With a key, rows that stay are not touched: they keep _run_id, _loaded_at and whatever others refer to. And
// as long as nothing changes, the generation before stays the last one that differed.
Result<void> Destination::replace(Connection& connection, std::span<const Param> params, Counts& counts) {
  if (fit_.exists) {
    // What others wrote in between would be deleted without being kept. They may go on reading.
    if (const std::string lock = dialect_.keep_writers_out(sql_.table()); !lock.empty())
      TRY_WITH(connection.execute(lock), "locking {}", sql_.table());
    const std::int64_t before = TRY(count(connection, sql_.count_stored()));
    if (has_key() && before == counts.staged && TRY(connection.query(sql_.any_change(fit_))).empty()) {
      counts.unchanged = counts.staged;
      return {};
    }
    TRY(connection.execute(sql_.drop_previous()));
    TRY_WITH(connection.execute(sql_.copy_to_previous()), "keeping the rows of {} as {}", sql_.table(),
             sql_.previous());
    counts.deleted = TRY_WITH(delete_old(connection), "deleting from {}", sql_.table());
  }
  if (has_key()) return upsert(connection, params, counts);
  counts.inserted = TRY_WITH(connection.execute(sql_.insert(fit_), params), "filling {}", sql_.table());
  return {};
}

}  // namespace collect
