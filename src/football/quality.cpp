#include "football/quality.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace football {
namespace {

constexpr int last_early_round = 5;

double position_score(const Quality& quality) {
  if (!quality.rank || *quality.rank < 1 || *quality.rank > quality.teams) return 50;
  if (quality.teams == 1) return 75;
  return 100 - static_cast<double>(*quality.rank - 1) / (quality.teams - 1) * 50;
}

double goals_score(int difference) {
  if (difference >= 20) return 100;
  if (difference <= -20) return 0;
  return 50 + static_cast<double>(difference) / 20 * 50;
}

double form_score(std::string_view form) {
  if (form.size() > 5) form.remove_prefix(form.size() - 5);
  const auto wins = static_cast<std::size_t>(std::count(form.begin(), form.end(), 'W'));
  const auto losses = static_cast<std::size_t>(std::count(form.begin(), form.end(), 'L'));
  static constexpr std::array<double, 6> by_wins{50, 52, 60, 70, 85, 100};
  static constexpr std::array<double, 6> by_losses{50, 50, 50, 30, 15, 0};
  return wins > 0 ? by_wins[wins] : by_losses[losses];
}

}  // namespace

int quality_score(const Quality& quality) {
  double position = position_score(quality);
  if (quality.round && *quality.round >= 1 && *quality.round <= last_early_round)
    position = (position + quality.base) / 2;
  const double raw = 0.25 * quality.base + 0.30 * position + 0.25 * goals_score(quality.goal_difference) +
                     0.20 * form_score(quality.form);
  return static_cast<int>(std::nearbyint(raw * quality.weight));  // half to even
}

std::optional<int> round_number(std::string_view round) {
  const std::size_t dash = round.rfind("- ");
  if (dash == std::string_view::npos) return std::nullopt;
  round.remove_prefix(dash + 2);
  int number = 0;
  const auto [stop, fault] = std::from_chars(round.data(), round.data() + round.size(), number);
  if (fault != std::errc{} || stop != round.data() + round.size() || number < 1) return std::nullopt;
  return number;
}

}  // namespace football
