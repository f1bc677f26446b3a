// The parsed form of an Expression: nodes that name each other by number. Internal to this folder.
// Never changed after parsing, so that several threads may evaluate it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "decode/value.hpp"
#include "expr/regex.hpp"

namespace expr::jmespath {

struct Function;

using NodeId = std::uint32_t;
inline constexpr NodeId current_node = 0;  // of every tree: @, and what an empty right side stands for

enum class Op : std::uint8_t {
  current,
  literal,         // value, or text if it is a raw string
  path,            // [base] and steps
  pipe,            // left, right: right of the result of left; a dot before anything but a name, too
  slice,           // base
  flatten,         // base
  project,         // base, right: of each item of an array
  project_values,  // base, right: of each value of an object
  filter,          // base, right, condition
  either,          // left || right
  both,            // left && right
  negate,
  compare,
  list,
  hash,       // keys and children
  call,       // function and children
  reference,  // &child, an argument that the function evaluates itself
};
enum class Comparison : std::uint8_t { equal, unequal, less, less_equal, greater, greater_equal };

struct Step {
  std::string name;
  std::int64_t index = 0;  // of a list, from its end if negative
  bool is_index = false;
};

struct Node {
  Op op = Op::current;
  Comparison comparison = Comparison::equal;
  bool is_text = false;  // literal: the value is `text`
  unsigned depth = 1;    // nodes on the longest way down
  double copies = 1;     // how often the input may stand in the result, at most
  std::vector<NodeId> children{};
  std::vector<Step> steps{};
  std::vector<std::string> keys{};
  std::string text{};
  decode::Value value{};
  std::array<std::optional<std::int64_t>, 3> slice{};
  const Function* function = nullptr;
  std::shared_ptr<const Regex> regex{};  // of regex_extract() with a literal pattern
};

struct Tree {
  std::string text;
  std::vector<Node> nodes{Node{}};
  std::vector<decode::Document> literals;  // what Node::value points into
  NodeId root = current_node;
};

// From `value` along the steps; null where they lead nowhere. A spoiled value on the way is the result.
decode::Value walk(const std::vector<Step>& steps, decode::Value value);

}  // namespace expr::jmespath
