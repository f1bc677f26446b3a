// Functions of arrays and objects, and those that take anything.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/decimal.hpp"
#include "base/text.hpp"
#include "expr/jmespath_functions.hpp"

namespace expr::jmespath {
namespace {

using decode::Kind;
using decode::Member;
using decode::Value;

Value new_array(Evaluator& evaluator, std::span<const Value> items) {
  const auto result = evaluator.new_values(items.size());
  if (!result.empty()) std::copy(items.begin(), items.end(), result.begin());
  return Value::array(result);
}

Value contains(const Call& call) {
  const Value &subject = call.arguments[0], &search = call.arguments[1];
  if (subject.kind() == Kind::string)
    return Value::boolean(search.kind() == Kind::string &&
                          subject.text().find(search.text()) != std::string_view::npos);
  return Value::boolean(std::any_of(subject.items().begin(), subject.items().end(),
                                    [&](const Value& item) { return equal(item, search); }));
}

Value length(const Call& call) {
  const Value& value = call.arguments[0];
  const std::string_view text = value.text();
  const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const std::size_t count = value.items().size() + value.members().size() +
                            static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_first_byte));
  return Value::number(call.evaluator.copy(fmt::format("{}", count)));
}

Value keys(const Call& call) {
  const auto members = call.arguments[0].members();
  const auto result = call.evaluator.new_values(members.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = Value::string(members[i].key);
  return Value::array(result);
}

Value values(const Call& call) {
  const auto members = call.arguments[0].members();
  const auto result = call.evaluator.new_values(members.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = members[i].value;
  return Value::array(result);
}

Value map(const Call& call) {
  const auto items = call.arguments[1].items();
  const auto result = call.evaluator.new_values(items.size());
  for (std::size_t i = 0; i < result.size() && !call.evaluator.failed(); ++i)
    result[i] = call.apply(0, items[i]);
  return Value::array(result);
}

Value merge(const Call& call) {
  std::vector<Member> members;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const Value& object : call.arguments) {
    for (const Member& member : object.members()) {
      const auto [place, is_new] = places.try_emplace(member.key, members.size());
      if (is_new)
        members.push_back(member);
      else
        members[place->second].value = member.value;
    }
  }
  const auto result = call.evaluator.new_members(members.size());
  if (!result.empty()) std::copy(members.begin(), members.end(), result.begin());
  return Value::object(result);
}

Value not_null(const Call& call) {
  for (const Value& value : call.arguments)
    if (!value.is_null() && value.kind() != Kind::spoiled) return value;
  return {};
}

Value reverse(const Call& call) {
  const Value& value = call.arguments[0];
  if (value.kind() == Kind::array) {
    const Value result = new_array(call.evaluator, value.items());
    const auto items = result.items();
    // The items are ours: just copied.
    std::reverse(const_cast<Value*>(items.data()), const_cast<Value*>(items.data()) + items.size());
    return result;
  }
  const std::string_view text = value.text();
  const std::span<char> result = call.evaluator.new_text(text.size());
  for (std::size_t at = 0; at < result.size();) {
    const std::size_t length = std::max<std::size_t>(1, base::utf8_sequence(text, at));
    std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(at), length,
                result.end() - static_cast<std::ptrdiff_t>(at + length));
    at += length;
  }
  return Value::string({result.data(), result.size()});
}

// ---- order: of numbers by value, of strings by bytes, which is the order of code points

// A sort key with its element. Numbers are in plain notation, written out once.
struct Keyed {
  Value element;
  Kind kind;
  std::string_view key;
};

bool before(const Keyed& a, const Keyed& b) {
  return a.kind == Kind::number ? base::compare_decimal(a.key, b.key) < 0 : a.key < b.key;
}

