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

bool is_of_number(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// The texts begin with numbers, or with what is none; takes these away.
bool numbers_differ(std::string_view& a, std::string_view& b) {
  const auto take = [](std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && is_of_number(text[end])) ++end;
    const std::string_view number = text.substr(0, end);
    text.remove_prefix(end);
    return number;
  };
  return decimals_differ(take(a), take(b));
}

// A number begins at a digit or a sign: the e of `true` is inside of a word, where it does not matter.
bool begins_number(std::string_view text) {
  return !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
}

// One after the other, as both are written alike: compact, keys sorted.
bool json_differs(std::string_view a, std::string_view b) {
  bool in_text = false;
  while (!a.empty() && !b.empty()) {
    if (!in_text && begins_number(a) && begins_number(b)) {
      if (numbers_differ(a, b)) return true;
      continue;
    }
    if (a[0] != b[0]) return true;
    if (in_text && a[0] == '\\' && a.size() > 1 && b.size() > 1) {
      if (a[1] != b[1]) return true;
      a.remove_prefix(2);
      b.remove_prefix(2);
      continue;
    }
    if (a[0] == '"') in_text = !in_text;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() != b.size();
}

template <bool (*differ)(std::string_view, std::string_view)>
void on_differs(sqlite3_context* context, int, sqlite3_value** values) {
  const bool left_null = is_null(values[0]), right_null = is_null(values[1]);
  try {
    const bool result =
        left_null || right_null ? left_null != right_null : differ(text_of(values[0]), text_of(values[1]));
    sqlite3_result_int(context, result ? 1 : 0);
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
  return sqlite3_create_function_v2(connection, "pulse_decimal_differs", 2, flags, nullptr,
                                    on_differs<decimals_differ>, nullptr, nullptr, nullptr) == SQLITE_OK &&
         sqlite3_create_function_v2(connection, "pulse_json_differs", 2, flags, nullptr,
                                    on_differs<json_differs>, nullptr, nullptr, nullptr) == SQLITE_OK &&
         sqlite3_create_function_v2(connection, "pulse_decimal_order", 1, flags, nullptr, on_order, nullptr,
                                    nullptr, nullptr) == SQLITE_OK;
}

}  // namespace store
