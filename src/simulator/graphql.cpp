#include "simulator/graphql.hpp"

namespace simulator::graphql {
namespace {

constexpr std::string_view name_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
constexpr int deepest = 12;

class Parser {
 public:
  Parser(std::string_view query, const std::map<std::string, std::string>& variables)
      : query_(query), variables_(variables) {
    next();
  }

  base::Result<Node> document() {
    Node root;
    if (token_ == "query") {
      next();
      if (token_ != "{" && token_ != "(") next();  // the query's name
      if (token_ == "(")                           // "($first: Int!)": the values are enough
        while (!token_.empty() && token_ != ")") next();
      if (token_ == ")") next();
    }
    TRY(selection(root, 0));
    if (!token_.empty()) return unexpected();
    return root;
  }

 private:
  void next() {
    const std::size_t begin = std::min(query_.find_first_not_of(" \t\r\n,"), query_.size());
    query_.remove_prefix(begin);
    std::size_t length = std::min<std::size_t>(1, query_.size());
    if (query_.starts_with('"'))
      length = std::min(query_.find('"', 1), query_.size() - 1) + 1;
    else if (!query_.empty() && name_characters.find(query_[0]) != std::string_view::npos)
      length = std::min(query_.find_first_not_of(name_characters), query_.size());
    token_ = query_.substr(0, length);
    query_.remove_prefix(length);
  }

  base::Error unexpected() const {
    return base::error(base::Code::invalid_data, "Parse error on {} at {} bytes before the end",
                       token_.empty() ? "the end" : "\"" + std::string(token_) + "\"",
                       query_.size() + token_.size());
  }
  bool at_name() const {
    return !token_.empty() && name_characters.find(token_[0]) != std::string_view::npos;
  }
  base::Result<void> expect(std::string_view token) {
    if (token_ != token) return unexpected();
    next();
    return {};
  }

  base::Result<void> selection(Node& node, int depth) {
    TRY(expect("{"));
    if (depth == deepest)
      return base::error(base::Code::invalid_data, "Query has depth of more than {}", deepest);
    while (at_name()) {
      Node& field = node.fields.emplace_back(Node{std::string(token_)});
      next();
      if (token_ == "(") TRY(arguments(field));
      if (token_ == "{") TRY(selection(field, depth + 1));
    }
    return expect("}");
  }

  base::Result<void> arguments(Node& field) {
    next();
    while (at_name()) {
      const std::string name(token_);
      next();
      TRY(expect(":"));
      std::string& value = field.arguments[name];
      if (token_ == "$") {
        next();
        const auto found = variables_.find(std::string(token_));
        if (found != variables_.end()) value = found->second;
      } else if (token_.starts_with('"') && token_.size() > 1) {
        value = token_.substr(1, token_.size() - 2);
      } else if (at_name()) {
        value = token_ == "null" ? "" : token_;
      } else {
        return unexpected();
      }
      next();
    }
    return expect(")");
  }

  std::string_view query_;  // what is not read yet
  const std::map<std::string, std::string>& variables_;
  std::string_view token_{};  // empty: the end
};

}  // namespace

base::Result<Node> parse(std::string_view query, const std::map<std::string, std::string>& variables) {
  return Parser(query, variables).document();
}

}  // namespace simulator::graphql
