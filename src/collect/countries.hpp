// Countries by their codes and names, for `lookup: country_iso2 | country_iso3 | country_name`: ISO 3166-1,
// and Kosovo (XK, XKX), which statistics name. Case, accents and punctuation do not matter, nor does the
// order of words; every word does: Guinea is not Equatorial Guinea. What could be two countries is none:
// "Korea", "Congo", "Virgin Islands".
//
//   find_country("Korea, Rep.")->iso2   // "KR"
//   find_country("estados unidos")      // also US, USA, 840, EUA; nullptr for what is no country
//
// Pure after a first call that builds the index; thread-safe. The countries live as long as the program.
#pragma once

#include <span>
#include <string_view>

namespace collect {

struct Country {
  std::string_view iso2, iso3, numeric;  // numeric: three digits, "" for Kosovo
  std::string_view name_en, name_pt;     // as people say it, in English and in Brazilian Portuguese
};

inline constexpr std::size_t max_country_length = 200;  // in bytes; a longer text is no country

const Country* find_country(std::string_view text);

struct CountryEntry {
  Country country;
  std::string_view aliases;  // other names, separated by |
};
std::span<const CountryEntry> country_entries();  // by iso2

}  // namespace collect
