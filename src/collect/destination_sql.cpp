#include "collect/destination_sql.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.hpp"
#include "base/text.hpp"
#include "collect/destination_fit.hpp"
#include "store/database.hpp"

namespace collect {
namespace {

using config::FieldType;
using Conflict = config::Destination::OnConflict;
using Disposition = config::Destination::WriteDisposition;

constexpr std::string_view position = "_position";

store::ColumnType::Kind kind_of(FieldType type) {
  using Kind = store::ColumnType::Kind;
  switch (type) {
    case FieldType::text: return Kind::text;
    case FieldType::integer: return Kind::integer;
    case FieldType::bigint: return Kind::bigint;
    case FieldType::number: return Kind::number;
    case FieldType::real: return Kind::real;
    case FieldType::boolean: return Kind::boolean;
    case FieldType::date: return Kind::date;
    case FieldType::timestamp: return Kind::timestamp;
    case FieldType::timestamp_local: return Kind::timestamp_local;
    case FieldType::uuid: return Kind::uuid;
    case FieldType::json: return Kind::json;
    case FieldType::text_list: return Kind::text_list;
    case FieldType::integer_list: return Kind::integer_list;
  }
  return Kind::text;
}

}  // namespace

store::ColumnType column_type(const config::Field& field) {
  return {.kind = kind_of(field.type),
          .length = field.is_varchar ? field.max_length : 0,
          .precision = field.precision,
          .scale = field.scale};
}

store::ColumnType value_type(const config::Field& field) {
  store::ColumnType type = column_type(field);
  if (field.type == FieldType::text || field.type == FieldType::text_list) type.length = field.max_length;
  return type;
}

DestinationSql::DestinationSql(const config::Collector& collector, const store::Dialect& dialect,
                               const std::string& run)
    : collector_(collector),
      dialect_(dialect),
      run_(run),
      table_(dialect.table(collector.destination.schema, collector.destination.table)),
      previous_(dialect.table(collector.destination.schema, "_prev_" + collector.destination.table)),
      staging_(dialect.quote("pulse_stage_" + run)),
      losers_(dialect.quote("pulse_losers_" + run)),
      kept_(dialect.quote("pulse_kept_" + run)) {
  // It goes into copy_to_previous() as it is: CREATE TABLE … AS takes no parameters everywhere.
  CHECK(run.find_first_of("'\\") == std::string::npos, "a run's id holds a quote");
}

std::string DestinationSql::key_list(std::string_view prefix) const {
  std::vector<std::string> parts;
  for (const std::string& column : collector_.destination.primary_key)
    parts.push_back(std::string(prefix) + dialect_.quote(column));
  return base::join(parts, ", ");
}

std::string DestinationSql::column_list(const Fit& fit) const {
  std::vector<std::string> parts;
  for (const config::Field* field : fit.loaded) parts.push_back(dialect_.quote(field->column));
  return base::join(parts, ", ");
}

std::string DestinationSql::same_key(std::string_view a, std::string_view b) const {
  std::vector<std::string> parts;
  for (const std::string& column : collector_.destination.primary_key)
    parts.push_back(fmt::format("{}.{} = {}.{}", a, dialect_.quote(column), b, dialect_.quote(column)));
  return base::join(parts, " AND ");
}

// A volatile column is never a difference (CO9); without any other there is none.
std::string DestinationSql::any_differs(const Fit& fit, std::string_view a, std::string_view b) const {
  std::vector<std::string> parts;
  for (const config::Field* field : fit.loaded) {
    if (field->is_key || field->is_volatile) continue;
    const std::string column = dialect_.quote(field->column);
    parts.push_back(dialect_.differs(fmt::format("{}.{}", a, column), fmt::format("{}.{}", b, column),
                                     column_type(*field)));
  }
  return parts.empty() ? "1 = 0" : base::join(parts, " OR ");
}

// ---- staging ----

std::string DestinationSql::staged_type(const config::Field& field, const store::Table& table) const {
  const store::Column* const stored = find_column(dialect_, table, field.column);
  if (!field.is_key || stored == nullptr || stored->enforced_type.empty())
    return dialect_.type(column_type(field));
  return stored->enforced_type + (stored->collation.empty() ? "" : " COLLATE " + stored->collation);
}

// In a column of our own type such texts and numbers are equal only if they are the same.
std::vector<std::size_t> DestinationSql::plain_key(const store::Table& table) const {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < collector_.fields.size(); ++i) {
    const config::Field& field = collector_.fields[i];
    if (!field.is_key) continue;
    const bool plain =
        field.type == FieldType::text || field.type == FieldType::integer || field.type == FieldType::bigint;
    if (!plain || staged_type(field, table) != dialect_.type(column_type(field))) return {};
    places.push_back(i);
  }
  return places;
}

