// abs avg ceil floor sum to_number: exact decimals.
#include <fmt/format.h>

#include "base/decimal.hpp"
#include "expr/jmespath_functions.hpp"

namespace expr::jmespath {
namespace {

using decode::Kind;
using decode::Value;

constexpr std::size_t average_digits = 20;

Value too_large(const Call& call) {
  return call.evaluator.fail(fmt::format("invalid-value: {}() was given a number of more than {} digits",
                                         call.node.function->name, base::max_decimal_digits));
}

// `change` of the plain notation.
Value changed(const Call& call, std::string (*change)(std::string_view)) {
  std::string buffer;
  const auto plain = plain_number(call.arguments[0].text(), buffer);
  if (!plain) return too_large(call);
  return Value::number(call.evaluator.copy(change(*plain)));
}

Value absolute(const Call& call) {
  std::string_view text = call.arguments[0].text();
  if (text.starts_with('-')) text.remove_prefix(1);
  return Value::number(text);
}

Value ceiling(const Call& call) { return changed(call, base::ceil_decimal); }
Value floor(const Call& call) { return changed(call, base::floor_decimal); }

std::optional<std::string> total(std::span<const Value> items) {
  std::string sum = "0", buffer;
  for (const Value& item : items) {
    const auto plain = plain_number(item.text(), buffer);
    if (!plain) return std::nullopt;
    sum = base::add_decimal(sum, *plain);
  }
  return sum;
}

Value sum(const Call& call) {
  const auto result = total(call.arguments[0].items());
  return result ? Value::number(call.evaluator.copy(*result)) : too_large(call);
}

Value average(const Call& call) {
  const auto items = call.arguments[0].items();
  if (items.empty()) return {};
  const auto result = total(items);
  if (!result) return too_large(call);
  return Value::number(call.evaluator.copy(
      base::divide_decimal(*result, static_cast<std::uint32_t>(items.size()), average_digits)));
}

Value to_number(const Call& call) {
  const Value& value = call.arguments[0];
  if (value.kind() == Kind::number) return value;
  return base::plain_decimal(value.text()) ? Value::number(value.text()) : Value{};
}

}  // namespace

std::span<const Function> number_functions() {
  static const std::vector<Function> table{
      {.name = "abs", .parameters = {number}, .run = absolute},
      {.name = "avg", .parameters = {numbers}, .run = average},
      {.name = "ceil", .parameters = {number}, .run = ceiling},
      {.name = "floor", .parameters = {number}, .run = floor},
      {.name = "sum", .parameters = {numbers}, .run = sum},
      {.name = "to_number", .parameters = {any}, .run = to_number},
  };
  return table;
}

}  // namespace expr::jmespath
