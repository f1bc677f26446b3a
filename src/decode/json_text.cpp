#include "decode/json_text.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "base/text.hpp"
#include "decode/json.hpp"

namespace decode {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Four hexadecimal digits, or -1.
std::int32_t hex4(const char* at, const char* end) {
  if (end - at < 4) return -1;
  std::int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c))
      value = value * 16 + (c - '0');
    else if (lower >= 'a' && lower <= 'f')
      value = value * 16 + (lower - 'a' + 10);
    else
      return -1;
  }
  return value;
}

void append_utf8(std::int32_t code, std::string& text) {
  const auto put = [&](std::int32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

// The \uXXXX escape at `at`, or the pair of them. Returns the bytes read, 0 if it is none.
std::ptrdiff_t read_unicode_escape(const char* at, const char* end, std::string& text,
                                   std::string_view& lone) {
  const std::int32_t unit = hex4(at + 2, end);
  if (unit < 0) return 0;
  if (unit < 0xD800 || unit > 0xDFFF) {
    append_utf8(unit, text);
    return 6;
  }
  if (unit < 0xDC00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
    const std::int32_t low = hex4(at + 8, end);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      append_utf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), text);
      return 12;
    }
  }
  if (lone.empty()) lone = {at, 6};
  text += replacement;
  return 6;
}

