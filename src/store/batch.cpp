#include "store/batch.hpp"

#include <fmt/format.h>

#include <iterator>

#include "base/check.hpp"
#include "base/json_text.hpp"
#include "base/text.hpp"

namespace store {

Batch::Batch(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Batch::add(std::initializer_list<Param> row) {
  CHECK(row.size() == columns_.size(), "a row of a batch has a value for each column");
  if (closed_) json_.pop_back();
  closed_ = false;
  json_ += rows_++ == 0 ? "[" : ",[";
  for (const Param* param = row.begin(); param != row.end(); ++param) {
    if (param != row.begin()) json_ += ',';
    if (const auto* text = std::get_if<std::string_view>(param))
      base::append_json_text(json_, *text);
    else if (const auto* integer = std::get_if<std::int64_t>(param))
      fmt::format_to(std::back_inserter(json_), "{}", *integer);
    else
      json_ += "null";
  }
  json_ += ']';
}

const std::string& Batch::text() {
  if (!closed_) json_ += ']';
  closed_ = true;
  return json_;
}

std::string Batch::source(const Dialect& dialect, int parameter, std::string_view alias) const {
  const bool server = dialect.is_server();
  // SQLite would write a line anew for each of its columns, were it not kept.
  std::string sql =
      server
          ? "(SELECT line.place - 1 AS place"
          : fmt::format(
                "(WITH line AS MATERIALIZED (SELECT key, value FROM json_each(${})) SELECT line.key AS place",
                parameter);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string_view type =
        server && columns_[i].kind == Kind::integer ? std::string_view("::bigint") : std::string_view();
    sql += server ? fmt::format(", (line.value ->> {}){} AS {}", i, type, columns_[i].name)
                  : fmt::format(", json_extract(line.value, '$[{}]') AS {}", i, columns_[i].name);
  }
  sql += server ? fmt::format(
                      " FROM jsonb_array_elements(CAST(${} AS jsonb)) WITH ORDINALITY AS line(value, place))",
                      parameter)
                : " FROM line)";
  return fmt::format("{} AS {}", sql, alias);
}

Batch batch_of_ids(const std::vector<std::int64_t>& ids) {
  Batch batch({{"id", Batch::Kind::integer}});
  for (const std::int64_t id : ids) batch.add({id});
  return batch;
}

std::string of_each_id(const Dialect& dialect, int parameter, std::string_view select,
                       std::string_view group) {
  const std::string ids = batch_of_ids({}).source(dialect, parameter, "s");
  if (!dialect.is_server()) return fmt::format("{} IN (SELECT s.id FROM {}){}", select, ids, group);
  // OFFSET keeps the two apart; otherwise they are one join, which can be done in other ways.
  return fmt::format("SELECT found.* FROM {} CROSS JOIN LATERAL ({} = s.id{} OFFSET 0) AS found", ids, select,
                     group);
}

bool is_storable(std::string_view text) {
  return text.find('\0') == std::string_view::npos && base::valid_utf8_length(text) == text.size();
}

std::string from_now(const Dialect& dialect, std::string_view microseconds) {
  if (dialect.is_server())
    return fmt::format("(clock_timestamp() + CAST({} AS bigint) * interval '1 microsecond')", microseconds);
  return fmt::format("strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', ({} / 1000000.0) || ' seconds')",
                     microseconds);
}

base::Result<base::WallTime> shared_now(Connection& connection, const base::Clock& ours) {
  if (!connection.dialect().is_server()) return ours.wall();
  // As a number: one form whatever the server's settings are.
  const auto rows = TRY(connection.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"));
  return base::WallTime(std::chrono::microseconds(rows.at(0).integer(0)));
}

}  // namespace store
