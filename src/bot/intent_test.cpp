#include "bot/intent.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/rng.hpp"
#include "base/text.hpp"
#include "bot/fixture_test.hpp"
#include "jobs/queue.hpp"

namespace bot {
namespace {

using namespace testing;
using What = Show::What;

const char* name_of(What what) {
  switch (what) {
    case What::menu: return "menu";
    case What::help: return "help";
    case What::ask_team: return "ask_team";
    case What::settings: return "settings";
    case What::choose_confidence: return "choose_confidence";
    case What::set_confidence: return "set_confidence";
    case What::reset_settings: return "reset_settings";
    case What::page: return "page";
    case What::not_yet: return "not_yet";
    case What::old_button: return "old_button";
    case What::status: return "status";
    case What::nothing: return "nothing";
  }
  return "?";
}

// "commands goals {}", "navigation page 12 3", "ignored".
std::string described(const telegram::Update& update) {
  const Intent intent = read_intent(update, bot_name);
  if (std::holds_alternative<std::monostate>(intent.what)) return "ignored";
  std::string words = std::string(to_string(intent.bucket)) + " ";
  if (const auto* work = std::get_if<Work>(&intent.what))
    return words + work->kind + " " + work->payload + (work->in_place ? " in place" : "");
  const Show& show = std::get<Show>(intent.what);
  words += name_of(show.what);
  if (show.what == What::set_confidence) words += fmt::format(" {}", show.number);
  if (show.what == What::page) words += fmt::format(" {} {}", show.number, show.page);
  if (show.what == What::not_yet) words += " " + show.text;
  return words;
}
std::string of_tap(const std::string& data) { return described(tap(1, 5, data)); }
std::string of_text(const std::string& text) { return described(message(1, 5, text)); }
std::string in_group(const std::string& text) {
  return described(message(1, 5, text, {-100, telegram::Chat::Kind::supergroup}));
}

TEST(Intent, EveryButton) {
  const std::vector<std::pair<std::string, std::string>> buttons = {
      {"voltar_menu", "navigation menu"},
      {"noop", "navigation nothing"},
      {"configuracoes", "navigation settings"},
      {"config_confianca", "navigation choose_confidence"},
      {"config_resetar", "navigation reset_settings"},
      {"set_conf_5.0", "navigation set_confidence 50"},
      {"set_conf_6.0", "navigation set_confidence 60"},
      {"set_conf_7.0", "navigation set_confidence 70"},
      {"set_conf_8.0", "navigation set_confidence 80"},
      {"ajuda", "navigation help"},
      {"buscar_time", "navigation ask_team"},
      {"analise_por_liga", R"(navigation leagues {"then":"liga"} in place)"},
      {"buscar_jogo", R"(navigation leagues {"then":"jogos"} in place)"},
      {"stats_dia", "navigation day {} in place"},
      {"buscar_jogo_liga_39", R"(navigation games {"league":39} in place)"},
      {"liga_39", R"(commands league {"league":39})"},
      {"analisar_jogo_1035", R"(commands match {"fixture":1035})"},
      {"analise_completa", "commands full {}"},
      {"analise_over_gols", "commands goals {}"},
      {"analise_btts", "commands btts {}"},
      {"analise_resultado", "commands result {}"},
      {"analise_dupla_chance", "commands double_chance {}"},
      {"aposta_simples", "commands simple {}"},
      {"analise_escanteios", "navigation not_yet Escanteios"},
      {"analise_cartoes", "navigation not_yet Cartões"},
      {"analise_finalizacoes", "navigation not_yet Finalizações"},
      {"analise_handicap", "navigation not_yet Handicap"},
      {"criar_multipla", "navigation not_yet Criar Múltipla"},
      {"bingo", "navigation not_yet Bingo"},
      {"pg_12_3", "navigation page 12 3"},
      {"pg_9223372036854775807_999", "navigation page 9223372036854775807 999"},
      {"analisar_jogo_9223372036854775807", R"(commands match {"fixture":9223372036854775807})"},
  };
  for (const auto& [data, expected] : buttons) EXPECT_EQ(of_tap(data), expected) << data;
}

TEST(Intent, WhateverIsNoButtonOfOursIsAnOldOne) {
  for (const char* data : {"",
                           "x",
                           "VOLTAR_MENU",
                           "voltar_menu ",
                           "liga_",
                           "liga_-1",
                           "liga_+1",
                           "liga_ 1",
                           "liga_1 ",
                           "liga_0x1",
                           "liga_1.5",
                           "liga_99999999999999999999",
                           "analisar_jogo_9223372036854775808",
                           "buscar_jogo_liga_",
                           "buscar_jogo_liga_x",
                           "set_conf_",
                           "set_conf_9.0",
                           "set_conf_5",
                           "set_conf_5.00",
                           "pg_",
                           "pg__",
                           "pg_1",
                           "pg_1_",
                           "pg__1",
                           "pg_-1_0",
                           "pg_1_-1",
                           "pg_1_1000",
                           "pg_1_2_3",
                           "pg_1_99999999999999999999",
                           "pg_99999999999999999999_0",
                           "carregar_mais_None",
                           "page_goals_only_2",
                           "proxima_pagina_ligas",
                           "liga_39'; DROP TABLE jobs"})
    EXPECT_EQ(of_tap(data), "navigation old_button") << data;
  EXPECT_EQ(of_tap(std::string("liga_1\0", 7)), "navigation old_button");
}

TEST(Intent, Commands) {
  const std::vector<std::pair<std::string, std::string>> texts = {
      {"/start", "commands menu"},
      {"/START", "commands menu"},
      {" \n/start\n", "commands menu"},
      {"/start ref123", "commands menu"},
      {"/start\nx", "commands menu"},
      {"/menu", "commands menu"},
      {"/start@AnalyTipsBot", "commands menu"},
      {"/start@analytipsbot now", "commands menu"},
      {"/status", "commands status"},
      {"/jogos", "commands day {}"},
      {"/ajuda", "commands help"},
      {"/help", "commands help"},
      {"/buscar", "commands ask_team"},
      {"/buscar  \t ", "commands ask_team"},
      {"/buscar Palmeiras", R"(commands search {"team":"Palmeiras"})"},
      {"/buscar@AnalyTipsBot  São Paulo ", R"(commands search {"team":"São Paulo"})"},
      {"Palmeiras", R"(commands search {"team":"Palmeiras"})"},
      {"/", "commands help"},
      {"/nonsense", "commands help"},
      {"/starts", "commands help"},
      {"/start@OtherBot", "ignored"},
      {"/start@AnalyTipsBot2", "ignored"},
      {"/start@AnalyTipsBo", "ignored"},
      {"/start@", "ignored"},
      {"", "ignored"},
      {" \r\n\t", "ignored"},
  };
  for (const auto& [text, expected] : texts) EXPECT_EQ(of_text(text), expected) << text;
}

TEST(Intent, InAGroupOnlyWhatIsMeantForTheBot) {
  EXPECT_EQ(in_group("Palmeiras"), "ignored");
  EXPECT_EQ(in_group("/nonsense"), "ignored");
  EXPECT_EQ(in_group("/start@OtherBot"), "ignored");
  EXPECT_EQ(in_group("/start"), "commands menu");
  EXPECT_EQ(in_group("/buscar@AnalyTipsBot Santos"), R"(commands search {"team":"Santos"})");
  const Intent intent = read_intent(message(1, 5, "/start", {-100, telegram::Chat::Kind::group}), bot_name);
  EXPECT_EQ(intent.user, 5);
  EXPECT_EQ(intent.chat, -100) << "the answer goes to the group";
}

TEST(Intent, WhoAndWhere) {
  const Intent tapped = read_intent(tap(1, 5, "ajuda", 9), bot_name);
  EXPECT_EQ(tapped.user, 5);
  EXPECT_EQ(tapped.chat, 5);
  EXPECT_EQ(tapped.tap, "tap1");
  EXPECT_EQ(tapped.message_id, 9);
  EXPECT_EQ(read_intent(message(1, 5, "x"), bot_name).tap, "");

  telegram::Update old = tap(1, 5, "ajuda", 9);
  std::get<telegram::Tap>(old.what).chat = {};
  EXPECT_EQ(read_intent(old, bot_name).chat, 5) << "a message that is too old is answered in private";
  EXPECT_EQ(read_intent(old, bot_name).message_id, 0);

  EXPECT_EQ(described(telegram::Update{1, {}}), "ignored");
  EXPECT_EQ(described(message(1, 0, "/start", {-1, telegram::Chat::Kind::channel})), "ignored");
  telegram::Update nameless = tap(1, 5, "ajuda");
  std::get<telegram::Tap>(nameless.what).id = "";
  EXPECT_EQ(described(nameless), "ignored");
  EXPECT_EQ(described(tap(1, -5, "ajuda")), "ignored");
}

std::string team_of(const std::string& text) {
  const Intent intent = read_intent(message(1, 5, text), bot_name);
  const auto* work = std::get_if<Work>(&intent.what);
  if (work == nullptr) return "no search";
  EXPECT_LE(work->payload.size(), jobs::max_payload);
  const auto payload = nlohmann::json::parse(work->payload, nullptr, false);
  if (!payload.is_object()) return "no JSON: " + work->payload;
  return payload.at("team").get<std::string>();
}

TEST(Intent, WhatIsSearchedForIsAlwaysAPlainText) {
  EXPECT_EQ(team_of("Grêmio ⚽🇧🇷"), "Grêmio ⚽🇧🇷");
  EXPECT_EQ(team_of("D'Or <b>&amp;"), "D'Or <b>&amp;");
  EXPECT_EQ(team_of(R"(a"b\c)"), "a b c");
  EXPECT_EQ(team_of(R"(","fixture":1,"x":")"), " , fixture :1, x : ");
  EXPECT_EQ(team_of(std::string("a\0b\x01\x1f\nc", 7)), "a b   c");
  EXPECT_EQ(team_of("a\xff\xc3"), "a  ") << "no UTF-8";
  EXPECT_EQ(team_of("a\xed\xa0\x80z"), "a   z") << "half a surrogate pair";
  const std::string cut = team_of(std::string(4096, 'x'));
  EXPECT_LE(cut.size(), max_search);
  EXPECT_GE(cut.size(), max_search - 4);
  std::string hearts;
  for (int i = 0; i < 1000; ++i) hearts += "💚";
  EXPECT_LE(team_of(hearts).size(), max_search);
  EXPECT_TRUE(team_of(hearts).starts_with("💚💚💚"));
}

TEST(Intent, AnyBytesWillDo) {
  base::Rng rng(20);
  const std::vector<std::string> beginnings = {"", "/", "/buscar ", "liga_", "pg_1_", "set_conf_", "/start@"};
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = beginnings[rng.below(beginnings.size())];
    for (std::uint64_t left = rng.below(90); left > 0; --left)
      bytes += static_cast<char>(rng.below(4) == 0 ? rng.below(256) : 32 + rng.below(96));
    for (const Intent& intent :
         {read_intent(tap(1, 5, bytes), bot_name), read_intent(message(1, 5, bytes), bot_name)})
      if (const auto* work = std::get_if<Work>(&intent.what)) {
        ASSERT_TRUE(nlohmann::json::accept(work->payload)) << work->payload;
        ASSERT_LE(work->payload.size(), jobs::max_payload);
      }
  }
}

}  // namespace
}  // namespace bot
