#include "expr/jmespath_evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "base/decimal.hpp"
#include "expr/jmespath.hpp"
#include "expr/jmespath_functions.hpp"

namespace expr::jmespath {

using decode::Kind;
using decode::Member;
using decode::Value;

Value walk(const std::vector<Step>& steps, Value value) {
  for (const Step& step : steps) {
    if (value.kind() == Kind::spoiled) return value;
    if (!step.is_index) {
      const Value* member = value.find(step.name);
      if (member == nullptr) return {};
      value = *member;
    } else {
      const auto items = value.items();
      const auto size = static_cast<std::int64_t>(items.size());
      const std::int64_t index = step.index < 0 ? size + step.index : step.index;
      if (index < 0 || index >= size) return {};
      value = items[static_cast<std::size_t>(index)];
    }
  }
  return value;
}

std::optional<std::string_view> plain_number(std::string_view text, std::string& buffer) {
  if (text.size() <= base::max_decimal_digits && text.find_first_of("eE") == std::string_view::npos)
    return text;
  auto plain = base::plain_decimal(text);
  if (!plain) return std::nullopt;
  buffer = *std::move(plain);
  return buffer;
}

namespace {

// nullopt: at least one is too large to be written out.
std::optional<std::strong_ordering> compare_numbers(std::string_view left, std::string_view right) {
  std::string left_buffer, right_buffer;
  const auto a = plain_number(left, left_buffer), b = plain_number(right, right_buffer);
  if (!a || !b) return std::nullopt;
  return base::compare_decimal(*a, *b);
}

std::vector<const Member*> sorted(std::span<const Member> members) {
  std::vector<const Member*> result;
  for (const Member& member : members) result.push_back(&member);
  std::sort(result.begin(), result.end(), [](const Member* a, const Member* b) { return a->key < b->key; });
  return result;
}

bool equal_objects(std::span<const Member> left, std::span<const Member> right) {
  if (left.size() != right.size()) return false;
  const bool same_order = std::equal(left.begin(), left.end(), right.begin(),
                                     [](const Member& a, const Member& b) { return a.key == b.key; });
  if (same_order) {
    return std::equal(left.begin(), left.end(), right.begin(),
                      [](const Member& a, const Member& b) { return equal(a.value, b.value); });
  }
  const auto a = sorted(left), b = sorted(right);
  return std::equal(a.begin(), a.end(), b.begin(), [](const Member* x, const Member* y) {
    return x->key == y->key && equal(x->value, y->value);
  });
}

bool holds(Comparison comparison, std::strong_ordering order) {
  switch (comparison) {
    case Comparison::less: return order < 0;
    case Comparison::less_equal: return order <= 0;
    case Comparison::greater: return order > 0;
    case Comparison::greater_equal: return order >= 0;
    case Comparison::equal: return order == 0;
    case Comparison::unequal: return order != 0;
  }
  return false;
}

}  // namespace

bool equal(const Value& left, const Value& right) {
  const auto kind = [](const Value& value) {
    return value.kind() == Kind::spoiled ? Kind::null : value.kind();
  };
  if (kind(left) != kind(right)) return false;
  switch (kind(left)) {
    case Kind::null:
    case Kind::spoiled: return true;
    case Kind::boolean: return left.as_boolean() == right.as_boolean();
    case Kind::string: return left.text() == right.text();
    case Kind::number:
      return left.text() == right.text() ||
             compare_numbers(left.text(), right.text()) == std::strong_ordering::equal;
    case Kind::array:
      return std::equal(left.items().begin(), left.items().end(), right.items().begin(), right.items().end(),
                        equal);
    case Kind::object: return equal_objects(left.members(), right.members());
  }
  return false;
}

Value Evaluator::fail(std::string message) {
  if (!error_) error_ = std::move(message);
  return {};
}

bool Evaluator::affords(std::size_t bytes) {
  if (bytes <= Expression::max_result_bytes - used_) return true;
  fail(fmt::format("invalid-value: the result takes more than {} MiB", Expression::max_result_bytes >> 20));
  return false;
}

template <class T>
std::span<T> Evaluator::allocate(std::size_t count) {
  if (count == 0 || failed()) return {};
  if (count > Expression::max_result_bytes / sizeof(T) || !affords(count * sizeof(T))) {
    affords(std::numeric_limits<std::size_t>::max());
    return {};
  }
  used_ += count * sizeof(T);
  T* const data = static_cast<T*>(arena_.allocate(count * sizeof(T), alignof(T)));
  std::uninitialized_value_construct_n(data, count);
  return {data, count};
}

// The header uses it in other files, too.
template std::span<decode::Value> Evaluator::allocate(std::size_t count);
template std::span<decode::Member> Evaluator::allocate(std::size_t count);
template std::span<char> Evaluator::allocate(std::size_t count);

std::string_view Evaluator::copy(std::string_view text) {
  const std::span<char> result = new_text(text.size());
  if (result.empty()) return {};
  std::copy(text.begin(), text.end(), result.begin());
  return {result.data(), result.size()};
}

Value Evaluator::evaluate(NodeId id, const Value& current) {
  if (failed()) return {};
  const Node& node = tree_.nodes[id];
  const auto child = [&](std::size_t i) { return evaluate(node.children[i], current); };
  switch (node.op) {
    case Op::current: return current;
    case Op::literal: return node.is_text ? Value::string(node.text) : node.value;
    case Op::path: return walk(node.steps, node.children.empty() ? current : child(0));
    case Op::pipe: return evaluate(node.children[1], child(0));
    case Op::slice: return slice(node, child(0));
    case Op::flatten: return flatten(child(0));
    case Op::project: return project(node, child(0));
    case Op::project_values: return project_values(node, child(0));
    case Op::filter: return filter(node, child(0));
    case Op::either: {
      const Value left = child(0);
      return is_true(left) ? left : child(1);
    }
    case Op::both: {
      const Value left = child(0);
      return is_true(left) ? child(1) : left;
    }
    case Op::negate: return Value::boolean(!is_true(child(0)));
    case Op::compare: {
      const Value left = child(0), right = child(1);
      return compare(node.comparison, left, right);
    }
    case Op::list: return list(node, current);
    case Op::hash: return hash(node, current);
    case Op::call: return call(*this, node, current);
    case Op::reference: break;  // only functions look at those
  }
  return {};
}

Value Evaluator::slice(const Node& node, const Value& base) {
  if (base.kind() != Kind::array) return {};
  const auto items = base.items();
  const auto size = static_cast<std::int64_t>(items.size());
  const std::int64_t step = node.slice[2].value_or(1);
  const std::int64_t lower = step > 0 ? 0 : -1, upper = step > 0 ? size : size - 1;
  const auto place = [&](std::int64_t at) {
    return at < 0 ? std::max(at + size, lower) : std::min(at, upper);
  };
  const std::int64_t start = node.slice[0] ? place(*node.slice[0]) : (step > 0 ? lower : upper);
  const std::int64_t stop = node.slice[1] ? place(*node.slice[1]) : (step > 0 ? upper : lower);
  if (step == 1) {
    if (start >= stop) return Value::array({});
    return Value::array(
        items.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(stop - start)));
  }
  // Distances, so that a step near the limits of its type does not overflow.
  const std::int64_t distance = step > 0 ? stop - start : start - stop;
  if (distance <= 0) return Value::array({});
  const std::uint64_t stride =
      step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  const std::uint64_t count = (static_cast<std::uint64_t>(distance) - 1) / stride + 1;
  const auto result = new_values(count);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto offset = static_cast<std::int64_t>(i * stride);
    result[i] = items[static_cast<std::size_t>(step > 0 ? start + offset : start - offset)];
  }
  return Value::array(result);
}

