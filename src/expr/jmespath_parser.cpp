#include "expr/jmespath_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "expr/jmespath_functions.hpp"
#include "expr/jmespath_lexer.hpp"

namespace expr::jmespath {
namespace {

using Kind = TokenKind;

// How strongly an operator binds what stands left of it. What follows a projection and binds more strongly
// than flatten is projected; so pipes, conditions and flatten end one.
enum Power : int { nothing, pipe, either, both, compare, flatten, member };

Power power_of(Kind kind) {
  switch (kind) {
    case Kind::pipe: return pipe;
    case Kind::either: return either;
    case Kind::both: return both;
    case Kind::compare: return compare;
    case Kind::flatten: return flatten;
    case Kind::dot:
    case Kind::open_bracket:
    case Kind::open_filter: return member;
    default: return nothing;
  }
}

// After a fault every token reads as the end, and every node as the current one: parsing runs out quickly.
class Parser {
 public:
  Parser(Tree& tree, std::vector<Token> tokens) : tree_(tree), tokens_(std::move(tokens)) {}

  std::optional<ExpressionFault> run() {
    tree_.root = expression(nothing);
    if (!fault_ && kind() != Kind::end) unexpected("an operator or the end");
    if (!fault_ && tree_.nodes[tree_.root].copies > Expression::max_copies)
      fail(0, fmt::format("this could copy its input more than {:.0f} times", Expression::max_copies));
    return std::move(fault_);
  }

 private:
  const Token& token() const { return fault_ ? tokens_.back() : tokens_[at_]; }
  Kind kind() const { return token().kind; }
  Kind next_kind() const { return fault_ ? Kind::end : tokens_[std::min(at_ + 1, tokens_.size() - 1)].kind; }
  Token take() {
    if (fault_ || at_ + 1 == tokens_.size()) return tokens_.back();
    return std::move(tokens_[at_++]);
  }
  bool take_if(Kind kind) {
    if (this->kind() != kind) return false;
    take();
    return true;
  }
  NodeId fail(std::size_t column, std::string message) {
    if (!fault_) fault_ = ExpressionFault{column, std::move(message)};
    return current_node;
  }
  NodeId unexpected(std::string_view expected) {
    const char* hint = "";
    if (kind() == Kind::number) hint = "; a number is written between backticks: `1`";
    return fail(token().column, fmt::format("here {} is expected{}", expected, hint));
  }
  void expect(Kind kind, std::string_view name) {
    if (!take_if(kind)) unexpected(name);
  }

  NodeId add(Node node) {
    for (const NodeId child : node.children) node.depth = std::max(node.depth, tree_.nodes[child].depth + 1);
    if (node.depth > Expression::max_depth) return too_deep();
    node.copies = copies(node);
    tree_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(tree_.nodes.size() - 1);
  }
  NodeId add(Op op, std::vector<NodeId> children) {
    Node node;
    node.op = op;
    node.children = std::move(children);
    return add(std::move(node));
  }
  NodeId too_deep() {
    return fail(token().column, fmt::format("more than {} levels inside each other", Expression::max_depth));
  }

  double of(const Node& node, std::size_t child) const { return tree_.nodes[node.children[child]].copies; }
  double copies(const Node& node) const {
    double sum = 0, most = 1, applied = 1;
    for (const NodeId id : node.children) {
      const Node& child = tree_.nodes[id];
      most = std::max(most, child.copies);
      if (child.op == Op::reference)
        applied = std::max(applied, child.copies);
      else
        sum += child.copies;
    }
    switch (node.op) {
      case Op::pipe:
      case Op::project:
      case Op::project_values: return of(node, 0) * of(node, 1);
      case Op::filter: return of(node, 0) * std::max(of(node, 1), of(node, 2));
      case Op::list:
      case Op::hash: return std::max(1.0, sum);
      case Op::call: return std::max(1.0, sum) * applied;
      default: return most;
    }
  }

  // ---- expressions

  NodeId expression(int power) {
    if (depth_ == Expression::max_depth) return too_deep();
    ++depth_;
    const NodeId result = more(first(), power);
    --depth_;
    return result;
  }

