// Which values go into a PostgreSQL column without loss, by what its assignment casts do. Pure.
//
//   postgres_suits("character varying(20)", {.kind = Kind::text});                 // too_narrow
//   postgres_suits("character varying(20)", {.kind = Kind::text, .length = 20});   // yes
#pragma once

#include <string_view>

#include "store/dialect.hpp"

namespace store {

// `declared` as format_type() writes it, domains resolved.
Suits postgres_suits(std::string_view declared, const ColumnType& type);

}  // namespace store
