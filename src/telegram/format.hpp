// Texts for Telegram: HTML with what came from outside escaped (TG5), lengths as Telegram counts them (TG3),
// long texts as pages of one message (TG4). Pure; nothing fails.
//
//   const std::string text = bold(team) + "\n" + escape(venue);
//   for (const std::string& page : split_pages(text)) …
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "telegram/types.hpp"

namespace telegram {

inline constexpr std::size_t max_text = 4096;        // UTF-16 units, after entities
inline constexpr std::size_t max_button_data = 64;   // bytes
inline constexpr std::size_t max_answer_text = 200;  // characters of an answer to a tap

// & < > as entities; what is no UTF-8 and control characters other than line breaks become U+FFFD.
std::string escape(std::string_view text);
std::string bold(std::string_view text);    // escaped, in <b>
std::string italic(std::string_view text);  // escaped, in <i>

// UTF-16 units of a plain text; and the text cut to so many, with "…" if something was cut off.
std::size_t utf16_length(std::string_view text);
std::string shorten(std::string_view text, std::size_t units);

// What people see of an HTML text: tags are dropped, entities are what they stand for.
std::string plain(std::string_view html);
// UTF-16 units that remain of an HTML text when its tags and entities are taken as Telegram does.
std::size_t visible_length(std::string_view html);

// Pages of at most `limit` (at least 2) units each: whole sections (blocks between empty lines) as long as
// they fit, then whole lines, then cut between characters as people see them, never inside a tag or an
// entity; tags that are open at the cut are closed and opened again. All pages together are the text, but for
// white space that would have made a page of its own. At least one page; none is empty unless the text is.
std::vector<std::string> split_pages(std::string_view html, std::size_t limit = max_text);

}  // namespace telegram
