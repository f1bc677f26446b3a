// The parsed form of a Template. Internal to this folder.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "decode/value.hpp"
#include "expr/template.hpp"

namespace expr {

struct TemplateLiteral {
  decode::Kind kind = decode::Kind::null;  // null, boolean, number or string
  bool flag = false;
  std::string text{};
  std::optional<std::int64_t> integer{};  // of a number that is one

  decode::Value value() const {
    switch (kind) {
      case decode::Kind::boolean: return decode::Value::boolean(flag);
      case decode::Kind::number: return decode::Value::number(text);
      case decode::Kind::string: return decode::Value::string(text);
      default: return {};
    }
  }
};

struct TemplateFilter {
  enum class Kind : std::uint8_t { date, epoch, epoch_ms, upper, lower, slice, fallback, json, urlencode };
  Kind kind;
  std::vector<TemplateLiteral> arguments{};
};

struct TemplatePart {
  enum class Operand : std::uint8_t {
    plain_text,  // what stands outside of {{ }}: literal.text
    literal,
    now,
    today,
    window_start,
    window_end,
    cursor,
    partition,
  };
  Operand operand = Operand::plain_text;
  TemplateLiteral literal{};
  std::string source{};  // "window.start", for messages
  std::string partition{}, key{};
  bool is_shifted = false;
  std::chrono::seconds shift{0};
  std::vector<TemplateFilter> filters{};
};

struct Template::Parts {
  std::string text;
  std::vector<TemplatePart> parts;
};

}  // namespace expr
