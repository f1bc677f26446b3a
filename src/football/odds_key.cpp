#include "football/odds_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace football {
namespace {

enum class Form { words, line, handicap, three_way };

struct Bet {
  std::string_view name;
  Form form;
  std::string_view prefix;
  double highest_line;
};
// As the API names them (/odds/bets), in lower case.
constexpr std::array<Bet, 16> bets{{{"match winner", Form::words, "", 0},
                                    {"double chance", Form::words, "", 0},
                                    {"both teams score", Form::words, "", 0},
                                    {"both teams to score", Form::words, "", 0},
                                    {"goals over/under", Form::line, "", 5.5},
                                    {"goals over/under first half", Form::line, "first_half_", 5.5},
                                    {"corners over under", Form::line, "corners_", 30.5},
                                    {"home corners over/under", Form::line, "corners_home_", 30.5},
                                    {"away corners over/under", Form::line, "corners_away_", 30.5},
                                    {"cards over/under", Form::line, "cards_", 20.5},
                                    {"home team total cards", Form::line, "cards_home_", 20.5},
                                    {"away team total cards", Form::line, "cards_away_", 20.5},
                                    {"home team cards", Form::line, "cards_home_", 20.5},
                                    {"away team cards", Form::line, "cards_away_", 20.5},
                                    {"asian handicap", Form::handicap, "handicap_", 5.5},
                                    {"handicap result", Form::three_way, "result_handicap_", 5}}};

struct Words {
  std::string_view bet, value, key;
};
constexpr std::array<Words, 8> words{{{"match winner", "home", "home"},
                                      {"match winner", "draw", "draw"},
                                      {"match winner", "away", "away"},
                                      {"double chance", "home/draw", "1x"},
                                      {"double chance", "home/away", "12"},
                                      {"double chance", "draw/away", "x2"},
                                      {"both teams score", "yes", "yes"},
                                      {"both teams score", "no", "no"}}};

std::string lower(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::string result(text.substr(0, 64));
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

bool is_multiple(double number, double of) { return std::fabs(std::remainder(number, of)) < 1e-9; }

// "over 2.5": the half lines, which nothing but over and under can hit.
std::optional<std::string> line_key(const Bet& bet, std::string_view side, double line) {
  if (side != "over" && side != "under") return std::nullopt;
  if (line < 0.5 || line > bet.highest_line || !is_multiple(line - 0.5, 1)) return std::nullopt;
  return fmt::format("{}{}_{:.1f}", bet.prefix, side, line);
}

std::optional<std::string> handicap_key(const Bet& bet, std::string_view side, double line) {
  const bool three = bet.form == Form::three_way;
  if (side != "home" && side != "away" && !(three && side == "draw")) return std::nullopt;
  if (std::fabs(line) > bet.highest_line || !is_multiple(line, three ? 1 : 0.25)) return std::nullopt;
  return fmt::format("{}{}_{:+g}", bet.prefix, side, line == 0 ? 0.0 : line);
}

const Bet* find_bet(std::string_view name) {
  const auto bet = std::ranges::find(bets, name, &Bet::name);
  return bet == bets.end() ? nullptr : bet;
}

}  // namespace

bool is_known_bet(std::string_view bet) { return find_bet(lower(bet)) != nullptr; }

std::optional<std::string> odds_key(std::string_view bet_name, std::string_view value_name) {
  const std::string name = lower(bet_name), value = lower(value_name);
  const Bet* const bet = find_bet(name);
  if (!bet) return std::nullopt;
  if (bet->form == Form::words) {
    const std::string_view known =
        name == "both teams to score" ? "both teams score" : std::string_view(name);
    for (const Words& it : words)
      if (it.bet == known && it.value == value) return std::string(it.key);
    return std::nullopt;
  }
  const std::size_t space = value.find(' ');
  if (space == std::string::npos) return std::nullopt;
  const std::string_view side = std::string_view(value).substr(0, space);
  const auto line = number_of(std::string_view(value).substr(space + 1));
  if (!line) return std::nullopt;
  return bet->form == Form::line ? line_key(*bet, side, *line) : handicap_key(*bet, side, *line);
}

}  // namespace football
