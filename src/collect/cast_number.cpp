#include "collect/cast_number.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

#include "base/decimal.hpp"
#include "collect/arena.hpp"

namespace collect {
namespace {

using config::FieldType;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end - at;
}

enum class Shape { none, plain, exponent };  // by JSON's grammar (RFC 8259, section 6)

Shape shape_of(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits_at(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return Shape::none;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const std::size_t fraction = digits_at(text, ++at);
    if (fraction == 0) return Shape::none;
    at += fraction;
  }
  if (at == text.size()) return Shape::plain;
  if (text[at] != 'e' && text[at] != 'E') return Shape::none;
  if (++at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  const std::size_t exponent = digits_at(text, at);
  return exponent > 0 && at + exponent == text.size() ? Shape::exponent : Shape::none;
}

// What stands between groups at the beginning of `text`: a point, a blank, a no-break space (U+00A0) or a
// narrow one (U+202F).
std::string_view separator_at(std::string_view text) {
  for (const std::string_view it : {".", " ", "\u00a0", "\u202f"})
    if (text.starts_with(it)) return it;
  return {};
}

// "1.234,56" → "1234.56"; nullopt: not groups of three.
std::optional<std::string> without_comma(std::string_view text) {
  std::string made;
  if (text.starts_with('-')) {
    made = "-";
    text.remove_prefix(1);
  }
  const std::size_t first = digits_at(text, 0);
  made.append(text.substr(0, first));
  text.remove_prefix(first);
  const std::string_view separator = separator_at(text);
  if (!separator.empty() && (first < 1 || first > 3)) return std::nullopt;
  while (!separator.empty() && text.starts_with(separator)) {
    text.remove_prefix(separator.size());
    if (digits_at(text, 0) != 3) return std::nullopt;
    made.append(text.substr(0, 3));
    text.remove_prefix(3);
  }
  if (text.starts_with(',')) {
    made += '.';
    text.remove_prefix(1);
  } else if (text.starts_with('.')) {
    return std::nullopt;
  }
  return made.append(text);
}

// The text is JSON's notation of a number. nullopt: more than 1,000 digits when written out.
std::optional<std::string_view> plain_of(std::string_view number, Shape shape,
                                         std::pmr::memory_resource& arena) {
  const bool as_it_is = shape == Shape::plain && number.size() <= base::max_decimal_digits &&
                        (number.front() != '-' || number.find_first_not_of("-0.") != std::string_view::npos);
  if (as_it_is) return number;
  const auto plain = base::plain_decimal(number);
  return plain ? std::optional(keep(*plain, arena)) : std::nullopt;
}

std::string no_number(std::string_view text, bool decimal_comma) {
  if (decimal_comma) return "is not a number with a decimal comma, such as 1.234,56";
  const bool comma = text.find(',') != std::string_view::npos;
  return fmt::format("is not a number{}",
                     comma ? "; if its comma is the decimal point, set decimal_comma: true" : "");
}

std::optional<double> to_double(std::string_view number) {
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || end != number.data() + number.size()) return std::nullopt;
  return value + 0.0;  // -0 is 0
}

}  // namespace

tl::expected<NumberCast, std::string> NumberCast::make(const config::Field& field) {
  NumberCast cast(field);
  if (!field.range) return cast;
  for (const auto& [bound, plain, as_double] :
       {std::tuple{&field.range->first, &cast.least_, &cast.least_double_},
        std::tuple{&field.range->second, &cast.most_, &cast.most_double_}}) {
    const auto number = base::plain_decimal(*bound);
    const auto approximate = number ? to_double(*number) : std::nullopt;
    if (!number || (!approximate && field.type == FieldType::real))
      return tl::unexpected(
          fmt::format("range: {} is not a number; write [lowest, highest]", quoted(*bound)));
    *plain = *number;
    *as_double = approximate.value_or(0);
  }
  if (base::compare_decimal(cast.least_, cast.most_) > 0)
    return tl::unexpected(
        fmt::format("range: {} is greater than {}; write [lowest, highest]", cast.least_, cast.most_));
  return cast;
}