Value Evaluator::flatten(const Value& base) {
  if (base.kind() != Kind::array) return {};
  std::size_t count = 0;
  for (const Value& item : base.items()) count += item.kind() == Kind::array ? item.items().size() : 1;
  const auto result = new_values(count);
  if (result.empty()) return Value::array({});
  auto at = result.begin();
  for (const Value& item : base.items()) {
    if (item.kind() == Kind::array)
      at = std::copy(item.items().begin(), item.items().end(), at);
    else
      *at++ = item;
  }
  return Value::array(result);
}

Value Evaluator::project(const Node& node, const Value& base) {
  if (base.kind() != Kind::array) return {};
  if (node.children[1] == current_node && std::none_of(base.items().begin(), base.items().end(),
                                                       [](const Value& item) { return item.is_null(); }))
    return base;
  const auto result = new_values(base.items().size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < result.size() && !failed(); ++i) {
    const Value value = evaluate(node.children[1], base.items()[i]);
    if (!value.is_null()) result[count++] = value;
  }
  return Value::array(result.first(count));
}

Value Evaluator::project_values(const Node& node, const Value& base) {
  if (base.kind() != Kind::object) return {};
  const auto result = new_values(base.members().size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < result.size() && !failed(); ++i) {
    const Value value = evaluate(node.children[1], base.members()[i].value);
    if (!value.is_null()) result[count++] = value;
  }
  return Value::array(result.first(count));
}

Value Evaluator::filter(const Node& node, const Value& base) {
  if (base.kind() != Kind::array) return {};
  // Gathered outside of the arena: of a million items perhaps one stays.
  std::vector<Value> found;
  for (const Value& item : base.items()) {
    if (!is_true(evaluate(node.children[2], item))) continue;
    const Value value = evaluate(node.children[1], item);
    if (!value.is_null()) found.push_back(value);
    if (failed()) return {};
  }
  const auto result = new_values(found.size());
  if (!result.empty()) std::copy(found.begin(), found.end(), result.begin());
  return Value::array(result);
}

Value Evaluator::compare(Comparison comparison, const Value& left, const Value& right) {
  if (failed()) return {};
  if (comparison == Comparison::equal) return Value::boolean(equal(left, right));
  if (comparison == Comparison::unequal) return Value::boolean(!equal(left, right));
  if (left.kind() != right.kind()) return {};
  if (left.kind() == Kind::string)
    return Value::boolean(holds(comparison, left.text().compare(right.text()) <=> 0));
  if (left.kind() != Kind::number) return {};
  const auto order = compare_numbers(left.text(), right.text());
  return order ? Value::boolean(holds(comparison, *order)) : Value{};
}

Value Evaluator::list(const Node& node, const Value& current) {
  if (current.is_null()) return {};
  const auto result = new_values(node.children.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = evaluate(node.children[i], current);
  return Value::array(result);
}

Value Evaluator::hash(const Node& node, const Value& current) {
  if (current.is_null()) return {};
  const auto result = new_members(node.children.size());
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = {node.keys[i], evaluate(node.children[i], current)};
  return Value::object(result);
}

}  // namespace expr::jmespath
