#include "football/fields.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

#include "base/text.hpp"

namespace football {
namespace {

using decode::Kind;
using decode::Value;

std::string_view digits_of(const Value& value) {
  return value.kind() == Kind::number || value.kind() == Kind::string ? value.text() : std::string_view{};
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Value at(const Value& value, std::initializer_list<std::string_view> path) {
  const Value* here = &value;
  for (const std::string_view key : path) {
    here = here->find(key);
    if (!here) return {};
  }
  return *here;
}

std::optional<std::int64_t> whole_number(std::string_view text) { return parse<std::int64_t>(text); }

std::optional<std::int64_t> integer(const Value& value, std::int64_t lowest, std::int64_t highest) {
  const auto number = whole_number(digits_of(value));
  if (!number || *number < lowest || *number > highest) return std::nullopt;
  return number;
}

std::optional<int> small(const Value& value, int lowest, int highest) {
  const auto number = integer(value, lowest, highest);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

std::optional<double> decimal(const Value& value) {
  const auto number = parse<double>(digits_of(value));
  return number && std::isfinite(*number) ? number : std::nullopt;
}

bool flag(const Value& value) { return value.kind() == Kind::boolean && value.as_boolean(); }

std::string text(const Value& value, std::size_t max_bytes) {
  if (value.kind() != Kind::string) return {};
  return base::shorten(base::escape_control(base::shorten(value.text(), max_bytes)), max_bytes);
}

}  // namespace football
