#include "bot/views.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/clock.hpp"
#include "telegram/format.hpp"

namespace bot {
namespace {

using telegram::bold;
using telegram::Button;
using telegram::escape;

const Button back{"🔙 Voltar ao Menu", "voltar_menu"};

// "12 segundos", "2 minutos": never less than it is.
std::string in_words(base::Duration wait) {
  const auto seconds = std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count());
  if (seconds < 60) return fmt::format("{} segundo{}", seconds, seconds == 1 ? "" : "s");
  const std::int64_t minutes = (seconds + 59) / 60;
  return fmt::format("{} minuto{}", minutes, minutes == 1 ? "" : "s");
}

// "6,0"; and "6.0", as data of buttons have it.
std::string tenths(int value) { return fmt::format("{},{}", value / 10, value % 10); }
std::string tenths_of_data(int value) { return fmt::format("{}.{}", value / 10, value % 10); }

}  // namespace

telegram::Keyboard back_to_menu() { return {{back}}; }

const View& menu() {
  static const View view{
      .text = "👋 " + bold("Olá! Eu analiso jogos de futebol.") +
              "\n\nEscolha uma análise, ou escreva o nome de um time para procurar o jogo dele.",
      .keyboard = {{{"🎯 Análise Completa", "analise_completa"}, {"🔍 Buscar Jogo", "buscar_jogo"}},
                   {{"⚽ Over Gols", "analise_over_gols"}, {"🚩 Escanteios", "analise_escanteios"}},
                   {{"🎲 BTTS", "analise_btts"}, {"🏁 Resultado", "analise_resultado"}},
                   {{"🛡️ Dupla Chance", "analise_dupla_chance"}, {"🟨 Cartões", "analise_cartoes"}},
                   {{"👟 Finalizações", "analise_finalizacoes"}, {"⚖️ Handicap", "analise_handicap"}},
                   {{"💰 Aposta Simples", "aposta_simples"}, {"🎰 Criar Múltipla", "criar_multipla"}},
                   {{"🎯 Bingo", "bingo"}, {"📅 Jogos do Dia", "stats_dia"}},
                   {{"🏆 Por Liga", "analise_por_liga"}, {"⚙️ Configurações", "configuracoes"}},
                   {{"❓ Ajuda", "ajuda"}}}};
  return view;
}

View help(std::string_view timezone) {
  return {
      .text = bold("Como funciona") +
              "\n\n• Toque em um botão do menu: cada análise entra em uma fila, e o resultado aparece na "
              "própria mensagem de espera.\n"
              "• Escreva o nome de um time para procurar o jogo dele.\n"
              "• Resultados longos têm páginas: use ◀️ e ▶️.\n"
              "• Em ⚙️ Configurações você escolhe a confiança mínima dos palpites.\n\n" +
              bold("Como ler uma análise") +
              "\n• Confiança: de 0 a 10, quanto maior, mais provável é o palpite.\n"
              "• QSC: a qualidade do time, de 0 a 100.\n"
              "• Forma: os últimos jogos, o mais recente por último (V vitória, E empate, D derrota).\n\n" +
              bold("Comandos") +
              "\n/start – menu principal\n/buscar TIME – procurar um jogo\n/jogos – jogos do dia\n/ajuda – "
              "esta mensagem\n\nOs horários são " +
              (timezone == "America/Sao_Paulo" ? "de Brasília" : fmt::format("do fuso {}", timezone)) +
              ". As análises são estatísticas, não promessas: aposte com responsabilidade.",
      .keyboard = back_to_menu()};
}

View ask_team() {
  return {.text = "🔍 " + bold("Buscar time") +
                  "\n\nEscreva o nome de um time, por exemplo: Palmeiras. Eu procuro o jogo dele de hoje.",
          .keyboard = back_to_menu()};
}

View settings_view(const UserSettings& settings) {
  return {.text = "⚙️ " + bold("Configurações") +
                  fmt::format("\n\nConfiança mínima dos palpites: {} / 10",
                              bold(tenths(settings.minimum_confidence))),
          .keyboard = {{{"🎚️ Mudar confiança mínima", "config_confianca"}},
                       {{"♻️ Voltar ao padrão (6,0)", "config_resetar"}},
                       {back}}};
}

