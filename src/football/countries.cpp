#include "football/countries.hpp"

#include <utility>
#include <vector>

#include "base/check.hpp"
#include "football/data_files.hpp"
#include "football/names.hpp"

namespace football {
namespace {

struct File {
  std::vector<std::pair<std::string, std::string>> countries;
};

config::Table<File> table() {
  config::Table<File> table;
  table.key("countries", &File::countries, config::map_of(config::text(), "<country>"), config::required(),
            "The API's name, and what users read.");
  return table;
}

}  // namespace

base::Result<Countries> read_countries(std::string_view yaml, std::string_view file) {
  const std::string name(file);
  File read = TRY(read_data(table(), yaml, name));
  Countries countries;
  for (auto& [country, words] : read.countries)
    if (!countries.emplace(fold_name(country), std::move(words)).second)
      return base::error(
          base::Code::invalid_config,
          "{}: {} stands there twice, but for case, accents or punctuation; remove one of them", name,
          country);
  return countries;
}

const Countries& default_countries() {
  static const Countries countries = [] {
    auto read = read_countries(data_file("countries.yaml"), "football/countries.yaml");
    CHECK(read.has_value(), "the embedded names of countries must be free of faults");
    return *std::move(read);
  }();
  return countries;
}

std::string country_words(std::string_view country) {
  const auto found = default_countries().find(fold_name(country));
  return found == default_countries().end() ? std::string(country) : found->second;
}

}  // namespace football
