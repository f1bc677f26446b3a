#include "store/database.hpp"

#include "base/check.hpp"
#include "base/decimal.hpp"

namespace store {
namespace {

const Cell& cell(const Row& row, std::size_t column) {
  CHECK(column < row.cells.size(), "a column the statement does not return");
  return row.cells[column];
}

}  // namespace

std::int64_t Row::integer(std::size_t column) const {
  const Cell& value = cell(*this, column);
  if (std::holds_alternative<std::monostate>(value)) return 0;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  // Engines give sums of integers as decimals.
  const auto integer = base::decimal_to_int64(text(column));
  CHECK(integer.has_value(), "an integer asked of a column that holds none");
  return *integer;
}

std::string Row::text(std::size_t column) const {
  const Cell& value = cell(*this, column);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::to_string(*number);
  return "";
}

std::vector<Cell> to_cells(std::span<const Param> params) {
  std::vector<Cell> cells;
  cells.reserve(params.size());
  for (const Param& param : params)
    cells.push_back(std::visit(
        [](const auto& value) -> Cell {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>)
            return std::string(value);
          else
            return value;
        },
        param));
  return cells;
}

bool Row::is_null(std::size_t column) const {
  return std::holds_alternative<std::monostate>(cell(*this, column));
}

base::Result<std::vector<Column>> Database::columns(Connection& connection, std::string_view schema,
                                                    std::string_view table) {
  return TRY(describe(connection, schema, table)).columns;
}

}  // namespace store
