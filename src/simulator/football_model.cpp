// Seasons, rounds and games. The rounds of a league are a week apart, counted from the world's first day on,
// so that whatever the date is, some leagues play on it and on the next; in every month half of the leagues
// are in season.
#include "simulator/football_model.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "simulator/api_tools.hpp"
#include "simulator/football_names.hpp"

namespace simulator::football {
namespace {

constexpr Time when_all_is_over{std::chrono::days{366 * 1000}};  // far off, and still fit to reckon with

using namespace std::chrono_literals;
using std::chrono::days;

constexpr auto zone = 3h;  // the world's days are those of São Paulo
constexpr std::array<int, 10> south_american{11 * 60, 16 * 60,      16 * 60,      18 * 60 + 30, 19 * 60,
                                             20 * 60, 20 * 60 + 30, 21 * 60 + 30, 21 * 60 + 45, 22 * 60};
constexpr std::array<int, 9> european{8 * 60 + 30, 9 * 60 + 30,  11 * 60, 12 * 60, 13 * 60 + 30,
                                      14 * 60,     15 * 60 + 45, 16 * 60, 17 * 60};
constexpr std::array formations{"4-3-3", "4-2-3-1", "4-4-2", "3-5-2", "5-3-2"};
constexpr double home_goals = 1.45, away_goals = 1.15;

class Builder {
 public:
  Builder(std::uint64_t seed, Time now) : rng_(seed), now_(now), today_(floor<days>(now - zone)) {
    data_.seed = seed;
  }

  Data build() {
    for (const Land& land : lands()) add_country(land);
    for (const Plan& plan : plans()) add_league(plan);
    keep_something_on();
    index();
    return std::move(data_);
  }

