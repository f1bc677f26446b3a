// /odds: prices of several bookmakers, from the very probabilities that the results were drawn by, with six
// parts in a hundred for the bookmaker. The first one knows the truth; the others misjudge the goals a
// little.
#include <algorithm>
#include <cmath>
#include <functional>

#include "simulator/football_endpoints.hpp"

namespace simulator::football {
namespace {

using namespace std::chrono_literals;

constexpr Rule rules[]{{"fixture", Type::id},   {"league", Type::id},     {"season", Type::season},
                       {"date", Type::date},    {"timezone", Type::zone}, {"page", Type::page},
                       {"bookmaker", Type::id}, {"bet", Type::id}};
constexpr double margin = 1.06;
constexpr std::size_t most_goals = 12, page_size = 10;

struct Bookmaker {
  int id;
  const char* name;
  bool thorough;  // has all bets
};
constexpr std::array bookmakers{Bookmaker{8, "Oddsmere", true}, Bookmaker{11, "Três & Um", false},
                                Bookmaker{4, "Kickstake", true}, Bookmaker{6, "O'Northbook", false}};

using Prices = std::vector<std::pair<std::string, double>>;  // value → true probability

std::vector<double> poisson_row(double mean, std::size_t most) {
  std::vector<double> row{std::exp(-mean)};
  for (std::size_t n = 1; n <= most; ++n) row.push_back(row.back() * mean / static_cast<double>(n));
  return row;
}

// Every result of 90 minutes with its probability.
class Scores {
 public:
  Scores(double home, double away)
      : home_(poisson_row(home, most_goals)), away_(poisson_row(away, most_goals)) {}

  template <class Holds>
  double of(const Holds& holds) const {
    double sum = 0, all = 0;
    for (std::size_t h = 0; h <= most_goals; ++h)
      for (std::size_t a = 0; a <= most_goals; ++a) {
        const double p = home_[h] * away_[a];
        all += p;
        sum += p * static_cast<double>(holds(static_cast<int>(h), static_cast<int>(a)));
      }
    return sum / all;
  }

