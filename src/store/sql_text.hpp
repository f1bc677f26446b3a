// What every engine's adapter does with the text of SQL. Pure. Quoted texts, quoted names and comments are
// left alone.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace store {

struct Word {
  std::string_view placeholder;  // {pulse}
  std::string text;              // pulse_
};

// "{pulse}runs" → "pulse_runs"; braces with an unknown word stay.
std::string replace_words(std::string_view sql, std::span<const Word> words);

// At each ';', without it; comments and empty statements are dropped.
std::vector<std::string> split_statements(std::string_view sql);

// For error messages: white space folded, at most 120 bytes.
std::string excerpt(std::string_view sql);

}  // namespace store
