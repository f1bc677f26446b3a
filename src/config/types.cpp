#include "config/types.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace config {
namespace {

template <class V, class Parse>
Type<V> scalar_type(std::string name, std::string allowed, std::string_view wrong, Parse parse) {
  return {
      {name, allowed, nullptr, {}},
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
                  "set it in the environment or in the file .env beside pulse.yaml");
    return std::nullopt;
  }
  return node.text;
}

std::string shown(const Node& node) {
  if (node.from_environment) return "the value from the environment";
  return fmt::format("\"{}\"", base::shorten(base::escape_control(base::redact_urls(node.text)), 60));
}

Type<std::string> text() {
  return scalar_type<std::string>("text", "write a text", "is not a text",
                                  [](const std::string& text, const Node&) { return std::optional(text); });
}

Type<std::string> name() {
  return scalar_type<std::string>(
      "name", "1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit",
      "is not a name", [](const std::string& text, const Node&) {
        return is_name(text) ? std::optional(text) : std::nullopt;
      });
}

Type<std::string> identifier() {
  return scalar_type<std::string>("identifier", "1 to 63 characters", "is not a name for a table or column",
                                  [](const std::string& text, const Node&) {
                                    return is_identifier(text) ? std::optional(text) : std::nullopt;
                                  });
}

Type<std::string> url() {
  return scalar_type<std::string>("URL", "write an absolute URL that begins with https:// or http://",
                                  "is not a URL", [](const std::string& text, const Node&) {
                                    return is_http_url(text) ? std::optional(text) : std::nullopt;
                                  });
}

Type<base::Secret> secret() {
  const std::string allowed = "write \"${NAME}\" and keep the value in the environment or in .env";
  return {{"secret", allowed, nullptr, {}},
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
      "is not such a duration",
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
      [low, high](const std::string& text, const Node&) -> std::optional<std::uint64_t> {
        const auto value = base::parse_size(text);
        return value && *value >= low && *value <= high ? value : std::nullopt;
      });
}

Type<expr::Path> path() {
  const std::string allowed = "write names joined by dots: data.items";
  return {{"path", allowed, nullptr, {}},
          [allowed](const Node& node, Context& context) -> std::optional<expr::Path> {
            const auto text = scalar(node, context, allowed);
            if (!text) return std::nullopt;
            auto path = expr::Path::parse(*text);
            if (path) return std::move(*path);
            Mark mark = node.mark;  // the place inside of the path, past the opening quote
            mark.column += static_cast<int>(path.error().column) + (node.quoted ? 1 : 0);
            context.fault(mark, fmt::format("{} is not a path: {}", shown(node), path.error().message),
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

Type<TextOrSecret> text_or_secret() {
  return scalar_type<TextOrSecret>(
      "text", "write a text on one line", "holds a line break",
      [](const std::string& text, const Node& node) -> std::optional<TextOrSecret> {
        if (text.find_first_of("\r\n") != std::string::npos) return std::nullopt;
        if (node.from_environment) return TextOrSecret{{}, base::Secret(text)};
        return TextOrSecret{text, {}};
      });
}

Type<std::vector<TextOrSecret>> one_or_many() {
  const auto one = text_or_secret();
  const auto many = list_of(one);
  return {{"text or list", "write a value, or a list of values", nullptr, {}},
          [one, many](const Node& node, Context& context) -> std::optional<std::vector<TextOrSecret>> {
            if (node.kind == Node::Kind::sequence) return many.read(node, context);
            auto value = one.read(node, context);
            return value ? std::optional(std::vector{std::move(*value)}) : std::nullopt;
          }};
}

}  // namespace config
