#include "collect/ledger_columns.hpp"

#include <fmt/format.h>

#include "base/iso8601.hpp"
#include "base/text.hpp"

namespace collect {
namespace {

constexpr std::string_view plain_run_columns =
    "id, collector, state, failure_type, error, started_at, finished_at, host, process, definition, "
    "COALESCE(cycle, id), started_by, slot, first_failed, empty_allowed, attempt";

std::optional<FailureType> parse_failure_type(std::string_view text) {
  for (const FailureType type : {FailureType::transient, FailureType::credentials, FailureType::endpoint_gone,
                                 FailureType::configuration, FailureType::data})
    if (to_string(type) == text) return type;
  return std::nullopt;
}

StartedBy parse_started_by(std::string_view text) {
  for (const StartedBy it : {StartedBy::request, StartedBy::schedule, StartedBy::retry})
    if (to_string(it) == text) return it;
  return StartedBy::command;
}

}  // namespace

base::Result<std::vector<store::Column>> columns_of_ledger(store::Database& database,
                                                           store::Connection& connection,
                                                           std::string_view table) {
  const std::string name = database.dialect().ledger(table);  // pulse.runs, or pulse_runs
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return database.columns(connection, "", name);
  return database.columns(connection, name.substr(0, dot), name.substr(dot + 1));
}

std::optional<base::WallTime> time_in(const store::Row& row, std::size_t column) {
  const auto time = base::parse_timestamp(row.text(column));
  return time ? std::optional(*time) : std::nullopt;
}

store::Param text_or_null(std::string_view text) {
  return text.empty() ? store::Param() : store::Param(text);
}

std::string iso_or_empty(const std::optional<base::WallTime>& time) {
  return time ? base::to_iso8601(*time) : std::string();
}

void ColumnValues::add(std::string_view column, store::Param value) {
  columns_.emplace_back(column);
  params_.push_back(value);
}

std::string ColumnValues::insert_into(std::string_view table) const {
  std::vector<std::string> places;
  for (std::size_t i = 1; i <= columns_.size(); ++i) places.push_back(fmt::format("${}", i));
  return fmt::format("INSERT INTO {} ({}) VALUES ({})", table, base::join(columns_, ", "),
                     base::join(places, ", "));
}

SliceTexts::SliceTexts(const SliceRecord& slice)
    : window_start(iso_or_empty(slice.window_start)), window_end(iso_or_empty(slice.window_end)) {}

void add_slice(ColumnValues& values, const SliceRecord& slice, const SliceTexts& texts) {
  values.add("slice", slice.name);
  values.add("partition", text_or_null(slice.partition));
  values.add("window_start", text_or_null(texts.window_start));
  values.add("window_end", text_or_null(texts.window_end));
  for (const CountColumn& column : count_columns)
    if (column.in_slices) values.add(column.name, slice.counts.*column.member);
}

std::string slice_columns() {
  std::string columns = "slice, partition, window_start, window_end";
  for (const CountColumn& column : count_columns)
    if (column.in_slices) columns += fmt::format(", {}", column.name);
  return columns;
}

std::size_t slice_column_count() {
  std::size_t count = 4;
  for (const CountColumn& column : count_columns)
    if (column.in_slices) ++count;
  return count;
}

SliceRecord read_slice(const store::Row& row, std::size_t first) {
  SliceRecord slice;
  slice.name = row.text(first);
  slice.partition = row.text(first + 1);
  slice.window_start = time_in(row, first + 2);
  slice.window_end = time_in(row, first + 3);
  std::size_t next = first + 4;
  for (const CountColumn& column : count_columns)
    if (column.in_slices) slice.counts.*column.member = row.integer(next++);
  return slice;
}

std::string run_columns() {
  std::string columns(plain_run_columns);
  for (const CountColumn& column : count_columns) columns += fmt::format(", {}", column.name);
  return columns;
}

RunRecord read_run(const store::Row& row) {
  RunRecord run;
  run.id = row.text(0);
  run.collector = row.text(1);
  run.outcome = parse_outcome(row.text(2)).value_or(Outcome::failed);
  run.failure_type = parse_failure_type(row.text(3));
  run.error = row.text(4);
  run.started_at = time_in(row, 5).value_or(base::WallTime());
  run.finished_at = time_in(row, 6);
  run.host = row.text(7);
  run.process = row.integer(8);
  run.definition = row.text(9);
  run.cycle = row.text(10);
  run.started_by = parse_started_by(row.text(11));
  if (const auto slot = time_in(row, 12)) run.slot = RunSlot{.time = *slot};
  run.first_failed = time_in(row, 13);
  run.allow_empty = row.integer(14) != 0;
  run.attempt = row.integer(15);
  std::size_t index = 16;
  for (const CountColumn& column : count_columns) run.counts.*column.member = row.integer(index++);
  return run;
}

}  // namespace collect
