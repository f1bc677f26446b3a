#include "telegram/html.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace telegram::html {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

int digit_of(char c, int base) {
  int value = 99;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  return value < base ? value : -1;
}

constexpr std::size_t longest_number = 10;  // of an entity, with "&#"; a longer one is text to the server

// How long the entity at text[0] == '&' is; 0: it is none.
std::size_t numeric_entity(std::string_view text, char32_t& code) {
  const int base = text.size() > 2 && text[2] == 'x' ? 16 : 10;
  std::size_t end = base == 16 ? 3 : 2;
  code = 0;
  for (int digit = 0; end < text.size() && (digit = digit_of(text[end], base)) >= 0; ++end) {
    if (end >= longest_number) return 0;
    code = code * static_cast<char32_t>(base) + static_cast<char32_t>(digit);
  }
  if (code == 0 || code >= 0x10ffff || end >= longest_number) return 0;
  return end < text.size() && text[end] == ';' ? end + 1 : end;
}

std::size_t entity(std::string_view text, char32_t& code) {
  if (text.size() > 1 && text[1] == '#') return numeric_entity(text, code);
  static constexpr std::array<std::pair<std::string_view, char32_t>, 4> names{
      {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}}};
  std::size_t end = 1;
  while (end < text.size() && is_letter(text[end])) ++end;
  const std::string_view name = text.substr(1, end - 1);
  const auto known = std::find_if(names.begin(), names.end(), [&](auto& it) { return it.first == name; });
  if (known == names.end()) return 0;
  code = known->second;
  return end < text.size() && text[end] == ';' ? end + 1 : end;
}

// How long the tag at text[0] == '<' is; 0: it is none, or has no end. A '>' in quotes does not end it.
std::size_t tag(std::string_view text) {
  const std::size_t name = text.size() > 1 && text[1] == '/' ? 2 : 1;
  if (name >= text.size() || !is_letter(text[name])) return 0;
  char quote = 0;
  for (std::size_t i = name; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0)
      quote = c == quote ? '\0' : quote;
    else if (c == '"' || c == '\'')
      quote = c;
    else if (c == '>')
      return i + 1;
  }
  return 0;
}

bool is_flag_letter(char32_t code) { return code >= 0x1f1e6 && code <= 0x1f1ff; }

// The usual ones; a text of others is cut where its reader would not.
bool is_mark(char32_t code) {
  static constexpr std::array<std::pair<char32_t, char32_t>, 9> ranges{{
      {0x0300, 0x036f},    // combining diacritical marks
      {0x1ab0, 0x1aff},    // their extension
      {0x1dc0, 0x1dff},    // their supplement
      {0x200d, 0x200d},    // zero-width joiner
      {0x20d0, 0x20ff},    // for symbols, keycaps among them
      {0xfe00, 0xfe0f},    // variation selectors
      {0xfe20, 0xfe2f},    // half marks
      {0x1f3fb, 0x1f3ff},  // skin tones
      {0xe0020, 0xe007f},  // the letters of England's, Scotland's and Wales' flags
  }};
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](auto& range) { return code >= range.first && code <= range.second; });
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
  const std::size_t bytes = base::utf8_sequence(text, at);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  if (bytes == 0) return {0xfffd, 1, false};
  if (bytes == 1) return {byte(0), 1};
  char32_t code = byte(0) & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) code = code << 6 | (byte(i) & 0x3fU);
  return {code, bytes};
}

bool Joiner::joins(char32_t code) {
  const bool second_of_flag = is_flag_letter(code) && open_flag_;
  open_flag_ = is_flag_letter(code) && !open_flag_;
  const bool joined = before_ != 0 && (is_mark(code) || before_ == 0x200d || second_of_flag);
  before_ = code;
  return joined;
}

std::vector<Token> tokens(std::string_view html) {
  std::vector<Token> result;
  Joiner joiner;
  for (std::size_t at = 0; at < html.size();) {
    const std::string_view rest = html.substr(at);
    if (rest[0] == '<') {
      if (const std::size_t length = tag(rest); length > 0) {
        result.push_back({rest[1] == '/' ? Token::Kind::close : Token::Kind::open, rest.substr(0, length)});
        at += length;
        continue;
      }
    }
    Character next;
    std::size_t length = rest[0] == '&' ? entity(rest, next.code) : 0;
    if (length == 0) {
      next = character_at(html, at);
      length = next.bytes;
    }
    // A stray one is written so that nothing behind it makes a tag of it.
    const std::string_view raw = rest[0] == '<' ? std::string_view("&lt;") : rest.substr(0, length);
    result.push_back({Token::Kind::text, raw, next.code, next.units(), joiner.joins(next.code)});
    at += length;
  }
  return result;
}

}  // namespace telegram::html
