#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/decimal.hpp"
#include "base/text.hpp"
#include "expr/template_parts.hpp"
#include "expr/template_time.hpp"

namespace expr {
namespace {

using decode::Kind;
using Filter = TemplateFilter::Kind;
using Operand = TemplatePart::Operand;

struct FilterRow {
  std::string_view name, arguments;
  Filter kind;
  std::size_t least, most;
};
constexpr std::array filter_rows{
    FilterRow{"date", "date(pattern) or date(pattern, zone)", Filter::date, 1, 2},
    FilterRow{"epoch", "epoch", Filter::epoch, 0, 0},
    FilterRow{"epoch_ms", "epoch_ms", Filter::epoch_ms, 0, 0},
    FilterRow{"upper", "upper", Filter::upper, 0, 0},
    FilterRow{"lower", "lower", Filter::lower, 0, 0},
    FilterRow{"slice", "slice(from) or slice(from, to)", Filter::slice, 1, 2},
    FilterRow{"default", "default(value)", Filter::fallback, 1, 1},
    FilterRow{"json", "json", Filter::json, 0, 0},
    FilterRow{"urlencode", "urlencode", Filter::urlencode, 0, 0},
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string suggestion(std::string_view name, const std::vector<std::string_view>& known) {
  const std::string_view nearest = base::nearest(name, known);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

}  // namespace

class TemplateParser {
 public:
  TemplateParser(std::string_view text, const TemplateScope& scope) : text_(text), scope_(scope) {}

  tl::expected<Template, ExpressionFault> run() {
    if (const std::size_t valid = base::valid_utf8_length(text_); valid < text_.size())
      return tl::unexpected(ExpressionFault{valid, "this is not UTF-8"});
    while (at_ < text_.size() && !fault_) {
      const std::size_t open = std::min(text_.find("{{", at_), text_.size());
      if (open > at_) {
        TemplatePart part;
        part.literal = {Kind::string, false, std::string(text_.substr(at_, open - at_))};
        parts_.push_back(std::move(part));
      }
      at_ = open;
      if (at_ < text_.size()) read_template();
    }
    if (fault_) return tl::unexpected(*std::move(fault_));
    Template result;
    result.parts_ =
        std::make_shared<const Template::Parts>(Template::Parts{std::string(text_), std::move(parts_)});
    return result;
  }

 private:
  void fail(std::size_t column, std::string message) {
    if (!fault_) fault_ = ExpressionFault{column, std::move(message)};
  }
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_spaces() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(next()) != std::string_view::npos) ++at_;
  }
  bool take_if(std::string_view what) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  std::string_view take_word(bool dots) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(next()) || is_digit(next()) || (dots && next() == '.'))) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void read_template() {
    const std::size_t open = at_;
    at_ += 2;
    TemplatePart part;
    skip_spaces();
    read_operand(part);
    while (!fault_) {
      if (const bool minus = take_if("-"); minus || take_if("+"))
        read_duration(part, minus ? -1 : 1);
      else
        break;
    }
    while (!fault_ && take_if("|")) read_filter(part);
    if (!fault_ && !take_if("}}")) {
      if (text_.find("}}", at_) == std::string_view::npos)
        fail(open, "the {{ is not closed by }}");
      else
        fail(at_, "here +, -, | or }} is expected");
    }
    parts_.push_back(std::move(part));
  }

  void read_operand(TemplatePart& part) {
    const std::size_t begin = at_;
    if (!is_letter(next())) {
      part.operand = Operand::literal;
      if (!read_literal(part.literal)) fail(begin, "here a name or a value is expected");
    } else {
      const std::string_view name = take_word(true);
      if (name == "true" || name == "false" || name == "null") {
        at_ = begin;
        part.operand = Operand::literal;
        read_literal(part.literal);
      } else {
        read_name(part, name, begin);
      }
    }
    part.source = text_.substr(begin, at_ - begin);
  }

  void read_name(TemplatePart& part, std::string_view name, std::size_t column) {
    if (name == "now") {
      part.operand = Operand::now;
    } else if (name == "today") {
      part.operand = Operand::today;
    } else if (name == "window.start" || name == "window.end") {
      part.operand = name == "window.start" ? Operand::window_start : Operand::window_end;
      if (!scope_.window) fail(column, fmt::format("{} has no meaning without incremental_sync", name));
    } else if (name == "cursor") {
      part.operand = Operand::cursor;
      if (!scope_.cursor) fail(column, "cursor has no meaning without incremental_sync");
    } else if (name.starts_with("partition.")) {
      part.operand = Operand::partition;
      read_partition(part, name, column);
    } else {
      fail(column, fmt::format("there is no {}{}", name,
                               suggestion(name, {"now", "today", "window.start", "window.end", "cursor",
                                                 "partition"})));
    }
  }

  void read_partition(TemplatePart& part, std::string_view name, std::size_t column) {
    const std::string_view path = name.substr(name.find('.') + 1);
    const std::size_t dot = std::min(path.find('.'), path.size());
    part.partition = path.substr(0, dot);
    if (dot < path.size()) part.key = path.substr(dot + 1);
    const auto found = scope_.partitions.find(part.partition);
    if (found == scope_.partitions.end()) {
      std::vector<std::string_view> known;
      for (const auto& it : scope_.partitions) known.push_back(it.first);
      return fail(column, fmt::format("there is no partition \"{}\"{}", part.partition,
                                      suggestion(part.partition, known)));
    }
    if ((dot < path.size() && part.key.empty()) || part.key.find('.') != std::string::npos)
      return fail(column, "behind the partition's name stands one key at most");
    const std::vector<std::string>& keys = found->second;
    if (!keys.empty() && !part.key.empty() && std::find(keys.begin(), keys.end(), part.key) == keys.end()) {
      fail(column, fmt::format("partition \"{}\" has no key \"{}\"{}", part.partition, part.key,
                               suggestion(part.key, {keys.begin(), keys.end()})));
    }
  }

  void read_duration(TemplatePart& part, int sign) {
    skip_spaces();
    const std::size_t begin = at_;
    const std::string_view word = take_word(false);
    const auto duration = base::parse_duration(word);
    if (!duration) return fail(begin, "here a duration is expected: 30s 15m 1h 2d 1w 3mo 1y");
    part.is_shifted = true;
    part.shift += sign * *duration;
    // The longest duration is a thousand years; ten of them overflow nothing.
    if (part.shift > 10 * std::chrono::years{1000} || part.shift < -10 * std::chrono::years{1000})
      fail(begin, "these durations lead too far");
  }

  // 'text', "text", a number, true, false or null; false: something else stands there.
  bool read_literal(TemplateLiteral& literal) {
    skip_spaces();
    const char quote = next();
    if (quote == '\'' || quote == '"') {
      const std::size_t close = text_.find(quote, at_ + 1);
      literal.kind = Kind::string;
      if (close == std::string_view::npos) {
        fail(at_, "the quote is not closed");
        return true;
      }
      literal.text = text_.substr(at_ + 1, close - at_ - 1);
      at_ = close + 1;
      return true;
    }
    const std::size_t begin = at_;
    if (next() == '-') ++at_;
    const std::string_view word = take_word(true);
    literal.text = text_.substr(begin, at_ - begin);
    if (const auto plain = base::plain_decimal(literal.text)) {
      literal.kind = Kind::number;
      literal.integer = base::decimal_to_int64(*plain);
      return true;
    }
    literal.flag = word == "true";
    literal.kind = literal.flag || word == "false" ? Kind::boolean : Kind::null;
    if (literal.kind == Kind::boolean || literal.text == "null") return true;
    at_ = begin;
    return false;
  }

  void read_filter(TemplatePart& part) {
    skip_spaces();
    const std::size_t begin = at_;
    const std::string_view name = take_word(false);
    const auto* const row = std::find_if(filter_rows.begin(), filter_rows.end(),
                                         [&](const FilterRow& it) { return it.name == name; });
    if (row == filter_rows.end()) {
      std::vector<std::string_view> names;
      for (const FilterRow& it : filter_rows) names.push_back(it.name);
      return fail(begin, name.empty()
                             ? "here a filter is expected"
                             : fmt::format("there is no filter {}{}", name, suggestion(name, names)));
    }
    TemplateFilter filter{row->kind};
    std::vector<std::size_t> columns;
    if (take_if("(") && !take_if(")")) {
      do {
        skip_spaces();
        columns.push_back(at_);
        if (!read_literal(filter.arguments.emplace_back())) return fail(at_, "here a value is expected");
      } while (!fault_ && take_if(","));
      if (!fault_ && !take_if(")")) return fail(at_, "here a comma or ) is expected");
    }
    if (fault_) return;
    if (filter.arguments.size() < row->least || filter.arguments.size() > row->most)
      return fail(begin, fmt::format("it is written {}", row->arguments));
    for (std::size_t i = 0; i < columns.size(); ++i) check_argument(filter, i, columns[i]);
    part.filters.push_back(std::move(filter));
  }

  void check_argument(const TemplateFilter& filter, std::size_t at, std::size_t column) {
    const TemplateLiteral& argument = filter.arguments[at];
    if (filter.kind == Filter::date) {
      if (argument.kind != Kind::string) return fail(column, "here a text is expected");
      if (const auto wrong = at == 0 ? check_pattern(argument.text) : check_zone(argument.text))
        fail(column, *wrong);
    }
    constexpr std::int64_t limit = 1'000'000'000;
    if (filter.kind == Filter::slice && !(argument.integer >= -limit && argument.integer <= limit))
      fail(column, "here a whole number is expected");
  }

  std::string_view text_;
  const TemplateScope& scope_;
  std::vector<TemplatePart> parts_;
  std::optional<ExpressionFault> fault_;
  std::size_t at_ = 0;
};

tl::expected<Template, ExpressionFault> Template::parse(std::string_view text,
                                                        const TemplateScope& known_names) {
  return TemplateParser(text, known_names).run();
}

}  // namespace expr
