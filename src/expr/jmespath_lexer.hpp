// An Expression's text as tokens; identifiers and literals already decoded. Internal to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "expr/jmespath.hpp"
#include "expr/jmespath_tree.hpp"

namespace expr::jmespath {

enum class TokenKind : std::uint8_t {
  end,
  name,         // text
  quoted_name,  // text
  raw_string,   // text
  literal,      // value
  number,       // number
  dot,
  star,
  open_bracket,  // [
  open_filter,   // [?
  flatten,       // []
  close_bracket,
  open_brace,
  close_brace,
  open_paren,
  close_paren,
  comma,
  colon,
  current,
  reference,  // &
  negate,
  pipe,
  either,
  both,
  compare,  // comparison
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t column = 0;
  std::string text{};
  std::int64_t number = 0;
  decode::Value value{};
  Comparison comparison = Comparison::equal;
};

// The last token is `end`. What literals hold goes to `literals`, which must outlive the tokens.
tl::expected<std::vector<Token>, ExpressionFault> tokenize(std::string_view text,
                                                           std::vector<decode::Document>& literals);

}  // namespace expr::jmespath
