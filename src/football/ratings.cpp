#include "football/ratings.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/check.hpp"
#include "football/data_files.hpp"
#include "football/names.hpp"

namespace football {
namespace {

constexpr double lowest_weight = 0.1;
// API-Football's country of competitions between countries.
constexpr std::string_view world = "world";

template <class V>
using ByName = std::vector<std::pair<std::string, V>>;

struct File {
  ByName<ByName<double>> leagues;
  ByName<ByName<std::int64_t>> clubs;
};

config::Type<double> weight() {
  const std::string allowed = "write a number from 0.1 to 1";
  return {{"number", allowed, nullptr, {}, config::scalar_schema},
          [allowed](const config::Node& node, config::Context& context) -> std::optional<double> {
            const auto text = config::scalar(node, context, allowed);
            if (!text) return std::nullopt;
            double value = 0;
            const char* end = text->data() + text->size();
            const auto [stop, fault] = std::from_chars(text->data(), end, value);
            if (fault == std::errc{} && stop == end && value >= lowest_weight && value <= 1) return value;
            context.fault(node.mark, config::shown(node) + " is not such a number", allowed);
            return std::nullopt;
          }};
}

// Names that differ only by what is folded away would hide each other.
void check_names(const config::Node& node, config::Context& context) {
  std::set<std::string> seen;
  for (const config::Entry& entry : node.entries)
    context.below(entry.key, [&] {
      const std::string folded = fold_name(entry.key);
      if (folded.empty())
        context.fault(entry.mark, "holds no letter", "write the name as the API does");
      else if (!seen.insert(folded).second)
        context.fault(entry.mark, "stands here twice, but for case, accents or punctuation",
                      "remove one of them");
      check_names(entry.value, context);
      return 0;
    });
}

config::Table<File> table() {
  config::Table<File> table;
  table.key("leagues", &File::leagues, config::map_of(config::map_of(weight(), "<league>"), "<country>"),
            config::optional(), "What a quality score of the league is multiplied by.");
  table.key("clubs", &File::clubs,
            config::map_of(config::map_of(config::integer(0, 100), "<club>"), "<country>"),
            config::optional(), "The standing of a club.");
  table.rule([](const File&, const config::Node& node, config::Context& context) {
    for (const config::Entry& section : node.entries)
      context.below(section.key, [&] {
        check_names(section.value, context);
        return 0;
      });
  });
  return table;
}

}  // namespace

int Ratings::base_score(std::string_view country, std::string_view team) const {
  const std::string place = fold_name(country), name = fold_name(team);
  if (const auto found = clubs_.find(place); found != clubs_.end())
    if (const auto club = found->second.find(name); club != found->second.end()) return club->second;
  if (place != world) return default_base_score;
  std::optional<int> score;
  for (const auto& [other, clubs] : clubs_)
    if (const auto club = clubs.find(name); club != clubs.end()) {
      if (score) return default_base_score;  // two of that name, and no way to tell which
      score = club->second;
    }
  return score.value_or(default_base_score);
}

double Ratings::league_weight(std::string_view country, std::string_view league) const {
  const auto place = leagues_.find(fold_name(country));
  if (place == leagues_.end()) return default_league_weight;
  const auto found = place->second.find(fold_name(league));
  return found == place->second.end() ? default_league_weight : found->second;
}

void Ratings::set_club(std::string_view country, std::string_view team, int score) {
  CHECK(score >= 0 && score <= 100, "a club's standing is from 0 to 100");
  clubs_[fold_name(country)][fold_name(team)] = score;
}

void Ratings::set_league(std::string_view country, std::string_view league, double weight) {
  CHECK(weight >= lowest_weight && weight <= 1, "a league's weight is from 0.1 to 1");
  leagues_[fold_name(country)][fold_name(league)] = weight;
}

base::Result<Ratings> read_ratings(std::string_view yaml, std::string_view file) {
  const File read = TRY(read_data(table(), yaml, std::string(file)));
  Ratings ratings;
  for (const auto& [country, leagues] : read.leagues)
    for (const auto& [league, value] : leagues) ratings.set_league(country, league, value);
  for (const auto& [country, clubs] : read.clubs)
    for (const auto& [club, score] : clubs) ratings.set_club(country, club, static_cast<int>(score));
  return ratings;
}

const Ratings& default_ratings() {
  static const Ratings ratings = [] {
    auto read = read_ratings(data_file("ratings.yaml"), "football/ratings.yaml");
    CHECK(read.has_value(), "the embedded ratings must be free of faults");
    return *std::move(read);
  }();
  return ratings;
}

}  // namespace football
