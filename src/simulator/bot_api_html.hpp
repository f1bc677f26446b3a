// Texts as the Bot API takes them: HTML in, plain text with entities out; all offsets and lengths are UTF-16
// code units, as clients count. Pure; an error's message is what the real server says after "can't parse
// entities: ", or a stricter one: an "&" must begin one of the documented entities.
//
//   FormattedText text = TRY(parse_html("<b>Gols</b> &lt; 2"));   // "Gols < 2", bold 0..4
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace simulator {

struct Entity {
  std::string type{};
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string extra{};  // text_link: url, pre: language, custom_emoji: its id
  bool operator==(const Entity&) const = default;
};

struct FormattedText {
  std::string text{};
  std::vector<Entity> entities{};  // by offset, the longer first
  bool operator==(const FormattedText&) const = default;
};

std::size_t utf16_length(std::string_view utf8);

base::Result<FormattedText> parse_html(std::string_view source);

// Without white space at both ends; entities are cut with it.
FormattedText trimmed(FormattedText text);

// What the server marks in texts of users: "/start", "/ajuda@name".
std::vector<Entity> command_entities(std::string_view text);

}  // namespace simulator
