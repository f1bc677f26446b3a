#include "collect/destination.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace collect {
namespace {

using base::Result;
using store::Access;
using store::Connection;
using store::Param;

constexpr std::string_view run_column = "_run_id", loaded_column = "_loaded_at",
                           position_column = "_position";

store::ColumnType column_type(config::FieldType type) {
  switch (type) {
    case config::FieldType::text: return store::ColumnType::text;
    case config::FieldType::integer: return store::ColumnType::integer;
    case config::FieldType::number: return store::ColumnType::number;
    case config::FieldType::date: return store::ColumnType::date;
    case config::FieldType::timestamp: return store::ColumnType::timestamp;
  }
  return store::ColumnType::text;
}

}  // namespace

Destination::Destination(const config::Collector& collector, const std::string& run,
                         store::Database& database, store::Session& session)
    : collector_(collector),
      run_(run),
      database_(database),
      session_(session),
      dialect_(database.dialect()),
      table_(dialect_.table(collector.destination.schema, collector.destination.table)),
      staging_(dialect_.quote("pulse_stage_" + run)) {}

std::string Destination::column_list(std::string_view prefix) const {
  std::vector<std::string> parts;
  for (const config::Field& field : collector_.fields)
    parts.push_back(std::string(prefix) + dialect_.quote(field.column));
  return base::join(parts, ", ");
}

std::string Destination::key_list(std::string_view prefix) const {
  std::vector<std::string> parts;
  for (const std::string& column : collector_.destination.primary_key)
    parts.push_back(std::string(prefix) + dialect_.quote(column));
  return base::join(parts, ", ");
}

// By the type's equality: 1.10 and 1.1 are one number.
std::string Destination::differs(const config::Field& field, std::string_view left,
                                 std::string_view right) const {
  const std::string column = dialect_.quote(field.column);
  const std::string a = std::string(left) + column, b = std::string(right) + column;
  return field.type == config::FieldType::number ? dialect_.decimal_differs(a, b) : dialect_.differs(a, b);
}

Result<void> Destination::verify(std::stop_token stop) {
  TRY(session_.transact(Access::read, stop, [&](Connection& connection) -> Result<void> {
    columns_ =
        TRY(database_.columns(connection, collector_.destination.schema, collector_.destination.table));
    return {};
  }));
  if (columns_.empty()) return {};
  foreign_ = find_column(run_column) == nullptr || find_column(loaded_column) == nullptr;
  TRY(verify_columns());
  return verify_key(std::move(stop));
}

const store::Column* Destination::find_column(std::string_view name) const {
  const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const store::Column& column) {
    return dialect_.same_name(column.name, name);
  });
  return found == columns_.end() ? nullptr : &*found;
}

Result<void> Destination::verify_columns() const {
  std::vector<std::string> repairs;
  for (const config::Field& field : collector_.fields)
    if (find_column(field.column) == nullptr)
      repairs.push_back(fmt::format("ALTER TABLE {} ADD COLUMN {} {};", table_, dialect_.quote(field.column),
                                    dialect_.type(column_type(field.type))));
  if (!repairs.empty())
    return base::error(base::Code::invalid_config,
                       "the table {} lacks {} of the collector's columns; add with: {}", table_,
                       repairs.size(), base::join(repairs, " "));
  for (const store::Column& column : columns_) {
    const bool filled =
        std::any_of(collector_.fields.begin(), collector_.fields.end(),
                    [&](const auto& field) { return dialect_.same_name(field.column, column.name); });
    const bool ours = column.name == run_column || column.name == loaded_column;
    if (column.not_null && !column.has_default && !filled && !ours)
      return base::error(
          base::Code::invalid_config,
          "the table {} wants a value for its column {}, which no field fills; add a field for "
          "it, or give the column a default",
          table_, dialect_.quote(column.name));
  }
  return {};
}

std::vector<config::Field> Destination::fields() const {
  std::vector<config::Field> fields = collector_.fields;
  for (config::Field& field : fields) {
    const store::Column* column = find_column(field.column);
    if (column != nullptr && column->not_null) field.required = true;
  }
  return fields;
}

// The engine itself says whether the key will do: it plans a merge that is never carried out.
Result<void> Destination::verify_key(std::stop_token stop) {
  const std::string sql =
      fmt::format("EXPLAIN INSERT INTO {0} ({1}) SELECT {1} FROM {0} WHERE true ON CONFLICT ({1}) DO NOTHING",
                  table_, key_list());
  auto planned =
      session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
        TRY(connection.query(sql));
        return {};
      });
  if (planned || planned.error().code != base::Code::internal) return planned;
  return base::error(
      base::Code::invalid_config,
      "the table {0} cannot be merged into by the primary_key ({1}), because it has no unique key of exactly "
      "these columns; "
      "change destination.primary_key, or add one with: CREATE UNIQUE INDEX {2} ON {0} ({1}); ({3})",
      table_, key_list(), dialect_.quote(collector_.destination.table + "_key"), planned.error().message);
}

