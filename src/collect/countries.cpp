#include "collect/countries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "base/letters.hpp"

namespace collect {
namespace {

// Words that lists shorten. Both sides are written out, so that República and Republic are one as well.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> shortened{{
    {"rep", "republic"},
    {"republica", "republic"},
    {"dem", "democratic"},
    {"democratica", "democratic"},
    {"fed", "federated"},
    {"sts", "states"},
    {"st", "saint"},
    {"is", "islands"},
    {"isl", "islands"},
    {"terr", "territory"},
    {"govt", "government"},
}};

// Words that tell no countries apart.
constexpr std::array<std::string_view, 10> fillers{"the", "of", "and", "de",  "da",
                                                   "do",  "e",  "das", "dos", "o"};

// "Côte d'Ivoire" → {cote, divoire}, "U.S. Virgin Is." → {us, virgin, islands}.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (word.empty()) return;
    const auto found = std::find_if(shortened.begin(), shortened.end(),
                                    [&](const auto& entry) { return entry.first == word; });
    words.emplace_back(found == shortened.end() ? word : std::string(found->second));
    word.clear();
  };
  bool initials = true;  // so far: single letters with a point behind each
  std::size_t letters = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = base::fold_letter(text, at);
    if (c == '\0') continue;
    if (c == '.' && initials && letters == 1) {
      letters = 0;
      continue;
    }
    if (c == ' ' || c == '.' || c == '&') {
      finish();
      initials = true;
      letters = 0;
      continue;
    }
    word += c;
    initials = initials && ++letters == 1;
  }
  finish();
  return words;
}

// The same words in any order are the same key.
std::string key_of(std::string_view text) {
  std::vector<std::string> words = words_of(text);
  std::erase_if(words, [](const std::string& word) {
    return std::find(fillers.begin(), fillers.end(), word) != fillers.end();
  });
  std::sort(words.begin(), words.end());
  return fmt::format("{}", fmt::join(words, " "));
}

// Codes apart from names: DE, IS and ST are countries, but also words that names do not differ by.
struct Index {
  std::unordered_map<std::string, const Country*> codes, names;
};

void add(std::unordered_map<std::string, const Country*>& index, std::string key, const Country& country) {
  CHECK(!key.empty(), "a name of a country must hold a word that counts");
  const auto [found, is_new] = index.emplace(std::move(key), &country);
  CHECK(is_new || found->second == &country, "a name of a country must mean one country");
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// A country whose English alias is "Kingdom of Norway" is "Reino da Noruega" as well. Only these: any country
// with "Republic" before it would make China of the Republic of China.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> forms{{
    {"Republic of ", "República "},
    {"Kingdom of ", "Reino "},
    {"State of ", "Estado "},
    {"Principality of ", "Principado "},
    {"Commonwealth of ", "Comunidade "},
    {"Islamic Republic of ", "República Islâmica "},
    {"Federal Republic of ", "República Federal "},
}};

void add_alias(Index& index, std::string_view alias, const Country& country) {
  add(index.names, key_of(alias), country);
  for (const auto& [english, portuguese] : forms)
    if (alias.starts_with(english) && key_of(alias.substr(english.size())) == key_of(country.name_en))
      add(index.names, key_of(std::string(portuguese).append(country.name_pt)), country);
}

Index build() {
  Index index;
  for (const CountryEntry& entry : country_entries()) {
    const Country& country = entry.country;
    for (const std::string_view code : {country.iso2, country.iso3, country.numeric})
      if (!code.empty()) add(index.codes, lower(code), country);
    for (const std::string_view name : {country.name_en, country.name_pt})
      add(index.names, key_of(name), country);
    for (std::string_view rest = entry.aliases; !rest.empty();) {
      const std::size_t bar = std::min(rest.find('|'), rest.size());
      add_alias(index, rest.substr(0, bar), country);
      rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
  }
  return index;
}

// A number in JSON has lost the zeros before it: 76 is Brazil's 076.
std::string code_of(std::string_view text) {
  std::string code = lower(text);
  if (!code.empty() && code.size() < 3 && code.find_first_not_of("0123456789") == std::string::npos)
    code.insert(0, 3 - code.size(), '0');
  return code;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(blanks);
  return begin == std::string_view::npos ? "" : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

const Country* find_country(std::string_view text) {
  static const Index index = build();
  text = trimmed(text);
  if (text.size() > max_country_length) return nullptr;
  if (text.size() <= 3)
    if (const auto found = index.codes.find(code_of(text)); found != index.codes.end()) return found->second;
  const auto found = index.names.find(key_of(text));
  return found == index.names.end() ? nullptr : found->second;
}

}  // namespace collect
