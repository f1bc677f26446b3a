// Does what a job asks for: fetches, analyses, and writes the pages that the user gets. Knows the football,
// and nothing of queues or Telegram's network. Thread-safe.
//
// Kinds and payloads:
//   full, goals, btts, result, double_chance, simple   {}                  all games of today
//   league                                             {"league": ID}      all games of one league today
//   match                                              {"fixture": ID}
//   search                                             {"team": "name"}
//   leagues                                            {"then": "liga" | "jogos"}   which play today
//   games                                              {"league": ID}      of today, to choose one
//   day                                                {}                  Jogos do Dia
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bot/outgoing.hpp"

namespace bot {

struct Assignment {
  std::string kind, payload;
  int minimum_confidence = 60;  // tenths
  base::SteadyTime deadline{};
  std::function<void(std::size_t done, std::size_t total)> on_progress{};
};

class Analyst {
 public:
  virtual ~Analyst() = default;
  // Pages, at least one. Errors as football::Client's; invalid_data: a payload that makes no sense.
  virtual base::Result<std::vector<View>> work(const Assignment& assignment, std::stop_token stop) = 0;
  // What to tell the user when it fails: a sentence in Portuguese.
  virtual std::string explain(const base::Error& error) = 0;
};

}  // namespace bot
