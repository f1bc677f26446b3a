#include "bot/views.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "bot/fixture_test.hpp"
#include "bot/intent.hpp"
#include "telegram/format.hpp"

namespace bot {
namespace {

using namespace testing;
using What = Show::What;

const std::vector<std::string> kinds = {"full",    "goals", "btts",   "result", "double_chance",
                                        "simple",  "match", "league", "search", "day",
                                        "leagues", "games", "<other>"};

std::vector<View> all_views() {
  std::vector<View> views = {menu(), help("America/Sao_Paulo"), ask_team(), failure("<b>&")};
  for (const int confidence : {0, 50, 60, 70, 80, 100}) {
    views.push_back(settings_view({confidence}));
    views.push_back(choose_confidence({confidence}));
  }
  for (const std::string& kind : kinds) {
    views.insert(views.end(), {placeholder(kind, 0), placeholder(kind, 999), notice(kind), too_late(kind),
                               gave_up(kind), progress(kind, 3, 60)});
  }
  const std::vector<View> pages(1000, View{.text = "x"});
  for (const std::size_t page : {0, 1, 500, 999})
    views.push_back(page_of(pages, page, std::numeric_limits<std::int64_t>::max()));
  return views;
}

TEST(Views, EveryButtonIsReadBackAndFits) {
  for (const View& view : all_views()) {
    EXPECT_FALSE(view.text.empty());
    EXPECT_LE(telegram::visible_length(view.text), telegram::max_text) << view.text;
    for (const auto& row : view.keyboard) {
      EXPECT_FALSE(row.empty()) << view.text;
      for (const telegram::Button& button : row) {
        EXPECT_FALSE(button.text.empty());
        EXPECT_FALSE(button.data.empty());
        EXPECT_LE(button.data.size(), telegram::max_button_data) << button.data;
        const Intent intent = read_intent(tap(1, 5, button.data), bot_name);
        const auto* show = std::get_if<Show>(&intent.what);
        EXPECT_FALSE(show && show->what == What::old_button) << button.data;
        EXPECT_FALSE(std::holds_alternative<std::monostate>(intent.what)) << button.data;
      }
    }
  }
}

TEST(Views, TheMenuHasEveryButtonOnce) {
  std::map<std::string, int> times;
  for (const auto& row : menu().keyboard)
    for (const telegram::Button& button : row) ++times[button.data];
  const std::vector<std::string> expected = {"analise_completa",
                                             "buscar_jogo",
                                             "analise_over_gols",
                                             "analise_escanteios",
                                             "analise_btts",
                                             "analise_resultado",
                                             "analise_dupla_chance",
                                             "analise_cartoes",
                                             "analise_finalizacoes",
                                             "analise_handicap",
                                             "aposta_simples",
                                             "criar_multipla",
                                             "bingo",
                                             "stats_dia",
                                             "analise_por_liga",
                                             "configuracoes",
                                             "ajuda"};
  for (const std::string& data : expected) EXPECT_EQ(times[data], 1) << data;
  EXPECT_EQ(times.size(), expected.size());
}

TEST(Views, AnswersFitAboveAChat) {
  constexpr std::int64_t much = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> answers = {std::string(queue_full),
                                      old_button(),
                                      too_many_commands(5, 1min, 12s),
                                      too_many_commands(100'000, 24h, 24h),
                                      too_many_taps(24h),
                                      too_many_jobs(much)};
  for (const std::string& kind : kinds) answers.push_back(already_working(kind));
  for (const char* what : {"Escanteios", "Cartões", "Finalizações", "Handicap", "Criar Múltipla", "Bingo"})
    answers.push_back(not_yet(what));
  for (const std::string& answer : answers) {
    EXPECT_FALSE(answer.empty());
    EXPECT_LE(telegram::utf16_length(answer), telegram::max_answer_text) << answer;
    EXPECT_EQ(answer.find('<'), answer.npos) << "no markup there: " << answer;
  }
}

TEST(Views, TheSentenceForAFullQueueIsTheDirectives) {
  EXPECT_EQ(queue_full,
            "Estou processando um grande número de análises no momento. Por favor, tente novamente em "
            "alguns minutos.");
}

TEST(Views, TimesAreNeverLessThanTheyAre) {
  EXPECT_NE(too_many_taps(0s).find("em 1 segundo."), std::string::npos);
  EXPECT_NE(too_many_taps(1ms).find("em 1 segundo."), std::string::npos);
  EXPECT_NE(too_many_taps(11'001ms).find("em 12 segundos."), std::string::npos);
  EXPECT_NE(too_many_taps(59s).find("em 59 segundos."), std::string::npos);
  EXPECT_NE(too_many_taps(60s).find("em 1 minuto."), std::string::npos);
  EXPECT_NE(too_many_taps(61s).find("em 2 minutos."), std::string::npos);
}

TEST(Views, TheLimitIsSaidAsItIs) {
  EXPECT_EQ(too_many_commands(5, 1min, 12s),
            "Limite de 5 pedidos por minuto atingido. Tente novamente em 12 segundos.");
  EXPECT_EQ(too_many_commands(20, 1h, 5min),
            "Limite de 20 pedidos em 60 minutos atingido. Tente novamente em 5 minutos.");
}

TEST(Views, WhatComesFromOutsideIsEscaped) { EXPECT_EQ(failure("a<b>&c").text, "⚠️ a&lt;b&gt;&amp;c"); }

TEST(Views, ThePlaceholderTellsHowManyAreAhead) {
  EXPECT_NE(placeholder("goals", 41).text.find("41"), std::string::npos);
  EXPECT_NE(placeholder("goals", 41).text.find("Over Gols"), std::string::npos);
  EXPECT_EQ(placeholder("goals", 0).text.find("fila"), std::string::npos);
  EXPECT_NE(placeholder("goals", 0), placeholder("btts", 0));
}

TEST(Views, TheChosenConfidenceIsMarked) {
  for (const auto& row : choose_confidence({70}).keyboard)
    for (const telegram::Button& button : row)
      EXPECT_EQ(button.text.starts_with("✅"), button.data == "set_conf_7.0") << button.text;
  EXPECT_NE(settings_view({70}).text.find("7,0"), std::string::npos);
}

std::vector<std::string> data_of(const View& view) {
  std::vector<std::string> data;
  for (const auto& row : view.keyboard)
    for (const telegram::Button& button : row) data.push_back(button.data);
  return data;
}

TEST(Views, PagesLeadToEachOther) {
  const std::vector<View> one = {{.text = "only", .keyboard = {{{"x", "noop"}}}}};
  EXPECT_EQ(data_of(page_of(one, 0, 12)), (std::vector<std::string>{"noop", "voltar_menu"}));
  const std::vector<View> three = {{.text = "a"}, {.text = "b"}, {.text = "c"}};
  EXPECT_EQ(data_of(page_of(three, 0, 12)), (std::vector<std::string>{"noop", "pg_12_1", "voltar_menu"}));
  EXPECT_EQ(data_of(page_of(three, 1, 12)),
            (std::vector<std::string>{"pg_12_0", "noop", "pg_12_2", "voltar_menu"}));
  EXPECT_EQ(data_of(page_of(three, 2, 12)), (std::vector<std::string>{"pg_12_1", "noop", "voltar_menu"}));
  EXPECT_EQ(page_of(three, 2, 12).text, "c");
  EXPECT_EQ(page_of(three, 999, 12), page_of(three, 2, 12)) << "beyond the end: the last";
  EXPECT_EQ(page_of(three, 1, 12).keyboard[0][1].text, "📄 2/3");
}

}  // namespace
}  // namespace bot