  // What an expression begins with.
  NodeId first() {
    const std::size_t column = token().column;
    switch (kind()) {
      case Kind::name:
        if (next_kind() == Kind::open_paren) return function_call();
        return member_of(current_node);
      case Kind::quoted_name: return member_of(current_node);
      case Kind::raw_string:
      case Kind::literal: return literal();
      case Kind::current: take(); return current_node;
      case Kind::star: return projected_values(current_node);
      case Kind::open_bracket:
        if (next_kind() == Kind::number || next_kind() == Kind::colon) return bracket(current_node);
        if (next_kind() == Kind::star && at_ + 2 < tokens_.size() &&
            tokens_[at_ + 2].kind == Kind::close_bracket)
          return bracket(current_node);
        return multi_list();
      case Kind::open_filter: return filter(current_node);
      case Kind::flatten: return flattened(current_node);
      case Kind::open_brace: return multi_hash();
      case Kind::negate: take(); return add(Op::negate, {expression(compare)});
      case Kind::open_paren: {
        take();
        const NodeId inside = expression(nothing);
        expect(Kind::close_paren, ")");
        return inside;
      }
      case Kind::reference: return fail(column, "& stands only before an argument of a function");
      case Kind::end: return fail(column, column == 0 ? "it is empty" : "here something is missing");
      default: return unexpected("an expression");
    }
  }

  // All that binds `left` more strongly than `power`.
  NodeId more(NodeId left, int power) {
    while (power < power_of(kind())) {
      switch (kind()) {
        case Kind::dot: left = after_dot(left); break;
        case Kind::open_bracket: left = bracket(left); break;
        case Kind::open_filter: left = filter(left); break;
        case Kind::flatten: left = flattened(left); break;
        case Kind::pipe: left = binary(Op::pipe, left, pipe); break;
        case Kind::either: left = binary(Op::either, left, either); break;
        case Kind::both: left = binary(Op::both, left, both); break;
        default: {
          const Comparison comparison = token().comparison;
          left = binary(Op::compare, left, compare);
          if (!fault_) tree_.nodes[left].comparison = comparison;
        }
      }
    }
    return left;
  }

  NodeId binary(Op op, NodeId left, Power power) {
    take();
    const NodeId right = expression(power);
    return add(op, {left, right});
  }

  // The right side of a projection: what is done with each item.
  NodeId projected() {
    if (power_of(kind()) != member) return current_node;
    if (depth_ == Expression::max_depth) return too_deep();
    ++depth_;
    const NodeId result = more(current_node, flatten);
    --depth_;
    return result;
  }

  NodeId literal() {
    Token token = take();
    Node node;
    node.op = Op::literal;
    node.is_text = token.kind == Kind::raw_string;
    node.text = std::move(token.text);
    node.value = token.value;
    return add(std::move(node));
  }

  NodeId step(NodeId base, Step step) {
    if (fault_) return current_node;
    if (tree_.nodes[base].op != Op::path)
      base = add(Op::path, base == current_node ? std::vector<NodeId>{} : std::vector{base});
    if (!fault_) tree_.nodes[base].steps.push_back(std::move(step));
    return base;
  }

  // A name; it is the next token.
  NodeId member_of(NodeId base) {
    if (next_kind() == Kind::open_paren) {
      take();
      return fail(token().column, "before ( stands the name of a function, without quotes");
    }
    return step(base, {take().text});
  }

  NodeId after_dot(NodeId left) {
    take();
    switch (kind()) {
      case Kind::name:
        if (next_kind() == Kind::open_paren) return add(Op::pipe, {left, function_call()});
        return member_of(left);
      case Kind::quoted_name: return member_of(left);
      case Kind::star: return projected_values(left);
      case Kind::open_bracket: return add(Op::pipe, {left, multi_list()});
      case Kind::open_brace: return add(Op::pipe, {left, multi_hash()});
      default: return unexpected("a name, a function, *, [ or {");
    }
  }

  // ---- brackets and braces

  NodeId projected_values(NodeId base) {
    take();
    return add(Op::project_values, {base, projected()});
  }

  NodeId flattened(NodeId base) {
    take();
    const NodeId flat = add(Op::flatten, {base});
    return add(Op::project, {flat, projected()});
  }

  NodeId filter(NodeId base) {
    take();
    const NodeId condition = expression(nothing);
    expect(Kind::close_bracket, "] or an operator");
    const NodeId right = projected();
    return add(Op::filter, {base, right, condition});
  }

  // [1], [*], [1:2:3] behind a value.
  NodeId bracket(NodeId base) {
    take();
    if (take_if(Kind::star)) {
      expect(Kind::close_bracket, "]");
      return add(Op::project, {base, projected()});
    }
    if (kind() == Kind::colon || next_kind() == Kind::colon) return slice(base);
    if (kind() != Kind::number) {
      return fail(
          token().column,
          "behind a value, [ ] holds a number, a slice or *; a list of expressions is written .[a, b]");
    }
    Step position;
    position.is_index = true;
    position.index = take().number;
    expect(Kind::close_bracket, "] or :");
    return step(base, std::move(position));
  }

