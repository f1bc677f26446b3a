// Telegram's HTML as a row of tags and characters, read as its server reads it: an entity may lack its ';',
// and one that it does not know is text. Pure; any bytes will do.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace telegram::html {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool valid = true;                                           // false: one byte that is no UTF-8
  std::size_t units() const { return code > 0xffff ? 2 : 1; }  // of UTF-16
};
Character character_at(std::string_view text, std::size_t at);  // at < text.size()

// Which code points belong to the one before them, so that people see one character: combining marks, skin
// tones, flags, and what a zero-width joiner ties together.
class Joiner {
 public:
  bool joins(char32_t code);  // to be asked for each in turn

 private:
  char32_t before_ = 0;
  bool open_flag_ = false;  // half of a flag stands before
};

struct Token {
  enum class Kind { text, open, close };
  Kind kind = Kind::text;
  std::string_view raw{};  // as it is to be written
  char32_t code = 0;       // of text
  std::size_t units = 0;   // of text, in UTF-16
  bool joined = false;     // text: not to be parted from the one before
  bool is_text() const { return kind == Kind::text; }
  bool is_space() const { return code == ' ' || (code >= '\t' && code <= '\r') || code == 0xa0; }
};

// Views into `html`, which must outlive them.
std::vector<Token> tokens(std::string_view html);

}  // namespace telegram::html