View choose_confidence(const UserSettings& settings) {
  telegram::Keyboard keyboard(1);
  for (const int value : {50, 60, 70, 80})
    keyboard[0].push_back({(value == settings.minimum_confidence ? "✅ " : "") + tenths(value),
                           "set_conf_" + tenths_of_data(value)});
  keyboard.push_back({{"⬅️ Configurações", "configuracoes"}});
  return {.text = "🎚️ " + bold("Confiança mínima") +
                  "\n\nPalpites com confiança menor não são mostrados. Quanto maior, menos palpites.",
          .keyboard = std::move(keyboard)};
}

std::string not_yet(std::string_view what) {
  return fmt::format(
      "{}: esta análise ainda não está disponível. Prefiro não mostrar nada a mostrar números sem base.",
      what);
}

std::string old_button() {
  return "Este botão é de uma mensagem antiga e não funciona mais. Abra o menu de novo com /start.";
}

std::string_view title(std::string_view kind) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> titles{{
      {"full", "Análise Completa"},
      {"goals", "Over Gols"},
      {"btts", "BTTS"},
      {"result", "Resultado"},
      {"double_chance", "Dupla Chance"},
      {"simple", "Aposta Simples"},
      {"match", "Análise do Jogo"},
      {"league", "Análise da Liga"},
      {"search", "Buscar Jogo"},
      {"day", "Jogos do Dia"},
      {"leagues", "Ligas de Hoje"},
      {"games", "Jogos da Liga"},
  }};
  const auto found = std::find_if(titles.begin(), titles.end(), [&](auto& t) { return t.first == kind; });
  return found == titles.end() ? std::string_view("Análise") : found->second;
}

View placeholder(std::string_view kind, std::int64_t ahead) {
  std::string text = "⏳ " + bold(title(kind)) + "\n\n";
  if (ahead > 0)
    text += fmt::format("Seu pedido está na fila, com no máximo {} antes dele. O resultado aparece aqui.",
                        ahead == 1 ? std::string("1 pedido") : fmt::format("{} pedidos", ahead));
  else
    text += "Analisando agora. O resultado aparece aqui.";
  return {.text = std::move(text)};
}

View progress(std::string_view kind, std::size_t done, std::size_t total) {
  return {.text = "⏳ " + bold(title(kind)) + fmt::format("\n\nAnalisando… {} de {}.", done, total)};
}

View notice(std::string_view kind) {
  return {.text = fmt::format("✅ {}: o resultado está pronto, na mensagem acima.", escape(title(kind)))};
}

View too_late(std::string_view kind) {
  return {.text = "⌛ " + bold(title(kind)) +
                  "\n\nSeu pedido esperou tempo demais na fila e não foi executado. Por favor, peça de novo.",
          .keyboard = back_to_menu()};
}

View gave_up(std::string_view kind) {
  return {.text = "❌ " + bold(title(kind)) +
                  "\n\nNão foi possível terminar esta análise. Por favor, tente novamente mais tarde.",
          .keyboard = back_to_menu()};
}

View failure(std::string_view sentence) {
  return {.text = "⚠️ " + escape(sentence), .keyboard = back_to_menu()};
}

std::string too_many_commands(int calls, base::Duration per, base::Duration wait) {
  return fmt::format("Limite de {} {} {} atingido. Tente novamente em {}.", calls,
                     calls == 1 ? "pedido" : "pedidos",
                     per == std::chrono::minutes(1) ? "por minuto" : "em " + in_words(per), in_words(wait));
}

std::string too_many_taps(base::Duration wait) {
  return fmt::format("Muitos toques em pouco tempo. Tente novamente em {}.", in_words(wait));
}

std::string too_many_jobs(std::int64_t per_user) {
  if (per_user == 1) return "Você já tem um pedido em andamento. Espere ele terminar.";
  return fmt::format("Você já tem {} pedidos em andamento. Espere um deles terminar.", per_user);
}

std::string already_working(std::string_view kind) {
  return fmt::format("Já estou trabalhando nisso: {}. O resultado aparece nesta conversa.", title(kind));
}

View page_of(const std::vector<View>& pages, std::size_t page, std::int64_t job) {
  page = std::min(page, pages.size() - 1);
  View view = pages[page];
  if (pages.size() > 1) {
    std::vector<Button> row;
    const auto to = [&](std::size_t other) { return fmt::format("pg_{}_{}", job, other); };
    if (page > 0) row.push_back({"◀️ Anterior", to(page - 1)});
    row.push_back({fmt::format("📄 {}/{}", page + 1, pages.size()), "noop"});
    if (page + 1 < pages.size()) row.push_back({"Próxima ▶️", to(page + 1)});
    view.keyboard.push_back(std::move(row));
  }
  view.keyboard.push_back({back});
  return view;
}

}  // namespace bot
