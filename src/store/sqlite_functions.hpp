// What SQLite cannot do by itself: exact decimal numbers, and JSON, kept as text. They never fail on a value,
// whatever it is.
//
//   pulse_decimal_differs(a, b)  1 if they are different numbers, else 0; NULL equals NULL only. What is no
//                                number differs by its text.
//   pulse_json_differs(a, b)     1 if they are different documents: numbers in them count by value; how keys
//   are
//                                sorted, and blanks between them, must be the same.
//   pulse_decimal_order(a)       a text whose byte order is the numbers' order; before all numbers stands
//                                what is none. NULL for NULL.
#pragma once

#include <string>
#include <string_view>

struct sqlite3;

namespace store {

bool add_functions(sqlite3* connection);  // false: out of memory

std::string decimal_order(std::string_view value);

}  // namespace store
