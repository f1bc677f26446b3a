#include "collect/loads.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "collect/ledger_columns.hpp"

namespace collect {
namespace {

using base::Result;
using store::Access;
using store::Connection;

// One line a slice. With empty `run` two more kinds, of which one lasts: with empty `slice` one a collector,
// whose `holder` is the run that may commit; with this before the partition's name in `slice` one a
// partition, whose `holder` is the content it was committed from.
constexpr std::string_view content_of = "content of ";

std::string create_table() {
  std::string columns =
      "store TEXT NOT NULL, collector TEXT NOT NULL, run TEXT NOT NULL, slice TEXT NOT NULL, holder TEXT, "
      "state TEXT, partition TEXT, "
      "window_start {timestamp}, window_end {timestamp}, has_cursor {bigint}, high_water TEXT, "
      "covered_until {timestamp}, definition TEXT, committed_at {timestamp} NOT NULL";
  for (const CountColumn& column : count_columns)
    if (column.in_slices) columns += fmt::format(", {} {{bigint}} NOT NULL DEFAULT 0", column.name);
  return fmt::format(
      "CREATE TABLE IF NOT EXISTS {{pulse}}loads ({}, PRIMARY KEY (store, collector, run, slice))", columns);
}

std::string load_columns() {
  return slice_columns() + ", state, run, collector, has_cursor, high_water, covered_until, definition";
}

Load read_load(const store::Row& row) {
  Load load;
  load.slice = read_slice(row, 0);
  const std::size_t next = slice_column_count();
  load.slice.open = row.text(next) == "open";
  load.run = row.text(next + 1);
  if (row.integer(next + 3) == 0) return load;
  CursorRecord& cursor = load.cursor.emplace();
  cursor.collector = row.text(next + 2);
  cursor.partition = load.slice.partition;
  cursor.high_water = row.text(next + 4);
  cursor.covered_until = time_in(row, next + 5);
  cursor.definition = row.text(next + 6);
  cursor.run = load.run;
  return load;
}

}  // namespace

Result<std::vector<Load>> Loads::claim(const std::string& store, const RunRecord& run, std::stop_token stop) {
  store_ = store;
  std::vector<Load> loads;
  const std::string now = base::to_iso8601(clock_.wall());
  const auto work = [&](Connection& connection) -> Result<void> {
    TRY(make_table(connection));
    TRY(connection.execute(
        "INSERT INTO {pulse}loads (store, collector, run, slice, holder, committed_at) VALUES ($1, $2, '', "
        "'', "
        "$3, $4) ON CONFLICT (store, collector, run, slice) DO UPDATE SET holder = excluded.holder, "
        "committed_at = excluded.committed_at",
        {store_, run.collector, run.id, now}));
    const auto rows = TRY(connection.query(
        fmt::format(
            "SELECT {} FROM {{pulse}}loads WHERE store = $1 AND collector = $2 AND run <> '' AND run <> $3 "
            "ORDER BY run, committed_at",
            load_columns()),
        {store_, run.collector, run.id}));
    for (const store::Row& row : rows) loads.push_back(read_load(row));
    return {};
  };
  TRY_WITH(session_.transact(Access::write, std::move(stop), work), "the list of loads in the destination");
  return loads;
}

// Only where it is missing: the right to make it is asked for before whether it is there.
Result<void> Loads::make_table(Connection& connection) {
  if (!TRY(columns_of_ledger(database_, connection, "loads")).empty()) return {};
  for (const std::string& statement : connection.dialect().before_migrations())
    TRY(connection.execute(statement));
  TRY(connection.execute(create_table()));
  return {};
}

Result<void> Loads::forget_earlier(const RunRecord& run, std::stop_token stop) {
  return remove(run, "<>", std::move(stop));
}

Result<void> Loads::forget(const RunRecord& run, std::stop_token stop) {
  return remove(run, "=", std::move(stop));
}

Result<void> Loads::remove(const RunRecord& run, std::string_view comparison, std::stop_token stop) {
  return session_.transact(Access::write, std::move(stop), [&](Connection& connection) -> Result<void> {
    TRY(connection.execute(
        fmt::format(
            "DELETE FROM {{pulse}}loads WHERE store = $1 AND collector = $2 AND run <> '' AND run {} $3",
            comparison),
        {store_, run.collector, run.id}));
    return {};
  });
}

Result<std::optional<Load>> Loads::find(const RunRecord& run, std::string_view slice, std::stop_token stop) {
  std::optional<Load> found;
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    const auto rows = TRY(connection.query(
        fmt::format(
            "SELECT {} FROM {{pulse}}loads WHERE store = $1 AND collector = $2 AND run = $3 AND slice = $4",
            load_columns()),
        {store_, run.collector, run.id, slice}));
    if (!rows.empty()) found = read_load(rows[0]);
    return {};
  }));
  return found;
}