 private:
  std::vector<double> home_, away_;
};

// Without what is nearly sure: nobody offers that.
std::string bet_json(int id, std::string_view name, const Prices& prices) {
  std::vector<std::string> values;
  for (const auto& [value, probability] : prices) {
    const double odd = std::max(1.01, std::floor(100 / (probability * margin)) / 100);  // in whole cents
    values.push_back(json_object({{"value", json_string(value)}, {"odd", fmt::format("\"{:.2f}\"", odd)}}));
  }
  return json_object(
      {{"id", std::to_string(id)}, {"name", json_string(name)}, {"values", json_array(values)}});
}

void add_pair(Prices& prices, const std::string& one, const std::string& other, double probability) {
  if (probability < 0.06 || probability > 0.94) return;
  prices.emplace_back(one, probability);
  prices.emplace_back(other, 1 - probability);
}

Prices over_under(const std::vector<double>& counts, double first, double last) {
  Prices prices;
  for (double line = first; line <= last; ++line) {
    double under = 0;
    for (std::size_t n = 0; n < counts.size() && static_cast<double>(n) < line; ++n) under += counts[n];
    add_pair(prices, fmt::format("Over {:.1f}", line), fmt::format("Under {:.1f}", line), 1 - under);
  }
  return prices;
}

// Asian lines are the home side's on both prices, as the real API has them; a quarter line is half a bet on
// each of its neighbours, and a push gives the stake back.
Prices asian(const Scores& scores) {
  Prices prices;
  for (int quarters = -10; quarters <= 10; ++quarters) {
    const auto share = [&](bool of_home) {
      return scores.of([&](int home, int away) {
        double won = 0;
        for (const int line : {quarters - std::abs(quarters % 2), quarters + std::abs(quarters % 2)}) {
          const int twice = 4 * (home - away) + line;
          won += (of_home ? twice > 0 : twice < 0) ? 0.5 : 0;
        }
        return won;
      });
    };
    const double won = share(true), lost = share(false);
    const std::string line = fmt::format("{}{:g}", quarters < 0 ? "-" : "+", std::abs(quarters) / 4.0);
    add_pair(prices, "Home " + line, "Away " + line, won / (won + lost));
  }
  return prices;
}

Prices european(const Scores& scores) {
  Prices prices;
  for (const int line : {-2, -1, 1, 2}) {
    const auto of = [&](int sign) {
      return scores.of([&](int home, int away) {
        const int lead = home + line - away;
        return (lead > 0) - (lead < 0) == sign;
      });
    };
    if (of(1) < 0.03 || of(-1) < 0.03) continue;
    prices.emplace_back(fmt::format("Home {:+}", line), of(1));
    prices.emplace_back(fmt::format("Draw {:+}", line), of(0));
    prices.emplace_back(fmt::format("Away {:+}", line), of(-1));
  }
  return prices;
}

Prices exact(const Scores& scores) {
  Prices prices;
  for (int h = 0; h <= 4; ++h)
    for (int a = 0; a <= 4; ++a)
      prices.emplace_back(
          fmt::format("{}:{}", h, a),
          std::max(0.002, scores.of([&](int home, int away) { return home == h && away == a; })));
  return prices;
}

std::vector<std::string> bets_of(const Data& data, const Fixture& fixture, const Bookmaker& bookmaker,
                                 const Query& query) {
  base::Rng rng(data.seed + static_cast<std::uint64_t>(fixture.id) * 31U);
  const double skew = bookmaker.id == bookmakers[0].id ? 0 : 0.06 * (rng.unit() - 0.5) * bookmaker.id / 11;
  const double home = fixture.expected[0] * (1 + skew), away = fixture.expected[1] * (1 - skew);
  const Scores scores(home, away);
  const double one = scores.of([](int h, int a) { return h > a; });
  const double two = scores.of([](int h, int a) { return h < a; });
  const double draw = 1 - one - two;
  const double both = scores.of([](int h, int a) { return h > 0 && a > 0; });
  const double home_corners = corner_rate(data, fixture, 0), away_corners = corner_rate(data, fixture, 1);
  const double cards = card_rate(data, fixture, 0) + card_rate(data, fixture, 1);
  std::vector<std::string> bets;
  const auto add = [&](int id, std::string_view name, const std::function<Prices()>& make, bool rare) {
    if (!query.is("bet", id) || (rare && !bookmaker.thorough)) return;
    if (const Prices prices = make(); !prices.empty()) bets.push_back(bet_json(id, name, prices));
  };
  add(
      1, "Match Winner",
      [&] {
        return Prices{{"Home", one}, {"Draw", draw}, {"Away", two}};
      },
      false);
  add(
      4, "Asian Handicap", [&] { return asian(scores); }, true);
  add(
      5, "Goals Over/Under", [&] { return over_under(poisson_row(home + away, 25), 0.5, 6.5); }, false);
  add(
      6, "Goals Over/Under First Half",
      [&] { return over_under(poisson_row(0.45 * (home + away), 25), 0.5, 3.5); }, true);
  add(
      8, "Both Teams Score",
      [&] {
        return Prices{{"Yes", both}, {"No", 1 - both}};
      },
      false);
  add(
      9, "Handicap Result", [&] { return european(scores); }, true);
  add(
      10, "Exact Score", [&] { return exact(scores); }, true);
  add(
      12, "Double Chance",
      [&] {
        return Prices{{"Home/Draw", one + draw}, {"Home/Away", one + two}, {"Draw/Away", draw + two}};
      },
      false);
  add(
      45, "Corners Over Under",
      [&] { return over_under(poisson_row(home_corners + away_corners, 50), 6.5, 13.5); }, true);
  add(
      57, "Home Corners Over/Under", [&] { return over_under(poisson_row(home_corners, 50), 2.5, 8.5); },
      true);
  add(
      58, "Away Corners Over/Under", [&] { return over_under(poisson_row(away_corners, 50), 2.5, 8.5); },
      true);
  add(
      80, "Cards Over/Under", [&] { return over_under(poisson_row(cards, 50), 1.5, 7.5); }, true);
  return bets;
}

std::string odds_json(const Context& context, const Fixture& fixture, const Query& query) {
  const Data& data = context.data;
  std::vector<std::string> offers;
  for (const Bookmaker& bookmaker : bookmakers) {
    if (!query.is("bookmaker", bookmaker.id)) continue;
    const auto bets = bets_of(data, fixture, bookmaker, query);
    if (!bets.empty())
      offers.push_back(json_object({{"id", std::to_string(bookmaker.id)},
                                    {"name", json_string(bookmaker.name)},
                                    {"bets", json_array(bets)}}));
  }
  if (offers.empty()) return "";
  const Time updated = floor<std::chrono::hours>(std::min(context.now, fixture.kickoff));
  return json_object(
      {{"league", json_object(league_members(data, league_at(data, fixture), season_at(data, fixture).year))},
       {"fixture", short_fixture_json(context, fixture)},
       {"update", json_string(context.zone.text(updated))},
       {"bookmakers", json_array(offers)}});
}

// Prices stand from two weeks before a game until a week after it.
bool is_offered(const Context& context, const Query& query, const Fixture& fixture) {
  const Data& data = context.data;
  return fixture.drawn <= context.now && fixture.kickoff < context.now + 24h * 14 &&
         fixture.kickoff > context.now - 24h * 7 && league_at(data, fixture).plan.coverage.odds &&
         query.is("fixture", fixture.id) && query.is("league", league_at(data, fixture).plan.id) &&
         query.is("season", season_at(data, fixture).year) &&
         (!query.has("date") || context.zone.day(fixture.kickoff) == query.day("date"));
}

Reply odds(const Context& context, const Query& query) {
  if (!query.any({"fixture", "date", "league", "season"})) return refuse(none_given());
  if (!query.any({"fixture", "date"}) && query.has("league") != query.has("season"))
    return refuse(query.has("league") ? missing("season") : alone("season"));
  std::vector<const Fixture*> offered;
  for (const int index : context.data.by_kickoff)
    if (const Fixture& fixture = fixture_at(context.data, index); is_offered(context, query, fixture))
      offered.push_back(&fixture);
  Reply reply;
  reply.page = query.has("page") ? query.number("page") : 1;
  reply.pages = std::max(1, static_cast<int>((offered.size() + page_size - 1) / page_size));
  const std::size_t first = std::min(offered.size(), page_size * static_cast<std::size_t>(reply.page - 1));
  for (std::size_t i = first; i < std::min(offered.size(), first + page_size); ++i)
    if (std::string row = odds_json(context, *offered[i], query); !row.empty()) reply.rows.push_back(row);
  return reply;
}

}  // namespace

Endpoint odds_endpoint() { return {"odds", rules, odds}; }

}  // namespace simulator::football
