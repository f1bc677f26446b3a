// JMESPath: the language of jmespath.org/specification.html, evaluated on decode::Value, with these
// additions:
//   < <= > >=      also order two texts, byte by byte; two values of different types give null
//   to_epoch(s[, pattern])         seconds since 1970 of an ISO 8601 time (without a zone: UTC) or of a time
//                                  written as the strptime pattern says; null if it is written otherwise
//   regex_extract(s, re[, group])  what the first match of an RE2 pattern holds: of the group, else of its
//                                  first group, else all of it; null without a match
//   replace(s, a, b), split(s, separator)
// In these, null as the first argument gives null.
//
// Numbers keep their text and are decimals, not doubles: 0.1 + 0.2 is 0.3, 1.10 equals 1.1. Only avg()
// rounds: half up, to 20 significant digits or as many as the sum has. A number of more than 1,000 digits
// (1e9999) equals only itself, has no order, and does not add up. Where implementations differ: object
// members keep their order; all that follows a projection is projected, up to a pipe or flatten, also behind
// `.*`, `[?…]`, `.[…]` and `.{…}`; `!a.b` is `!(a.b)`; '\\' is one backslash.
//
// Thread-safe; a copy shares the parsed form. Plain paths (a.b[0].c) allocate nothing.
// A result may point into the document, the arena and this Expression: keep all three.
//
//   const auto expression = Expression::parse("links[?rel == 'next'].href | [0]");
//   if (!expression) return complain(expression.error().column, expression.error().message);
//   tl::expected<decode::Value, std::string> link = expression->evaluate(document.root, arena);
#pragma once

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "decode/value.hpp"

namespace expr {

namespace jmespath {
struct Tree;
}

struct ExpressionFault {
  std::size_t column = 0;  // in bytes from 0
  std::string message;
};

// False are null, false, "", [] and {}, and what is spoiled.
bool is_true(const decode::Value& value);

class Expression {
 public:
  static constexpr std::size_t max_length = 10'000;
  static constexpr unsigned max_depth = 100;     // of brackets, projections and operators in each other
  static constexpr double max_copies = 100'000;  // how often the input may stand in the result
  static constexpr std::size_t max_result_bytes = std::size_t{256} << 20;  // of new values per evaluation

  static tl::expected<Expression, ExpressionFault> parse(std::string_view text);

  // The error begins with the specification's word for it: "invalid-type: …", "invalid-value: …".
  tl::expected<decode::Value, std::string> evaluate(const decode::Value& root,
                                                    std::pmr::memory_resource& arena) const;
  const std::string& text() const;

 private:
  std::shared_ptr<const jmespath::Tree> tree_;
};

}  // namespace expr
