#include "football/dossier.hpp"

#include <algorithm>
#include <set>

#include "football/season_fixture_test.hpp"

namespace football {
namespace {

using namespace testing;

schedule::Zone zone(std::string_view name = "America/Sao_Paulo") {
  auto found = schedule::Zone::find(name);
  EXPECT_TRUE(found);
  return *found;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

Analysis analysis_of(int home, int away) {
  const auto season = whole_season();
  const Standings standings = table();
  return analyse(next_game(home, away), {.season = &season, .standings = &standings}, default_ratings());
}

TEST(Dossier, TheTemplate) {
  Analysis analysis;
  analysis.fixture = next_game(1, 5);
  analysis.sound = true;
  analysis.home = {team(1), 1, 10, 88, "WWDLW", {{"Time 3", true, 2, 0, at("2025-12-14T01:30:00Z")}}, 1.9};
  analysis.away = {team(5), 5, 10, 61, "LLDWW", {{"Time 2", false, 1, 2, at("2025-12-13T20:00:00Z")}}, 0.8};
  Pick home;
  home.market = Market::result;
  home.outcome = "home";
  home.words = "Vitória: Time 1";
  home.confidence = 7.52;
  home.reason = "Time 1 venceu.";
  Pick chance = home;
  chance.market = Market::double_chance;
  chance.outcome = "1x";
  chance.words = "Time 1 ou empate";
  chance.confidence = 8.6;
  Pick goals = home;
  goals.market = Market::goals;
  goals.words = "Mais de 1,5 gols";
  goals.reason = "São 2,7 gols esperados.";
  analysis.picks = {home, chance, goals};
  analysis.warnings = {"Odds indisponíveis para este jogo."};
  analysis.stale_since = at("2025-12-20T01:15:00Z");
  const std::string expected =
      "🏆 Premier League (Inglaterra)\n"
      "⚽ <b>Time 1</b> (1º) vs <b>Time 5</b> (5º)\n"
      "⏰ 20/12/2025 às 16:30 (Brasília)\n"
      "\n"
      "💎 <b>ANÁLISE PRINCIPAL</b>\n"
      "Mercado: Resultado Final\n"
      "Palpite: <b>Vitória: Time 1</b>\n"
      "Confiança: 7,5 / 10\n"
      "Justificativa: Time 1 venceu.\n"
      "\n"
      "📊 <b>EVIDÊNCIAS (ÚLTIMOS 4 JOGOS)</b>\n"
      "<b>Time 1</b> · QSC 88 · forma VVEDV\n"
      "• 13/12 Time 3 (casa): 2-0\n"
      "Média: 2,00 marcados, 0,00 sofridos, 2,00 no total\n"
      "\n"
      "<b>Time 5</b> · QSC 61 · forma DDEVV\n"
      "• 13/12 Time 2 (fora): 1-2\n"
      "Média: 1,00 marcados, 2,00 sofridos, 3,00 no total\n"
      "\n"
      "🧠 <b>OUTRAS TENDÊNCIAS</b>\n"
      "• Dupla Chance: <b>Time 1 ou empate</b> (8,6 / 10)\n"
      "• Gols: <b>Mais de 1,5 gols</b> (7,5 / 10)\n"
      "<i>São 2,7 gols esperados.</i>\n"
      "\n"
      "⚠️ <b>AVISOS</b>\n"
      "• Odds indisponíveis para este jogo.\n"
      "• Sem dados novos da fonte agora: os mostrados são das 22:15 de 19/12/2025.";
  EXPECT_EQ(write_dossier(analysis, zone()), expected);
}

TEST(Dossier, EachGameHasItsOwnAndAlwaysTheSame) {
  std::set<std::string> bodies;
  for (int home = 1; home <= season_teams; ++home)
    for (int away = 1; away <= season_teams; ++away) {
      if (home == away) continue;
      const std::string text = write_dossier(analysis_of(home, away), zone());
      EXPECT_EQ(text, write_dossier(analysis_of(home, away), zone()));
      bodies.insert(text.substr(text.find("\n\n")));  // without the header, which differs anyway
    }
  EXPECT_EQ(bodies.size(), 90u);
}

TEST(Dossier, OneMarketOnly) {
  const Analysis analysis = analysis_of(1, 10);
  const std::string text = write_dossier(analysis, zone(), Market::goals);
  EXPECT_FALSE(has(text, "Resultado Final"));
  EXPECT_FALSE(has(text, "Dupla Chance"));
  EXPECT_TRUE(has(text, "Mercado: Gols"));
}

TEST(Dossier, WithoutAPickWhatIsKnown) {
  const auto season = whole_season();
  const Analysis strict = analyse(next_game(5, 6), {.season = &season}, {}, 10.0);
  EXPECT_TRUE(strict.picks.empty());
  const std::string text = write_dossier(strict, zone());
  EXPECT_TRUE(has(text, "Nenhuma análise de valor identificada para este jogo.\nGols esperados: Time 5 "));
  EXPECT_TRUE(has(text, "EVIDÊNCIAS"));
  EXPECT_FALSE(has(text, "ANÁLISE PRINCIPAL"));

  const std::string nothing = write_dossier(analyse(next_game(5, 6), {}, {}), zone());
  EXPECT_TRUE(has(nothing, "Nenhuma análise de valor identificada para este jogo."));
  EXPECT_FALSE(has(nothing, "Gols esperados"));
  EXPECT_TRUE(has(nothing, "Nenhum jogo encerrado nesta temporada."));
  EXPECT_TRUE(has(nothing, "não estão disponíveis"));
}

TEST(Dossier, NamesAreEscapedEverywhere) {
  auto season = whole_season();
  for (Fixture& one : season) {
    one.home.name = "<b>" + one.home.name + "&";
    one.away.name = "<b>" + one.away.name + "&";
  }
  Fixture fixture = next_game(1, 10);
  fixture.home.name = "A<i>&B";
  fixture.away.name = "</b>";
  fixture.league.name = "<script>";
  fixture.league.country = "Bosnia & Herzegovina";
  for (const double minimum : {5.5, 10.0}) {
    std::string text = write_dossier(analyse(fixture, {.season = &season}, {}, minimum), zone());
    text += write_summary(analyse(fixture, {.season = &season}, {}, minimum), zone());
    const std::vector<LeagueGames> leagues{{fixture.league, {fixture}}};
    text += write_day({}, leagues) + write_leagues(leagues);
    EXPECT_FALSE(has(text, "<script>"));
    EXPECT_FALSE(has(text, "A<i>"));
    EXPECT_FALSE(has(text, "<b></b>"));
    EXPECT_FALSE(has(text, "<b><b>"));
    EXPECT_FALSE(has(text, " <b>Time"));
    EXPECT_FALSE(has(text, "& "));
    EXPECT_TRUE(has(text, "A&lt;i&gt;&amp;B"));
  }
}

TEST(Dossier, TimesOfTheZone) {
  const Analysis analysis = analysis_of(1, 2);
  EXPECT_TRUE(has(write_dossier(analysis, zone("Europe/Lisbon")), "20/12/2025 às 19:30 (UTC+0)"));
  EXPECT_TRUE(has(write_dossier(analysis, zone("Asia/Kolkata")), "21/12/2025 às 01:00 (UTC+5:30)"));
}

TEST(Dossier, ShortForms) {
  const Analysis analysis = analysis_of(1, 10);
  const std::string line = write_summary(analysis, zone());
  EXPECT_EQ(line.find("⚽ 16:30 | Time 1 vs Time 10\n👉 <b>"), 0u) << line;
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_TRUE(has(write_summary(analysis, zone(), Market::both_score), "\n👉 Ambas Marcam: <b>"));
  EXPECT_EQ(write_summary(analyse(next_game(5, 6), {}, {}), zone()),
            "⚽ 16:30 | Time 5 vs Time 6\nSem análise de valor");
  EXPECT_EQ(game_label(analysis.fixture, zone()), "16:30 | Time 1 vs Time 10");

  const std::vector<LeagueGames> leagues{{premier, {next_game(1, 2), next_game(3, 4)}},
                                         {{13, "CONMEBOL Libertadores", "World", 2025}, {next_game(5, 6)}}};
  using namespace std::chrono;
  const std::vector<year_month_day> days{2025y / December / 20, 2025y / December / 21};
  EXPECT_EQ(write_day(days, leagues),
            "📅 <b>Jogos do Dia</b> · 20/12/2025 e 21/12/2025\n\nTotal: 3 jogos em 2 ligas\n"
            "\n• Premier League (Inglaterra): 2\n• CONMEBOL Libertadores: 1");
  EXPECT_EQ(
      write_leagues(leagues),
      "🏆 <b>Ligas com jogos</b>\n\n• Premier League (Inglaterra): 2 jogos\n• CONMEBOL Libertadores: 1 jogo");
  EXPECT_TRUE(has(write_day(days, {}), "Não encontrei jogos para hoje."));
  EXPECT_TRUE(has(write_leagues({}), "Não encontrei jogos para hoje."));
}

}  // namespace
}  // namespace football