std::string DestinationSql::create_staging(const store::Table& table) const {
  std::string columns = fmt::format("{} {}", position, dialect_.serial());
  for (const config::Field& field : collector_.fields) {
    columns += fmt::format(", {} {}{}", dialect_.quote(field.column), staged_type(field, table),
                           field.is_key ? " NOT NULL" : "");
  }
  return fmt::format("CREATE TEMP TABLE {} ({})", staging_, columns);
}

std::string DestinationSql::drop_staging() const { return "DROP TABLE IF EXISTS " + staging_; }

std::string DestinationSql::any_repeated() const {
  return fmt::format("SELECT 1 FROM {} GROUP BY {} HAVING count(*) > 1 LIMIT 1", staging_, key_list());
}

// One sort, however many rows share a key: looking for a better row per row would be quadratic in them.
std::string DestinationSql::rank_repeated() const {
  std::string order;
  for (const config::Field& field : collector_.fields)
    if (field.column == collector_.destination.dedup_sort)
      order = dialect_.ordered(dialect_.quote(field.column), column_type(field)) + " DESC NULLS LAST, ";
  return fmt::format(
      "CREATE TEMP TABLE {0} AS SELECT {1}, winner FROM (SELECT {1}, first_value({1}) OVER (PARTITION BY {2} "
      "ORDER BY {3}{1} DESC) AS winner FROM {4}) AS ranked WHERE {1} <> winner",
      losers_, position, key_list(), order, staging_);
}

std::string DestinationSql::count_conflicts(const Fit& fit) const {
  // CROSS JOIN: SQLite then takes the tables in this order, and finds the other two rows by their number.
  return fmt::format(
      "SELECT count(*) FROM {0} AS pair CROSS JOIN {1} AS loser CROSS JOIN {1} AS winner "
      "WHERE loser.{2} = pair.{2} AND winner.{2} = pair.winner AND ({3})",
      losers_, staging_, position, any_differs(fit, "loser", "winner"));
}

std::string DestinationSql::delete_losers() const {
  return fmt::format("DELETE FROM {0} WHERE {1} IN (SELECT {1} FROM {2})", staging_, position, losers_);
}

std::string DestinationSql::drop_losers() const { return "DROP TABLE " + losers_; }

// ---- the table ----

std::string DestinationSql::create_table() const {
  std::vector<std::string> parts;
  for (const config::Field& field : collector_.fields)
    parts.push_back(fmt::format("{} {}{}", dialect_.quote(field.column), dialect_.type(column_type(field)),
                                field.is_key || field.required ? " NOT NULL" : ""));
  parts.push_back(fmt::format("{} {} NOT NULL", run_column, dialect_.type({})));
  parts.push_back(fmt::format("{} {} NOT NULL", loaded_column,
                              dialect_.type({.kind = store::ColumnType::Kind::timestamp})));
  if (!collector_.destination.primary_key.empty())
    parts.push_back(fmt::format("PRIMARY KEY ({})", key_list()));
  return fmt::format("CREATE TABLE {} ({})", table_, base::join(parts, ", "));
}

