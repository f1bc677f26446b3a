// What a failure of API-Football means to a user, in Portuguese: a true sentence about what is going on and
// what to do, never the error's own text. Pure.
//
//   reply(error_words(games.error(), clock.wall(), zone));
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "schedule/zone.hpp"

namespace football {

// `zone`: in which the user's clock runs.
std::string error_words(const base::Error& error, base::WallTime now, const schedule::Zone& zone);

// Whoever runs the bot has to do something, as the sentence says: log it as an error, call somebody.
bool needs_a_person(const base::Error& error);

// Under an answer that is served because the API fails now.
std::string stale_words(base::WallTime since, base::WallTime now, const schedule::Zone& zone);

}  // namespace football
