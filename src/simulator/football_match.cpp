// One game at a time: status, score and numbers.
#include <algorithm>
#include <cmath>

#include "simulator/football_model.hpp"

namespace simulator::football {
namespace {

using namespace std::chrono_literals;

// Minutes after the kick-off: 45 and 2 more, a break of 15, 45 and 4 more; then half an hour, then penalties.
constexpr int half_time = 47, second_half = 62, full_time = 111, extra_length = 32, shoot_out_length = 12;

Score score_until(const Fixture& fixture, int from, int until) {
  Score score;
  for (const Moment& moment : fixture.moments)
    if (moment.what == Moment::What::goal && from <= moment.minute && moment.minute <= until)
      ++(moment.side == 0 ? score.home : score.away);
  return score;
}

void set(State& state, std::string_view brief, std::string_view full, int minute, int past = 0) {
  state.brief = brief;
  state.full = full;
  state.live = true;
  state.minute = minute;
  state.elapsed = minute;
  if (past > 0) state.extra = past;
}

void end(State& state, const Fixture& fixture) {
  const bool penalties = fixture.penalty.has_value();
  set(state,
      penalties            ? "PEN"
      : fixture.extra_time ? "AET"
                           : "FT",
      penalties            ? "Match Finished After Penalty"
      : fixture.extra_time ? "Match Finished After Extra Time"
                           : "Match Finished",
      fixture.extra_time ? 120 : 90);
  state.live = false;
  state.finished = true;
  state.penalty = fixture.penalty;
}

void clock_at(State& state, const Fixture& fixture, std::int64_t since) {
  const int at = static_cast<int>(std::min<std::int64_t>(since, 1'000'000));
  const int extra_end = full_time + (fixture.extra_time ? extra_length : 0);
  const int over = extra_end + (fixture.penalty ? shoot_out_length : 0);
  if (at < half_time)
    set(state, "1H", "First Half", std::min(45, at + 1), at - 44);
  else if (at < second_half)
    set(state, "HT", "Halftime", 45);
  else if (at < full_time)
    set(state, "2H", "Second Half", std::min(90, 46 + at - second_half), at - second_half - 44);
  else if (at < extra_end)
    set(state, "ET", "Extra Time", std::min(120, 91 + at - full_time));
  else if (at < over)
    set(state, "P", "Penalty In Progress", fixture.extra_time ? 120 : 90);
  else
    end(state, fixture);
  if (at >= half_time) state.halftime = score_until(fixture, 1, 45);
  if (at >= full_time) state.fulltime = score_until(fixture, 1, 90);
  if (at >= extra_end && fixture.extra_time) state.extratime = score_until(fixture, 91, 120);
}

}  // namespace

State state_of(const Fixture& fixture, Time now) {
  State state;
  const auto until = fixture.kickoff - now;
  if (fixture.fate == Fate::postponed && until < 48h) {
    state.brief = "PST";
    state.full = "Match Postponed";
  } else if (fixture.fate == Fate::cancelled && until < 48h) {
    state.brief = "CANC";
    state.full = "Match Cancelled";
  } else if (until > 24h * 45 && fixture.id % 3 == 0) {
    state.brief = "TBD";
    state.full = "Time To Be Defined";
  } else if (fixture.fate == Fate::played && until <= 0s) {
    clock_at(state, fixture, floor<std::chrono::minutes>(-until).count());
    state.goals = score_until(fixture, 1, state.minute);
    // A shoot-out decides a tie that stands level over both games; this game need not be level.
    const Score decided = state.penalty ? *state.penalty : *state.goals;
    if (decided.home != decided.away) state.winner = decided.home > decided.away ? 0 : 1;
  }
  return state;
}

int poisson(base::Rng& rng, double mean) {
  const double limit = std::exp(-mean);
  int count = 0;
  for (double product = rng.unit(); product > limit && count < 60; product *= rng.unit()) ++count;
  return count;
}

double corner_rate(const Data& data, const Fixture& fixture, int side) {
  return data.teams[static_cast<std::size_t>(fixture.teams[static_cast<std::size_t>(side)])].corners +
         (side == 0 ? 0.4 : -0.4);
}

double card_rate(const Data& data, const Fixture& fixture, int side) {
  return data.teams[static_cast<std::size_t>(fixture.teams[static_cast<std::size_t>(side)])].cards + 1.0 / 14;
}

std::array<Tally, 2> tallies(const Data& data, const Fixture& fixture, const State& state) {
  std::array<Tally, 2> both;
  base::Rng rng(data.seed * 0x9E3779B97F4A7C15U + static_cast<std::uint64_t>(fixture.id));
  const double share = std::min(1.0, state.minute / 90.0);
  const auto drawn = [&](double mean) {
    return static_cast<int>(std::floor(poisson(rng, mean) * share + 1e-9));
  };
  const double strength = fixture.expected[0] / (fixture.expected[0] + fixture.expected[1]);
  both[0].possession =
      std::clamp(static_cast<int>(35 + 30 * strength) + static_cast<int>(rng.below(9)) - 4, 25, 75);
  both[1].possession = 100 - both[0].possession;
  for (int side = 0; side < 2; ++side) {
    Tally& own = both[static_cast<std::size_t>(side)];
    Tally& other = both[static_cast<std::size_t>(1 - side)];
    const double goals = fixture.expected[static_cast<std::size_t>(side)];
    other.saves = drawn(2.2 + goals);
    own.off_goal = drawn(4.2 + goals);
    own.blocked = drawn(3.1);
    own.corners = drawn(corner_rate(data, fixture, side));
    own.fouls = drawn(12);
    own.offsides = drawn(1.6);
    own.passes = static_cast<int>(share * own.possession * static_cast<double>(rng.between(80, 100)) / 10);
    own.accurate = own.passes * static_cast<int>(rng.between(70, 90)) / 100;
    own.expected_goals = share * goals * (0.6 + 0.8 * rng.unit());
    const Score score = score_until(fixture, 1, state.minute);
    own.on_goal = other.saves + (side == 0 ? score.home : score.away);
    own.inside = (own.on_goal + own.off_goal + own.blocked) * static_cast<int>(rng.between(50, 75)) / 100;
    for (const Moment& moment : fixture.moments)
      if (moment.side == side && moment.minute <= state.minute && moment.what != Moment::What::goal)
        ++(moment.what == Moment::What::yellow ? own.yellow : own.red);
  }
  return both;
}

}  // namespace simulator::football
