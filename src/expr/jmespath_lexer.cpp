#include "expr/jmespath_lexer.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/text.hpp"
#include "decode/json.hpp"

namespace expr::jmespath {
namespace {

using Kind = TokenKind;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Operator {
  std::string_view text;
  Kind kind;
  Comparison comparison = Comparison::equal;
};
// Longer ones first.
constexpr std::array operators{
    Operator{"[?", Kind::open_filter},
    Operator{"[]", Kind::flatten},
    Operator{"||", Kind::either},
    Operator{"&&", Kind::both},
    Operator{"==", Kind::compare, Comparison::equal},
    Operator{"!=", Kind::compare, Comparison::unequal},
    Operator{"<=", Kind::compare, Comparison::less_equal},
    Operator{">=", Kind::compare, Comparison::greater_equal},
    Operator{"<", Kind::compare, Comparison::less},
    Operator{">", Kind::compare, Comparison::greater},
    Operator{".", Kind::dot},
    Operator{"*", Kind::star},
    Operator{"[", Kind::open_bracket},
    Operator{"]", Kind::close_bracket},
    Operator{"{", Kind::open_brace},
    Operator{"}", Kind::close_brace},
    Operator{"(", Kind::open_paren},
    Operator{")", Kind::close_paren},
    Operator{",", Kind::comma},
    Operator{":", Kind::colon},
    Operator{"@", Kind::current},
    Operator{"&", Kind::reference},
    Operator{"!", Kind::negate},
    Operator{"|", Kind::pipe},
};

class Lexer {
 public:
  Lexer(std::string_view text, std::vector<decode::Document>& literals) : text_(text), literals_(literals) {}

  tl::expected<std::vector<Token>, ExpressionFault> run() {
    while (true) {
      while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos)
        ++at_;
      Token token;
      token.column = at_;
      if (at_ < text_.size()) {
        if (const char* problem = read(token)) return fault(token.column, problem);
        if (problem_) return tl::unexpected(*std::move(problem_));
      }
      tokens_.push_back(std::move(token));
      if (tokens_.back().kind == Kind::end) return std::move(tokens_);
    }
  }

 private:
  static tl::unexpected<ExpressionFault> fault(std::size_t column, std::string message) {
    return tl::unexpected(ExpressionFault{column, std::move(message)});
  }
  // nullptr, and problem_ is set.
  const char* refuse(std::size_t column, std::string message) {
    problem_ = ExpressionFault{column, std::move(message)};
    return nullptr;
  }

  // Reads one token; returns what is wrong, or nullptr.
  const char* read(Token& token) {
    const char c = text_[at_];
    if (is_letter(c)) return read_name(token);
    if (c == '-' || is_digit(c)) return read_number(token);
    if (c == '"') return read_quoted_name(token);
    if (c == '\'') return read_raw_string(token);
    if (c == '`') return read_literal(token);
    for (const Operator& it : operators) {
      if (!text_.substr(at_).starts_with(it.text)) continue;
      token.kind = it.kind;
      token.comparison = it.comparison;
      at_ += it.text.size();
      return nullptr;
    }
    if (c == '=') return "values are compared with ==";
    const std::size_t length = std::max<std::size_t>(1, base::utf8_sequence(text_, at_));
    return refuse(at_,
                  fmt::format("\"{}\" has no meaning here", base::escape_control(text_.substr(at_, length))));
  }

  const char* read_name(Token& token) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    token.kind = Kind::name;
    token.text = text_.substr(begin, at_ - begin);
    return nullptr;
  }

  const char* read_number(Token& token) {
    token.kind = Kind::number;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), token.number);
    if (end == begin) return "behind - digits are expected";
    if (error != std::errc{}) return "the number is too large for a position in a list";
    at_ += static_cast<std::size_t>(end - begin);
    return nullptr;
  }

  // Leaves at_ behind the closing quote; a backslash guards the character behind it. False: it is not closed.
  bool skip_quoted(char quote) {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return true;
      }
      if (text_[at_] == '\\') ++at_;
    }
    return false;
  }

  const char* read_quoted_name(Token& token) {
    if (!skip_quoted('"')) return "the quote is not closed";
    token.kind = Kind::quoted_name;
    auto name = decode::decode_json(std::string(text_.substr(token.column, at_ - token.column)));
    if (!name || name->spoiled != 0)
      return "a quoted name follows the rules of JSON texts, and this one does not; a text is written 'so'";
    token.text = name->root.text();
    return nullptr;
  }

  const char* read_raw_string(Token& token) {
    if (!skip_quoted('\'')) return "the quote is not closed";
    token.kind = Kind::raw_string;
    const std::string_view inside = text_.substr(token.column + 1, at_ - token.column - 2);
    for (std::size_t i = 0; i < inside.size(); ++i) {
      const bool escape =
          inside[i] == '\\' && i + 1 < inside.size() && (inside[i + 1] == '\'' || inside[i + 1] == '\\');
      if (escape) ++i;
      token.text += inside[i];
    }
    return nullptr;
  }

  const char* read_literal(Token& token) {
    if (!skip_quoted('`')) return "the backtick is not closed";
    token.kind = Kind::literal;
    const std::string_view inside = text_.substr(token.column + 1, at_ - token.column - 2);
    std::string json;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      if (inside[i] == '\\' && i + 1 < inside.size()) {
        if (inside[++i] != '`') json += '\\';
      }
      json += inside[i];
    }
    auto document = decode::decode_json(std::move(json));
    if (!document) {
      return refuse(token.column, fmt::format("between backticks stands JSON, and this is none ({}); a text "
                                              "is written 'so'",
                                              document.error().message));
    }
    if (document->spoiled != 0)
      return "between backticks stands JSON, and this holds a broken text or number";
    token.value = document->root;
    literals_.push_back(*std::move(document));
    return nullptr;
  }

  std::string_view text_;
  std::vector<decode::Document>& literals_;
  std::vector<Token> tokens_;
  std::optional<ExpressionFault> problem_;
  std::size_t at_ = 0;
};

}  // namespace

tl::expected<std::vector<Token>, ExpressionFault> tokenize(std::string_view text,
                                                           std::vector<decode::Document>& literals) {
  return Lexer(text, literals).run();
}

}  // namespace expr::jmespath
