#include "config/types.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.hpp"
#include "expr/regex.hpp"

namespace config {
namespace {

template <class V, class Parse>
Type<V> scalar_type(std::string name, std::string allowed, std::string_view wrong, std::string schema,
                    Parse parse) {
  return {
      {name, allowed, nullptr, {}, std::move(schema)},
      [allowed, wrong = std::string(wrong), parse](const Node& node, Context& context) -> std::optional<V> {
        const auto text = scalar(node, context, allowed);
        if (!text) return std::nullopt;
        if (auto value = parse(*text, node)) return std::optional<V>(std::move(*value));
        context.fault(node.mark, fmt::format("{} {}", shown(node), wrong), allowed);
        return std::nullopt;
      }};
}

template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number value{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 63 || text.front() == '-') return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool is_identifier(std::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  for (const unsigned char c : text)
    if (c < 0x20 || c == 0x7f) return false;
  return true;
}

// "host", "host:8080", "[::1]:8080"
bool is_host_and_port(std::string_view text) {
  const bool is_bracketed = text.starts_with('[');
  std::size_t end = is_bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return false;
  const std::string_view host = text.substr(is_bracketed, end - is_bracketed);
  if (host.empty() || host.find_first_of("[]\"<>\\^`{|}") != std::string_view::npos) return false;
  text.remove_prefix(end + is_bracketed);
  if (text.empty()) return true;
  const auto port = to_number<std::uint16_t>(text.substr(1));
  return text.front() == ':' && port && *port > 0;
}

bool is_http_url(std::string_view text) {
  for (const unsigned char c : text)
    if (c <= ' ' || c == 0x7f) return false;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    return is_host_and_port(authority.substr(authority.rfind('@') + 1));  // npos + 1 = 0
  }
  return false;
}

}  // namespace

std::optional<std::string> scalar(const Node& node, Context& context, const std::string& allowed) {
  if (node.kind != Node::Kind::scalar) {
    const char* what = node.kind == Node::Kind::mapping    ? "is a map where one value is expected"
                       : node.kind == Node::Kind::sequence ? "is a list where one value is expected"
                                                           : "has no value";
    context.fault(node.mark, what, allowed);
    return std::nullopt;
  }
  if (!node.missing.empty()) {
    context.fault(node.mark, fmt::format("the environment variable {} is not set", node.missing),
                  "set it in the environment or in the file .env beside " + context.settings_name());
    return std::nullopt;
  }
  return node.text;
}

std::string shown(const Node& node) {
  if (node.from_environment) return "the value from the environment";
  return fmt::format("\"{}\"", base::shorten(base::escape_control(base::redact_urls(node.text)), 60));
}

Type<std::string> text() {
  return scalar_type<std::string>("text", "write a text", "is not a text", scalar_schema,
                                  [](const std::string& text, const Node&) { return std::optional(text); });
}

Type<std::string> name() {
  return scalar_type<std::string>(
      "name", "write 1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit",
      "is not a name", pattern_schema("^[a-z0-9][a-z0-9-]{0,62}$"), [](const std::string& text, const Node&) {
        return is_name(text) ? std::optional(text) : std::nullopt;
      });
}

Type<std::string> identifier() {
  return scalar_type<std::string>(
      "identifier", "write 1 to 63 characters", "is not a name for a table or column",
      pattern_schema("^[^\\x00-\\x1f\\x7f]{1,63}$"), [](const std::string& text, const Node&) {
        return is_identifier(text) ? std::optional(text) : std::nullopt;
      });
}

Type<std::string> url() {
  return scalar_type<std::string>("URL", "write an absolute URL that begins with https:// or http://",
                                  "is not a URL", pattern_schema("^https?://[^/?#\\s][^\\s]*$"),
                                  [](const std::string& text, const Node&) {
                                    return is_http_url(text) ? std::optional(text) : std::nullopt;
                                  });
}

Type<base::Secret> secret() {
  const std::string allowed = "write \"${NAME}\" and keep the value in the environment or in .env";
  return {{"secret", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) -> std::optional<base::Secret> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            if (!text->empty() && text->find_first_of("\r\n") == std::string::npos)
              return base::Secret(*text);
            context.fault(node.mark, text->empty() ? "is empty" : "holds a line break", allowed);
            return std::nullopt;
          }};
}

Type<bool> boolean() {
  return scalar_type<bool>("boolean", "write true or false", "is neither true nor false",
                           or_variable(R"({"type": "boolean"})"),
                           [](const std::string& text, const Node& node) -> std::optional<bool> {
                             if (node.quoted) return std::nullopt;
                             if (text == "true") return true;
                             if (text == "false") return false;
                             return std::nullopt;
                           });
}

Type<std::int64_t> integer(std::int64_t low, std::int64_t high) {
  return scalar_type<std::int64_t>(
      "integer", fmt::format("write a whole number from {} to {}", low, high), "is not such a number",
      or_variable(fmt::format(R"({{"type": "integer", "minimum": {}, "maximum": {}}})", low, high)),
      [low, high](const std::string& text, const Node&) -> std::optional<std::int64_t> {
        const auto value = to_number<std::int64_t>(text);
        return value && *value >= low && *value <= high ? value : std::nullopt;
      });
}