  NodeId slice(NodeId base) {
    Node node;
    node.op = Op::slice;
    node.children = {base};
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t column = token().column;
      if (kind() == Kind::number) node.slice[i] = take().number;
      if (i == 2 && node.slice[2] == 0) return fail(column, "a slice cannot go on in steps of 0");
      if (i == 2 || !take_if(Kind::colon)) break;
    }
    expect(Kind::close_bracket, "] or :");
    const NodeId part = add(std::move(node));
    return add(Op::project, {part, projected()});
  }

  NodeId multi_list() {
    take();
    std::vector<NodeId> items;
    do items.push_back(expression(nothing));
    while (take_if(Kind::comma));
    expect(Kind::close_bracket, "a comma, ] or an operator");
    return add(Op::list, std::move(items));
  }

  NodeId multi_hash() {
    take();
    Node node;
    node.op = Op::hash;
    do {
      if (kind() != Kind::name && kind() != Kind::quoted_name) return unexpected("the name of a member");
      std::string key = take().text;
      expect(Kind::colon, ": and an expression");
      const NodeId value = expression(nothing);
      const auto same = std::find(node.keys.begin(), node.keys.end(), key);
      if (same != node.keys.end()) {  // the last one counts
        node.children[static_cast<std::size_t>(same - node.keys.begin())] = value;
        continue;
      }
      node.keys.push_back(std::move(key));
      node.children.push_back(value);
    } while (take_if(Kind::comma));
    expect(Kind::close_brace, "a comma, } or an operator");
    return add(std::move(node));
  }

  // ---- functions

  NodeId function_call() {
    const Token name = take();
    take();
    Node node;
    node.op = Op::call;
    node.function = find_function(name.text);
    if (node.function == nullptr) return fail(name.column, no_such_function(name.text));
    std::vector<std::size_t> columns;
    if (kind() != Kind::close_paren) {
      do {
        columns.push_back(token().column);
        node.children.push_back(argument(*node.function, node.children.size()));
      } while (take_if(Kind::comma));
    }
    expect(Kind::close_paren, "a comma, ) or an operator");
    if (fault_) return current_node;
    if (const auto wrong = wrong_count(*node.function, node.children.size()))
      return fail(name.column, *wrong);
    if (node.function->prepare != nullptr && node.children.size() > 1) {
      const Node& second = tree_.nodes[node.children[1]];
      const bool is_string = second.is_text || second.value.kind() == decode::Kind::string;
      if (second.op == Op::literal && is_string) {
        const std::string text(second.is_text ? second.text : second.value.text());
        if (const auto wrong = node.function->prepare(node, text)) return fail(columns[1], *wrong);
      }
    }
    return add(std::move(node));
  }

  NodeId argument(const Function& function, std::size_t at) {
    const unsigned types =
        function.parameters.empty() ? 0U : function.parameters[std::min(at, function.parameters.size() - 1)];
    const std::size_t column = token().column;
    const bool is_reference = take_if(Kind::reference);
    if (is_reference != ((types & expression_type) != 0) && at < function.parameters.size()) {
      return fail(column, fmt::format("{}() takes {}", function.name,
                                      is_reference ? "a value here, without &"
                                                   : "an expression here, with & before it"));
    }
    const NodeId inside = expression(nothing);
    return is_reference ? add(Op::reference, {inside}) : inside;
  }

  Tree& tree_;
  std::vector<Token> tokens_;
  std::optional<ExpressionFault> fault_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
};

}  // namespace

tl::expected<std::shared_ptr<const Tree>, ExpressionFault> parse(std::string_view text) {
  if (text.size() > Expression::max_length) {
    return tl::unexpected(ExpressionFault{Expression::max_length,
                                          fmt::format("it is longer than {} bytes", Expression::max_length)});
  }
  if (const std::size_t valid = base::valid_utf8_length(text); valid < text.size())
    return tl::unexpected(ExpressionFault{valid, "this is not UTF-8"});
  auto tree = std::make_shared<Tree>();
  tree->text = text;
  auto tokens = tokenize(text, tree->literals);
  if (!tokens) return tl::unexpected(tokens.error());
  if (auto fault = Parser(*tree, *std::move(tokens)).run()) return tl::unexpected(*std::move(fault));
  return tree;
}

}  // namespace expr::jmespath
