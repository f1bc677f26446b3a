#include "bot/football_analyst.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bot/football_fixture_test.hpp"
#include "bot/intent.hpp"
#include "bot/views.hpp"
#include "telegram/format.hpp"

namespace bot {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using base::Code;
using base::Result;
using Views = std::vector<View>;

struct Desk {
  Result<Views> work(const std::string& kind, const std::string& payload = "{}", int minimum = 50) {
    return analyst.work(
        {.kind = kind,
         .payload = payload,
         .minimum_confidence = minimum,
         .deadline = world.deadline(),
         .on_progress = [this](std::size_t done, std::size_t total) { progress.emplace_back(done, total); }},
        stop.get_token());
  }
  // What must hold of everything that is shown.
  Views shown(const std::string& kind, const std::string& payload = "{}", int minimum = 50) {
    const auto views = work(kind, payload, minimum);
    if (!views) {
      ADD_FAILURE() << kind << ": " << views.error().message;
      return {{}};
    }
    EXPECT_FALSE(views->empty());
    for (const View& view : *views) {
      EXPECT_FALSE(view.text.empty());
      EXPECT_LE(telegram::visible_length(view.text), telegram::max_text);
      EXPECT_EQ(view.text.find("<39>"), view.text.npos) << "a name that is not escaped: " << view.text;
      for (const auto& row : view.keyboard)
        for (const telegram::Button& button : row) {
          EXPECT_FALSE(button.data.empty());
          EXPECT_LE(button.data.size(), telegram::max_button_data);
        }
    }
    return *views;
  }
  std::size_t requests() const { return world.api.count(); }

