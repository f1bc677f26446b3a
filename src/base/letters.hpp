// Letters without case and accents, for comparing names as people write them. Pure, no locale.
//
//   std::string key;
//   for (std::size_t at = 0; at < text.size();)
//     if (const char c = base::fold_letter(text, at)) key += c;      // "São Paulo" → "sao paulo"
#pragma once

#include <cstddef>
#include <string_view>

namespace base {

// The character of UTF-8 at text[at], moving `at` behind it: a small Latin letter or a digit; '.' and '&' as
// they are; ' ' for other punctuation; '?' for what has no Latin letter; 0 for what leaves no trace, as
// apostrophes.
char fold_letter(std::string_view text, std::size_t& at);

}  // namespace base
