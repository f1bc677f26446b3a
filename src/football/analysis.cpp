#include "football/analysis.hpp"

#include <algorithm>
#include <utility>

#include "football/season.hpp"
#include "football/strengths.hpp"
#include "football/words.hpp"

namespace football {
namespace {

using Table = std::vector<Standing>;

const Standing* line_of(const Table& table, std::int64_t team) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Standing& line) { return line.team.id == team; });
  return found == table.end() ? nullptr : &*found;
}

// The table of a team: where there are several, the one that holds its opponent as well.
const Table* table_of(const Standings* standings, std::int64_t team, std::int64_t opponent) {
  const Table* own = nullptr;
  if (standings == nullptr) return nullptr;
  for (const Table& table : *standings) {
    if (line_of(table, team) == nullptr) continue;
    if (line_of(table, opponent) != nullptr) return &table;
    if (own == nullptr) own = &table;
  }
  return own;
}

std::vector<Evidence> evidence_of(const Games& games, std::int64_t team) {
  std::vector<Evidence> last;
  for (const Fixture* game : last_games(games, team, evidence_games)) {
    const bool at_home = game->home.id == team;
    last.push_back({at_home ? game->away.name : game->home.name, at_home,
                    at_home ? *game->goals.home : *game->goals.away,
                    at_home ? *game->goals.away : *game->goals.home, game->kickoff});
  }
  return last;
}

Side side_of(const Team& team, std::int64_t opponent, const Fixture& fixture, const Sources& sources,
             const Games& games, const Ratings& ratings) {
  Side side;
  side.team = team;
  side.form = form_of(games, team.id);
  side.last = evidence_of(games, team.id);
  const Record season = record_of(games, team.id);
  Quality quality;
  quality.base = ratings.base_score(fixture.league.country, team.name);
  quality.goal_difference = season.scored - season.conceded;
  quality.form = side.form;
  quality.weight = ratings.league_weight(fixture.league.country, fixture.league.name);
  quality.round = round_number(fixture.round);
  if (const Table* table = table_of(sources.standings, team.id, opponent)) {
    const Standing& line = *line_of(*table, team.id);
    const int teams = static_cast<int>(table->size());
    if (line.rank >= 1 && line.rank <= teams) {
      side.position = quality.rank = line.rank;
      side.teams = quality.teams = teams;
    }
    if (season.games == 0) {
      quality.goal_difference = line.goals_for - line.goals_against;
      quality.form = line.form;
    }
  }
  side.quality = quality_score(quality);
  return side;
}

void choose(Analysis& analysis, const Expectation& expected, const Games& games, const Sources& sources,
            double minimum_confidence) {
  analysis.home.goals_expected = expected.home;
  analysis.away.goals_expected = expected.away;
  analysis.matrix = ScoreMatrix(expected.home, expected.away);
  const ScoreMatrix usual(expected.usual_home, expected.usual_away);
  analysis.picks = choose_picks({&analysis.matrix, &usual, sources.odds, minimum_confidence});
  for (Pick& pick : analysis.picks) {
    const Statement& statement = *find_statement(pick.market, pick.outcome);
    pick.words = outcome_words(statement, analysis.fixture);
    pick.reason = reason_words(statement, {games, analysis});
  }
  if (const std::string words = odds_words(analysis.picks, sources.odds); !words.empty())
    analysis.warnings.push_back(words);
}

}  // namespace

Analysis analyse(const Fixture& fixture, const Sources& sources, const Ratings& ratings,
                 double minimum_confidence) {
  Analysis analysis;
  analysis.fixture = fixture;
  analysis.stale_since = sources.stale_since;
  const Games games = sources.season == nullptr ? Games{} : finished_before(*sources.season, fixture);
  analysis.home = side_of(fixture.home, fixture.away.id, fixture, sources, games, ratings);
  analysis.away = side_of(fixture.away, fixture.home.id, fixture, sources, games, ratings);

  if (fixture.phase == Phase::called_off) {
    analysis.warnings.emplace_back("Este jogo foi adiado ou cancelado.");
    return analysis;
  }
  if (fixture.phase != Phase::not_begun)
    analysis.warnings.emplace_back("Este jogo já começou: a análise usa só o que se sabia antes dele.");
  if (sources.season == nullptr) {
    analysis.warnings.emplace_back("Os jogos da temporada não estão disponíveis agora.");
    return analysis;
  }
  const Games meetings =
      sources.head_to_head == nullptr ? Games{} : finished_before(*sources.head_to_head, fixture);
  const Expectation expected = expected_goals(games, fixture, meetings);
  analysis.sound = expected.sound();
  if (analysis.sound) {
    choose(analysis, expected, games, sources, minimum_confidence);
  } else {
    for (std::string& words : shortage_words(expected, fixture))
      analysis.warnings.push_back(std::move(words));
  }
  return analysis;
}

}  // namespace football