// For messages: always UTF-8, one line, not too long.
std::string printable(std::string_view text) {
  constexpr std::size_t enough = 24;
  std::string result;
  for (std::size_t at = 0; at < text.size() && result.size() <= enough;) {
    const std::size_t length = base::utf8_sequence(text, at);
    result += length == 0 ? replacement : text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return base::escape_control(base::shorten(result, enough));
}

enum class Expect { value, value_or_end, key, key_or_end, colon, comma_or_end, nothing };

class Reader {
 public:
  explicit Reader(std::string_view body) : body_(body) {}
  std::optional<Fault> run();

 private:
  std::optional<Fault> step(char c);
  std::optional<Fault> open(char bracket);
  std::optional<Fault> string(Expect next);
  std::optional<Fault> word();
  void close();
  Expect after_value() const { return open_.empty() ? Expect::nothing : Expect::comma_or_end; }
  Fault unexpected() const;

  const std::string_view body_;
  std::size_t at_ = 0;
  Expect expect_ = Expect::value;
  std::string open_;  // the brackets around at_
};

std::optional<Fault> Reader::run() {
  if (body_.empty()) return Fault{0, "the body is empty"};
  if (body_.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return Fault{0, "the body is only blanks"};
  for (;;) {
    while (at_ < body_.size() && std::string_view(" \t\r\n").find(body_[at_]) != std::string_view::npos)
      ++at_;
    if (at_ == body_.size()) {
      if (expect_ == Expect::nothing) return std::nullopt;
      return unexpected();
    }
    if (std::optional<Fault> fault = step(body_[at_])) return fault;
  }
}

std::optional<Fault> Reader::step(char c) {
  switch (expect_) {
    case Expect::nothing: return unexpected();
    case Expect::colon:
      if (c != ':') return unexpected();
      ++at_;
      expect_ = Expect::value;
      return std::nullopt;
    case Expect::comma_or_end:
      if (c == (open_.back() == '[' ? ']' : '}')) return close(), std::nullopt;
      if (c != ',') return unexpected();
      ++at_;
      expect_ = open_.back() == '[' ? Expect::value : Expect::key;
      return std::nullopt;
    case Expect::key_or_end:
      if (c == '}') return close(), std::nullopt;
      [[fallthrough]];
    case Expect::key:
      if (c != '"') return unexpected();
      return string(Expect::colon);
    case Expect::value_or_end:
      if (c == ']') return close(), std::nullopt;
      [[fallthrough]];
    case Expect::value:
      if (c == '[' || c == '{') return open(c);
      if (c == '"') return string(after_value());
      return word();
  }
  return std::nullopt;
}

std::optional<Fault> Reader::open(char bracket) {
  if (open_.size() == max_depth) return Fault{at_, fmt::format("nested deeper than {} levels", max_depth)};
  open_ += bracket;
  ++at_;
  expect_ = bracket == '[' ? Expect::value_or_end : Expect::key_or_end;
  return std::nullopt;
}

void Reader::close() {
  open_.pop_back();
  ++at_;
  expect_ = after_value();
}

std::optional<Fault> Reader::string(Expect next) {
  std::string text;
  const char* end = body_.data() + body_.size();
  const StringEnd string = unescape(body_.data() + at_ + 1, end, text);
  const auto stop = static_cast<std::size_t>(string.at - body_.data());
  if (!string.closed) {
    if (string.at == end) return Fault{stop, "the body ends inside a string"};
    return Fault{stop, fmt::format("invalid escape '{}' in a string", printable(body_.substr(stop, 2)))};
  }
  at_ = stop + 1;
  expect_ = next;
  return std::nullopt;
}

std::optional<Fault> Reader::word() {
  const std::size_t end = std::min(body_.find_first_of(" \t\r\n,:[]{}\"", at_), body_.size());
  const std::string_view word = body_.substr(at_, end - at_);
  if (word.empty()) return unexpected();
  const char* word_end = word.data() + word.size();
  bool known = end_of_number(word.data(), word_end) == word_end;
  for (const std::string_view name : {"true", "false", "null", "NaN", "Infinity", "-Infinity"})
    known = known || word == name;
  if (!known) {
    const bool number = is_digit(word[0]) || word[0] == '-' || word[0] == '+' || word[0] == '.';
    if (!number) return unexpected();
    return Fault{at_, fmt::format("invalid number '{}'", printable(word))};
  }
  at_ = end;
  expect_ = after_value();
  return std::nullopt;
}

Fault Reader::unexpected() const {
  const char* expected = "";
  switch (expect_) {
    case Expect::value: expected = "a value"; break;
    case Expect::value_or_end: expected = "a value or ']'"; break;
    case Expect::key: expected = "a key in quotes"; break;
    case Expect::key_or_end: expected = "a key in quotes or '}'"; break;
    case Expect::colon: expected = "':' after the key"; break;
    case Expect::comma_or_end: expected = open_.back() == '[' ? "',' or ']'" : "',' or '}'"; break;
    case Expect::nothing: return Fault{at_, "text after the end of the value"};
  }
  if (at_ == body_.size()) return Fault{at_, fmt::format("the body ends where {} is expected", expected)};
  const std::size_t end = std::min(body_.find_first_of(" \t\r\n,:[]{}\"", at_), body_.size());
  const std::string_view found = body_.substr(at_, std::max<std::size_t>(end - at_, 1));
  return Fault{at_, fmt::format("expected {}, found '{}'", expected, printable(found))};
}

}  // namespace

const char* end_of_number(const char* at, const char* end) {
  const auto digits = [&] {
    const char* begin = at;
    while (at != end && is_digit(*at)) ++at;
    return at != begin;
  };
  if (at != end && *at == '-') ++at;
  if (at != end && *at == '0')
    ++at;
  else if (!digits())
    return nullptr;
  if (at != end && *at == '.') {
    ++at;
    if (!digits()) return nullptr;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    if (!digits()) return nullptr;
  }
  return at;
}

StringEnd unescape(const char* at, const char* end, std::string& text) {
  StringEnd result{end, false};
  while (at != end) {
    const char* run = at;
    while (at != end && *at != '"' && *at != '\\') ++at;
    text.append(run, at);
    if (at == end) return result;
    result.at = at;
    if (*at == '"') {
      result.closed = true;
      return result;
    }
    if (end - at < 2) break;
    static constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (at[1] == 'u') {
      const std::ptrdiff_t length = read_unicode_escape(at, end, text, result.lone);
      if (length == 0) return result;
      at += length;
    } else {
      const std::size_t which = letters.find(at[1]);
      if (which == std::string_view::npos) return result;
      text += meanings[which];
      at += 2;
    }
  }
  result.at = end;
  return result;
}

bool repair(std::string_view body, std::string& repaired, std::vector<Spot>& spots) {
  bool inside = false, escaped = false, spotted = false;
  for (std::size_t at = 0; at < body.size();) {
    const auto byte = static_cast<unsigned char>(body[at]);
    const std::size_t length = base::utf8_sequence(body, at);
    const bool bad = length == 0 || (inside && byte < 0x20);
    if (bad && !inside) return false;
    if (bad) {
      if (!spotted) spots.push_back({repaired.size(), byte});
      spotted = true;
      repaired += replacement;
      escaped = false;
      ++at;
      continue;
    }
    if (byte == '"' && !escaped) {
      inside = !inside;
      spotted = false;
    }
    escaped = byte == '\\' && !escaped;
    repaired += body.substr(at, length);
    at += length;
  }
  return true;
}

std::optional<Fault> find_fault(std::string_view body) { return Reader(body).run(); }

std::string describe_position(std::string_view body, std::size_t offset) {
  std::size_t line = 1, column = 1;
  for (std::size_t at = 0; at < offset;) {
    const bool line_ends = body[at] == '\n';
    line += line_ends ? 1 : 0;
    column = line_ends ? 1 : column + 1;
    at += std::max<std::size_t>(base::utf8_sequence(body, at), 1);
  }
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace decode
