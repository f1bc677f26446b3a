#include "base/decimal.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/check.hpp"

namespace base {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

// A plain number taken apart: no sign, no leading zeros in `whole`, no trailing zeros in `fraction`.
struct Parts {
  bool negative;
  std::string_view whole, fraction;
};

Parts take_apart(std::string_view plain) {
  Parts parts{};
  if (plain.starts_with('-')) {
    parts.negative = true;
    plain.remove_prefix(1);
  }
  const std::size_t point = plain.find('.');
  parts.whole = plain.substr(0, point);
  if (point != std::string_view::npos) parts.fraction = plain.substr(point + 1);
  while (parts.whole.starts_with('0')) parts.whole.remove_prefix(1);
  while (parts.fraction.ends_with('0')) parts.fraction.remove_suffix(1);
  if (parts.whole.empty() && parts.fraction.empty()) parts.negative = false;
  return parts;
}

std::strong_ordering compare_magnitude(const Parts& a, const Parts& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() <=> b.whole.size();
  if (const int order = a.whole.compare(b.whole); order != 0) return order <=> 0;
  return a.fraction.compare(b.fraction) <=> 0;
}

// Sign, digits and the number of those behind the point, as plain notation.
std::string finish(bool negative, std::string digits, std::size_t places) {
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  const std::size_t point = digits.size() - places;
  const std::size_t leading = std::min(digits.find_first_not_of('0'), point - 1);
  const bool zero = digits.find_first_not_of('0') == std::string::npos;
  if (places > 0) digits.insert(point, ".");
  digits.erase(0, leading);
  if (negative && !zero) digits.insert(0, "-");
  return digits;
}

}  // namespace

std::optional<std::string> plain_decimal(std::string_view number) {
  const bool negative = number.starts_with('-');
  std::size_t at = negative ? 1 : 0;
  const std::size_t whole = digits_at(number, at);
  if (whole == 0 || (whole > 1 && number[at] == '0')) return std::nullopt;
  std::string digits(number.substr(at, whole));
  at += whole;
  std::size_t fraction = 0;
  if (at < number.size() && number[at] == '.') {
    fraction = digits_at(number, ++at);
    if (fraction == 0) return std::nullopt;
    digits.append(number.substr(at, fraction));
    at += fraction;
  }
  std::int64_t exponent = 0;
  if (at < number.size() && (number[at] == 'e' || number[at] == 'E')) {
    ++at;
    const bool below_zero = at < number.size() && number[at] == '-';
    if (at < number.size() && (number[at] == '+' || number[at] == '-')) ++at;
    const std::size_t length = digits_at(number, at);
    if (length == 0) return std::nullopt;
    const auto parsed = std::from_chars(number.data() + at, number.data() + at + length, exponent);
    if (parsed.ec != std::errc{}) return std::nullopt;
    if (below_zero) exponent = -exponent;
    at += length;
  }
  if (at != number.size() || digits.size() > max_decimal_digits) return std::nullopt;

  // The point stands after `point` of the digits; it may lie left or right of all of them.
  const std::int64_t limit = max_decimal_digits;
  if (exponent > limit || exponent < -limit) return std::nullopt;
  std::int64_t point = static_cast<std::int64_t>(whole) + exponent;
  if (point < 1) {
    digits.insert(0, static_cast<std::size_t>(1 - point), '0');
    point = 1;
  }
  if (static_cast<std::size_t>(point) > digits.size())
    digits.append(static_cast<std::size_t>(point) - digits.size(), '0');
  if (digits.size() > max_decimal_digits) return std::nullopt;
  std::string plain = digits.substr(0, static_cast<std::size_t>(point));
  const std::size_t leading = plain.find_first_not_of('0');
  plain.erase(0, leading == std::string::npos ? plain.size() - 1 : leading);
  if (static_cast<std::size_t>(point) < digits.size())
    plain.append(".").append(digits, static_cast<std::size_t>(point));
  if (negative && plain.find_first_not_of("0.") != std::string::npos) plain.insert(plain.begin(), '-');
  return plain;
}

