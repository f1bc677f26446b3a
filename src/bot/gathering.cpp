#include "bot/gathering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bot {

using base::Code;
using base::Result;
using football::Analysis;
using football::Fixture;
using football::LeagueGames;

Gathering::Gathering(football::Client& client, const football::Ratings& ratings, base::SteadyTime deadline,
                     std::stop_token stop)
    : client_(client), ratings_(ratings), deadline_(deadline), stop_(std::move(stop)) {}

void Gathering::note(std::optional<base::WallTime>& oldest, const std::optional<base::WallTime>& stale) {
  if (stale) oldest = std::min(oldest.value_or(*stale), *stale);
}

// A table that does not exist costs a call each time: for many leagues it pays to ask once what there is.
bool Gathering::has_standings(const football::League& league, bool ask_coverage) {
  if (!ask_coverage) return true;
  if (!coverage_) {
    coverage_.emplace();
    if (const auto told = client_.leagues(deadline_, stop_))
      for (const football::LeagueInfo& info : told->value) coverage_->emplace(info.league.id, info.coverage);
  }
  const auto found = coverage_->find(league.id);
  return found == coverage_->end() || found->second.standings;
}

Result<const Gathering::OfLeague*> Gathering::league(const football::League& league, bool ask_coverage) {
  if (const auto known = leagues_.find(league.id); known != leagues_.end()) return &known->second;
  auto season = TRY(client_.season(league, deadline_, stop_));
  OfLeague all{.season = std::move(season.value), .stale_since = season.stale_since};
  if (has_standings(league, ask_coverage)) {
    if (auto standings = client_.standings(league, deadline_, stop_)) {
      all.standings = std::move(standings->value);
      note(all.stale_since, standings->stale_since);
    } else if (stop_.stop_requested()) {
      return standings.error();
    }
  }
  return &leagues_.emplace(league.id, std::move(all)).first->second;
}

Result<std::vector<Analysis>> Gathering::analyse_all(std::span<const LeagueGames> leagues, const Bulk& bulk,
                                                     const Progress& progress) {
  std::size_t total = 0;
  for (const LeagueGames& it : leagues) total += it.games.size();
  total = std::min(total, bulk.max_games);
  list_is_from_ = bulk.stale_since;
  std::vector<Analysis> analyses;
  std::optional<base::Error> error;
  for (std::size_t i = 0; i < leagues.size(); ++i) {
    const LeagueGames& it = leagues[i];
    if (analysed_ >= total) break;
    const auto all = league(it.league, true);
    if (!all) {
      if (all.error().code == Code::cancelled) return all.error();
      if (!error) error = all.error();
      ++failed_leagues_;
      // The rest would fare the same, and takes time that the user waits.
      if (all.error().code != Code::rate_limited && all.error().code != Code::permission) continue;
      failed_leagues_ += leagues.size() - i - 1;
      break;
    }
    for (const Fixture& game : it.games) {
      if (analysed_ >= total) break;
      std::optional<base::WallTime> stale = bulk.stale_since;
      note(stale, (*all)->stale_since);
      analyses.push_back(football::analyse(game,
                                           {.season = &(*all)->season,
                                            .standings = (*all)->standings ? &*(*all)->standings : nullptr,
                                            .stale_since = stale},
                                           ratings_, bulk.minimum_confidence));
      ++analysed_;
    }
    if (progress) progress(analysed_, total);
  }
  if (analysed_ == 0 && error) return *error;
  return analyses;
}

Analysis Gathering::with_odds(const Analysis& analysis, double minimum_confidence) {
  const Fixture& game = analysis.fixture;
  const auto all = league(game.league, true);
  const auto odds = client_.odds(game, deadline_, stop_);
  if (!all || !odds) return analysis;
  std::optional<base::WallTime> stale = analysis.stale_since;
  note(stale, odds->stale_since);
  return football::analyse(game,
                           {.season = &(*all)->season,
                            .standings = (*all)->standings ? &*(*all)->standings : nullptr,
                            .odds = &odds->value,
                            .stale_since = stale},
                           ratings_, minimum_confidence);
}

Result<Analysis> Gathering::analyse_one(const Fixture& game, double minimum_confidence,
                                        std::optional<base::WallTime> stale_since) {
  const OfLeague* const all = TRY(league(game.league, false));
  note(stale_since, all->stale_since);
  const auto duels = client_.head_to_head(game.home.id, game.away.id, deadline_, stop_);
  if (duels) note(stale_since, duels->stale_since);
  const auto odds = client_.odds(game, deadline_, stop_);
  if (odds) note(stale_since, odds->stale_since);
  if (stop_.stop_requested()) return base::error(Code::cancelled, "stopped");
  ++analysed_;
  return football::analyse(game,
                           {.season = &all->season,
                            .standings = all->standings ? &*all->standings : nullptr,
                            .head_to_head = duels ? &duels->value : nullptr,
                            .odds = odds ? &odds->value : nullptr,
                            .stale_since = stale_since},
                           ratings_, minimum_confidence);
}

std::vector<std::string> Gathering::warnings() const {
  std::vector<std::string> list;
  if (failed_leagues_ > 0)
    list.push_back(fmt::format("Dados de {} {} não puderam ser lidos agora.", failed_leagues_,
                               failed_leagues_ == 1 ? "liga" : "ligas"));
  if (list_is_from_)
    list.emplace_back("A lista de jogos pode estar desatualizada: a fonte não deu dados novos agora.");
  return list;
}

}  // namespace bot
