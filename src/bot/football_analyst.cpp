#include "bot/football_analyst.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "bot/gathering.hpp"
#include "bot/views.hpp"
#include "football/dossier.hpp"
#include "football/error_words.hpp"
#include "football/search.hpp"
#include "football/words.hpp"
#include "telegram/format.hpp"

namespace bot {
namespace {

using base::Code;
using base::Result;
using football::Analysis;
using football::Fixture;
using football::LeagueGames;
using football::Market;
using telegram::bold;

constexpr std::size_t leagues_on_a_page = 10, games_on_a_page = 15, label_bytes = 60;
constexpr std::string_view no_games = "Não encontrei jogos para hoje.";

View sentence(std::string_view text) { return {.text = telegram::escape(text)}; }

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// Those with something to show, first what says most about its game beyond the league's usual one: the
// surest picks are the same in nearly every game. A page of overs begins with the overs.
void keep_best(std::vector<Analysis>& analyses, std::optional<Market> only) {
  using Key = std::pair<bool, double>;
  std::vector<std::pair<Key, Analysis>> list;
  for (Analysis& analysis : analyses)
    if (const football::Pick* main = football::select(analysis.picks, only).main) {
      const bool is_wanted = only != Market::goals || main->outcome.starts_with("over_");
      list.emplace_back(Key{is_wanted, main->rank}, std::move(analysis));
    }
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  analyses.clear();
  for (auto& [key, analysis] : list) analyses.push_back(std::move(analysis));
}

// As many as the text needs.
std::vector<View> in_pages(const std::string& html) {
  std::vector<View> pages;
  for (std::string& text : telegram::split_pages(html)) pages.push_back({.text = std::move(text)});
  return pages;
}

// Why there is no game to analyse.
std::string_view none_to_come(bool were_any, bool of_league) {
  if (of_league)
    return were_any ? "Os jogos desta liga de hoje já começaram." : "Nenhum jogo encontrado para esta liga.";
  return were_any ? "Os jogos de hoje já começaram." : no_games;
}

std::int64_t number_in(const nlohmann::json& payload, const char* key) {
  const auto found = payload.find(key);
  return found != payload.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string text_in(const nlohmann::json& payload, const char* key) {
  const auto found = payload.find(key);
  return found != payload.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

struct FootballAnalyst::Wish {
  std::string_view kind;
  std::optional<Market> only;  // nothing: all markets
  bool with_dossiers = true;   // else only the list of the best
  std::int64_t league = 0;     // 0: all
};

FootballAnalyst::FootballAnalyst(football::Client& client, base::Clock& clock, const schedule::Zone& zone,
                                 AnalystOptions options, const football::Ratings& ratings)
    : client_(client), clock_(clock), zone_(zone), options_(options), ratings_(ratings) {}

std::string FootballAnalyst::explain(const base::Error& error) {
  return football::error_words(error, clock_.wall(), zone_);
}

Result<std::vector<View>> FootballAnalyst::work(const Assignment& assignment, std::stop_token stop) {
  static const std::array<Wish, 7> wishes{{{"full", {}},
                                           {"goals", Market::goals},
                                           {"btts", Market::both_score},
                                           {"result", Market::result},
                                           {"double_chance", Market::double_chance},
                                           {"simple", {}, false},
                                           {"league", {}}}};
  const auto payload = nlohmann::json::parse(assignment.payload, nullptr, false);
  if (!payload.is_object())
    return base::error(Code::invalid_data, "the job's payload is no JSON object: {}", assignment.payload);
  const std::string& kind = assignment.kind;
  if (kind == "match") return match(assignment, number_in(payload, "fixture"), stop);
  if (kind == "search") return search(assignment, text_in(payload, "team"), stop);
  if (kind == "leagues") return leagues(assignment, text_in(payload, "then") == "liga", stop);
  if (kind == "games") return games(assignment, number_in(payload, "league"), stop);
  if (kind == "day") return day(assignment, stop);
  for (Wish wish : wishes)
    if (wish.kind == kind) {
      wish.league = number_in(payload, "league");
      return many(assignment, wish, stop);
    }
  return base::error(Code::invalid_data, "there is no kind of job called {}", kind);
}

Result<FootballAnalyst::Today> FootballAnalyst::today(base::SteadyTime deadline,
                                                      const std::stop_token& stop) {
  Today today;
  today.days = football::days_shown(clock_.wall(), zone_);
  for (const std::chrono::year_month_day day : today.days) {
    auto told = TRY(client_.fixtures_of(day, deadline, stop));
    if (told.stale_since)
      today.stale_since = std::min(today.stale_since.value_or(*told.stale_since), *told.stale_since);
    std::move(told.value.begin(), told.value.end(), std::back_inserter(today.games));
  }
  return today;
}

// ---- analyses of many games

Result<std::vector<View>> FootballAnalyst::many(const Assignment& assignment, const Wish& wish,
                                                const std::stop_token& stop) {
  const Today today = TRY(this->today(assignment.deadline, stop));
  std::vector<LeagueGames> leagues =
      football::by_league(football::to_come(today.games, clock_.wall()), ratings_);
  if (wish.league != 0)
    std::erase_if(leagues, [&](const LeagueGames& it) { return it.league.id != wish.league; });
  if (leagues.empty()) {
    const bool were_any = std::any_of(today.games.begin(), today.games.end(), [&](const Fixture& game) {
      return wish.league == 0 || game.league.id == wish.league;
    });
    return std::vector<View>{sentence(none_to_come(were_any, wish.league != 0))};
  }

  const double minimum = assignment.minimum_confidence / 10.0;
  Gathering gathering(client_, ratings_, assignment.deadline, stop);
  std::vector<Analysis> analyses = TRY(gathering.analyse_all(
      leagues,
      {.max_games = options_.max_games, .minimum_confidence = minimum, .stale_since = today.stale_since},
      assignment.on_progress));
  keep_best(analyses, wish.only);
  const std::size_t found = analyses.size();
  analyses.resize(std::min(found, options_.max_shown));
  if (wish.with_dossiers) {  // odds decide what is trivial
    for (Analysis& analysis : analyses) analysis = gathering.with_odds(analysis, minimum);
    keep_best(analyses, wish.only);
  }
  const std::string heading = bold(title(wish.kind));
  const std::string games = counted(gathering.analysed(), "jogo analisado", "jogos analisados");
  std::string remarks;
  for (const std::string& warning : gathering.warnings())
    remarks += "\n\n⚠️ " + telegram::escape(warning);
  if (analyses.empty())
    return std::vector<View>{
        {.text = heading + fmt::format("\n\nNenhum palpite com confiança de {} ou mais em {}.{}",
                                       football::decimal(minimum), games, remarks)}};

  std::string summary =
      heading + fmt::format("\n{}, {}. {}", games, counted(found, "com palpite", "com palpites"),
                            analyses.size() == 1 ? "O melhor:" : "Os melhores:");
  for (const Analysis& analysis : analyses)
    summary += "\n\n" + football::write_summary(analysis, zone_, wish.only);
  std::vector<View> pages = in_pages(summary + remarks);
  if (!wish.with_dossiers) return pages;
  for (const Analysis& analysis : analyses)
    pages.push_back(dossier(analysis, football::write_dossier(analysis, zone_, wish.only)));
  return pages;
}

View FootballAnalyst::dossier(const Analysis& analysis, std::string html) const {
  View view{.text = telegram::split_pages(html).front()};
  view.keyboard = {{{"🔎 Dossiê completo", fmt::format("analisar_jogo_{}", analysis.fixture.id)}}};
  return view;
}

// ---- one game

Result<Analysis> FootballAnalyst::analyse_game(std::int64_t fixture, double minimum_confidence,
                                               base::SteadyTime deadline, std::stop_token stop) {
  // Most are on the list that is there already.
  const auto list = today(deadline, stop);
  std::optional<Fixture> game;
  std::optional<base::WallTime> stale_since;
  if (list) {
    const auto found = std::find_if(list->games.begin(), list->games.end(),
                                    [&](const Fixture& it) { return it.id == fixture; });
    if (found != list->games.end()) game = *found;
    if (game) stale_since = list->stale_since;
  }
  if (!game) {
    const auto told = TRY(client_.fixtures({&fixture, 1}, deadline, stop));
    if (told.value.empty())
      return base::error(Code::invalid_data, "API-Football knows no fixture {}", fixture);
    game = told.value.front();
    stale_since = told.stale_since;
  }
  Gathering gathering(client_, ratings_, deadline, stop);
  return gathering.analyse_one(*game, minimum_confidence, stale_since);
}

Result<std::vector<View>> FootballAnalyst::match(const Assignment& assignment, std::int64_t fixture,
                                                 const std::stop_token& stop) {
  const auto analysis =
      analyse_game(fixture, assignment.minimum_confidence / 10.0, assignment.deadline, stop);
  if (!analysis && analysis.error().code == Code::invalid_data &&
      analysis.error().message.find("knows no fixture") != std::string::npos)
    return std::vector<View>{sentence("Jogo não encontrado.")};
  if (!analysis) return analysis.error();
  std::vector<View> pages;
  for (std::string& html : telegram::split_pages(football::write_dossier(*analysis, zone_)))
    pages.push_back({.text = std::move(html), .keyboard = {{{"🔍 Analisar Outro Jogo", "buscar_jogo"}}}});
  return pages;
}

// ---- lists

std::vector<View> FootballAnalyst::list_of_games(std::string_view heading,
                                                 std::span<const Fixture> games) const {
  std::vector<View> pages;
  for (std::size_t i = 0; i < games.size(); ++i) {
    if (i % games_on_a_page == 0) pages.push_back({.text = bold(heading) + "\n\nEscolha um jogo:"});
    pages.back().keyboard.push_back({{base::shorten(football::game_label(games[i], zone_), label_bytes),
                                      fmt::format("analisar_jogo_{}", games[i].id)}});
  }
  return pages;
}

Result<std::vector<View>> FootballAnalyst::search(const Assignment& assignment, const std::string& team,
                                                  const std::stop_token& stop) {
  const Today today = TRY(this->today(assignment.deadline, stop));
  const auto found = football::search_games(team, today.games);
  if (found.empty())
    return std::vector<View>{
        {.text = fmt::format("🔍 Não encontrei jogo de hoje para {}. Confira o nome do time, "
                             "ou veja os jogos do dia.",
                             bold(team)),
         .keyboard = {{{"📅 Jogos do Dia", "stats_dia"}}}}};
  if (found.size() == 1) return match(assignment, found[0]->id, stop);
  std::vector<Fixture> games;
  for (const Fixture* game : found) games.push_back(*game);
  return list_of_games("🔍 " + team, games);
}

Result<std::vector<View>> FootballAnalyst::leagues(const Assignment& assignment, bool to_analyse,
                                                   const std::stop_token& stop) {
  const Today today = TRY(this->today(assignment.deadline, stop));
  const std::vector<LeagueGames> leagues =
      football::by_league(football::to_come(today.games, clock_.wall()), ratings_);
  if (leagues.empty()) return std::vector<View>{sentence(none_to_come(!today.games.empty(), false))};
  std::vector<View> pages;
  for (std::size_t begin = 0; begin < leagues.size(); begin += leagues_on_a_page) {
    const auto some = std::span(leagues).subspan(begin, std::min(leagues_on_a_page, leagues.size() - begin));
    View& page = pages.emplace_back();
    page.text = football::write_leagues(some);
    for (const LeagueGames& it : some)
      page.keyboard.push_back(
          {{base::shorten(fmt::format("{} · {}", football::league_label(it.league),
                                      counted(it.games.size(), "jogo", "jogos")),
                          label_bytes),
            fmt::format("{}{}", to_analyse ? "liga_" : "buscar_jogo_liga_", it.league.id)}});
  }
  return pages;
}

Result<std::vector<View>> FootballAnalyst::games(const Assignment& assignment, std::int64_t league,
                                                 const std::stop_token& stop) {
  const Today today = TRY(this->today(assignment.deadline, stop));
  std::vector<Fixture> games = today.games;
  std::erase_if(games, [&](const Fixture& game) { return game.league.id != league; });
  const bool were_any = !games.empty();
  games = football::to_come(games, clock_.wall());
  if (games.empty()) return std::vector<View>{sentence(none_to_come(were_any, true))};
  return list_of_games("🏆 " + games[0].league.name, games);
}

// "Jogos do Dia", and which of them stands out: the league's weight times what both clubs are known for.
Result<std::vector<View>> FootballAnalyst::day(const Assignment& assignment, const std::stop_token& stop) {
  const Today today = TRY(this->today(assignment.deadline, stop));
  if (today.games.empty()) return std::vector<View>{sentence(no_games)};
  const std::vector<Fixture> open = football::to_come(today.games, clock_.wall());
  const auto fame = [&](const Fixture& game) {
    const std::string& country = game.league.country;
    return ratings_.league_weight(country, game.league.name) *
           (ratings_.base_score(country, game.home.name) + ratings_.base_score(country, game.away.name));
  };
  const auto star = std::max_element(open.begin(), open.end(),
                                     [&](const Fixture& a, const Fixture& b) { return fame(a) < fame(b); });
  telegram::Keyboard keyboard;
  if (star != open.end())
    keyboard.push_back({{"⭐ " + base::shorten(football::game_label(*star, zone_), label_bytes),
                         fmt::format("analisar_jogo_{}", star->id)}});
  keyboard.push_back({{"🏆 Por Liga", "analise_por_liga"}, {"🔍 Buscar Jogo", "buscar_jogo"}});
  std::vector<View> pages =
      in_pages(football::write_day(today.days, football::by_league(today.games, ratings_)));
  for (View& page : pages) page.keyboard = keyboard;
  return pages;
}

}  // namespace bot
