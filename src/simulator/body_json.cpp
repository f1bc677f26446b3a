#include "simulator/body_json.hpp"

#include <iterator>

namespace simulator {
namespace {

// The code point at `at`, which moves behind it. The texts are our own: valid UTF-8.
std::uint32_t next_code_point(std::string_view utf8, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(utf8[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  std::uint32_t point = lead & (0x3FU >> more);
  for (int i = 0; i < more && at < utf8.size(); ++i)
    point = point << 6 | (static_cast<unsigned char>(utf8[at++]) & 0x3FU);
  return point;
}

void append_escape(std::string& out, std::uint32_t unit) {
  fmt::format_to(std::back_inserter(out), "\\u{:04x}", unit);
}

void append_line(std::string& out, int indent) {
  out.append("\n").append(static_cast<std::size_t>(indent) * 4, ' ');
}

}  // namespace

void append_string(std::string& out, std::string_view utf8) {
  out += '"';
  for (std::size_t at = 0; at < utf8.size();) {
    const std::uint32_t point = next_code_point(utf8, at);
    switch (point) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '/': out += "\\/"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (point >= 0x20 && point < 0x7F)
          out += static_cast<char>(point);
        else if (point < 0x10000)
          append_escape(out, point);
        else {
          append_escape(out, 0xD800 + ((point - 0x10000) >> 10));
          append_escape(out, 0xDC00 + ((point - 0x10000) & 0x3FF));
        }
    }
  }
  out += '"';
}

void append_value(std::string& out, const Value& value, int indent) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    append_string(out, *text);
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    fmt::format_to(std::back_inserter(out), "{}", *number);
  } else if (const auto* raw = std::get_if<RawJson>(&value)) {
    out += raw->text;
  } else if (const auto* decimal = std::get_if<Decimal>(&value)) {
    out += decimal->text;
  } else if (const auto* truth_value = std::get_if<bool>(&value)) {
    out += *truth_value ? "true" : "false";
  } else if (std::holds_alternative<std::nullptr_t>(value)) {
    out += "null";
  } else {
    const auto& list = std::get<std::vector<std::string>>(value);
    out += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += ',';
      append_line(out, indent + 1);
      append_string(out, list[i]);
    }
    if (!list.empty()) append_line(out, indent);
    out += ']';
  }
}

void append_records(std::string& out, const std::vector<Record>& records, int indent) {
  out += '[';
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i > 0) out += ',';
    append_line(out, indent + 1);
    out += '{';
    for (std::size_t k = 0; k < records[i].size(); ++k) {
      if (k > 0) out += ',';
      append_line(out, indent + 2);
      append_string(out, records[i][k].name);
      out += ": ";
      append_value(out, records[i][k].value, indent + 2);
    }
    append_line(out, indent + 1);
    out += '}';
  }
  if (!records.empty()) append_line(out, indent);
  out += ']';
}

}  // namespace simulator