// Without NOT NULL, also for a required field: the rows that are there have no value for it.
std::string DestinationSql::add_column(const config::Field& field) const {
  return fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table_, dialect_.quote(field.column),
                     dialect_.type(column_type(field)));
}

std::string DestinationSql::plan_merge() const {
  return fmt::format(
      "EXPLAIN INSERT INTO {0} ({1}) SELECT {1} FROM {0} WHERE true ON CONFLICT ({1}) DO NOTHING", table_,
      key_list());
}

std::vector<std::string> DestinationSql::plan_writes(const Fit& fit) const {
  std::vector<std::string> columns, plans;
  std::string changed;
  for (const config::Field* field : fit.loaded) {
    if (std::find(fit.missing.begin(), fit.missing.end(), field) != fit.missing.end()) continue;
    columns.push_back(dialect_.quote(field->column));
    if (!field->is_key) changed = columns.back();
  }
  if (columns.empty()) return plans;
  plans.push_back(
      fmt::format("EXPLAIN INSERT INTO {0} ({1}) SELECT {1} FROM {0}", table_, base::join(columns, ", ")));
  const Disposition disposition = collector_.destination.write_disposition;
  const bool has_key = !collector_.destination.primary_key.empty();
  if (has_key && disposition != Disposition::append && updates(fit) && !changed.empty())
    plans.push_back(fmt::format("EXPLAIN UPDATE {0} SET {1} = {1}", table_, changed));
  if (disposition == Disposition::replace) plans.push_back("EXPLAIN DELETE FROM " + table_);
  return plans;
}

std::string DestinationSql::count_stored() const { return "SELECT count(*) FROM " + table_; }

// Where many write at once, those that take rows in one order wait for each other and never in a ring.
std::string DestinationSql::in_key_order() const {
  const bool ordered = !collector_.destination.primary_key.empty() && !dialect_.take_turns().empty();
  return ordered ? " ORDER BY " + key_list() : "";
}

// WHERE true: SQLite's parser would else read ON CONFLICT as a join condition.
std::string DestinationSql::insert(const Fit& fit) const {
  const std::string columns = column_list(fit);
  if (fit.foreign)
    return fmt::format("INSERT INTO {0} AS stored ({1}) SELECT {1} FROM {2} WHERE true{3}", table_, columns,
                       staging_, in_key_order());
  return fmt::format(
      "INSERT INTO {0} AS stored ({1}, {2}, {3}) SELECT {1}, CAST($1 AS {4}), CAST($2 AS {5}) FROM {6} WHERE "
      "true{7}",
      table_, columns, run_column, loaded_column, dialect_.type({}),
      dialect_.type({.kind = store::ColumnType::Kind::timestamp}), staging_, in_key_order());
}

std::string DestinationSql::insert_new(const Fit& fit) const {
  return fmt::format("{} ON CONFLICT ({}) DO NOTHING", insert(fit), key_list());
}

Conflict DestinationSql::policy(const config::Field& field) const {
  const config::Destination& it = collector_.destination;
  if (it.write_disposition != Disposition::merge) return Conflict::overwrite;
  const auto found = std::find_if(it.on_conflict.begin(), it.on_conflict.end(),
                                  [&](const auto& entry) { return entry.first == field.column; });
  return found == it.on_conflict.end() ? Conflict::overwrite : found->second;
}

// What the stored value becomes.
std::string DestinationSql::result_of(const config::Field& field) const {
  const std::string stored = "stored." + dialect_.quote(field.column);
  const std::string staged = "excluded." + dialect_.quote(field.column);
  switch (policy(field)) {
    case Conflict::overwrite: return staged;
    case Conflict::keep: return stored;
    case Conflict::keep_if_null: return fmt::format("COALESCE({}, {})", staged, stored);
    case Conflict::max: return dialect_.greatest(stored, staged, column_type(field));
    case Conflict::min: return dialect_.least(stored, staged, column_type(field));
  }
  return staged;
}

