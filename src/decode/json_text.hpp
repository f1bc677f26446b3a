// JSON as plain text, one byte after the other: what the fast path in json.cpp leaves to be checked or
// explained. Internal to this folder. Pure functions.
//
// find_fault() is a second, slow and simple reader of the same grammar. It runs only when the fast one
// refused a body, to say where and why; the tests hold the two against each other.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace decode {

// The end of the longest number (RFC 8259, section 6) at `begin`, or nullptr.
const char* end_of_number(const char* begin, const char* end);

// Reads a string's text from behind its opening quote, appending it to `text`.
struct StringEnd {
  const char* at;  // the closing quote; without one: the faulty escape, or `end`
  bool closed;
  std::string_view lone =
      {};  // the first surrogate escape without its partner, e.g. \ud800; U+FFFD in `text`
};
StringEnd unescape(const char* begin, const char* end, std::string& text);

// The first bad byte of a string of a repaired body.
struct Spot {
  std::size_t offset;  // in the repaired body
  unsigned char byte;  // a control character, or ≥ 0x80: not UTF-8
};

// Copies `body`, with U+FFFD for each byte inside a string that is not UTF-8 or a control character. False:
// there are such bytes outside of strings, where nothing can be saved.
bool repair(std::string_view body, std::string& repaired, std::vector<Spot>& spots);

struct Fault {
  std::size_t offset;
  std::string reason;
};
std::optional<Fault> find_fault(std::string_view body);

// "line 3, column 14", in characters from 1.
std::string describe_position(std::string_view body, std::size_t offset);

}  // namespace decode
