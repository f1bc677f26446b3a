#include "football/search.hpp"

#include "football/names.hpp"
#include "football/season_fixture_test.hpp"

namespace football {
namespace {

using namespace testing;

const std::vector<Fixture>& today() {
  static const std::vector<Fixture> games = [] {
    const std::vector<std::pair<const char*, const char*>> names{
        {"Sao Paulo", "Grêmio"},          {"Flamengo", "Palmeiras"},
        {"Manchester City", "Liverpool"}, {"Manchester United", "Paris Saint Germain"},
        {"Atlético-MG", "Corinthians"},   {"AC Milan", "AZ Alkmaar"},
    };
    std::vector<Fixture> list;
    for (const auto& [home, away] : names) {
      const auto id = static_cast<std::int64_t>(list.size()) + 1;
      list.push_back(game(id, {id * 2, home}, {id * 2 + 1, away}, at("2025-12-20T19:30:00Z") + id * 1min));
    }
    return list;
  }();
  return games;
}

std::vector<std::int64_t> found(std::string_view query) {
  std::vector<std::int64_t> ids;
  for (const Fixture* game : search_games(query, today())) ids.push_back(game->id);
  return ids;
}

using Ids = std::vector<std::int64_t>;

TEST(Names, AreFolded) {
  EXPECT_EQ(fold_name("  Atlético-MG  "), "atletico mg");
  EXPECT_EQ(fold_name("F.C. København"), "fc kobenhavn");
  EXPECT_EQ(fold_name("Brighton & Hove Albion"), "brighton hove albion");
  EXPECT_EQ(fold_name(" - "), "");
  EXPECT_EQ(fold_name(std::string(100'000, 'a')).size(), max_name);
}

TEST(Search, CaseAccentsAndBeginnings) {
  EXPECT_EQ(found("SÃO PAULO"), Ids{1});
  EXPECT_EQ(found("gremio"), Ids{1});
  EXPECT_EQ(found("flam"), Ids{2});
  EXPECT_EQ(found("atletico mg"), Ids{5});
  EXPECT_EQ(found("az"), Ids{6});
  EXPECT_EQ(found("manchester"), (Ids{3, 4}));
}

TEST(Search, SmallTypingErrors) {
  EXPECT_EQ(found("flamenog"), Ids{2});
  EXPECT_EQ(found("palmeras"), Ids{2});
  EXPECT_EQ(found("corintians"), Ids{5});
  EXPECT_EQ(found("sao palo"), Ids{1});
  EXPECT_EQ(found("liverpol"), Ids{3});
  EXPECT_EQ(found("corimth"), Ids{5});
  EXPECT_EQ(found("xyzxyz"), Ids{});
  EXPECT_EQ(found("zaz"), Ids{});  // too short to guess
}

TEST(Search, BothTeamsAndTheBestFirst) {
  EXPECT_EQ(found("Flamengo x Palmeiras"), Ids{2});
  EXPECT_EQ(found("palmeiras vs flamengo"), Ids{2});
  EXPECT_EQ(found("flamengo x liverpool"), Ids{});
  EXPECT_EQ(found("manchester united"), Ids{4});
}

TEST(Search, BoundsOnWhatIsTyped) {
  EXPECT_EQ(found(""), Ids{});
  EXPECT_EQ(found(" x "), Ids{});
  EXPECT_EQ(found("\xFF\xFE<b>"), Ids{});
  EXPECT_EQ(found(std::string(1'000'000, 'f')), Ids{});
  EXPECT_EQ(search_games("manchester", today(), 1).size(), 1u);
}

}  // namespace
}  // namespace football