  football::testing::World world;
  InventedFootball football{world};
  FootballAnalyst analyst{world.client, world.clock, football::testing::brasilia()};
  std::vector<std::pair<std::size_t, std::size_t>> progress;
  std::stop_source stop;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

TEST(FootballAnalyst, AColdDossierCostsFiveRequests) {
  Desk desk;
  const Views pages = desk.shown("match", R"({"fixture":390000})");
  EXPECT_TRUE(has(pages[0].text, "Norte &lt;39&gt;")) << pages[0].text;
  EXPECT_TRUE(has(pages[0].text, "ANÁLISE PRINCIPAL")) << pages[0].text;
  const auto asked = desk.football.asked();
  ASSERT_EQ(asked.size(), 5U) << base::join(asked, "\n");
  EXPECT_TRUE(asked[0].starts_with("/fixtures?date=2025-11-21"));
  EXPECT_EQ(asked[1], "/fixtures?league=39&season=2025");
  EXPECT_EQ(asked[2], "/standings?league=39&season=2025");
  EXPECT_EQ(asked[3], "/fixtures/headtohead?h2h=3901-3906&last=10");
  EXPECT_EQ(asked[4], "/odds?fixture=390000");
  desk.shown("match", R"({"fixture":390001})");
  EXPECT_EQ(desk.requests(), 7U) << "of the same league only what is the game's own";
  desk.shown("match", R"({"fixture":390000})");
  EXPECT_EQ(desk.requests(), 7U);
}

TEST(FootballAnalyst, TwoGamesTwoDossiers) {
  Desk desk;
  const Views one = desk.shown("match", R"({"fixture":390000})");
  const Views other = desk.shown("match", R"({"fixture":390001})");
  EXPECT_NE(one[0].text, other[0].text);
  const auto strong = desk.analyst.analyse_game(390000, 5, desk.world.deadline(), {});
  const auto even = desk.analyst.analyse_game(390001, 5, desk.world.deadline(), {});
  ASSERT_TRUE(strong && even);
  EXPECT_TRUE(strong->sound && even->sound);
  EXPECT_GT(strong->home.goals_expected, even->home.goals_expected) << "the first at home against the last";
}

TEST(FootballAnalyst, ADayListIsOneRequest) {
  for (const auto& [kind, payload] :
       std::vector<std::pair<std::string, std::string>>{{"day", "{}"},
                                                        {"leagues", R"({"then":"liga"})"},
                                                        {"leagues", R"({"then":"jogos"})"},
                                                        {"games", R"({"league":39})"}}) {
    Desk desk;
    desk.shown(kind, payload);
    EXPECT_EQ(desk.requests(), 1U) << kind;
  }
  Desk evening;
  evening.world.clock.advance(9h);  // 21:00 there
  evening.football.begins_in = 2h;
  evening.football.instead = {{"date=2025-11-22", told(envelope({}))}};
  evening.shown("day");
  EXPECT_EQ(evening.requests(), 2U) << "today and tomorrow";
}

std::vector<std::string> data_of(const Views& views) {
  std::vector<std::string> data;
  for (const View& view : views)
    for (const auto& row : view.keyboard)
      for (const telegram::Button& button : row) data.push_back(button.data);
  return data;
}

TEST(FootballAnalyst, ListsLeadOn) {
  Desk desk;
  EXPECT_EQ(data_of(desk.shown("leagues", R"({"then":"liga"})")),
            (std::vector<std::string>{"liga_39", "liga_40"}));
  EXPECT_EQ(data_of(desk.shown("leagues", R"({"then":"jogos"})")),
            (std::vector<std::string>{"buscar_jogo_liga_39", "buscar_jogo_liga_40"}));
  const auto games = data_of(desk.shown("games", R"({"league":39})"));
  EXPECT_EQ(games, (std::vector<std::string>{"analisar_jogo_390000", "analisar_jogo_390001"}));
  const auto day = data_of(desk.shown("day"));
  EXPECT_EQ(
      std::count_if(day.begin(), day.end(), [](const auto& it) { return it.starts_with("analisar_jogo_"); }),
      1)
      << "the game of the day";
  EXPECT_TRUE(has(desk.shown("games", R"({"league":7})")[0].text, "Nenhum jogo encontrado"));
}

TEST(FootballAnalyst, Search) {
  Desk desk;
  EXPECT_TRUE(has(desk.shown("search", R"({"team":"norte"})")[0].text, "ANÁLISE")) << "one game: its dossier";
  EXPECT_TRUE(has(desk.shown("search", R"({"team":"<b>nobody"})")[0].text, "&lt;b&gt;nobody"));
  EXPECT_TRUE(has(desk.shown("search", R"({"team":"   "})")[0].text, "Não encontrei"));
  EXPECT_TRUE(has(desk.shown("search", "{}")[0].text, "Não encontrei"));
}

TEST(FootballAnalyst, AllGamesOfADay) {
  Desk desk;
  const Views pages = desk.shown("full");
  EXPECT_EQ(pages.size(), 4U) << "the list and three dossiers";
  EXPECT_TRUE(has(pages[0].text, "3 jogos analisados"));
  EXPECT_EQ(desk.requests(), 1U + 1U + 2U * 2U + 3U)
      << "the day, the leagues, two of each league, odds of what is shown";
  ASSERT_FALSE(desk.progress.empty());
  EXPECT_EQ(desk.progress.back(), (std::pair<std::size_t, std::size_t>(3, 3)));
  const Views league = desk.shown("league", R"({"league":40})");
  EXPECT_EQ(league.size(), 2U);
  EXPECT_TRUE(has(league[0].text, "Leste"));
  EXPECT_FALSE(has(league[0].text, "Norte"));
  EXPECT_EQ(desk.shown("simple").size(), 1U) << "only the list of the best";
  for (const char* kind : {"goals", "btts", "result", "double_chance"})
    EXPECT_TRUE(has(desk.shown(kind)[0].text, title(kind))) << kind;
}

TEST(FootballAnalyst, TheMinimumConfidenceCounts) {
  Desk desk;
  EXPECT_TRUE(has(desk.shown("full", "{}", 100)[0].text, "Nenhum palpite com confiança de 10,0"));
  EXPECT_EQ(data_of(desk.shown("full", "{}", 100)).size(), 0U);
}

TEST(FootballAnalyst, ADayWithoutGames) {
  Desk desk;
  desk.football.today.clear();
  for (const char* kind : {"full", "day", "leagues", "simple"})
    EXPECT_TRUE(has(desk.shown(kind)[0].text, "Não encontrei jogos para hoje.")) << kind;
  EXPECT_TRUE(has(desk.shown("match", R"({"fixture":390000})")[0].text, "Jogo não encontrado."));
}

TEST(FootballAnalyst, WhatIsMissingIsSaidInTheDossier) {
  Desk desk;
  desk.football.instead = {{"/standings", told("oops", {}, 500)},
                           {"/odds", told("oops", {}, 500)},
                           {"/headtohead", told("oops", {}, 500)}};
  const Views pages = desk.shown("match", R"({"fixture":390000})");
  EXPECT_TRUE(has(pages[0].text, "ANÁLISE PRINCIPAL")) << "of what there is: " << pages[0].text;
  EXPECT_TRUE(has(pages[0].text, "AVISOS")) << pages[0].text;
}

TEST(FootballAnalyst, ALeagueThatCannotBeReadIsLeftOutAndSaid) {
  Desk desk;
  desk.football.instead = {{"/fixtures?league=40", told("oops", {}, 500)}};
  const Views pages = desk.shown("full");
  EXPECT_TRUE(has(pages[0].text, "2 jogos analisados")) << pages[0].text;
  EXPECT_TRUE(has(pages[0].text, "Dados de 1 liga não puderam ser lidos agora.")) << pages[0].text;
}

TEST(FootballAnalyst, WhenNothingCanBeReadItFails) {
  Desk desk;
  desk.football.instead = {{"/fixtures?league=", told("oops", {}, 500)}};
  EXPECT_EQ(desk.work("full").error().code, Code::unavailable);
  EXPECT_EQ(desk.work("match", R"({"fixture":390000})").error().code, Code::unavailable);
  Desk dark;
  dark.football.instead = {{"/", football::testing::not_reached()}};
  for (const char* kind : {"full", "day", "leagues", "games", "simple"}) {
    const auto views = dark.work(kind, R"({"league":39})");
    ASSERT_FALSE(views) << kind;
    EXPECT_EQ(views.error().code, Code::unavailable) << kind;
    EXPECT_TRUE(has(dark.analyst.explain(views.error()), "não está disponível agora")) << kind;
  }
}

TEST(FootballAnalyst, AQuotaThatIsSpentIsAnErrorThatSaysUntilWhen) {
  Desk desk;
  desk.football.instead = {{"/", told(football::testing::failing(
                                     R"({"requests":"You have reached the request limit for the day"})"))}};
  const auto views = desk.work("full");
  ASSERT_FALSE(views);
  EXPECT_EQ(views.error().code, Code::rate_limited);
  EXPECT_TRUE(has(desk.analyst.explain(views.error()), "O limite de consultas de hoje"))
      << desk.analyst.explain(views.error());
  const std::size_t before = desk.requests();
  EXPECT_FALSE(desk.work("day"));
  EXPECT_EQ(desk.requests(), before) << "it is not asked for what it will not give";
}

TEST(FootballAnalyst, AQuotaSpentHalfWayShowsWhatThereIs) {
  Desk desk;
  desk.football.instead = {
      {"league=40",
       told(football::testing::failing(R"({"requests":"You have reached the request limit for the day"})"))}};
  const Views pages = desk.shown("full");
  EXPECT_TRUE(has(pages[0].text, "2 jogos analisados")) << pages[0].text;
}

TEST(FootballAnalyst, AnOldListIsServedAndSaid) {
  Desk desk;
  desk.shown("full");
  desk.world.clock.advance(2h);
  desk.football.instead = {{"/", football::testing::not_reached()}};
  EXPECT_TRUE(has(desk.shown("full")[0].text, "desatualizada"));
}

TEST(FootballAnalyst, AStopEndsIt) {
  Desk desk;
  desk.stop.request_stop();
  for (const auto& [kind, payload] : std::vector<std::pair<std::string, std::string>>{
           {"full", "{}"}, {"match", R"({"fixture":390000})"}, {"day", "{}"}}) {
    const auto views = desk.work(kind, payload);
    ASSERT_FALSE(views) << kind;
    EXPECT_EQ(views.error().code, Code::cancelled) << kind << views.error().message;
  }
}

TEST(FootballAnalyst, PayloadsThatMakeNoSense) {
  Desk desk;
  for (const char* payload : {"", "7", "null", "[]", "{", "\xff"})
    EXPECT_EQ(desk.work("match", payload).error().code, Code::invalid_data) << payload;
  EXPECT_EQ(desk.work("dance").error().code, Code::invalid_data);
  EXPECT_EQ(desk.requests(), 0U);
  EXPECT_TRUE(has(desk.shown("match", R"({"fixture":"x"})")[0].text, "Jogo não encontrado."));
  EXPECT_FALSE(desk.analyst.explain(base::error(Code::invalid_data, "x")).empty());
}

TEST(FootballAnalyst, SixtyGamesCostFarLessThanTwoHundredRequests) {
  Desk desk;
  desk.football.today.clear();
  for (std::int64_t league = 39; league <= 40; ++league)
    for (int i = 0; i < 40; ++i)
      desk.football.today[league].emplace_back(1 + i % 6, 1 + (i + 1 + i / 6 % 5) % 6);
  const Views pages = desk.shown("full");
  EXPECT_TRUE(has(pages[0].text, "60 jogos analisados")) << pages[0].text;
  EXPECT_EQ(pages.size(), 11U);
  EXPECT_LE(desk.requests(), 20U);
}

}  // namespace
}  // namespace bot
