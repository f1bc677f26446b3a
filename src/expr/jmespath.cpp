#include "expr/jmespath.hpp"

#include "expr/jmespath_evaluate.hpp"
#include "expr/jmespath_parser.hpp"
#include "expr/jmespath_tree.hpp"

namespace expr {

tl::expected<Expression, ExpressionFault> Expression::parse(std::string_view text) {
  auto tree = jmespath::parse(text);
  if (!tree) return tl::unexpected(std::move(tree).error());
  Expression expression;
  expression.tree_ = *std::move(tree);
  return expression;
}

tl::expected<decode::Value, std::string> Expression::evaluate(const decode::Value& root,
                                                              std::pmr::memory_resource& arena) const {
  const jmespath::Node& node = tree_->nodes[tree_->root];
  if (node.op == jmespath::Op::path && node.children.empty()) return jmespath::walk(node.steps, root);
  jmespath::Evaluator evaluator(*tree_, arena);
  const decode::Value result = evaluator.evaluate(tree_->root, root);
  if (evaluator.failed()) return tl::unexpected(evaluator.error());
  return result;
}

const std::string& Expression::text() const { return tree_->text; }

bool is_true(const decode::Value& value) {
  using decode::Kind;
  switch (value.kind()) {
    case Kind::null:
    case Kind::spoiled: return false;
    case Kind::boolean: return value.as_boolean();
    case Kind::number: return true;
    case Kind::string: return !value.text().empty();
    case Kind::array: return !value.items().empty();
    case Kind::object: return !value.members().empty();
  }
  return false;
}

}  // namespace expr
