// Exact decimal numbers as text: what JSON, CSV and databases carry, without a binary double in between.
// Pure functions on text; only divide_decimal() rounds.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

inline constexpr std::size_t max_decimal_digits = 1000;  // after writing out the exponent

// JSON's number grammar (RFC 8259, section 6) → plain notation, trailing zeros kept: "1.10" → "1.10",
// "1e2" → "100", "-1.5E-3" → "-0.0015", "-0" → "0", "0.0" → "0.0". nullopt: not a number, or more than
// max_decimal_digits digits
// ("1e999999999" is refused before anything is written out).
std::optional<std::string> plain_decimal(std::string_view number);

// "1.10" → "1.1", "100" → "100", "0.0" → "0": the one spelling of equal numbers, for keys. Takes plain
// notation.
std::string_view strip_trailing_zeros(std::string_view plain);

// By value: "1.10" equals "1.1". Both in plain notation.
std::strong_ordering compare_decimal(std::string_view left, std::string_view right);

// Plain notation without a fraction other than zeros, within the range of int64.
std::optional<std::int64_t> decimal_to_int64(std::string_view plain);

// The following take and give plain notation. The sum keeps the longer fraction: 1.10 + 2.2 = 3.30.
std::string add_decimal(std::string_view left, std::string_view right);

// To `digits` significant digits, or as many as the dividend has if these are more; half is rounded away from
// zero. A quotient that ends earlier is exact: 3.30 / 3 = 1.10.
std::string divide_decimal(std::string_view dividend, std::uint32_t divisor, std::size_t digits);

std::string floor_decimal(std::string_view plain);  // "-1.5" → "-2"
std::string ceil_decimal(std::string_view plain);   // "-1.5" → "-1"

}  // namespace base