std::string DestinationSql::upsert(const Fit& fit) const {
  std::vector<std::string> set, changed;
  std::string newer;
  for (const config::Field* field : fit.loaded) {
    const std::string column = dialect_.quote(field->column);
    if (field->column == collector_.destination.version_column)
      newer = " AND " + dialect_.greater("excluded." + column, "stored." + column, column_type(*field));
    if (field->is_key || policy(*field) == Conflict::keep) continue;
    set.push_back(fmt::format("{} = {}", column, result_of(*field)));
    if (!field->is_volatile)
      changed.push_back(dialect_.differs("stored." + column, result_of(*field), column_type(*field)));
  }
  if (!updates(fit)) return insert_new(fit);
  if (!fit.foreign)
    for (const std::string_view column : {run_column, loaded_column})
      set.push_back(fmt::format("{0} = excluded.{0}", column));
  return fmt::format("{} ON CONFLICT ({}) DO UPDATE SET {} WHERE ({}){}", insert(fit), key_list(),
                     base::join(set, ", "), base::join(changed, " OR "), newer);
}

bool DestinationSql::updates(const Fit& fit) const {
  return std::any_of(fit.loaded.begin(), fit.loaded.end(), [&](const config::Field* field) {
    return !field->is_key && !field->is_volatile && policy(*field) != Conflict::keep;
  });
}

std::string DestinationSql::upsert_counting(const Fit& fit) const {
  return fmt::format(
      "WITH done AS ({} RETURNING {} AS is_new) SELECT count(*) FILTER (WHERE is_new), count(*) FROM done",
      upsert(fit), dialect_.is_new_row("stored"));
}

std::string DestinationSql::count_new() const {
  return fmt::format(
      "SELECT count(*) FROM {} AS staged WHERE NOT EXISTS (SELECT 1 FROM {} AS stored WHERE {})", staging_,
      table_, same_key("stored", "staged"));
}

// ---- replace ----

std::string DestinationSql::any_change(const Fit& fit) const {
  return fmt::format(
      "SELECT 1 FROM {} AS staged LEFT JOIN {} AS stored ON {} WHERE stored.{} IS NULL OR {} LIMIT 1",
      staging_, table_, same_key("stored", "staged"),
      dialect_.quote(collector_.destination.primary_key.front()), any_differs(fit, "stored", "staged"));
}

// The keys as the table has them: looked up by their staged form its rows would have no index to use where
// the types differ (a text field in a column of integers), and every row would be compared with every other.
std::string DestinationSql::keep_staged_keys() const {
  std::vector<std::string> keys;
  for (const std::string& column : collector_.destination.primary_key)
    keys.push_back(fmt::format("stored.{0} AS {0}", dialect_.quote(column)));
  return fmt::format("CREATE TEMP TABLE {} AS SELECT {} FROM {} AS staged CROSS JOIN {} AS stored WHERE {}",
                     kept_, base::join(keys, ", "), staging_, table_, same_key("stored", "staged"));
}

std::string DestinationSql::index_kept() const {
  return fmt::format("CREATE INDEX {} ON {} ({})", dialect_.quote("pulse_kept_key_" + run_), kept_,
                     key_list());
}

std::string DestinationSql::delete_vanished() const {
  return fmt::format("DELETE FROM {} AS stored WHERE NOT EXISTS (SELECT 1 FROM {} AS kept WHERE {})", table_,
                     kept_, same_key("kept", "stored"));
}

std::string DestinationSql::drop_kept() const { return "DROP TABLE " + kept_; }

std::string DestinationSql::delete_all() const { return "DELETE FROM " + table_; }

std::string DestinationSql::drop_previous() const { return "DROP TABLE IF EXISTS " + previous_; }

std::string DestinationSql::copy_to_previous() const {
  return fmt::format("CREATE TABLE {} AS SELECT stored.*, CAST('{}' AS {}) AS {} FROM {} AS stored",
                     previous_, run_, dialect_.type({}), replaced_column, table_);
}

}  // namespace collect
