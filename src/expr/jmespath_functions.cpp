#include "expr/jmespath_functions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace expr::jmespath {
namespace {

using decode::Kind;
using decode::Value;

std::array<std::span<const Function>, 3> tables() {
  return {text_functions(), number_functions(), list_functions()};
}

struct TypeName {
  Type type;
  std::string_view name;
};
constexpr std::array type_names{
    TypeName{null, "null"},
    TypeName{boolean, "a boolean"},
    TypeName{number, "a number"},
    TypeName{string, "a string"},
    TypeName{object, "an object"},
    TypeName{numbers, "an array of numbers"},
    TypeName{strings, "an array of strings"},
    TypeName{array, "an array"},
    TypeName{expression_type, "an expression with & before it"},
};

Type type_of(const Value& value) {
  switch (value.kind()) {
    case Kind::null: return null;
    case Kind::boolean: return boolean;
    case Kind::number: return number;
    case Kind::string: return string;
    case Kind::array: return array;
    case Kind::object: return object;
    case Kind::spoiled: break;
  }
  return Type{};
}

// "a number or a string"
std::string describe(unsigned types) {
  std::vector<std::string> names;
  for (const TypeName& it : type_names)
    if ((types & it.type) != 0) names.emplace_back(it.name);
  return names.empty() ? "a spoiled value" : base::join(names, " or ");
}

bool is_array_of(Kind kind, const Value& value) {
  return value.kind() == Kind::array &&
         std::all_of(value.items().begin(), value.items().end(),
                     [kind](const Value& item) { return item.kind() == kind; });
}

bool accepts(unsigned types, const Value& value) {
  return (types & type_of(value)) != 0 || (types == any && value.kind() == Kind::spoiled) ||
         ((types & numbers) != 0 && is_array_of(Kind::number, value)) ||
         ((types & strings) != 0 && is_array_of(Kind::string, value));
}

// What it is instead: an array is the wrong one because of one of its items.
std::string describe_wrong(unsigned types, const Value& value) {
  const auto items = value.items();
  if ((types & (numbers | strings)) == 0 || items.empty()) return describe(type_of(value));
  const bool of_strings =
      (types & strings) != 0 && ((types & numbers) == 0 || items[0].kind() == Kind::string);
  const auto wrong = std::find_if(items.begin(), items.end(), [of_strings](const Value& item) {
    return item.kind() != (of_strings ? Kind::string : Kind::number);
  });
  return fmt::format("an array with {} at [{}]", describe(type_of(*wrong)), wrong - items.begin());
}

unsigned parameter(const Function& function, std::size_t at) {
  return function.parameters[std::min(at, function.parameters.size() - 1)];
}

}  // namespace

const Function* find_function(std::string_view name) {
  for (const auto table : tables())
    for (const Function& function : table)
      if (function.name == name) return &function;
  return nullptr;
}

std::string no_such_function(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto table : tables())
    for (const Function& function : table) names.push_back(function.name);
  const std::string_view nearest = base::nearest(name, names);
  return fmt::format("there is no function {}{}", name,
                     nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

std::optional<std::string> wrong_count(const Function& function, std::size_t arguments) {
  const std::size_t most = function.parameters.size();
  const std::size_t least = most - function.optional;
  if (arguments >= least && (arguments <= most || function.variadic)) return std::nullopt;
  std::string takes = fmt::format("{}", least);
  if (function.variadic)
    takes += " or more";
  else if (function.optional > 0)
    takes += fmt::format(" to {}", most);
  return fmt::format("{}() takes {} argument{}, not {}", function.name, takes, takes == "1" ? "" : "s",
                     arguments);
}

Value call(Evaluator& evaluator, const Node& node, const Value& current) {
  const Function& function = *node.function;
  std::vector<Value> arguments(node.children.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (evaluator.node(node.children[i]).op == Op::reference)
      continue;  // the parser saw that it may stand here
    arguments[i] = evaluator.evaluate(node.children[i], current);
    if (evaluator.failed()) return {};
    if (i == 0 && function.null_gives_null && arguments[0].is_null()) return {};
    const unsigned types = parameter(function, i);
    if (!accepts(types, arguments[i])) {
      return evaluator.fail(fmt::format("invalid-type: {}() takes {} as argument {}, not {}", function.name,
                                        types == any ? "a value" : describe(types), i + 1,
                                        describe_wrong(types, arguments[i])));
    }
  }
  return function.run({evaluator, node, arguments});
}

}  // namespace expr::jmespath
