// Games by what a user types: a team, or both. Case, accents and small typing errors do not matter, and the
// beginning of a name is enough. Pure.
//
//   search_games("sao palo", games);               // São Paulo's
//   search_games("flamengo x palmeiras", games);
//
// Bounded: of what is typed, only the first words count.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "football/models.hpp"

namespace football {

inline constexpr std::size_t max_found = 15;

// The best match first, equal ones by kick-off; at most `limit`. Pointers into `fixtures`.
std::vector<const Fixture*> search_games(std::string_view query, std::span<const Fixture> fixtures,
                                         std::size_t limit = max_found);

}  // namespace football
