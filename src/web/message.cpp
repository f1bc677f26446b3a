#include "web/message.hpp"

#include "base/text.hpp"

namespace web {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::optional<std::string> decode_path(std::string_view raw) {
  std::string path;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      path += raw[i];
      continue;
    }
    if (raw.size() - i < 3) return std::nullopt;
    const int high = hex_digit(raw[i + 1]), low = hex_digit(raw[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const char c = static_cast<char>(high * 16 + low);
    if (is_control(c) || c == '/') return std::nullopt;
    path += c;
    i += 2;
  }
  return path;
}

}  // namespace

std::optional<Target> parse_target(std::string_view raw) {
  if (!raw.starts_with('/')) return std::nullopt;
  for (const char c : raw)
    if (c == ' ' || is_control(c) || static_cast<unsigned char>(c) >= 0x80) return std::nullopt;
  const std::size_t question = raw.find('?');
  auto path = decode_path(raw.substr(0, question));
  if (!path) return std::nullopt;
  return Target{.path = std::move(*path),
                .query = question == raw.npos ? "" : std::string(raw.substr(question + 1))};
}

Response plain(int status, std::string_view line) {
  return {.status = status, .body = base::escape_control(line) + "\n"};
}

std::string escape_html(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = base::utf8_sequence(text, i);
    const bool hidden = length == 0 || (length == 1 && is_control(text[i]) && text[i] != '\n') ||
                        (length == 2 && text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0);
    if (hidden)
      result += "\xef\xbf\xbd";
    else if (text[i] == '&')
      result += "&amp;";
    else if (text[i] == '<')
      result += "&lt;";
    else if (text[i] == '>')
      result += "&gt;";
    else if (text[i] == '"')
      result += "&quot;";
    else if (text[i] == '\'')
      result += "&#39;";
    else
      result.append(text, i, length);
    i += length == 0 ? 1 : length;
  }
  return result;
}

}  // namespace web
