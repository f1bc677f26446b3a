#include "football/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"

namespace football {
namespace {

using Claim = Statement::Claim;

std::string games_words(int count) { return fmt::format("{} {}", count, count == 1 ? "jogo" : "jogos"); }

// A team's games at this venue; all of the season where there are hardly any.
struct Told {
  Record record;
  bool at_venue;
};
Told told(const Games& games, const Team& team, Venue venue) {
  const Record record = record_of(games, team.id, venue);
  if (record.games >= enough_team_games) return {record, true};
  return {record_of(games, team.id), false};
}

std::string_view place_words(const Told& told, Venue venue) {
  if (!told.at_venue) return "na temporada";
  return venue == Venue::home ? "em casa" : "fora";
}

std::string name_with_position(const Side& side) {
  return side.position ? fmt::format("{} ({}º)", side.team.name, *side.position) : side.team.name;
}

std::string goals_reason(const Grounds& grounds) {
  const Analysis& analysis = grounds.analysis;
  const Told home = told(grounds.games, analysis.home.team, Venue::home);
  const Told away = told(grounds.games, analysis.away.team, Venue::away);
  return fmt::format(
      "{} marca {} e sofre {} gols por jogo {}, {} marca {} e sofre {} {}; são {} gols esperados.",
      analysis.home.team.name, decimal(home.record.scored_mean()), decimal(home.record.conceded_mean()),
      place_words(home, Venue::home), analysis.away.team.name, decimal(away.record.scored_mean()),
      decimal(away.record.conceded_mean()), place_words(away, Venue::away),
      decimal(analysis.home.goals_expected + analysis.away.goals_expected));
}

std::string both_reason(const Grounds& grounds) {
  const Analysis& analysis = grounds.analysis;
  const Told home = told(grounds.games, analysis.home.team, Venue::home);
  const Told away = told(grounds.games, analysis.away.team, Venue::away);
  return fmt::format(
      "{} marcou em {} de {} {} e {} em {} de {} {}; gols esperados: {}.", analysis.home.team.name,
      home.record.scored_in, games_words(home.record.games), place_words(home, Venue::home),
      analysis.away.team.name, away.record.scored_in, games_words(away.record.games),
      place_words(away, Venue::away),
      score_words(analysis.fixture, analysis.home.goals_expected, analysis.away.goals_expected));
}

std::string result_reason(const Grounds& grounds) {
  const Analysis& analysis = grounds.analysis;
  const Told home = told(grounds.games, analysis.home.team, Venue::home);
  const Told away = told(grounds.games, analysis.away.team, Venue::away);
  return fmt::format(
      "{} venceu {} de {} {}, {} venceu {} de {} {}; gols esperados: {}.", name_with_position(analysis.home),
      home.record.won, games_words(home.record.games), place_words(home, Venue::home),
      name_with_position(analysis.away), away.record.won, games_words(away.record.games),
      place_words(away, Venue::away),
      score_words(analysis.fixture, analysis.home.goals_expected, analysis.away.goals_expected));
}

}  // namespace

std::string decimal(double value, int places) {
  std::string text = fmt::format("{:.{}f}", value, places);
  std::ranges::replace(text, '.', ',');
  return text;
}

std::string_view market_words(Market market) {
  switch (market) {
    case Market::result: return "Resultado Final";
    case Market::double_chance: return "Dupla Chance";
    case Market::goals: return "Gols";
    case Market::both_score: break;
  }
  return "Ambas Marcam";
}

std::string outcome_words(const Statement& statement, const Fixture& fixture) {
  switch (statement.claim) {
    case Claim::home: return fmt::format("Vitória: {}", fixture.home.name);
    case Claim::draw: return "Empate";
    case Claim::away: return fmt::format("Vitória: {}", fixture.away.name);
    case Claim::home_or_draw: return fmt::format("{} ou empate", fixture.home.name);
    case Claim::home_or_away: return fmt::format("{} ou {}", fixture.home.name, fixture.away.name);
    case Claim::draw_or_away: return fmt::format("{} ou empate", fixture.away.name);
    case Claim::over: return fmt::format("Mais de {} gols", decimal(statement.line));
    case Claim::under: return fmt::format("Menos de {} gols", decimal(statement.line));
    case Claim::both: return "Sim";
    case Claim::not_both: break;
  }
  return "Não";
}

std::string score_words(const Fixture& fixture, double home, double away) {
  return fmt::format("{} {} x {} {}", fixture.home.name, decimal(home), decimal(away), fixture.away.name);
}

std::string reason_words(const Statement& statement, const Grounds& grounds) {
  switch (statement.market) {
    case Market::result:
    case Market::double_chance: return result_reason(grounds);
    case Market::goals: return goals_reason(grounds);
    case Market::both_score: break;
  }
  return both_reason(grounds);
}

std::vector<std::string> shortage_words(const Expectation& expected, const Fixture& fixture) {
  std::vector<std::string> words;
  if (expected.league_games < enough_league_games)
    words.push_back(fmt::format("Amostra pequena: {} na temporada desta liga (mínimo: {}).",
                                games_words(expected.league_games), enough_league_games));
  const auto team = [&](const std::string& name, int games) {
    if (games < enough_team_games)
      words.push_back(fmt::format("Amostra pequena: {} de {} na temporada (mínimo: {}).", games_words(games),
                                  name, enough_team_games));
  };
  team(fixture.home.name, expected.home_games);
  team(fixture.away.name, expected.away_games);
  return words;
}

std::string zone_words(std::int64_t offset) {
  const std::int64_t minutes = offset / 60, part = std::abs(minutes) % 60;
  if (minutes == -180) return "Brasília";
  std::string words = fmt::format("UTC{}{}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60);
  return part == 0 ? words : fmt::format("{}:{:02}", words, part);
}

std::string odds_words(const std::vector<Pick>& picks, const Odds* odds) {
  if (odds == nullptr || odds->empty()) return "Odds indisponíveis para este jogo.";
  std::vector<std::string> markets;
  for (const Pick& pick : picks) {
    const std::string market(market_words(pick.market));
    if (!pick.odd && std::find(markets.begin(), markets.end(), market) == markets.end())
      markets.push_back(market);
  }
  return markets.empty() ? "" : fmt::format("Odds indisponíveis: {}.", base::join(markets, ", "));
}

}  // namespace football