// Pairs each element with its key. Empty and a failure if a key is neither number nor string, or not of the
// first one's type. `by`: the &expression's place; -1: the element is its own key.
std::vector<Keyed> keyed(const Call& call, int by) {
  std::vector<Keyed> result;
  const auto items = call.arguments[0].items();
  result.reserve(items.size());
  std::string buffer;
  for (const Value& item : items) {
    const Value key = by < 0 ? item : call.apply(static_cast<std::size_t>(by), item);
    const bool fits = key.kind() == Kind::number || key.kind() == Kind::string;
    if (!fits || (!result.empty() && result[0].kind != key.kind())) {
      call.evaluator.fail(
          fmt::format("invalid-type: {}() orders by numbers only or strings only; that of [{}] {}",
                      call.node.function->name, &item - items.data(),
                      fits ? "is of another type than the one before" : "is neither"));
    } else if (key.kind() == Kind::string) {
      result.push_back({item, key.kind(), key.text()});
    } else if (const auto plain = plain_number(key.text(), buffer); !plain) {
      call.evaluator.fail(fmt::format("invalid-value: {}() was given a number of more than {} digits",
                                      call.node.function->name, base::max_decimal_digits));
    } else {
      const bool is_own_text = plain->data() == key.text().data();
      result.push_back({item, key.kind(), is_own_text ? *plain : call.evaluator.copy(*plain)});
    }
    if (call.evaluator.failed()) return {};
  }
  return result;
}

Value sorted(const Call& call, int by) {
  std::vector<Keyed> items = keyed(call, by);
  std::stable_sort(items.begin(), items.end(), before);
  const auto result = call.evaluator.new_values(items.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = items[i].element;
  return Value::array(result);
}

// The first of those that are equal.
Value least(const Call& call, int by) {
  const std::vector<Keyed> items = keyed(call, by);
  return items.empty() ? Value{} : std::min_element(items.begin(), items.end(), before)->element;
}
Value greatest(const Call& call, int by) {
  const std::vector<Keyed> items = keyed(call, by);
  return items.empty() ? Value{} : std::max_element(items.begin(), items.end(), before)->element;
}

Value sort(const Call& call) { return sorted(call, -1); }
Value sort_by(const Call& call) { return sorted(call, 1); }
Value min(const Call& call) { return least(call, -1); }
Value min_by(const Call& call) { return least(call, 1); }
Value max(const Call& call) { return greatest(call, -1); }
Value max_by(const Call& call) { return greatest(call, 1); }

Value to_array(const Call& call) {
  const Value& value = call.arguments[0];
  return value.kind() == Kind::array ? value : new_array(call.evaluator, {&value, 1});
}

Value type(const Call& call) {
  switch (call.arguments[0].kind()) {
    case Kind::boolean: return Value::string("boolean");
    case Kind::number: return Value::string("number");
    case Kind::string: return Value::string("string");
    case Kind::array: return Value::string("array");
    case Kind::object: return Value::string("object");
    case Kind::null:
    case Kind::spoiled: break;
  }
  return Value::string("null");
}

}  // namespace

std::span<const Function> list_functions() {
  static const std::vector<Function> table{
      {.name = "contains", .parameters = {array | string, any}, .run = contains},
      {.name = "keys", .parameters = {object}, .run = keys},
      {.name = "length", .parameters = {string | array | object}, .run = length},
      {.name = "map", .parameters = {expression_type, array}, .run = map},
      {.name = "max", .parameters = {numbers | strings}, .run = max},
      {.name = "max_by", .parameters = {array, expression_type}, .run = max_by},
      {.name = "merge", .parameters = {object}, .optional = 1, .variadic = true, .run = merge},
      {.name = "min", .parameters = {numbers | strings}, .run = min},
      {.name = "min_by", .parameters = {array, expression_type}, .run = min_by},
      {.name = "not_null", .parameters = {any}, .variadic = true, .run = not_null},
      {.name = "reverse", .parameters = {string | array}, .run = reverse},
      {.name = "sort", .parameters = {numbers | strings}, .run = sort},
      {.name = "sort_by", .parameters = {array, expression_type}, .run = sort_by},
      {.name = "to_array", .parameters = {any}, .run = to_array},
      {.name = "type", .parameters = {any}, .run = type},
      {.name = "values", .parameters = {object}, .run = values},
  };
  return table;
}

}  // namespace expr::jmespath