Result<bool> Loads::hold(Connection& connection, const RunRecord& run) {
  return TRY(connection.execute("UPDATE {pulse}loads SET holder = $3 WHERE store = $1 AND collector = $2 AND "
                                "run = '' AND holder = $3",
                                {store_, run.collector, run.id})) == 1;
}

Result<void> Loads::record(Connection& connection, const RunRecord& run, const Load& load) {
  const std::string now = base::to_iso8601(clock_.wall());
  const SliceTexts texts(load.slice);
  std::string covered;
  ColumnValues values;
  values.add("store", store_);
  values.add("run", run.id);
  values.add("collector", run.collector);
  values.add("state", load.slice.open ? "open" : "committed");
  values.add("committed_at", now);
  add_slice(values, load.slice, texts);
  values.add("has_cursor", std::int64_t{load.cursor ? 1 : 0});
  if (load.cursor) {
    covered = iso_or_empty(load.cursor->covered_until);
    values.add("high_water", text_or_null(load.cursor->high_water));
    values.add("covered_until", text_or_null(covered));
    values.add("definition", text_or_null(load.cursor->definition));
  }
  TRY_WITH(connection.execute(values.insert_into("{pulse}loads"), values.params()),
           "recording the slice in the destination");
  return load.cursor ? record_content(connection, *load.cursor) : Result<void>();
}

Result<void> Loads::record_content(Connection& connection, const CursorRecord& cursor) {
  const std::string name = fmt::format("{}{}", content_of, cursor.partition);
  const std::string now = base::to_iso8601(clock_.wall());
  if (cursor.content_hash.empty())
    TRY_WITH(
        connection.execute("DELETE FROM {pulse}loads WHERE store = $1 AND collector = $2 AND run = '' AND "
                           "slice = $3",
                           {store_, cursor.collector, name}),
        "forgetting a content in the destination");
  else
    TRY_WITH(
        connection.execute("INSERT INTO {pulse}loads (store, collector, run, slice, holder, committed_at) "
                           "VALUES ($1, $2, '', $3, $4, $5) ON CONFLICT (store, collector, run, slice) DO "
                           "UPDATE SET holder = excluded.holder, committed_at = excluded.committed_at",
                           {store_, cursor.collector, name, cursor.content_hash, now}),
        "recording the content in the destination");
  return {};
}

Result<std::map<std::string, std::string>> Loads::contents(const RunRecord& run, std::stop_token stop) {
  std::map<std::string, std::string> contents;
  TRY(session_.transact(Access::read, std::move(stop), [&](Connection& connection) -> Result<void> {
    contents.clear();
    const auto rows =
        TRY(connection.query("SELECT slice, holder FROM {pulse}loads WHERE store = $1 AND collector = $2 AND "
                             "run = '' AND slice <> ''",
                             {store_, run.collector}));
    for (const store::Row& row : rows)
      if (const std::string name = row.text(0); name.starts_with(content_of))
        contents[name.substr(content_of.size())] = row.text(1);
    return {};
  }));
  return contents;
}

}  // namespace collect
