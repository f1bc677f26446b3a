// What the tests of JMESPath share: an expression's result as JSON, on a document given as JSON.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory_resource>
#include <string>
#include <string_view>

#include "decode/json.hpp"
#include "expr/jmespath.hpp"

namespace expr {

inline std::string search(std::string_view text, const std::string& json) {
  const auto expression = Expression::parse(text);
  if (!expression)
    return "fault at " + std::to_string(expression.error().column) + ": " + expression.error().message;
  const auto document = decode::decode_json(json);
  if (!document) return "not JSON: " + document.error().message;
  std::pmr::monotonic_buffer_resource arena;
  const auto result = expression->evaluate(document->root, arena);
  return result ? decode::to_json(*result) : result.error();
}

struct Case {
  std::string_view expression, result;
};

inline void expect_results(const std::string& document, std::initializer_list<Case> cases) {
  for (const Case& it : cases)
    EXPECT_EQ(search(it.expression, document), it.result) << it.expression << "  on  " << document;
}

}  // namespace expr
