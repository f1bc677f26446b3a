// parse_dotenv(): the file .env beside the settings.
#include <algorithm>
#include <cctype>

#include "config/node.hpp"
#include "config/shared_settings.hpp"

namespace config {
namespace {

bool is_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Where a comment begins: a '#' at the beginning or behind a blank.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '#' && (i == 0 || is_blank(text[i - 1]))) return text.substr(0, i);
  return text;
}

// Of a text that begins with a quote. "" or what is wrong; a message never shows a value.
std::string_view read_quoted(std::string_view text, std::string& value) {
  const char quote = text.front();
  std::size_t i = 1;
  for (; i < text.size() && text[i] != quote; ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (quote == '"' && text[i] == '\\' && (next == '"' || next == '\\' || next == 'n')) {
      value += next == 'n' ? '\n' : next;
      ++i;
    } else {
      value += text[i];
    }
  }
  if (i == text.size()) return "a quote is not closed";
  text.remove_prefix(i + 1);
  if (!text.empty() && !is_blank(text.front())) return "text stands behind the closing quote";
  return trim(without_comment(text)).empty() ? "" : "text stands behind the closing quote";
}

std::string_view read_value(std::string_view text, std::string& value) {
  const std::string_view trimmed = trim(text);
  if (trimmed.starts_with('"') || trimmed.starts_with('\'')) return read_quoted(trimmed, value);
  value = trim(without_comment(text));
  return {};
}

}  // namespace

std::map<std::string, std::string> parse_dotenv(std::string_view text, const std::string& file,
                                                Faults& faults) {
  std::map<std::string, std::string> result;
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  for (int line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view rest = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (rest.empty() || rest.starts_with('#')) continue;
    if (rest.starts_with("export ")) rest = trim(rest.substr(7));
    const std::size_t equals = rest.find('=');
    const std::string_view name = trim(rest.substr(0, equals));
    const auto refuse = [&](std::string_view message, std::string remedy) {
      faults.add({file, {line, 1, {}}, "", std::string(message), std::move(remedy)});
    };
    if (equals == std::string_view::npos || name.empty() ||
        name.find_first_of(" \t\"'$") != std::string_view::npos) {
      refuse("is not NAME=value", "one variable a line; # begins a comment");
      continue;
    }
    std::string value;
    if (const std::string_view wrong = read_value(rest.substr(equals + 1), value); !wrong.empty())
      refuse(wrong, R"(write NAME="value" on one line; inside of "…", \" is a quote and \\ a backslash)");
    else
      result[std::string(name)] = std::move(value);
  }
  return result;
}

}  // namespace config
