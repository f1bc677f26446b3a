#include "bot/intent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace bot {
namespace {

using What = Show::What;

// A number at the end of "liga_39"; nothing if there is anything else.
std::optional<std::int64_t> number_after(std::string_view data, std::string_view prefix) {
  if (!data.starts_with(prefix)) return std::nullopt;
  data.remove_prefix(prefix.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(data.data(), data.data() + data.size(), number);
  if (error != std::errc() || end != data.data() + data.size() || data.empty() || number < 0)
    return std::nullopt;
  return number;
}

struct Fixed {
  std::string_view data;
  Bucket bucket;
  decltype(Intent::what) what;
};

const std::array<Fixed, 22>& fixed_buttons() {
  static const std::array<Fixed, 22> buttons{{
      {"voltar_menu", Bucket::navigation, Show{What::menu}},
      {"noop", Bucket::navigation, Show{What::nothing}},
      {"configuracoes", Bucket::navigation, Show{What::settings}},
      {"config_confianca", Bucket::navigation, Show{What::choose_confidence}},
      {"config_resetar", Bucket::navigation, Show{What::reset_settings}},
      {"buscar_time", Bucket::navigation, Show{What::ask_team}},
      {"analise_por_liga", Bucket::navigation, Work{"leagues", R"({"then":"liga"})", true}},
      {"buscar_jogo", Bucket::navigation, Work{"leagues", R"({"then":"jogos"})", true}},
      {"stats_dia", Bucket::navigation, Work{"day", "{}", true}},
      {"analise_completa", Bucket::commands, Work{"full", "{}"}},
      {"analise_over_gols", Bucket::commands, Work{"goals", "{}"}},
      {"analise_btts", Bucket::commands, Work{"btts", "{}"}},
      {"analise_resultado", Bucket::commands, Work{"result", "{}"}},
      {"analise_dupla_chance", Bucket::commands, Work{"double_chance", "{}"}},
      {"aposta_simples", Bucket::commands, Work{"simple", "{}"}},
      {"analise_escanteios", Bucket::navigation, Show{What::not_yet, 0, 0, "Escanteios"}},
      {"analise_cartoes", Bucket::navigation, Show{What::not_yet, 0, 0, "Cartões"}},
      {"analise_finalizacoes", Bucket::navigation, Show{What::not_yet, 0, 0, "Finalizações"}},
      {"analise_handicap", Bucket::navigation, Show{What::not_yet, 0, 0, "Handicap"}},
      {"criar_multipla", Bucket::navigation, Show{What::not_yet, 0, 0, "Criar Múltipla"}},
      {"bingo", Bucket::navigation, Show{What::not_yet, 0, 0, "Bingo"}},
      {"ajuda", Bucket::navigation, Show{What::help}},
  }};
  return buttons;
}

// "5.0" … "8.0", as the predecessor wrote them.
std::optional<std::int64_t> tenths(std::string_view text) {
  for (const auto& [word, value] : {std::pair{"5.0", 50}, {"6.0", 60}, {"7.0", 70}, {"8.0", 80}})
    if (text == word) return value;
  return std::nullopt;
}

void read_button(std::string_view data, Intent& intent) {
  const auto& fixed = fixed_buttons();
  const auto found = std::find_if(fixed.begin(), fixed.end(), [&](auto& f) { return f.data == data; });
  if (found != fixed.end()) {
    intent.bucket = found->bucket;
    intent.what = found->what;
  } else if (const auto league = number_after(data, "liga_")) {
    intent.bucket = Bucket::commands;
    intent.what = Work{"league", fmt::format(R"({{"league":{}}})", *league)};
  } else if (const auto games = number_after(data, "buscar_jogo_liga_")) {
    intent.what = Work{"games", fmt::format(R"({{"league":{}}})", *games), true};
  } else if (const auto fixture = number_after(data, "analisar_jogo_")) {
    intent.bucket = Bucket::commands;
    intent.what = Work{"match", fmt::format(R"({{"fixture":{}}})", *fixture)};
  } else if (data.starts_with("set_conf_") && tenths(data.substr(9))) {
    intent.what = Show{What::set_confidence, *tenths(data.substr(9))};
  } else if (data.starts_with("multipla_")) {
    intent.what = Show{What::not_yet, 0, 0, "Criar Múltipla"};
  } else if (data.starts_with("bingo_")) {
    intent.what = Show{What::not_yet, 0, 0, "Bingo"};
  } else if (data.starts_with("pg_")) {
    const std::size_t split = data.find('_', 3);
    const auto job = split == data.npos ? std::nullopt : number_after(data.substr(0, split), "pg_");
    const auto page = split == data.npos ? std::nullopt : number_after(data.substr(split), "_");
    intent.what = job && page && *page < 1000 ? Show{What::page, *job, static_cast<int>(*page)}
                                              : Show{What::old_button};
  } else {
    intent.what = Show{What::old_button};
  }
}

// "/start@AnalyTipsBot now" → "start"; nothing: another bot's.
std::optional<std::string> command_of(std::string_view text, std::string_view username) {
  text.remove_prefix(1);
  std::string name(text.substr(0, text.find_first_of(" \t\r\n")));
  if (const std::size_t at = name.find('@'); at != name.npos) {
    const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
    const std::string_view whose = std::string_view(name).substr(at + 1);
    if (!std::equal(whose.begin(), whose.end(), username.begin(), username.end(), same)) return std::nullopt;
    name.resize(at);
  }
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return name;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// In JSON's quotes; what is no UTF-8, a quote or a control character is a space.
std::string quoted(std::string_view text) {
  std::string safe = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = base::utf8_sequence(text, i);
    const char c = text[i];
    if (length == 0 || c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20)
      safe += ' ';
    else
      safe.append(text.substr(i, length));
    i += std::max<std::size_t>(length, 1);
  }
  return safe + '"';
}

void search_for(std::string_view team, Intent& intent) {
  team = trimmed(team);
  if (team.empty()) {
    intent.what = Show{What::ask_team};
    return;
  }
  intent.bucket = Bucket::commands;
  intent.what = Work{"search", fmt::format(R"({{"team":{}}})", quoted(base::shorten(team, max_search)))};
}

void read_text(const telegram::Message& message, std::string_view username, Intent& intent) {
  const std::string_view text = trimmed(message.text);
  const bool in_private = message.chat.kind == telegram::Chat::Kind::person;
  if (text.empty()) return;
  if (!text.starts_with('/')) {
    if (in_private) search_for(text, intent);
    return;
  }
  const auto command = command_of(text, username);
  if (!command) return;
  intent.bucket = Bucket::commands;
  const std::string_view rest = text.substr(std::min(text.find_first_of(" \t\r\n"), text.size()));
  if (*command == "start" || *command == "menu")
    intent.what = Show{What::menu};
  else if (*command == "status")
    intent.what = Show{What::status};
  else if (*command == "buscar")
    search_for(rest, intent);
  else if (*command == "jogos")
    intent.what = Work{"day", "{}"};
  else if (*command == "ajuda" || *command == "help" || in_private)
    intent.what = Show{What::help};
}

}  // namespace

std::string_view to_string(Bucket bucket) { return bucket == Bucket::commands ? "commands" : "navigation"; }

Intent read_intent(const telegram::Update& update, std::string_view username) {
  Intent intent;
  if (const auto* message = std::get_if<telegram::Message>(&update.what)) {
    if (message->from.id <= 0 || message->chat.id == 0) return intent;
    intent.user = message->from.id;
    intent.chat = message->chat.id;
    intent.topic = message->chat.topic;
    read_text(*message, username, intent);
  } else if (const auto* tap = std::get_if<telegram::Tap>(&update.what)) {
    if (tap->from.id <= 0 || tap->id.empty()) return intent;
    intent.user = tap->from.id;
    intent.chat = tap->chat.id != 0 ? tap->chat.id : tap->from.id;
    intent.topic = tap->chat.topic;
    intent.tap = tap->id;
    intent.message_id = tap->chat.id != 0 ? tap->message_id : 0;
    read_button(tap->data, intent);
  } else if (const auto* moved = std::get_if<telegram::Moved>(&update.what)) {
    intent.what = *moved;
  }
  return intent;
}

}  // namespace bot