 private:
  void add_country(const Land& land) {
    const int country = static_cast<int>(data_.countries.size());
    first_team_.push_back(static_cast<int>(data_.teams.size()));
    data_.countries.push_back({std::string(land.name), std::string(land.code)});
    for (int i = 0; i < land.teams; ++i) {
      Team team{.id = 10'001 + static_cast<int>(data_.teams.size()), .country = country};
      team.name = team_name(land, i);
      if (!one_in(rng_, 6)) team.code = std::string{"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}.substr(rng_.below(24), 3);
      if (!one_in(rng_, 8)) team.founded = static_cast<int>(rng_.between(1886, 1995));
      if (!one_in(rng_, 10)) team.venue_id = 20'000 + team.id;
      team.venue = (one_in(rng_, 2) ? "Estádio " : "Arena ") + town(land, i);
      if (!one_in(rng_, 7)) team.city = town(land, i);
      team.capacity = static_cast<int>(rng_.between(4, 70)) * 1000;
      team.attack = 0.7 + 0.7 * rng_.unit();
      team.defence = 0.7 + 0.7 * rng_.unit();
      team.corners = 3.6 + 2.6 * rng_.unit();
      team.cards = 1.4 + 1.4 * rng_.unit();
      team.formation = pick(rng_, formations);
      data_.teams.push_back(std::move(team));
    }
  }

  // The first day from a date on that is one of the league's.
  Day aligned(const Plan& plan, int year, std::chrono::month month, unsigned day) const {
    Day at{std::chrono::year{year} / month / day};
    while ((at - today_ - days{plan.after_now}).count() % 7 != 0) at += days{1};
    return at;
  }

  Day first_day(const Plan& plan, int year) const {
    if (plan.kind == Kind::groups) return aligned(plan, year, std::chrono::April, 1);
    if (plan.kind == Kind::knockout) return aligned(plan, year, std::chrono::April, 20);
    return plan.autumn ? aligned(plan, year, std::chrono::August, 10)
                       : aligned(plan, year, std::chrono::March, 20);
  }

  void add_league(const Plan& plan) {
    League league{.plan = plan};
    const auto land = std::find_if(lands().begin(), lands().end(),
                                   [&](const Land& one) { return one.name == plan.country; });
    league.country = static_cast<int>(land - lands().begin());
    int current = static_cast<int>(std::chrono::year_month_day{today_}.year());
    if (first_day(plan, current) > today_ + days{30}) --current;  // next season's games are not known yet
    for (int year = current - 2; year <= current; ++year) {
      Season season{.year = year, .first = first_day(plan, year)};
      season.teams = teams_of(plan, league.country);
      league.seasons.push_back(std::move(season));
    }
    data_.leagues.push_back(std::move(league));
    league_ = static_cast<int>(data_.leagues.size()) - 1;
    for (season_ = 0; season_ < 3; ++season_) {
      Season& season = data_.leagues.back().seasons[static_cast<std::size_t>(season_)];
      known_ = season.first - days{60};
      if (plan.kind == Kind::league) play_league(season);
      if (plan.kind == Kind::groups) play_groups(season);
      if (plan.kind == Kind::knockout) play_rounds(season, shuffled(season.teams), season.first, 63);
    }
  }

  // A cup takes the best half of its teams from the first division and the others from the next, or from the
  // next country: in both cases those that come 20 places later.
  std::vector<int> teams_of(const Plan& plan, int country) const {
    std::vector<int> teams;
    const int first = country == 0 ? 0 : first_team_[static_cast<std::size_t>(country)] + plan.first;
    const int half = plan.teams / 2, step = plan.kind == Kind::groups ? 40 : 20;
    for (int i = 0; i < plan.teams; ++i)
      teams.push_back(first + (plan.kind == Kind::league || i < half ? i : i - half + step));
    return teams;
  }

  std::vector<int> shuffled(std::vector<int> list) {
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[rng_.below(i)]);
    return list;
  }

  void play_league(Season& season) {
    season.groups = {season.teams};
    season.last = round_robin(shuffled(season.teams), season.first, 7, "Regular Season") + days{1};
  }

  void play_groups(Season& season) {
    const std::vector<int> drawn = shuffled(season.teams);
    Day last = season.first;
    std::vector<int> next;
    for (std::size_t group = 0; group < 4; ++group) {
      season.groups.emplace_back(drawn.begin() + static_cast<std::ptrdiff_t>(4 * group),
                                 drawn.begin() + static_cast<std::ptrdiff_t>(4 * group + 4));
      last = round_robin(season.groups.back(), season.first, 14, "Group Stage");
    }
    // Winners meet the seconds of the next group; who is who shows in the games played.
    for (std::size_t group = 0; group < 4; ++group) {
      next.push_back(best_two(season.groups[group])[0]);
      next.push_back(best_two(season.groups[(group + 1) % 4])[1]);
    }
    known_ = last + days{3};
    play_rounds(season, next, season.first + days{105}, 49);
  }

  std::array<int, 2> best_two(const std::vector<int>& group) const {
    std::vector<std::tuple<int, int, int, std::string>> table;
    for (const int team : group) {
      int points = 0, difference = 0, scored = 0;
      for (const Fixture& game : data_.fixtures) {
        if (game.league != league_ || game.season != season_ || game.round[0] != 'G') continue;
        if (game.teams[0] != team && game.teams[1] != team) continue;
        const State end = state_of(game, game.kickoff + 24h);
        const int own = game.teams[0] == team ? end.goals->home : end.goals->away;
        const int other = end.goals->home + end.goals->away - own;
        points += own > other ? 3 : own == other ? 1 : 0;
        difference += own - other;
        scored += own;
      }
      table.emplace_back(-points, -difference, -scored, data_.teams[static_cast<std::size_t>(team)].name);
    }
    std::vector<int> order(group.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    std::sort(order.begin(), order.end(), [&](int a, int b) {
      return table[static_cast<std::size_t>(a)] < table[static_cast<std::size_t>(b)];
    });
    return {group[static_cast<std::size_t>(order[0])], group[static_cast<std::size_t>(order[1])]};
  }

  // Everybody against everybody, twice (the circle method): the day of the last round.
  Day round_robin(std::vector<int> teams, Day first, int gap, const std::string& name) {
    const std::size_t size = teams.size(), rounds = 2 * (size - 1);
    Day day = first;
    for (std::size_t round = 0; round < rounds; ++round) {
      day = first + days{gap * static_cast<int>(round)};
      for (std::size_t i = 0; i < size / 2; ++i) {
        int home = teams[i], away = teams[size - 1 - i];
        // All but the first move on by one place a round, so that the places' turns become theirs.
        const bool turn = (i == 0 ? round % (size - 1) : i) % 2 == 1;
        if (turn != (round >= size - 1)) std::swap(home, away);
        Fixture& game = add(fmt::format("{} - {}", name, round + 1), home, away, day + days{i % 2});
        if (gap == 7 && one_in(rng_, 90)) game.fate = one_in(rng_, 5) ? Fate::cancelled : Fate::postponed;
        if (game.fate != Fate::played) game.moments.clear();
      }
      std::rotate(teams.begin() + 1, teams.end() - 1, teams.end());
    }
    return day;
  }

  // Two games each, a week apart, level ones decided by penalties; a cup with groups has one final, with
  // extra time.
  void play_rounds(Season& season, std::vector<int> teams, Day day, int gap) {
    const bool one_final = !season.groups.empty();
    while (teams.size() > 1) {
      const std::string name = teams.size() == 16  ? "Round of 16"
                               : teams.size() == 8 ? "Quarter-finals"
                               : teams.size() == 4 ? "Semi-finals"
                                                   : "Final";
      std::vector<int> next;
      season.last = day + days{one_final && teams.size() == 2 ? 0 : 8};
      for (std::size_t i = 0; i + 1 < teams.size(); i += 2)
        next.push_back(one_final && teams.size() == 2
                           ? final_game(name, teams[0], teams[1], day)
                           : tie(name, teams[i], teams[i + 1], day + days{i / 2 % 2}));
      known_ = day + days{10};
      teams = std::move(next);
      day += days{gap};
    }
  }

  Score shoot_out() {
    const int winner = static_cast<int>(rng_.between(3, 5)), loser = winner - 1;
    return one_in(rng_, 2) ? Score{winner, loser} : Score{loser, winner};
  }

  int tie(const std::string& name, int one, int other, Day day) {
    const Score first = *state_of(add(name, one, other, day), when_all_is_over).goals;
    Fixture& game = add(name, other, one, day + days{7});
    const Score second = *state_of(game, when_all_is_over).goals;
    const int lead = first.home + second.away - first.away - second.home;
    if (lead != 0) return lead > 0 ? one : other;
    game.penalty = shoot_out();
    return game.penalty->away > game.penalty->home ? one : other;
  }

  int final_game(const std::string& name, int one, int other, Day day) {
    Fixture& game = add(name, one, other, day);
    const Score end = *state_of(game, when_all_is_over).goals;
    if (end.home == end.away) {
      game.extra_time = true;
      for (int side = 0; side < 2; ++side)
        happen(game, side, Moment::What::goal, game.expected[static_cast<std::size_t>(side)] / 3, 91, 120);
      in_order(game);
      const Score later = *state_of(game, when_all_is_over).goals;
      if (later.home == later.away) game.penalty = shoot_out();
    }
    return state_of(game, when_all_is_over).winner == 0 ? one : other;
  }

  Fixture& add(std::string round, int home, int away, Day day) {
    const Plan& plan = data_.leagues.back().plan;
    Fixture game{.id = 1'300'001 + static_cast<int>(data_.fixtures.size()),
                 .league = league_,
                 .season = season_,
                 .round = std::move(round),
                 .teams = {home, away}};
    game.kickoff =
        day + zone + std::chrono::minutes{plan.autumn ? pick(rng_, european) : pick(rng_, south_american)};
    game.drawn = known_ + 18h;
    const Team &host = data_.teams[static_cast<std::size_t>(home)],
               &guest = data_.teams[static_cast<std::size_t>(away)];
    game.expected = {home_goals * host.attack * guest.defence, away_goals * guest.attack * host.defence};
    for (int side = 0; side < 2; ++side) {
      const double goals = game.expected[static_cast<std::size_t>(side)];
      happen(game, side, Moment::What::goal, goals * 0.45, 1, 45);
      happen(game, side, Moment::What::goal, goals * 0.55, 46, 90);
      happen(game, side, Moment::What::yellow, (side == 0 ? host : guest).cards, 8, 90);
      if (one_in(rng_, 14)) happen(game, side, Moment::What::red, 1, 30, 90);
    }
    in_order(game);
    data_.fixtures.push_back(std::move(game));
    return data_.fixtures.back();
  }

  void happen(Fixture& game, int side, Moment::What what, double mean, int from, int until) {
    for (int left = what == Moment::What::red ? 1 : poisson(rng_, mean); left > 0; --left)
      game.moments.push_back({static_cast<int>(rng_.between(from, until)), side, what});
  }

  static void in_order(Fixture& game) {
    std::sort(game.moments.begin(), game.moments.end(), [](const Moment& a, const Moment& b) {
      return std::tie(a.minute, a.side, a.what) < std::tie(b.minute, b.side, b.what);
    });
  }

  // Whatever the hour is, one game is running, one is over, and one begins within the hour.
  void keep_something_on() {
    std::array moves{-3h - 0min, -30min - 0h, 45min + 0h};
    std::size_t done = 0;
    for (Fixture& game : data_.fixtures) {
      if (done == moves.size()) return;
      if (floor<days>(game.kickoff - zone) != today_ ||
          data_.leagues[static_cast<std::size_t>(game.league)].plan.after_now != 0)
        continue;
      if (game.fate != Fate::played) continue;
      game.kickoff = floor<std::chrono::minutes>(now_) + moves[done++];
    }
  }

  void index() {
    const auto earlier = [&](int a, int b) {
      const Fixture &one = data_.fixtures[static_cast<std::size_t>(a)],
                    &other = data_.fixtures[static_cast<std::size_t>(b)];
      return std::tie(one.kickoff, one.id) < std::tie(other.kickoff, other.id);
    };
    for (std::size_t i = 0; i < data_.fixtures.size(); ++i) data_.by_kickoff.push_back(static_cast<int>(i));
    std::sort(data_.by_kickoff.begin(), data_.by_kickoff.end(), earlier);
    data_.of_team.resize(data_.teams.size());
    for (const int at : data_.by_kickoff) {
      const Fixture& game = data_.fixtures[static_cast<std::size_t>(at)];
      for (const int team : game.teams) data_.of_team[static_cast<std::size_t>(team)].push_back(at);
      data_.leagues[static_cast<std::size_t>(game.league)]
          .seasons[static_cast<std::size_t>(game.season)]
          .fixtures.push_back(at);
    }
  }

  Data data_;
  base::Rng rng_;
  const Time now_;
  const Day today_;
  std::vector<int> first_team_;  // of each country
  int league_ = 0, season_ = 0;  // being made
  Day known_{};                  // when the games being made become public
};

}  // namespace

Data generate(std::uint64_t seed, Time now) { return Builder(seed, now).build(); }

}  // namespace simulator::football
