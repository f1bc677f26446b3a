#include "football/dossier.hpp"

#include <fmt/format.h>

#include <numeric>
#include <set>

#include "football/countries.hpp"
#include "football/words.hpp"
#include "telegram/format.hpp"

namespace football {
namespace {

using telegram::bold;
using telegram::escape;
using telegram::italic;

// A time as the zone's clocks show it.
struct Local {
  std::chrono::year_month_day day;
  int hour = 0, minute = 0;
  std::int64_t offset = 0;  // seconds ahead of UTC
};

Local local_time(base::WallTime time, const schedule::Zone& zone) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  const std::chrono::sys_seconds shown{std::chrono::seconds{zone.to_local(second)}};
  const auto day = std::chrono::floor<std::chrono::days>(shown);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(shown - day).count();
  return {day, static_cast<int>(minutes / 60), static_cast<int>(minutes % 60), zone.period(second).offset};
}

std::string date(const std::chrono::year_month_day& day) {
  return fmt::format("{:02}/{:02}/{:04}", static_cast<unsigned>(day.day()),
                     static_cast<unsigned>(day.month()), static_cast<int>(day.year()));
}

std::string short_date(const std::chrono::year_month_day& day) { return date(day).substr(0, 5); }

std::string clock(const Local& time) { return fmt::format("{:02}:{:02}", time.hour, time.minute); }

std::string league_words(const League& league) { return escape(league_label(league)); }

std::string team_words(const Side& side) {
  const std::string name = bold(side.team.name);
  return side.position ? fmt::format("{} ({}º)", name, *side.position) : name;
}

std::string count_words(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string header(const Analysis& analysis, const schedule::Zone& zone) {
  const Local kickoff = local_time(analysis.fixture.kickoff, zone);
  return fmt::format("🏆 {}\n⚽ {} vs {}\n⏰ {} às {} ({})\n", league_words(analysis.fixture.league),
                     team_words(analysis.home), team_words(analysis.away), date(kickoff.day), clock(kickoff),
                     zone_words(kickoff.offset));
}

std::string main_section(const Pick& pick) {
  return fmt::format(
      "\n💎 <b>ANÁLISE PRINCIPAL</b>\nMercado: {}\nPalpite: {}\nConfiança: {} / 10\nJustificativa: {}\n",
      market_words(pick.market), bold(pick.words), decimal(pick.confidence), escape(pick.reason));
}

// Nothing worth a pick: what is known all the same.
std::string known_section(const Analysis& analysis) {
  std::string text = "\nNenhuma análise de valor identificada para este jogo.\n";
  if (!analysis.sound) return text;
  const ScoreMatrix& matrix = analysis.matrix;
  text += fmt::format(
      "Gols esperados: {}\nChances: {} {:.0f} % · empate {:.0f} % · {} {:.0f} %\n",
      escape(score_words(analysis.fixture, analysis.home.goals_expected, analysis.away.goals_expected)),
      escape(analysis.home.team.name), matrix.home() * 100, matrix.draw() * 100,
      escape(analysis.away.team.name), matrix.away() * 100);
  return text;
}

// "WDL" as Portuguese knows it: vitória, empate, derrota.
std::string form_words(std::string_view form) {
  std::string words;
  for (const char c : form) words += c == 'W' ? 'V' : c == 'D' ? 'E' : 'D';
  return words;
}

std::string side_evidence(const Side& side, const schedule::Zone& zone) {
  std::string text = fmt::format("{} · QSC {}", bold(side.team.name), side.quality);
  if (!side.form.empty()) text += " · forma " + form_words(side.form);
  text += '\n';
  if (side.last.empty()) return text + "Nenhum jogo encerrado nesta temporada.\n";
  double scored = 0, conceded = 0;
  for (const Evidence& game : side.last) {
    scored += game.goals_for;
    conceded += game.goals_against;
    text += fmt::format("• {} {} ({}): {}-{}\n", short_date(local_time(game.kickoff, zone).day),
                        escape(game.opponent), game.at_home ? "casa" : "fora", game.goals_for,
                        game.goals_against);
  }
  const auto games = static_cast<double>(side.last.size());
  return text + fmt::format("Média: {} marcados, {} sofridos, {} no total\n", decimal(scored / games, 2),
                            decimal(conceded / games, 2), decimal((scored + conceded) / games, 2));
}

std::string evidence_section(const Analysis& analysis, const schedule::Zone& zone) {
  return fmt::format("\n📊 <b>EVIDÊNCIAS (ÚLTIMOS {} JOGOS)</b>\n{}\n{}", evidence_games,
                     side_evidence(analysis.home, zone), side_evidence(analysis.away, zone));
}

// Picks may share a reason, also with the main one: it is told once.
std::string others_section(const Selection& selection) {
  if (selection.others.empty()) return {};
  std::set<std::string_view> told;
  if (selection.main != nullptr) told.insert(selection.main->reason);
  std::string text = "\n🧠 <b>OUTRAS TENDÊNCIAS</b>\n";
  for (const Pick* pick : selection.others) {
    text += fmt::format("• {}: {} ({} / 10)\n", market_words(pick->market), bold(pick->words),
                        decimal(pick->confidence));
    if (told.insert(pick->reason).second) text += italic(pick->reason) + '\n';
  }
  return text;
}

std::string warnings_section(const Analysis& analysis, const schedule::Zone& zone) {
  std::string text;
  for (const std::string& warning : analysis.warnings) text += fmt::format("• {}\n", escape(warning));
  if (analysis.stale_since) {
    const Local then = local_time(*analysis.stale_since, zone);
    text += fmt::format("• Sem dados novos da fonte agora: os mostrados são das {} de {}.\n", clock(then),
                        date(then.day));
  }
  return text.empty() ? text : "\n⚠️ <b>AVISOS</b>\n" + text;
}

}  // namespace

std::string write_dossier(const Analysis& analysis, const schedule::Zone& zone, std::optional<Market> only) {
  const Selection selection = select(analysis.picks, only);
  std::string text = header(analysis, zone);
  text += selection.main != nullptr ? main_section(*selection.main) : known_section(analysis);
  text += evidence_section(analysis, zone);
  text += others_section(selection);
  text += warnings_section(analysis, zone);
  text.pop_back();
  return text;
}

std::string league_label(const League& league) {
  if (league.country.empty() || league.country == "World") return league.name;
  return fmt::format("{} ({})", league.name, country_words(league.country));
}

std::string game_label(const Fixture& fixture, const schedule::Zone& zone) {
  return fmt::format("{} | {} vs {}", clock(local_time(fixture.kickoff, zone)), fixture.home.name,
                     fixture.away.name);
}

std::string write_summary(const Analysis& analysis, const schedule::Zone& zone, std::optional<Market> only) {
  const std::string game = escape(game_label(analysis.fixture, zone));
  const Pick* pick = select(analysis.picks, only).main;
  if (pick == nullptr) return fmt::format("⚽ {}\nSem análise de valor", game);
  // "Mais de 2,5 gols" says its market itself, "Sim" does not.
  const std::string market =
      pick->market == Market::both_score ? fmt::format("{}: ", market_words(pick->market)) : "";
  return fmt::format("⚽ {}\n👉 {}{} ({} / 10)", game, market, bold(pick->words), decimal(pick->confidence));
}

std::string write_day(std::span<const std::chrono::year_month_day> days,
                      std::span<const LeagueGames> leagues) {
  std::string text = "📅 <b>Jogos do Dia</b>";
  for (std::size_t i = 0; i < days.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? " · " : " e ", date(days[i]));
  if (leagues.empty()) return text + "\n\nNão encontrei jogos para hoje.";
  const std::size_t games =
      std::accumulate(leagues.begin(), leagues.end(), std::size_t{0},
                      [](std::size_t sum, const LeagueGames& league) { return sum + league.games.size(); });
  text += fmt::format("\n\nTotal: {} em {}\n", count_words(games, "jogo", "jogos"),
                      count_words(leagues.size(), "liga", "ligas"));
  for (const LeagueGames& league : leagues)
    text += fmt::format("\n• {}: {}", league_words(league.league), league.games.size());
  return text;
}

std::string write_leagues(std::span<const LeagueGames> leagues) {
  if (leagues.empty()) return "🏆 <b>Ligas</b>\n\nNão encontrei jogos para hoje.";
  std::string text = "🏆 <b>Ligas com jogos</b>\n";
  for (const LeagueGames& league : leagues)
    text += fmt::format("\n• {}: {}", league_words(league.league),
                        count_words(league.games.size(), "jogo", "jogos"));
  return text;
}

}  // namespace football
