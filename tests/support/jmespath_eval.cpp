// Answers JMESPath questions, one JSON object per line, for tests that compare with another implementation:
//   {"expression": "a[0]", "document": …}  →  {"result": …}, {"fault": "…", "column": 3} or {"error": "…"}
#include <fmt/format.h>

#include <iostream>
#include <memory_resource>
#include <string>

#include "decode/json.hpp"
#include "expr/jmespath.hpp"

namespace {

std::string quoted(std::string_view text) { return decode::to_json(decode::Value::string(text)); }

std::string answer(std::string line) {
  const auto question = decode::decode_json(std::move(line));
  if (!question) return fmt::format(R"({{"broken": {}}})", quoted(question.error().message));
  const decode::Value* const text = question->root.find("expression");
  const decode::Value* const document = question->root.find("document");
  if (text == nullptr || document == nullptr) return R"({"broken": "expression and document are needed"})";
  const auto expression = expr::Expression::parse(text->text());
  if (!expression) {
    return fmt::format(R"({{"fault": {}, "column": {}}})", quoted(expression.error().message),
                       expression.error().column);
  }
  std::pmr::monotonic_buffer_resource arena;
  const auto result = expression->evaluate(*document, arena);
  if (!result) return fmt::format(R"({{"error": {}}})", quoted(result.error()));
  return fmt::format(R"({{"result": {}}})", decode::to_json(*result));
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(std::move(line)) << "\n";
  return 0;
}