Cast NumberCast::cast(std::string_view text, bool sent_as_number, std::pmr::memory_resource& arena) const {
  std::string_view number = text;
  if (number.starts_with('+') && !number.starts_with("+-"))
    number.remove_prefix(1);  // not JSON's, but forms'
  const bool decimal_comma = field_->decimal_comma && !sent_as_number;
  if (decimal_comma) {
    const auto made = without_comma(number);
    if (!made) return other_type(text, no_number(text, true));
    number = keep(*made, arena);
  }
  const Shape shape = shape_of(number);
  if (shape == Shape::none) return other_type(text, no_number(text, decimal_comma));
  if (field_->type == FieldType::real) return cast_double(text, number);
  const auto plain = plain_of(number, shape, arena);
  if (!plain) return breaks_rule(text, "has more than 1,000 digits when written out");
  return field_->type == FieldType::number ? cast_number(text, *plain) : cast_integer(text, *plain);
}

Cast NumberCast::cast_integer(std::string_view text, std::string_view plain) const {
  const bool big = field_->type == FieldType::bigint;
  const auto number = base::decimal_to_int64(plain);
  if (!number && base::strip_trailing_zeros(plain).find('.') != std::string_view::npos)
    return other_type(text, "is not a whole number");
  using Limits = std::numeric_limits<std::int32_t>;
  if (!number || (!big && (*number < Limits::min() || *number > Limits::max())))
    return breaks_rule(text, fmt::format("is out of range for {}; type: {} takes it",
                                         big ? "bigint" : "integer", number ? "bigint" : "number"));
  if (!in_range(plain)) return tl::unexpected(out_of_range(text));
  return store::Param(*number);
}

Cast NumberCast::cast_number(std::string_view text, std::string_view plain) const {
  const config::Field& field = *field_;
  if (field.precision > 0) {
    const std::string_view shortest = base::strip_trailing_zeros(plain);
    const std::size_t sign = shortest.starts_with('-') ? 1 : 0, point = shortest.find('.');
    const std::size_t scale = static_cast<std::size_t>(field.scale);
    const std::size_t places = point == std::string_view::npos ? 0 : shortest.size() - point - 1;
    std::size_t whole = std::min(point, shortest.size()) - sign;
    if (whole == 1 && shortest[sign] == '0') whole = 0;
    if (whole > static_cast<std::size_t>(field.precision) - scale)
      return breaks_rule(text, fmt::format("is out of range for number({},{})", field.precision, scale));
    if (places > scale)
      return breaks_rule(text, fmt::format("has {} digits behind the point, number({},{}) takes {}", places,
                                           field.precision, scale, scale));
    // Only zeros are left behind the digits that the column has.
    if (const std::size_t at = plain.find('.'); at != std::string_view::npos && plain.size() - at - 1 > scale)
      plain = plain.substr(0, scale == 0 ? at : at + 1 + scale);
  }
  if (!in_range(plain)) return tl::unexpected(out_of_range(text));
  return store::Param(field.is_key ? base::strip_trailing_zeros(plain) : plain);
}

Cast NumberCast::cast_double(std::string_view text, std::string_view number) const {
  const auto value = to_double(number);
  if (!value) return breaks_rule(text, "is out of range for double; type: number takes it");
  if (field_->range && (*value < least_double_ || *value > most_double_))
    return tl::unexpected(out_of_range(text));
  return store::Param(*value);
}

bool NumberCast::in_range(std::string_view plain) const {
  return !field_->range ||
         (base::compare_decimal(plain, least_) >= 0 && base::compare_decimal(plain, most_) <= 0);
}

Misfit NumberCast::out_of_range(std::string_view text) const {
  return {fmt::format("{} is outside of the range {} to {}", quoted(text), least_, most_), false};
}

}  // namespace collect
