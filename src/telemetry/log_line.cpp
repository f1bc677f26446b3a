#include "telemetry/log_line.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace telemetry {
namespace {

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(" =\"") != std::string_view::npos;
}

std::string in_quotes(std::string_view value) {
  std::string result = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

// RFC 8259, in UTF-8: what is none is replaced by U+FFFD, what a terminal would act on is escaped.
std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = base::utf8_sequence(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0)
      result += "\xef\xbf\xbd";
    else if (byte == '"' || byte == '\\')
      result.append(1, '\\').append(1, text[i]);
    else if (byte == '\n')
      result += "\\n";
    else if (byte < 0x20 || byte == 0x7f)
      fmt::format_to(std::back_inserter(result), "\\u{:04x}", byte);
    else if (length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) <= 0x9f)
      fmt::format_to(std::back_inserter(result), "\\u{:04x}", static_cast<unsigned char>(text[i + 1]));
    else
      result += text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return result + '"';
}

// JSON has no word for a number that is none or infinite.
bool is_json_number(std::string_view text) {
  return text.find_first_of("0123456789") != text.npos || text == "true" || text == "false";
}

}  // namespace

std::string LogLine::prefix(const LogHead& head) const {
  return fmt::format("[{}] {}: ", zone_.text(head.time), to_string(head.level));
}

std::string LogLine::clean(std::string_view text) const {
  return base::escape_control(redactor_.redact(text));
}

// Redacted before quoting, which would hide a secret that holds '"' from the redactor. Control characters are
// escaped last: within quotes, a "\n" that stood in the text differs from a line break.
std::string LogLine::value(std::string_view text) const {
  const std::string redacted = redactor_.redact(text);
  return base::escape_control(needs_quotes(redacted) ? in_quotes(redacted) : redacted);
}

std::string LogLine::text(const LogHead& head, std::string_view event, Fields fields) const {
  std::string line = prefix(head) + clean(event);
  for (const Field& field : fields)
    line.append(" ").append(clean(field.key)).append("=").append(value(field.value));
  return line;
}

std::string LogLine::text_banner(const LogHead& head, std::initializer_list<std::string> lines) const {
  const std::string begin = prefix(head);
  const std::string rule = begin + std::string(70, '=');
  std::string text = rule;
  for (const std::string& line : lines) text.append("\n").append(begin).append(clean(line));
  return text.append("\n").append(rule);
}

std::string LogLine::quoted(std::string_view text) const { return json_string(redactor_.redact(text)); }

std::string LogLine::object(const LogHead& head, std::string_view event) const {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":{})", zone_.rfc3339(head.time),
                                 to_string(head.level), quoted(event));
  if (!head.collector.empty()) line.append(R"(,"collector":)").append(quoted(head.collector));
  return line;
}

std::string LogLine::json(const LogHead& head, std::string_view event, Fields fields) const {
  std::string line = object(head, event) + R"(,"fields":{)";
  for (const Field* field = fields.begin(); field != fields.end(); ++field) {
    // Of two members with one name readers keep one: the second gets a name of its own.
    const auto before = std::count_if(fields.begin(), field, [&](auto& f) { return f.key == field->key; });
    const std::string key =
        before == 0 ? std::string(field->key) : fmt::format("{}_{}", field->key, before + 1);
    const std::string redacted = redactor_.redact(field->value);  // even a number may be a secret
    const bool bare = field->is_number && redacted == field->value && is_json_number(redacted);
    if (field != fields.begin()) line += ',';
    line.append(quoted(key)).append(":").append(bare ? redacted : json_string(redacted));
  }
  return line + "}}";
}

std::string LogLine::json_banner(const LogHead& head, std::initializer_list<std::string> lines) const {
  std::string line = object(head, "banner") + R"(,"lines":[)";
  for (const std::string* text = lines.begin(); text != lines.end(); ++text)
    line.append(text == lines.begin() ? "" : ",").append(quoted(*text));
  return line + "]}";
}

}  // namespace telemetry
