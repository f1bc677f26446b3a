#include "football/season.hpp"

#include <set>
#include <utility>

#include "football/season_fixture_test.hpp"

namespace football {
namespace {

using namespace testing;

TEST(Season, OnlyWhatWasOverBefore) {
  const Fixture fixture = game(1, team(1), team(2), at("2025-11-01T18:00:00Z"));
  std::vector<Fixture> all;
  all.push_back(played(2, team(1), team(3), at("2025-10-01T18:00:00Z"), 2, 0));
  all.push_back(played(3, team(4), team(1), at("2025-09-01T18:00:00Z"), 1, 1));
  all.push_back(all[0]);                                                            // told twice
  all.push_back(played(4, team(1), team(5), at("2025-11-01T17:00:00Z"), 1, 0));     // still going on then
  all.push_back(played(5, team(1), team(5), at("2025-11-08T17:00:00Z"), 9, 0));     // the future
  all.push_back(played(6, team(1), team(5), at("2025-08-08T17:00:00Z"), -1, 400));  // no score
  all.push_back(game(7, team(1), team(5), at("2025-08-08T17:00:00Z")));             // never played
  all.push_back(fixture);
  const Games games = finished_before(all, fixture);
  ASSERT_EQ(games.size(), 2u);
  EXPECT_EQ(games[0]->id, 3);
  EXPECT_EQ(games[1]->id, 2);
}

TEST(Season, TheTestsLeagueIsARealOne) {
  const auto season = whole_season();
  std::set<std::pair<std::int64_t, std::int64_t>> pairs;
  for (const Fixture& one : season) pairs.emplace(one.home.id, one.away.id);
  EXPECT_EQ(pairs.size(), 90u);  // everybody at everybody's
}

TEST(Season, RecordsByVenue) {
  const Fixture fixture = game(1, team(1), team(2), at("2025-11-01T18:00:00Z"));
  const std::vector<Fixture> all{played(2, team(1), team(3), at("2025-10-01T18:00:00Z"), 2, 0),
                                 played(3, team(4), team(1), at("2025-10-08T18:00:00Z"), 3, 0),
                                 played(4, team(1), team(4), at("2025-10-15T18:00:00Z"), 1, 1)};
  const Games games = finished_before(all, fixture);
  const Record any = record_of(games, 101), home = record_of(games, 101, Venue::home),
               away = record_of(games, 101, Venue::away);
  EXPECT_EQ(any.games, 3);
  EXPECT_EQ(any.scored, 3);
  EXPECT_EQ(any.conceded, 4);
  EXPECT_EQ(any.won, 1);
  EXPECT_EQ(any.drawn, 1);
  EXPECT_EQ(any.lost, 1);
  EXPECT_EQ(home.games, 2);
  EXPECT_DOUBLE_EQ(home.scored_mean(), 1.5);
  EXPECT_EQ(home.scored_in, 2);
  EXPECT_EQ(away.games, 1);
  EXPECT_EQ(away.scored_in, 0);
  EXPECT_DOUBLE_EQ(record_of(games, 999).scored_mean(), 0);
  EXPECT_EQ(form_of(games, 101), "WLD");
  EXPECT_EQ(form_of(games, 101, 2), "LD");
  EXPECT_EQ(last_games(games, 101, 1).front()->id, 4);
}

}  // namespace
}  // namespace football
