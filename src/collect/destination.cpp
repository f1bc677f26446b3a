#include "collect/destination.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/text.hpp"

namespace collect {
namespace {

using base::Code;
using base::Result;
using config::Field;
using store::Access;
using store::Connection;
using store::Param;
using Contract = config::Destination::SchemaContract;
using Disposition = config::Destination::WriteDisposition;

constexpr std::size_t max_name = 63;  // PostgreSQL cuts longer ones off

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

const store::Column* Destination::find_column(std::string_view name) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const store::Column& column) {
    return dialect_.same_name(column.name, name);
  });
  return found == columns_.end() ? nullptr : &*found;
}

std::vector<Field> Destination::fields() const {
  std::vector<Field> fields = collector_.fields;
  for (Field& field : fields) {
    const store::Column* column = find_column(field.column);
    if (column != nullptr && column->not_null) field.required = true;
  }
  return fields;
}

// ---- do table and collector go together? ----

Result<void> Destination::verify(std::stop_token stop) {
  TRY(session_.transact(Access::read, stop,
                        [&](Connection& connection) -> Result<void> { return examine(connection); }));
  return fit_.exists && has_key() ? verify_key(std::move(stop)) : Result<void>();
}

// Again in each slice's transaction: the table may have come, gone or changed meanwhile, also by a slice of
// ours that was rolled back.
Result<void> Destination::examine(Connection& connection) {
  const config::Destination& it = collector_.destination;
  columns_ = TRY(database_.columns(connection, it.schema, it.table));
  lacking_.clear();
  fit_ = {.exists = !columns_.empty(), .foreign = false, .loaded = {}, .missing = {}};
  if (is(Disposition::replace)) TRY(check_previous(connection));
  if (!fit_.exists) {
    for (const Field& field : collector_.fields) fit_.loaded.push_back(&field);
    return {};
  }
  fit_.foreign = find_column(run_column) == nullptr || find_column(loaded_column) == nullptr;
  std::vector<const Field*> missing;
  for (const Field& field : collector_.fields)
    (find_column(field.column) == nullptr ? missing : fit_.loaded).push_back(&field);
  if (!missing.empty()) TRY(judge_missing(missing));
  return check_filled();
}

Result<void> Destination::judge_missing(const std::vector<const Field*>& missing) {
  const Contract contract = collector_.destination.schema_contract;
  std::vector<std::string> names, repairs;
  for (const Field* field : missing) {
    names.push_back(dialect_.quote(field->column));
    repairs.push_back(sql_.add_column(*field) + ";");
    if (field->is_key)
      return base::error(
          Code::invalid_config,
          "the table {} lacks {}, a column of destination.primary_key; change the key, or name "
          "another table",
          sql_.table(), names.back());
  }
  if (contract == Contract::freeze || (contract == Contract::evolve && fit_.foreign))
    return base::error(Code::invalid_config,
                       "the table {} lacks {} of the collector's columns{}; add with: {}", sql_.table(),
                       missing.size(),
                       contract == Contract::freeze ? ", and destination.schema_contract is freeze" : "",
                       base::join(repairs, " "));
  if (contract == Contract::evolve) {
    fit_.missing = missing;
    fit_.loaded.insert(fit_.loaded.end(), missing.begin(), missing.end());
    return {};
  }
  for (const Field* field : missing) {
    if (field->column == collector_.destination.version_column)
      return base::error(Code::invalid_config,
                         "the table {} lacks {}, the destination.version_column; add with: {}", sql_.table(),
                         dialect_.quote(field->column), sql_.add_column(*field) + ";");
    lacking_.push_back(field->column);
  }
  return {};
}

Result<void> Destination::check_filled() const {
  for (const store::Column& column : columns_) {
    const bool filled = std::any_of(fit_.loaded.begin(), fit_.loaded.end(), [&](const Field* field) {
      return dialect_.same_name(field->column, column.name);
    });
    const bool ours = column.name == run_column || column.name == loaded_column;
    if (column.not_null && !column.has_default && !filled && !ours)
      return base::error(
          Code::invalid_config,
          "the table {} wants a value for its column {}, which no field fills; add a field for "
          "it, or give the column a default",
          sql_.table(), dialect_.quote(column.name));
  }
  return {};
}