Result<void> Destination::stage(const store::RowSource& rows, std::stop_token stop) {
  std::vector<std::string> columns;
  for (const config::Field& field : collector_.fields) columns.push_back(field.column);
  return session_.transact(Access::staging, stop, [&](Connection& connection) -> Result<void> {
    if (!staged_) {
      std::string definition = fmt::format("{} {}", position_column, dialect_.serial());
      for (const config::Field& field : collector_.fields)
        definition +=
            fmt::format(", {} {}", dialect_.quote(field.column), dialect_.type(column_type(field.type)));
      TRY(connection.execute(fmt::format("CREATE TEMP TABLE {} ({})", staging_, definition)));
    }
    TRY_WITH(connection.load(staging_, columns, rows), "staging");
    staged_ = true;
    return {};
  });
}

Result<void> Destination::fold(Counts& counts, std::stop_token stop) {
  return session_.transact(Access::staging, stop, [&](Connection& connection) -> Result<void> {
    const auto count = [&](const std::string& sql) -> Result<std::int64_t> {
      return TRY(connection.query(sql)).at(0).integer(0);
    };
    counts.staged = TRY(count(fmt::format("SELECT count(*) FROM {}", staging_)));
    const std::string repeated =
        fmt::format("SELECT {0}, max({1}) AS {1} FROM {2} GROUP BY {0} HAVING count(*) > 1", key_list(),
                    position_column, staging_);
    if (TRY(count(fmt::format("SELECT count(*) FROM ({}) AS repeated", repeated))) == 0) return {};

    // Without an index the join below would look at all rows for each of them.
    TRY(connection.execute(fmt::format("CREATE INDEX {} ON {} ({})",
                                       dialect_.quote("pulse_stage_key_" + run_), staging_, key_list())));
    std::string same_key, other_values = "1 = 0";
    for (const std::string& column : collector_.destination.primary_key)
      same_key += fmt::format(" AND row.{0} = repeated.{0}", dialect_.quote(column));
    for (const config::Field& field : collector_.fields)
      other_values += " OR " + differs(field, "row.", "last.");
    counts.conflicts = TRY(count(
        fmt::format("SELECT count(*) FROM ({0}) AS repeated CROSS JOIN {1} AS row CROSS JOIN {1} AS last "
                    "WHERE row.{2} <> repeated.{2} AND last.{2} = repeated.{2}{3} AND ({4})",
                    repeated, staging_, position_column, same_key, other_values)));
    counts.staged -= TRY(connection.execute(
        fmt::format("DELETE FROM {0} WHERE {1} NOT IN (SELECT max({1}) FROM {0} GROUP BY {2})", staging_,
                    position_column, key_list())));
    return {};
  });
}

Result<void> Destination::create(Connection& connection) {
  std::vector<std::string> parts;
  for (const config::Field& field : collector_.fields)
    parts.push_back(fmt::format("{} {}{}", dialect_.quote(field.column),
                                dialect_.type(column_type(field.type)),
                                field.is_key || field.required ? " NOT NULL" : ""));
  parts.push_back(fmt::format("{} {} NOT NULL", run_column, dialect_.type(store::ColumnType::text)));
  parts.push_back(fmt::format("{} {} NOT NULL", loaded_column, dialect_.type(store::ColumnType::timestamp)));
  parts.push_back(fmt::format("PRIMARY KEY ({})", key_list()));
  TRY_WITH(connection.execute(fmt::format("CREATE TABLE {} ({})", table_, base::join(parts, ", "))),
           "creating {}", table_);
  return {};
}

std::string Destination::merge_sql() const {
  std::string columns = column_list(), values = column_list(), set, changed;
  for (const config::Field& field : collector_.fields) {
    if (field.is_key) continue;
    const std::string column = dialect_.quote(field.column);
    set += fmt::format("{}{} = excluded.{}", set.empty() ? "" : ", ", column, column);
    changed += (changed.empty() ? "" : " OR ") + differs(field, table_ + ".", "excluded.");
  }
  if (!foreign_) {
    columns += fmt::format(", {}, {}", run_column, loaded_column);
    values += ", $1, $2";
    if (!set.empty())
      set += fmt::format(", {0} = excluded.{0}, {1} = excluded.{1}", run_column, loaded_column);
  }
  // WHERE true: SQLite's parser would else read ON CONFLICT as a join condition.
  std::string sql = fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} WHERE true ON CONFLICT ({}) ", table_,
                                columns, values, staging_, key_list());
  return sql + (set.empty() ? "DO NOTHING" : fmt::format("DO UPDATE SET {} WHERE {}", set, changed));
}

Result<void> Destination::merge(Connection& connection, base::WallTime now, Counts& counts) {
  if (columns_.empty()) TRY(create(connection));
  const std::string loaded_at = base::to_iso8601(now);
  std::vector<Param> params;
  if (!foreign_) params = {run_, loaded_at};
  const std::string count = fmt::format("SELECT count(*) FROM {}", table_);
  const std::int64_t before = TRY(connection.query(count)).at(0).integer(0);
  const std::int64_t written = TRY_WITH(connection.execute(merge_sql(), params),
                                        "merging into {} by its key ({})", table_, key_list());
  const std::int64_t after = TRY(connection.query(count)).at(0).integer(0);
  counts.inserted = after - before;
  counts.updated = written - counts.inserted;
  counts.unchanged = counts.staged - written;
  return {};
}

}  // namespace collect
