#include "football/search.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <tuple>

#include "base/text.hpp"
#include "football/names.hpp"

namespace football {
namespace {

constexpr std::size_t max_words = 6;
constexpr std::size_t max_word = 30;   // bytes
constexpr std::size_t short_word = 3;  // letters; with a typing error it could be anything
constexpr std::array<std::string_view, 9> ignored{"x", "vs", "v", "e", "contra", "jogo", "do", "da", "de"};

std::vector<std::string> words_of(std::string_view query) {
  std::vector<std::string> words = folded_words(query), counting;
  for (std::string& word : words) {
    if (word.size() > max_word) word.resize(max_word);
    if (std::find(ignored.begin(), ignored.end(), word) == ignored.end()) counting.push_back(std::move(word));
  }
  if (counting.size() > max_words) counting.resize(max_words);
  return counting;
}

bool nearly(std::string_view word, std::string_view name) { return !base::nearest(word, {name}).empty(); }

// How far a word is from what was typed: 0 the same, 1 its beginning, 2 nearly, 3 nearly its beginning.
constexpr int as_typed = 1;

std::optional<int> word_distance(std::string_view typed, std::string_view word) {
  if (typed == word) return 0;
  if (word.starts_with(typed)) return 1;
  if (typed.size() <= short_word || word.size() <= short_word) return std::nullopt;
  if (nearly(typed, word)) return 2;
  if (word.size() > typed.size() && nearly(typed, word.substr(0, typed.size()))) return 3;
  return std::nullopt;
}

struct Distance {
  int worst = 0, sum = 0;  // of the words
};

std::optional<Distance> distance(const std::vector<std::string>& typed,
                                 const std::vector<std::string>& name) {
  Distance all;
  for (const std::string& word : typed) {
    std::optional<int> best;
    for (const std::string& candidate : name)
      if (const auto one = word_distance(word, candidate); one && (!best || *one < *best)) best = one;
    if (!best) return std::nullopt;
    all = {std::max(all.worst, *best), all.sum + *best};
  }
  return all;
}

}  // namespace

std::vector<const Fixture*> search_games(std::string_view query, std::span<const Fixture> fixtures,
                                         std::size_t limit) {
  const std::vector<std::string> typed = words_of(query);
  if (typed.empty()) return {};
  struct Found {
    const Fixture* game;
    Distance distance;
  };
  std::vector<Found> found;
  for (const Fixture& game : fixtures) {
    std::vector<std::string> names = folded_words(game.home.name), away = folded_words(game.away.name);
    names.insert(names.end(), std::make_move_iterator(away.begin()), std::make_move_iterator(away.end()));
    if (const auto far = distance(typed, names)) found.push_back({&game, *far});
  }
  // What is nearly right is a guess, wanted only where nothing is right.
  const auto exact = [](const Found& one) { return one.distance.worst <= as_typed; };
  if (std::any_of(found.begin(), found.end(), exact))
    std::erase_if(found, [&](const Found& one) { return !exact(one); });
  std::sort(found.begin(), found.end(), [](const Found& one, const Found& other) {
    return std::tuple(one.distance.sum, one.game->kickoff, one.game->id) <
           std::tuple(other.distance.sum, other.game->kickoff, other.game->id);
  });
  std::vector<const Fixture*> games;
  for (std::size_t i = 0; i < std::min(limit, found.size()); ++i) games.push_back(found[i].game);
  return games;
}

}  // namespace football