// replace() drops the generation before, so it must be one.
Result<void> Destination::check_previous(Connection& connection) {
  const config::Destination& it = collector_.destination;
  const std::string name = "_prev_" + it.table;
  if (name.size() > max_name)
    return base::error(Code::invalid_config,
                       "the table's name {} is too long for replace, which keeps the rows before under the "
                       "name _prev_<table>; shorten it to {} bytes",
                       sql_.table(), max_name - std::string_view("_prev_").size());
  const auto columns = TRY(database_.columns(connection, it.schema, name));
  const bool ours = std::any_of(columns.begin(), columns.end(), [&](const store::Column& column) {
    return dialect_.same_name(column.name, replaced_column);
  });
  if (columns.empty() || ours) return {};
  return base::error(
      Code::invalid_config,
      "the table {} was not made by replace, which keeps the rows before under this name; rename "
      "it with: ALTER TABLE {} RENAME TO {};",
      sql_.previous(), sql_.previous(), dialect_.quote(it.table + "_saved"));
}

// The engine itself says whether the key will do: it plans a merge that is never carried out.
Result<void> Destination::verify_key(std::stop_token stop) {
  auto planned =
      session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
        TRY(connection.query(sql_.plan_merge()));
        return {};
      });
  if (planned || planned.error().code != Code::internal) return planned;
  return base::error(
      Code::invalid_config,
      "the table {0} cannot be merged into by the primary_key ({1}), because it has no unique key of exactly "
      "these columns; "
      "change destination.primary_key, or add one with: CREATE UNIQUE INDEX {2} ON {0} ({1}); ({3})",
      sql_.table(), sql_.key_list(), dialect_.quote(collector_.destination.table + "_key"),
      planned.error().message);
}

// ---- staging ----

Result<void> Destination::stage(const store::RowSource& rows, std::stop_token stop) {
  CHECK(!folded_, "rows staged after fold(): reset() begins the next slice");
  std::vector<std::string> columns;
  for (const Field& field : collector_.fields) columns.push_back(field.column);
  TRY(session_.transact(Access::staging, std::move(stop), [&](Connection& connection) -> Result<void> {
    if (!staged_) TRY(connection.execute(sql_.create_staging()));
    TRY_WITH(connection.load(sql_.staging(), columns, rows), "staging");
    return {};
  }));
  staged_ = true;
  return {};
}

Result<std::int64_t> Destination::count(Connection& connection, const std::string& sql) const {
  return TRY(connection.query(sql)).at(0).integer(0);
}

Result<void> Destination::fold(Counts& counts, std::stop_token stop) {
  TRY(session_.transact(Access::staging, std::move(stop), [&](Connection& connection) -> Result<void> {
    if (!staged_) TRY(connection.execute(sql_.create_staging()));
    counts.conflicts = 0;
    counts.staged = TRY(count(connection, sql_.count_staged()));
    if (!has_key()) return {};
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
  return {};
}

// ---- the slice's transaction ----

Result<std::optional<Destination::Shrunk>> Destination::shrunk(Connection& connection, const Counts& counts) {
  const config::Destination& it = collector_.destination;
  if (!is(Disposition::replace)) return std::nullopt;
  if (TRY(database_.columns(connection, it.schema, it.table)).empty()) return std::nullopt;
  const std::int64_t before = TRY(count(connection, sql_.count_stored()));
  if (counts.staged >= before - counts.staged) return std::nullopt;
  return Shrunk{before, counts.staged};
}

Result<void> Destination::prepare(Connection& connection) {
  TRY(examine(connection));
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

Result<void> Destination::upsert(Connection& connection, std::span<const Param> params, Counts& counts) {
  const std::int64_t before = TRY(count(connection, sql_.count_stored()));
  const std::int64_t written = TRY_WITH(connection.execute(sql_.upsert(fit_), params),
                                        "merging into {} by its key ({})", sql_.table(), sql_.key_list());
  const std::int64_t after = TRY(count(connection, sql_.count_stored()));
  counts.inserted = after - before;
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
