#include "store/postgres_text.hpp"

#include <charconv>
#include <cmath>

namespace store {
namespace {

using base::Code;

// Of pg_type; they never change.
enum Oid : unsigned {
  oid_bool = 16,
  oid_int8 = 20,
  oid_int2 = 21,
  oid_int4 = 23,
  oid_oid = 26,
  oid_float4 = 700,
  oid_float8 = 701,
  oid_timestamp = 1114,
  oid_timestamptz = 1184,
};

constexpr std::size_t micros = 6;
constexpr std::string_view seconds_pattern = "0000-00-00 00:00:00";

template <class Number>
Cell number_of(std::string_view text) {
  Number number{};
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::string(text);
  return number;
}

bool fits(std::string_view text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == '0' ? !digit : text[i] != pattern[i]) return false;
  }
  return true;
}

// "2025-11-21 10:30:02.5+00" → "2025-11-21T10:30:02.500000Z"; as it is if it has another form.
std::string iso8601_of(std::string_view text, std::string_view zone) {
  if (!fits(text, seconds_pattern) || !text.ends_with(zone)) return std::string(text);
  std::string_view fraction = text.substr(seconds_pattern.size());
  fraction.remove_suffix(zone.size());
  if (!fraction.empty() && (fraction[0] != '.' || fraction.size() > micros + 1 ||
                            fraction.find_first_not_of("0123456789", 1) != std::string_view::npos))
    return std::string(text);
  std::string iso(text.substr(0, seconds_pattern.size()));
  iso[10] = 'T';
  iso += fraction.empty() ? "." : fraction;
  iso.resize(seconds_pattern.size() + 1 + micros, '0');
  return zone.empty() ? iso : iso + 'Z';
}

// What needs no escape goes over in one piece.
void append_escaped(std::string& line, std::string_view text) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char letter = text[i];
    switch (text[i]) {
      case '\\': break;
      case '\t': letter = 't'; break;
      case '\n': letter = 'n'; break;
      case '\r': letter = 'r'; break;
      default: continue;
    }
    line.append(text, done, i - done).append(1, '\\').append(1, letter);
    done = i + 1;
  }
  line.append(text, done);
}

}  // namespace

Cell cell_of_postgres(std::string_view text, unsigned type_oid) {
  switch (type_oid) {
    case oid_bool: return Cell(std::int64_t{text == "t"});
    case oid_int2:
    case oid_int4:
    case oid_int8:
    case oid_oid: return number_of<std::int64_t>(text);
    case oid_float4:
    case oid_float8: return text == "NaN" ? Cell(std::string(text)) : number_of<double>(text);
    case oid_timestamp: return iso8601_of(text, "");
    case oid_timestamptz: return iso8601_of(text, "+00");
    default: return std::string(text);
  }
}

base::Result<std::string> postgres_text(const Param& param) {
  if (const auto* text = std::get_if<std::string_view>(&param)) {
    if (text->find('\0') != std::string_view::npos)
      return base::error(Code::invalid_data, "a text holds a NUL byte");
    return std::string(*text);
  }
  if (const auto* integer = std::get_if<std::int64_t>(&param)) return fmt::to_string(*integer);
  const auto* number = std::get_if<double>(&param);
  if (number == nullptr) return std::string();
  if (std::isnan(*number)) return base::error(Code::invalid_data, "not a number");
  return fmt::format("{}", *number);  // the shortest text that reads back as the same number; 1 for 1.0
}

base::Result<void> append_copy_line(std::string& line, std::span<const Param> row) {
  const std::size_t before = line.size();
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += '\t';
    if (std::holds_alternative<std::monostate>(row[i])) {
      line += "\\N";
      continue;
    }
    const auto* text = std::get_if<std::string_view>(&row[i]);
    if (text != nullptr && text->find('\0') == std::string_view::npos) {
      append_escaped(line, *text);
      continue;
    }
    const auto written = postgres_text(row[i]);
    if (!written) {
      line.resize(before);
      return base::error(written.error().code, "value {}: {}", i + 1, written.error().message);
    }
    line += *written;
  }
  line += '\n';
  return {};
}

}  // namespace store
