#include "store/dialect.hpp"

#include <fmt/format.h>

namespace store {

std::string Dialect::greater(std::string_view a, std::string_view b, const ColumnType& type) const {
  return fmt::format("(({0}) IS NOT NULL AND (({1}) IS NULL OR {2} > {3}))", a, b, ordered(a, type),
                     ordered(b, type));
}

// Not the engines' own functions: with a NULL, max() of SQLite is NULL, GREATEST of PostgreSQL is not.
std::string Dialect::greatest(std::string_view a, std::string_view b, const ColumnType& type) const {
  return fmt::format("CASE WHEN {} THEN {} ELSE {} END", greater(b, a, type), b, a);
}

std::string Dialect::least(std::string_view a, std::string_view b, const ColumnType& type) const {
  return fmt::format("CASE WHEN ({1}) IS NOT NULL AND (({0}) IS NULL OR {3} < {2}) THEN {1} ELSE {0} END", a,
                     b, ordered(a, type), ordered(b, type));
}

}  // namespace store
