#include "collect/cast.hpp"

#include <fmt/format.h>

#include <limits>

#include "base/decimal.hpp"
#include "base/iso8601.hpp"
#include "base/text.hpp"

namespace collect {
namespace {

using config::FieldType;
using decode::Kind;
using Cast = tl::expected<store::Param, std::string>;

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

std::string quoted(std::string_view text) {
  return '"' + base::shorten(base::escape_control(text), 60) + '"';
}

tl::unexpected<std::string> no(std::string_view text, std::string_view why) {
  return tl::unexpected(fmt::format("{} {}", quoted(text), why));
}

std::int64_t characters(std::string_view text) {
  std::int64_t count = 0;
  for (const unsigned char c : text) count += (c & 0xC0) != 0x80;
  return count;
}

Cast cast_text(std::string_view text, const config::Field& field) {
  if (text.find('\0') != std::string_view::npos) return no(text, "holds a NUL byte");
  if (field.max_length > 0 && characters(text) > field.max_length)
    return no(text, fmt::format("has {} characters, {} are allowed", characters(text), field.max_length));
  return store::Param(text);
}

Cast cast_decimal(std::string_view text, const config::Field& field, Scratch& scratch) {
  const bool plus = text.starts_with('+') && !text.starts_with("+-");  // JSON has no plus sign, forms do
  auto plain = base::plain_decimal(plus ? text.substr(1) : text);
  if (!plain) return no(text, "is not a number of at most 1,000 digits");
  if (field.type == FieldType::integer) {
    const auto number = base::decimal_to_int64(*plain);
    if (!number && base::strip_trailing_zeros(*plain).find('.') != std::string_view::npos)
      return no(text, "is not a whole number");
    if (!number || *number < std::numeric_limits<std::int32_t>::min() ||
        *number > std::numeric_limits<std::int32_t>::max())
      return no(text, "is out of range for integer; type: number takes it");
    return store::Param(*number);
  }
  scratch.push_back(field.is_key ? std::string(base::strip_trailing_zeros(*plain)) : std::move(*plain));
  return store::Param(std::string_view(scratch.back()));
}

Cast cast_time(std::string_view text, const config::Field& field, Scratch& scratch) {
  if (field.type == FieldType::date) {
    const auto date = base::parse_date(text);
    if (!date) return no(text, date.error());
    return store::Param(text);
  }
  const auto time = base::parse_timestamp(text);
  if (!time) return no(text, time.error());
  scratch.push_back(base::to_iso8601(*time));
  return store::Param(std::string_view(scratch.back()));
}

}  // namespace

Cast cast(const decode::Value& value, const config::Field& field, Scratch& scratch) {
  std::string_view text;
  switch (value.kind()) {
    case Kind::null: return store::Param();
    case Kind::boolean: text = value.as_boolean() ? "true" : "false"; break;
    case Kind::number: text = value.text(); break;
    case Kind::string: text = trim(value.text()); break;
    case Kind::array: return tl::unexpected(fmt::format("is a list, not a {}", to_string(field.type)));
    case Kind::object: return tl::unexpected(fmt::format("is an object, not a {}", to_string(field.type)));
    case Kind::spoiled: return tl::unexpected(std::string(value.text()));
  }
  switch (field.type) {
    case FieldType::text: return cast_text(text, field);
    case FieldType::integer:
    case FieldType::number:
      if (text.empty()) return store::Param();
      if (value.kind() == Kind::boolean) return no(text, "is not a number");
      return cast_decimal(text, field, scratch);
    case FieldType::date:
    case FieldType::timestamp:
      if (text.empty()) return store::Param();
      return cast_time(text, field, scratch);
  }
  return tl::unexpected(std::string("has an unknown type"));
}

}  // namespace collect
