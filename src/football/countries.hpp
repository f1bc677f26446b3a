// Countries as API-Football calls them, in Portuguese: from a data file (football/countries.yaml, embedded).
// A country that is not there keeps the API's name.
//
//   country_words("Saudi-Arabia")     // "Arábia Saudita"
//
// Thread-safe. read_countries(): invalid_config, every fault of the text with line and column.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace football {

using Countries = std::map<std::string, std::string, std::less<>>;  // folded name → Portuguese

// `file` is the name used in faults.
base::Result<Countries> read_countries(std::string_view yaml, std::string_view file);
const Countries& default_countries();
std::string country_words(std::string_view country);

}  // namespace football
