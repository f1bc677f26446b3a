// What users read about games, in Portuguese: HTML for Telegram, every name from outside escaped (TG5), local
// times of the zone. A dossier may be longer than a message: telegram::split_pages() makes pages of it. Pure:
// the same input is always the same text.
//
//   write_dossier(analysis, zone);                   // all markets
//   write_dossier(analysis, zone, Market::goals);    // the button "Over Gols"
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "football/analysis.hpp"
#include "football/day.hpp"
#include "schedule/zone.hpp"

namespace football {

std::string write_dossier(const Analysis& analysis, const schedule::Zone& zone,
                          std::optional<Market> only = {});

// One line, without a line break: kick-off, teams and the main pick.
std::string write_summary(const Analysis& analysis, const schedule::Zone& zone,
                          std::optional<Market> only = {});

// "Jogos do Dia": how many games and leagues, and how many games in each.
std::string write_day(std::span<const std::chrono::year_month_day> days,
                      std::span<const LeagueGames> leagues);
// The leagues that play, for a menu whose buttons stand below.
std::string write_leagues(std::span<const LeagueGames> leagues);

// For buttons, not escaped: "Serie A (Itália)"; competitions of several countries stand alone.
std::string league_label(const League& league);
// Likewise: "16:30 | Arsenal vs Chelsea".
std::string game_label(const Fixture& fixture, const schedule::Zone& zone);

}  // namespace football
