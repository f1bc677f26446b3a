#include "store/sqlite_functions.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <exception>

#include "base/decimal.hpp"

namespace store {
namespace {

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text == nullptr ? std::string_view{}
                         : std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value)));
}

bool is_null(sqlite3_value* value) { return sqlite3_value_type(value) == SQLITE_NULL; }

bool decimals_differ(std::string_view a, std::string_view b) {
  if (a == b) return false;
  const auto left = base::plain_decimal(a);
  const auto right = base::plain_decimal(b);
  return !left || !right || base::compare_decimal(*left, *right) != 0;
}

void on_differs(sqlite3_context* context, int, sqlite3_value** values) {
  const bool left_null = is_null(values[0]), right_null = is_null(values[1]);
  try {
    const bool differ = left_null || right_null ? left_null != right_null
                                                : decimals_differ(text_of(values[0]), text_of(values[1]));
    sqlite3_result_int(context, differ ? 1 : 0);
  } catch (const std::exception&) {
    sqlite3_result_error_nomem(context);
  }
}

void on_order(sqlite3_context* context, int, sqlite3_value** values) {
  if (is_null(values[0])) return sqlite3_result_null(context);
  try {
    const std::string order = decimal_order(text_of(values[0]));
    sqlite3_result_text64(context, order.data(), order.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } catch (const std::exception&) {
    sqlite3_result_error_nomem(context);
  }
}

}  // namespace

// "2" and "1" for the sign, then how many digits stand before the point, then all digits. Below zero each
// digit is taken from nine, and ':' (greater than any digit) ends them: −1.12 stands before −1.1.
std::string decimal_order(std::string_view value) {
  const auto plain = base::plain_decimal(value);
  if (!plain) return "0" + std::string(value);
  std::string_view digits = base::strip_trailing_zeros(*plain);
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const std::size_t point = digits.find('.');
  std::string_view whole = digits.substr(0, point);
  if (whole == "0") whole = {};
  const std::string_view fraction = point == std::string_view::npos ? "" : digits.substr(point + 1);
  if (negative) {
    std::string order = fmt::format("1{:04}", 9999 - whole.size());
    for (const std::string_view part : {whole, fraction})
      for (const char c : part) order += static_cast<char>('0' + '9' - c);
    return order + ':';
  }
  return fmt::format("2{:04}{}{}", whole.size(), whole, fraction);
}

bool add_functions(sqlite3* connection) {
  constexpr int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  return sqlite3_create_function_v2(connection, "pulse_decimal_differs", 2, flags, nullptr, on_differs,
                                    nullptr, nullptr, nullptr) == SQLITE_OK &&
         sqlite3_create_function_v2(connection, "pulse_decimal_order", 1, flags, nullptr, on_order, nullptr,
                                    nullptr, nullptr) == SQLITE_OK;
}

}  // namespace store
