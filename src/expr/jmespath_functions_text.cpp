// Functions of texts, and those of our own.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/decimal.hpp"
#include "base/text.hpp"
#include "expr/jmespath_functions.hpp"
#include "expr/template_time.hpp"

namespace expr::jmespath {
namespace {

using decode::Kind;
using decode::Value;

std::string_view text(const Call& call, std::size_t argument) { return call.arguments[argument].text(); }

Value invalid(const Call& call, std::string_view problem) {
  return call.evaluator.fail(fmt::format("invalid-value: {}(): {}", call.node.function->name, problem));
}

Value ends_with(const Call& call) { return Value::boolean(text(call, 0).ends_with(text(call, 1))); }
Value starts_with(const Call& call) { return Value::boolean(text(call, 0).starts_with(text(call, 1))); }

Value join(const Call& call) {
  const std::string_view glue = text(call, 0);
  const auto parts = call.arguments[1].items();
  std::size_t bytes = 0;
  for (const Value& part : parts) bytes += part.text().size() + (&part == &parts[0] ? 0 : glue.size());
  const std::span<char> result = call.evaluator.new_text(bytes);
  if (result.empty()) return Value::string("");
  auto at = result.begin();
  for (const Value& part : parts) {
    if (&part != &parts[0]) at = std::copy(glue.begin(), glue.end(), at);
    at = std::copy(part.text().begin(), part.text().end(), at);
  }
  return Value::string({result.data(), result.size()});
}

// At least the bytes of the value's JSON, as far as the evaluator affords them.
void measure(Evaluator& evaluator, const Value& value, std::size_t& bytes) {
  bytes += value.text().size() + 1;
  if (!evaluator.affords(bytes)) return;
  for (const Value& item : value.items()) {
    measure(evaluator, item, bytes);
    if (evaluator.failed()) return;
  }
  for (const decode::Member& member : value.members()) {
    bytes += member.key.size();
    measure(evaluator, member.value, bytes);
    if (evaluator.failed()) return;
  }
}

Value to_string(const Call& call) {
  const Value& value = call.arguments[0];
  if (value.kind() == Kind::string) return value;
  std::size_t bytes = 0;
  measure(call.evaluator, value, bytes);
  if (call.evaluator.failed()) return {};
  return Value::string(call.evaluator.copy(decode::to_json(value)));
}

Value to_epoch(const Call& call) {
  const bool has_pattern = call.arguments.size() > 1;
  if (has_pattern) {
    if (const auto wrong = check_parse_pattern(text(call, 1))) return invalid(call, *wrong);
  }
  const auto time = has_pattern ? parse_time(text(call, 0), text(call, 1)) : parse_iso8601(text(call, 0));
  if (!time) return {};
  const auto microseconds = time->time_since_epoch().count();
  const std::string seconds = base::divide_decimal(fmt::format("{}", microseconds), 1'000'000, 20);
  return Value::number(call.evaluator.copy(base::strip_trailing_zeros(seconds)));
}

std::optional<std::string> prepare_to_epoch(Node&, std::string_view pattern) {
  return check_parse_pattern(pattern);
}

Value regex_extract(const Call& call) {
  std::optional<Regex> compiled;
  const Regex* regex = call.node.regex.get();
  if (regex == nullptr) {
    auto result = Regex::compile(text(call, 1));
    if (!result) return invalid(call, result.error());
    regex = &compiled.emplace(*std::move(result));
  }
  int group = std::min(1, regex->groups());
  if (call.arguments.size() > 2) {
    const std::string_view number = text(call, 2);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), group);
    if (error != std::errc{} || end != number.data() + number.size() || group < 0 || group > regex->groups())
      return invalid(call, fmt::format("there is no group {}", base::shorten(number, 30)));
  }
  const auto found = regex->extract(text(call, 0), group);
  return found ? Value::string(*found) : Value{};
}

std::optional<std::string> prepare_regex_extract(Node& node, std::string_view pattern) {
  auto regex = Regex::compile(pattern);
  if (!regex) return "not a regular expression of RE2: " + regex.error();
  node.regex = std::make_shared<const Regex>(*std::move(regex));
  return std::nullopt;
}

std::size_t count(std::string_view where, std::string_view what) {
  std::size_t result = 0;
  for (std::size_t at = where.find(what); at != std::string_view::npos;
       at = where.find(what, at + what.size()))
    ++result;
  return result;
}

std::optional<std::string> refuse_empty(Node&, std::string_view literal) {
  if (!literal.empty()) return std::nullopt;
  return "this must not be empty";
}

Value replace(const Call& call) {
  std::string_view rest = text(call, 0);
  const std::string_view from = text(call, 1), to = text(call, 2);
  if (from.empty()) return invalid(call, "the text to be replaced is empty");
  const std::size_t matches = count(rest, from);
  if (matches == 0) return call.arguments[0];
  const std::span<char> result =
      call.evaluator.new_text(rest.size() - matches * from.size() + matches * to.size());
  if (result.empty()) return Value::string("");
  auto out = result.begin();
  for (std::size_t i = 0; i < matches; ++i) {
    const std::size_t at = rest.find(from);
    out = std::copy_n(rest.begin(), at, out);
    out = std::copy(to.begin(), to.end(), out);
    rest.remove_prefix(at + from.size());
  }
  std::copy(rest.begin(), rest.end(), out);
  return Value::string({result.data(), result.size()});
}

Value split(const Call& call) {
  std::string_view rest = text(call, 0);
  const std::string_view separator = text(call, 1);
  if (separator.empty()) return invalid(call, "the separator is empty");
  const std::span<Value> result = call.evaluator.new_values(count(rest, separator) + 1);
  for (Value& part : result) {
    const std::size_t at = std::min(rest.find(separator), rest.size());
    part = Value::string(rest.substr(0, at));
    rest.remove_prefix(std::min(at + separator.size(), rest.size()));
  }
  return Value::array(result);
}

}  // namespace

std::span<const Function> text_functions() {
  static const std::vector<Function> table{
      {.name = "ends_with", .parameters = {string, string}, .run = ends_with},
      {.name = "join", .parameters = {string, strings}, .run = join},
      {.name = "starts_with", .parameters = {string, string}, .run = starts_with},
      {.name = "to_string", .parameters = {any}, .run = to_string},
      {.name = "to_epoch",
       .parameters = {string, string},
       .optional = 1,
       .null_gives_null = true,
       .run = to_epoch,
       .prepare = prepare_to_epoch},
      {.name = "regex_extract",
       .parameters = {string, string, number},
       .optional = 1,
       .null_gives_null = true,
       .run = regex_extract,
       .prepare = prepare_regex_extract},
      {.name = "replace",
       .parameters = {string, string, string},
       .null_gives_null = true,
       .run = replace,
       .prepare = refuse_empty},
      {.name = "split",
       .parameters = {string, string},
       .null_gives_null = true,
       .run = split,
       .prepare = refuse_empty},
  };
  return table;
}

}  // namespace expr::jmespath
