// The simulated football: countries, clubs, leagues with three seasons, and every game with all that will
// happen in it, made at once from a seed and a date. What is known of a game at some time is worked out of
// that (state_of), so the past, the running games and the future never contradict each other. Times are
// whole minutes. Immutable after generate(); no errors.
//
//   const Data data = generate(7, now);
//   for (const int game : data.leagues[0].seasons.back().fixtures)
//     use(state_of(data.fixtures[game], now).goals);
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.hpp"

namespace simulator::football {

using Time = std::chrono::sys_seconds;
using Day = std::chrono::sys_days;

struct Country {
  std::string name;
  std::string code;  // "": none, as the world has none
};

struct Team {
  int id = 0;
  int country = 0;  // into Data::countries
  std::string name{};
  std::optional<std::string> code{};
  std::optional<int> founded{};
  std::optional<int> venue_id{};
  std::string venue{};
  std::optional<std::string> city{};
  int capacity = 0;
  double attack = 1;   // goals it makes, against the average
  double defence = 1;  // goals it lets in
  double corners = 5;  // a game
  double cards = 2;    // yellow ones a game
  std::string formation{};
};

struct Coverage {
  bool statistics = true;  // of fixtures
  bool standings = true;
  bool odds = true;
};

enum class Kind { league, groups, knockout };

// What is fixed about a competition (football_names.cpp).
struct Plan {
  int id;
  std::string_view name;
  std::string_view country;
  Kind kind;
  bool autumn;  // the season is named after the year in which it begins
  int teams;
  int first;      // of the country's teams
  int after_now;  // its days are this many days after the world's first day, by weeks
  Coverage coverage{};
};

struct Score {
  int home = 0, away = 0;
  friend bool operator==(const Score&, const Score&) = default;
};

struct Moment {
  enum class What { goal, yellow, red };
  int minute;  // 1 to 120
  int side;    // 0: home
  What what;
};

enum class Fate { played, postponed, cancelled };

struct Fixture {
  int id = 0;
  int league = 0, season = 0;  // into Data::leagues, League::seasons
  std::string round;
  std::array<int, 2> teams{};  // into Data::teams
  Time kickoff{};
  Time drawn{};  // nobody knows of it before
  Fate fate = Fate::played;
  std::array<double, 2> expected{};  // goals in 90 minutes
  std::vector<Moment> moments{};     // in order
  bool extra_time = false;
  std::optional<Score> penalty{};
};

struct Season {
  int year = 0;
  Day first{}, last{};
  std::vector<std::vector<int>> groups{};  // of teams; one: the whole table
  std::vector<int> teams{};
  std::vector<int> fixtures{};  // by kick-off
};

struct League {
  Plan plan;
  int country = 0;
  std::vector<Season> seasons{};  // the last is the current one
};

struct Data {
  std::uint64_t seed = 0;
  std::vector<Country> countries;
  std::vector<Team> teams;  // by id
  std::vector<League> leagues;
  std::vector<Fixture> fixtures;  // by id
  std::vector<int> by_kickoff;
  std::vector<std::vector<int>> of_team;  // by kick-off
};

Data generate(std::uint64_t seed, Time now);

// What is known of a game at a time.
struct State {
  std::string_view brief = "NS", full = "Not Started";
  std::optional<int> elapsed{}, extra{};
  bool live = false, finished = false;  // neither: not begun, or never played
  int minute = 0;                       // moments up to this one have happened
  std::optional<Score> goals{}, halftime{}, fulltime{}, extratime{}, penalty{};
  int winner = -1;  // side; -1: nobody
};
State state_of(const Fixture& fixture, Time now);

// The numbers of one side so far; agree with goals and cards.
struct Tally {
  int on_goal = 0, off_goal = 0, blocked = 0, inside = 0, fouls = 0, corners = 0, offsides = 0;
  int possession = 50, yellow = 0, red = 0, saves = 0, passes = 0, accurate = 0;
  double expected_goals = 0;
};
std::array<Tally, 2> tallies(const Data& data, const Fixture& fixture, const State& state);
double corner_rate(const Data& data, const Fixture& fixture, int side);
double card_rate(const Data& data, const Fixture& fixture, int side);  // yellow and red

int poisson(base::Rng& rng, double mean);

}  // namespace simulator::football