std::string_view strip_trailing_zeros(std::string_view plain) {
  if (plain.find('.') == std::string_view::npos) return plain;
  while (plain.ends_with('0')) plain.remove_suffix(1);
  if (plain.ends_with('.')) plain.remove_suffix(1);
  return plain;
}

std::strong_ordering compare_decimal(std::string_view left, std::string_view right) {
  const Parts a = take_apart(left), b = take_apart(right);
  if (a.negative != b.negative)
    return a.negative ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.negative ? compare_magnitude(b, a) : compare_magnitude(a, b);
}

std::optional<std::int64_t> decimal_to_int64(std::string_view plain) {
  const std::string_view whole = strip_trailing_zeros(plain);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (fault != std::errc{} || end != whole.data() + whole.size()) return std::nullopt;
  return value;
}

std::string add_decimal(std::string_view left, std::string_view right) {
  const bool left_negative = left.starts_with('-'), right_negative = right.starts_with('-');
  left.remove_prefix(left_negative ? 1 : 0);
  right.remove_prefix(right_negative ? 1 : 0);
  const auto whole = [](std::string_view text) { return std::min(text.find('.'), text.size()); };
  const auto fraction = [&](std::string_view text) {
    return text.size() - std::min(whole(text) + 1, text.size());
  };
  const std::size_t places = std::max(fraction(left), fraction(right));
  const std::size_t wholes = std::max(whole(left), whole(right)) + 1;  // one for the carry
  // Both without the point, to the same length: 01.10 → 0110.
  const auto align = [&](std::string_view text) {
    std::string digits(wholes - whole(text), '0');
    digits.append(text.substr(0, whole(text)));
    if (fraction(text) > 0) digits.append(text.substr(whole(text) + 1));
    return digits.append(places - fraction(text), '0');
  };
  std::string a = align(left), b = align(right);
  const bool swap = left_negative != right_negative && a < b;
  if (swap) a.swap(b);
  const int sign = left_negative == right_negative ? 1 : -1;
  int carry = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    const int digit = (a[i] - '0') + sign * (b[i] - '0') + carry;
    carry = digit > 9 ? 1 : (digit < 0 ? -1 : 0);
    a[i] = static_cast<char>('0' + digit - 10 * carry);
  }
  return finish(swap ? right_negative : left_negative, std::move(a), places);
}

std::string divide_decimal(std::string_view dividend, std::uint32_t divisor, std::size_t digits) {
  CHECK(divisor > 0, "a count of something");
  const bool negative = dividend.starts_with('-');
  dividend.remove_prefix(negative ? 1 : 0);
  std::string quotient;
  std::uint64_t remainder = 0;
  std::size_t significant = 0, places = 0;
  const auto next = [&](int digit) {
    remainder = remainder * 10 + static_cast<std::uint64_t>(digit);
    quotient += static_cast<char>('0' + remainder / divisor);
    remainder %= divisor;
    if (significant > 0 || quotient.back() != '0') ++significant;
  };
  bool behind_point = false;
  for (const char c : dividend) {
    if (c == '.') {
      behind_point = true;
      continue;
    }
    next(c - '0');
    if (behind_point) ++places;
  }
  while (remainder != 0 && significant < digits) {
    next(0);
    ++places;
  }
  if (remainder * 2 >= divisor) {
    std::size_t i = quotient.size();
    while (i > 0 && quotient[i - 1] == '9') quotient[--i] = '0';
    if (i > 0)
      ++quotient[i - 1];
    else
      quotient.insert(0, "1");
  }
  return finish(negative, std::move(quotient), places);
}

std::string floor_decimal(std::string_view plain) {
  const Parts parts = take_apart(plain);
  const std::string whole(plain.substr(0, plain.find('.')));
  return add_decimal(whole, parts.negative && !parts.fraction.empty() ? "-1" : "0");
}

std::string ceil_decimal(std::string_view plain) {
  const Parts parts = take_apart(plain);
  const std::string whole(plain.substr(0, plain.find('.')));
  return add_decimal(whole, !parts.negative && !parts.fraction.empty() ? "1" : "0");
}

}  // namespace base
