#include "football/client.hpp"

#include <gtest/gtest.h>

#include "football/error_words.hpp"
#include "football/fixture_test.hpp"

namespace {

using namespace football::testing;
using base::Code;
using football::League;
using std::chrono::year_month_day;

const year_month_day today{std::chrono::year{2025}, std::chrono::month{11}, std::chrono::day{21}};
const League league{.id = 39, .season = 2025};

auto day(World& world, base::Duration time = 60s) {
  return world.client.fixtures_of(today, world.deadline(time), {});
}

std::string header(const http::Request& request, const std::string& name) {
  for (const auto& it : request.secret_headers)
    if (it.name == name) return it.value.reveal();
  return {};
}

TEST(Client, ADayIsOneRequestWithTheKeyAsASecret) {
  World world;
  const base::WallTime now = world.clock.wall();
  world.api.answers(
      told(envelope({game(2, now + 5h), game(1, now + 4h), game(3, now + 13h), game(4, now - 13h)})));
  const auto games = day(world);
  ASSERT_TRUE(games) << games.error().message;
  ASSERT_EQ(games->value.size(), 2U) << "of the local day only";
  EXPECT_EQ(games->value[0].id, 1);
  EXPECT_EQ(games->value[1].id, 2);
  EXPECT_FALSE(games->stale_since);
  ASSERT_EQ(world.api.count(), 1U);
  const http::Request request = world.api.requests().front();
  EXPECT_EQ(request.url, "https://api.example/fixtures?date=2025-11-21&timezone=America%2FSao_Paulo");
  EXPECT_EQ(header(request, "x-apisports-key"), "planted-key-0123456789");
  EXPECT_TRUE(request.headers.empty());
  EXPECT_EQ(request.credential.size(), 8U);
  EXPECT_EQ(request.credential.find("planted"), std::string::npos);
  EXPECT_EQ(request.timeout, 10s);
}

TEST(Client, EachQuestionsUrl) {
  World world;
  world.api.answers(told(envelope({})));
  const auto asked = [&](auto&& answer) {
    EXPECT_TRUE(answer);
    return world.api.last().substr(19);
  };
  football::Client& client = world.client;
  EXPECT_EQ(asked(client.leagues(world.deadline(), {})), "/leagues?current=true");
  EXPECT_EQ(asked(client.season(league, world.deadline(), {})), "/fixtures?league=39&season=2025");
  EXPECT_EQ(asked(client.standings(league, world.deadline(), {})), "/standings?league=39&season=2025");
  EXPECT_EQ(asked(client.head_to_head(9, 4, world.deadline(), {})), "/fixtures/headtohead?h2h=4-9&last=10");
  EXPECT_EQ(asked(client.odds({.id = 7}, world.deadline(), {})), "/odds?fixture=7");
  const std::size_t before = world.api.count();
  EXPECT_TRUE(client.head_to_head(4, 9, world.deadline(), {}));
  EXPECT_EQ(world.api.count(), before) << "the same two";
}

TEST(Client, FreshAnswersAreNotAskedAgain) {
  World world;
  world.api.answers(told(envelope({game(1, world.clock.wall() + 8h)})));
  EXPECT_TRUE(day(world));
  world.clock.advance(59min);
  EXPECT_TRUE(day(world));
  EXPECT_EQ(world.api.count(), 1U);
  EXPECT_EQ(world.answers("day", "cache"), 1);
  world.clock.advance(1min);
  EXPECT_TRUE(day(world));
  EXPECT_EQ(world.api.count(), 2U);
  EXPECT_EQ(world.answers("day", "api"), 2);
}

TEST(Client, ALargeDayIsReadOnceAndIsStillTheNewest) {
  World world;
  std::vector<std::string> games;
  for (int i = 1; i <= 300; ++i) games.push_back(game(i, world.clock.wall() + 8h));
  world.api.answers(told(envelope(games)));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(day(world)->value.size(), 300U);
  games.pop_back();
  world.api.answers(told(envelope(games)));
  EXPECT_EQ(day(world)->value.size(), 300U);
  world.clock.advance(1h);
  EXPECT_EQ(day(world)->value.size(), 299U);
  EXPECT_EQ(day(world)->value.size(), 299U);
  EXPECT_EQ(world.api.count(), 2U);
}

TEST(Client, AnEmptyDayIsSoonAskedAgain) {
  World world;
  world.api.answers(told(envelope({})));
  EXPECT_TRUE(day(world)->value.empty());
  world.clock.advance(5min);
  world.api.answers(not_reached());
  EXPECT_FALSE(day(world)) << "and is no truth to live on";
}

TEST(Client, ASeasonHasTheGamesOfItsLeagueByKickOff) {
  World world;
  const base::WallTime now = world.clock.wall();
  world.api.answers(told(
      envelope({game(1, now + 24h), game(2, now - 24h, "FT", "1"), game(3, now, "NS", "null", 11, 12, 40)})));
  const auto games = world.client.season(league, world.deadline(), {});
  ASSERT_EQ(games->value.size(), 2U);
  EXPECT_EQ(games->value[0].id, 2);
}

TEST(Client, HeadToHeadHasPlayedGamesOfTheTwoNewestFirst) {
  World world;
  const base::WallTime now = world.clock.wall();
  world.api.answers(
      told(envelope({game(1, now - 2400h, "FT", "1"), game(2, now - 24h, "FT", "2", 12, 11),
                     game(3, now + 24h), game(4, now - 48h, "FT", "0", 11, 99), game(5, now - 48h, "PST")})));
  const auto games = world.client.head_to_head(12, 11, world.deadline(), {});
  ASSERT_EQ(games->value.size(), 2U);
  EXPECT_EQ(games->value[0].id, 2);
}

TEST(Client, PagesAreReadTogether) {
  World world;
  world.api.answers([](const http::Request& request, const std::stop_token&) {
    const bool second = request.url.find("page=2") != std::string::npos;
    return told(fmt::format(
        R"({{"errors":[],"results":1,"paging":{{"current":{},"total":2}},"response":[{{"fixture":{{"id":7}},)"
        R"("bookmakers":[{{"bets":[{{"name":"Match Winner","values":[{{"value":"Home","odd":"{}"}}]}}]}}]}}]}})",
        second ? 2 : 1, second ? "1.9" : "1.8"));
  });
  const auto odds = world.client.odds({.id = 7}, world.deadline(), {});
  EXPECT_EQ(odds->value.at("home"), 1.9);
  EXPECT_EQ(world.api.count(), 2U);
  EXPECT_EQ(world.api.last(), "https://api.example/odds?fixture=7&page=2");
  EXPECT_EQ(world.client.odds({.id = 7}, world.deadline(), {})->value.at("home"), 1.9);
  EXPECT_EQ(world.api.count(), 2U);
}

// ---- failures

struct Failure {
  const char* name;
  http::Outcome outcome;
  Code code;
  std::size_t attempts;
  bool bridged;
};

std::vector<Failure> failures() {
  return {
      {"rateLimit", told(failing(R"({"rateLimit":"Too many requests"})")), Code::rate_limited, 5, true},
      {"429", told("slow down", {}, 429), Code::rate_limited, 5, true},
      {"requests", told(failing(R"({"requests":"limit for the day"})")), Code::rate_limited, 1, true},
      {"token", told(failing(R"({"token":"Missing application key"})")), Code::permission, 1, false},
      {"403", told(failing(R"({"token":"Missing application key"})"), {}, 403), Code::permission, 1, false},
      {"plan", told(failing(R"({"plan":"Free plans do not"})")), Code::permission, 1, false},
      {"parameter", told(failing(R"({"date":"must be a date"})")), Code::invalid_data, 1, true},
      {"bug", told(failing(R"([{"bug":"ours"}])")), Code::unavailable, 5, true},
      {"500", told("{}", {}, 500), Code::unavailable, 5, true},
      {"504 with a page", told("<html>", {{"content-type", "text/html"}}, 504), Code::unavailable, 5, true},
      {"a page", told("<!doctype html><html></html>"), Code::unavailable, 5, true},
      {"nothing", told(""), Code::unavailable, 5, true},
      {"broken off", told(R"({"errors":[],"response":[{"fixture":)"), Code::unavailable, 5, true},
      {"no JSON", told(R"({"errors":[],,"response":[]})"), Code::invalid_data, 1, true},
      {"no envelope", told(R"({"message":"hello"})"), Code::invalid_data, 1, true},
      {"miscounted", told(R"({"errors":[],"results":2,"response":[]})"), Code::invalid_data, 5, true},
      {"no games", told(envelope({"{}", "7"})), Code::invalid_data, 1, true},
      {"an object", told(R"({"errors":[],"response":{}})"), Code::invalid_data, 1, true},
      {"not reached", not_reached(), Code::unavailable, 5, true},
      {"slow", no_answer(), Code::timeout, 5, true}};
}

TEST(Client, EachFailureIsToldAsItIsAndNothingOfItIsKept) {
  for (const Failure& it : failures()) {
    World world;
    world.api.answers(it.outcome);
    const base::SteadyTime begun = world.clock.steady();
    const auto games = day(world);
    ASSERT_FALSE(games) << it.name;
    EXPECT_EQ(games.error().code, it.code) << it.name << ": " << games.error().message;
    EXPECT_EQ(world.api.count(), it.attempts) << it.name;
    EXPECT_EQ(world.cache.size().entries, 0U) << it.name;
    EXPECT_LE(world.clock.steady() - begun, 15s) << it.name;
    EXPECT_EQ(games.error().message.find("planted-key"), std::string::npos) << it.name;
    EXPECT_EQ(games.error().retry_after.has_value(), it.code == Code::rate_limited) << it.name;
    EXPECT_FALSE(football::error_words(games.error(), world.clock.wall(), brasilia()).empty());
  }
}

TEST(Client, AnOlderAnswerBridgesAFailureAndSaysSo) {
  for (const Failure& it : failures()) {
    World world;
    const base::WallTime told_at = world.clock.wall();
    world.api.answers(told(envelope({game(1, told_at + 8h)})));
    ASSERT_TRUE(day(world));
    world.clock.advance(2h);
    world.api.answers(it.outcome);
    const auto games = day(world);
    ASSERT_EQ(games.has_value(), it.bridged) << it.name;
    if (!it.bridged) continue;
    EXPECT_EQ(games->value.size(), 1U);
    EXPECT_EQ(games->stale_since, told_at) << it.name;
    EXPECT_EQ(world.answers("day", "stale"), 1);
  }
}

TEST(Client, HealsAfterARetry) {
  World world;
  world.api.answers([&](const http::Request&, const std::stop_token&) {
    return world.api.count() < 3 ? told(failing(R"({"rateLimit":"x"})")) : told(envelope({}));
  });
  EXPECT_TRUE(day(world));
  EXPECT_EQ(world.api.count(), 3U);
}

TEST(Client, AStopIsNoReasonForAnOlderAnswer) {
  World world;
  world.api.answers(told(envelope({game(1, world.clock.wall() + 8h)})));
  ASSERT_TRUE(day(world));
  world.clock.advance(2h);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(world.client.fixtures_of(today, world.deadline(), stop.get_token()).error().code,
            Code::cancelled);
}

TEST(Client, ADayThatDoesNotExist) {
  World world;
  const year_month_day none{std::chrono::year{2025}, std::chrono::month{2}, std::chrono::day{30}};
  EXPECT_EQ(world.client.fixtures_of(none, world.deadline(), {}).error().code, Code::internal);
}

// ---- limits

http::Outcome with_quota(int remaining, int limit = 7500) {
  return told(envelope({}), {{"x-ratelimit-requests-limit", std::to_string(limit)},
                             {"x-ratelimit-requests-remaining", std::to_string(remaining)}});
}

TEST(Client, AtTheReserveNothingIsAskedUntilTheDayEnds) {
  World world;
  world.api.answers(with_quota(10));
  EXPECT_FALSE(world.client.quota().spent);
  ASSERT_TRUE(world.client.standings(league, world.deadline(), {}));
  EXPECT_TRUE(world.client.quota().spent);
  EXPECT_EQ(world.client.quota().remaining, 10);
  const auto refused = world.client.season(league, world.deadline(), {});
  EXPECT_EQ(refused.error().code, Code::rate_limited);
  EXPECT_EQ(refused.error().retry_after, 9h) << "15:00 UTC";
  EXPECT_EQ(world.api.count(), 1U);
  world.clock.advance(9h);
  EXPECT_TRUE(world.client.season(league, world.deadline(), {}));
}

TEST(Client, ASpentDayIsRememberedAndTold) {
  World world;
  world.api.answers(told(failing(R"({"requests":"You have reached the request limit for the day"})")));
  const auto first = day(world);
  EXPECT_EQ(first.error().retry_after, 9h);
  const std::string words = football::error_words(first.error(), world.clock.wall(), brasilia());
  EXPECT_NE(words.find("21:00"), std::string::npos) << words;
  EXPECT_EQ(day(world).error().retry_after, 9h);
  EXPECT_EQ(world.api.count(), 1U);
}

std::string account(int used, int limit) {
  return fmt::format(R"({{"errors":[],"results":1,"response":{{"account":{{"email":"o@example.org"}},)"
                     R"("subscription":{{"plan":"Pro","end":null,"active":true}},)"
                     R"("requests":{{"current":{},"limit_day":{}}}}}}})",
                     used, limit);
}

TEST(Client, StatusIsAlwaysAskedAndTeachesTheQuota) {
  World world;
  world.api.answers(told(account(7500, 7500)));
  EXPECT_EQ(world.client.status(world.deadline(), {})->plan, "Pro");
  EXPECT_TRUE(world.client.quota().spent);
  EXPECT_FALSE(day(world));
  EXPECT_EQ(world.api.count(), 1U);
  world.api.answers(told(account(100, 7500)));
  EXPECT_EQ(world.client.status(world.deadline(), {})->used, 100);
  EXPECT_EQ(world.client.quota().remaining, 7400);
  EXPECT_EQ(world.api.count(), 2U);
  EXPECT_EQ(world.cache.size().entries, 0U);
}

TEST(Client, AWrongKeyIsSeenInTheStatus) {
  World world;
  world.api.answers(
      told(R"({"errors":{"token":"Error/Missing application key"},"results":0,"response":[]})"));
  EXPECT_EQ(world.client.status(world.deadline(), {}).error().code, Code::permission);
  world.api.answers(told(envelope({})));
  EXPECT_EQ(world.client.status(world.deadline(), {}).error().code, Code::invalid_data);
}

TEST(Client, OnlyTheApisOwnWordIsTakenForTheQuota) {
  const std::vector<http::Header> nothing_left{{"x-ratelimit-requests-limit", "0"},
                                               {"x-ratelimit-requests-remaining", "0"}};
  World world;
  world.api.answers(told(failing(R"({"token":"Missing application key"})"), nothing_left));
  EXPECT_EQ(day(world).error().code, Code::permission);
  EXPECT_EQ(day(world).error().code, Code::permission) << "still the key, not the quota";
  world.api.answers(told("<html>", nothing_left, 502));
  EXPECT_EQ(day(world).error().code, Code::unavailable);
  EXPECT_FALSE(world.client.quota().spent || world.client.quota().remaining);
}

TEST(Client, TheMinutesLimitIsLearnedFromTheHeaders) {
  World world;
  world.api.answers(told(envelope({}), {{"x-ratelimit-limit", "3"}, {"x-ratelimit-remaining", "2"}}));
  const base::SteadyTime begun = world.clock.steady();
  for (int i = 1; i <= 6; ++i) {
    EXPECT_TRUE(world.client.odds({.id = i}, world.deadline(10min), {}));
    if (i == 3) {
      EXPECT_LT(world.clock.steady() - begun, 1s);
    }
  }
  EXPECT_GE(world.clock.steady() - begun, 59s);
  EXPECT_EQ(world.client.odds({.id = 7}, world.deadline(1s), {}).error().code, Code::rate_limited);
}

TEST(Client, TheMinutesLimitMayBeConfigured) {
  World world(base::SimulatedClock::Mode::automatic,
              {.base = "https://api.example", .per_minute = 2, .daily_reserve = 10});
  world.api.answers(told(envelope({}), {{"x-ratelimit-limit", "300"}}));
  EXPECT_TRUE(day(world));
  EXPECT_EQ(world.api.requests().front().rate_limits.front().calls, 2);
  EXPECT_TRUE(world.api.requests().front().secret_headers.empty()) << "no key, no header";
}

}  // namespace
