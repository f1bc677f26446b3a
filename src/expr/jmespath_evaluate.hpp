// Runs a Tree on a value. One Evaluator for one evaluation. Internal to this folder.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "decode/value.hpp"
#include "expr/jmespath_tree.hpp"

namespace expr::jmespath {

class Evaluator {
 public:
  Evaluator(const Tree& tree, std::pmr::memory_resource& arena) : tree_(tree), arena_(arena) {}

  // Null after a failure.
  decode::Value evaluate(NodeId id, const decode::Value& current);
  const Node& node(NodeId id) const { return tree_.nodes[id]; }

  decode::Value fail(std::string message);  // keeps the first one; returns null
  bool failed() const { return error_.has_value(); }
  const std::string& error() const { return *error_; }

  // New storage in the arena; empty if that would be too much, which is a failure.
  std::span<decode::Value> new_values(std::size_t count) { return allocate<decode::Value>(count); }
  std::span<decode::Member> new_members(std::size_t count) { return allocate<decode::Member>(count); }
  std::span<char> new_text(std::size_t bytes) { return allocate<char>(bytes); }
  std::string_view copy(std::string_view text);
  bool affords(std::size_t bytes);  // or fails

 private:
  template <class T>
  std::span<T> allocate(std::size_t count);
  decode::Value slice(const Node& node, const decode::Value& base);
  decode::Value flatten(const decode::Value& base);
  decode::Value project(const Node& node, const decode::Value& base);
  decode::Value project_values(const Node& node, const decode::Value& base);
  decode::Value filter(const Node& node, const decode::Value& base);
  decode::Value compare(Comparison comparison, const decode::Value& left, const decode::Value& right);
  decode::Value list(const Node& node, const decode::Value& current);
  decode::Value hash(const Node& node, const decode::Value& current);

  const Tree& tree_;
  std::pmr::memory_resource& arena_;
  std::optional<std::string> error_;
  std::size_t used_ = 0;
};

bool equal(const decode::Value& left, const decode::Value& right);

// A number in plain notation: its own text, or written to `buffer`; nullopt: more than 1,000 digits.
std::optional<std::string_view> plain_number(std::string_view text, std::string& buffer);

}  // namespace expr::jmespath