Type<base::Duration> duration(base::Duration low, base::Duration high) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  return scalar_type<base::Duration>(
      "duration",
      fmt::format("write 30s, 15m, 1h, 2d, 1w, 3mo or 1y, from {} s to {}",
                  duration_cast<seconds>(low).count(), base::format_duration(high)),
      "is not such a duration", pattern_schema("^([0-9]+(s|m|h|d|w|mo|y))+$"),
      [low, high](const std::string& text, const Node&) -> std::optional<base::Duration> {
        const auto value = base::parse_duration(text);
        // In seconds: 600 years are too many for nanoseconds.
        if (!value || *value < std::chrono::ceil<seconds>(low) || *value > std::chrono::floor<seconds>(high))
          return std::nullopt;
        return *value;
      });
}

Type<std::uint64_t> size(std::uint64_t low, std::uint64_t high) {
  return scalar_type<std::uint64_t>(
      "size",
      fmt::format("write 512kB, 64MiB or 1GiB, from {} to {}", base::format_size(low),
                  base::format_size(high)),
      "is not such a size",
      or_variable(R"({"type": ["integer", "string"], "pattern": "^[0-9]+([kMG]B|[KMG]iB|B)?$"})"),
      [low, high](const std::string& text, const Node&) -> std::optional<std::uint64_t> {
        const auto value = base::parse_size(text);
        return value && *value >= low && *value <= high ? value : std::nullopt;
      });
}

// The place inside of a scalar, past the opening quote; in a text of several lines only its beginning is
// known.
Mark inside(const Node& node, std::size_t column) {
  Mark mark = node.mark;
  if (node.text.find('\n') == std::string::npos)
    mark.column += static_cast<int>(column) + (node.quoted ? 1 : 0);
  return mark;
}

Type<expr::Expression> expression() {
  const std::string allowed =
      "write a JMESPath expression: data.items, or \"links[?rel=='next'].href | [0]\"";
  return {{"JMESPath", allowed, nullptr, {}, R"({"type": "string"})"},
          [allowed](const Node& node, Context& context) -> std::optional<expr::Expression> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            auto expression = expr::Expression::parse(*text);
            if (expression) return std::move(*expression);
            context.fault(
                inside(node, expression.error().column),
                fmt::format("{} is not a JMESPath expression: {}", shown(node), expression.error().message),
                allowed);
            return std::nullopt;
          }};
}

Type<std::string> regular_expression() {
  const std::string allowed = "write a regular expression in the syntax of RE2: ^[A-Z]{2}$";
  return {{"regular expression", allowed, nullptr, {}, scalar_schema},
          [allowed](const Node& node, Context& context) -> std::optional<std::string> {
            auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            const auto compiled = expr::Regex::compile(*text);
            if (compiled) return text;
            const std::string why = node.from_environment ? "" : ": " + compiled.error();
            context.fault(node.mark, fmt::format("{} is not a regular expression{}", shown(node), why),
                          allowed);
            return std::nullopt;
          }};
}

bool Share::exceeded(std::int64_t bad, std::int64_t all) const {
  return is_percent ? static_cast<double>(bad) * 100 > percent * static_cast<double>(all) : bad > count;
}

Type<Share> share() {
  return scalar_type<Share>(
      "percent or count", "write 1% or a number of rows", "is neither a percentage nor a number",
      or_variable(R"({"type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+(\\.[0-9]+)?%?$"})"),
      [](const std::string& text, const Node&) -> std::optional<Share> {
        if (text.ends_with('%')) {
          const auto value = to_number<double>(std::string_view(text).substr(0, text.size() - 1));
          if (!value || !(*value >= 0 && *value <= 100)) return std::nullopt;
          return Share{*value, 0, true};
        }
        const auto count = to_number<std::int64_t>(text);
        if (!count || *count < 0) return std::nullopt;
        return Share{0, *count, false};
      });
}

Type<Templated> templated() {
  const std::string allowed = "write a text, in which {{ now }} and the like may stand";
  return {{"text T", allowed, nullptr, {}, R"({"type": ["string", "number", "boolean"]})"},
          [allowed](const Node& node, Context& context) -> std::optional<Templated> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            if (node.from_environment) return Templated{std::nullopt, base::Secret(*text)};
            auto parsed = expr::Template::parse(*text, context.scope());
            if (parsed) return Templated{std::move(*parsed), {}};
            context.fault(inside(node, parsed.error().column),
                          fmt::format("{} is not a template: {}", shown(node), parsed.error().message),
                          "write {{ name | filter }}; docs/collectors.md lists the names and filters");
            return std::nullopt;
          }};
}

Type<Templated> templated_line() {
  auto type = templated();
  type.info.schema = R"({"type": ["string", "number", "boolean"], "pattern": "^[^\\r\\n]*$"})";
  type.read = [read = type.read](const Node& node, Context& context) -> std::optional<Templated> {
    if (node.text.find_first_of("\r\n") == std::string::npos) return read(node, context);
    context.fault(node.mark, fmt::format("{} holds a line break", shown(node)), "write a text on one line");
    return std::nullopt;
  };
  return type;
}

Type<std::vector<Templated>> one_or_many() {
  const auto one = templated_line();
  const auto many = list_of(one);
  return {{"text T, or list",
           "write a value, or a list of values",
           nullptr,
           {},
           fmt::format(R"({{"anyOf": [{}, {}]}})", one.info.schema, many.info.schema)},
          [one, many](const Node& node, Context& context) -> std::optional<std::vector<Templated>> {
            if (node.kind == Node::Kind::sequence) return many.read(node, context);
            auto value = one.read(node, context);
            return value ? std::optional(std::vector{std::move(*value)}) : std::nullopt;
          }};
}

}  // namespace config
