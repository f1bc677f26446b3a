// The functions of JMESPath: one table of names, parameters and code. Internal to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decode/value.hpp"
#include "expr/jmespath_evaluate.hpp"
#include "expr/jmespath_tree.hpp"

namespace expr::jmespath {

// What a parameter takes; a set.
enum Type : unsigned {
  null = 1,
  boolean = 2,
  number = 4,
  string = 8,
  object = 16,
  numbers = 32,  // an array of them
  strings = 64,
  array = 128,
  expression_type = 256,  // &…
  any = null | boolean | number | string | object | array,
};

struct Call {
  Evaluator& evaluator;
  const Node& node;
  std::span<const decode::Value> arguments;  // null where the argument is an &expression

  // The &expression at that place, applied to a value.
  decode::Value apply(std::size_t argument, const decode::Value& value) const {
    return evaluator.evaluate(evaluator.node(node.children[argument]).children[0], value);
  }
};

struct Function {
  std::string_view name;
  std::vector<unsigned> parameters;  // sets of Type
  std::size_t optional = 0;          // how many of the last may be missing
  bool variadic = false;             // the last may stand any number of times
  bool null_gives_null = false;      // a null as first argument is the result
  decode::Value (*run)(const Call& call) = nullptr;
  // Looks at the literal text in second place while parsing; returns what is wrong with it.
  std::optional<std::string> (*prepare)(Node& node, std::string_view literal) = nullptr;
};

std::span<const Function> text_functions();
std::span<const Function> number_functions();
std::span<const Function> list_functions();

const Function* find_function(std::string_view name);
std::string no_such_function(std::string_view name);                                      // for the user
std::optional<std::string> wrong_count(const Function& function, std::size_t arguments);  // for the user

// Evaluates the arguments, checks their types, runs it.
decode::Value call(Evaluator& evaluator, const Node& node, const decode::Value& current);

}  // namespace expr::jmespath
