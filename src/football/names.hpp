// Names of teams, leagues and countries, comparable as people write them: without case, accents and
// punctuation. Pure.
//
//   fold_name("Atlético-MG") == fold_name("ATLETICO MG")      // "atletico mg"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace football {

inline constexpr std::size_t max_name = 200;  // bytes that are looked at

std::string fold_name(std::string_view name);                  // words with one space between
std::vector<std::string> folded_words(std::string_view name);  // the same, apart

}  // namespace football
