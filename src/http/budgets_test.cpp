#include "http/budgets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace {

using namespace std::chrono_literals;
using base::Duration;
using http::Budgets;
using http::RateLimit;
using http::Request;

struct World {
  explicit World(base::SimulatedClock::Mode mode = base::SimulatedClock::Mode::manual) : clock(mode) {}

  static Request request(std::vector<RateLimit> limits = {}, const std::string& path = "/items",
                         const std::string& credential = "c1", const std::string& host = "api.example") {
    return {.url = "https://" + host + path, .credential = credential, .rate_limits = std::move(limits)};
  }
  // Since now; nothing: refused, and `refusal` is why.
  std::optional<Duration> ask(const Request& request, Duration patience = 24h) {
    const auto answer = budgets.reserve(request, clock.steady() + patience, {});
    if (const auto* grant = std::get_if<Budgets::Grant>(&answer)) return grant->send_at - clock.steady();
    refusal = std::get<Budgets::Refusal>(answer);
    return std::nullopt;
  }

  base::SimulatedClock clock;
  Budgets budgets{clock};
  Budgets::Refusal refusal;
};

const RateLimit five{5, 1s}, search{2, 1h, "search", "/search/"};

TEST(Budgets, CollectorsOfOneHostAndCredentialShareTheirBudget) {
  World world;
  EXPECT_EQ(world.ask(World::request({five})), 0ms);
  EXPECT_EQ(world.ask(World::request({five}, "/other")), 200ms);
  EXPECT_EQ(world.ask(World::request({}, "/without-its-own")), 400ms);
  EXPECT_EQ(world.ask(World::request({five}, "/items", "c2")), 0ms);
  EXPECT_EQ(world.ask(World::request({five}, "/items", "c1", "other.example")), 0ms);
  EXPECT_EQ(world.ask(World::request({{10, 1s}})), 600ms) << "all windows hold for all";
  EXPECT_EQ(world.ask(World::request({{3, 1h}})), 800ms);
  EXPECT_EQ(world.ask(World::request()), 1s);
  EXPECT_EQ(world.ask(World::request()), 1200ms) << "which is the third";
  EXPECT_EQ(world.ask(World::request({five}), 10min), std::nullopt);
  world.clock.advance(10min + 1s);  // the limits of the others are not declared any more
  EXPECT_EQ(world.ask(World::request({{10, 1s}})), 0ms);
  EXPECT_EQ(world.ask(World::request({{10, 1s}})), 100ms);
}

TEST(Budgets, NothingIsTakenUnlessAllAllowIt) {
  World world;
  const Request query = World::request({five, search}, "/search/code");
  EXPECT_EQ(world.ask(query), 0ms);
  EXPECT_EQ(world.ask(query), 200ms);
  EXPECT_EQ(world.ask(query, 10min), std::nullopt);
  EXPECT_GE(world.refusal.wait, 1h);
  EXPECT_EQ(
      world.refusal.why.find("api.example (search): its budget (2 calls per 1 h) is used up; the next call"),
      0u)
      << world.refusal.why;
  EXPECT_EQ(world.ask(World::request({five, search}, "/repos/x"), 10min), 400ms)
      << "the host's was not taken";
  const auto late = world.ask(query);
  ASSERT_TRUE(late && *late >= 1h);
  EXPECT_EQ(world.ask(World::request({five}, "/repos/x")), 600ms)
      << "who waits for search is in nobody's way";
}

TEST(Budgets, AHoldIsOfTheMostSpecificBudget) {
  World world;
  world.budgets.hold(World::request({search}, "/search/x"), 30min, "api.example answered 429");
  EXPECT_EQ(world.ask(World::request({search}, "/search/y"), 29min), std::nullopt);
  EXPECT_EQ(world.refusal.wait, 30min);
  EXPECT_EQ(world.refusal.why,
            "api.example (search): api.example answered 429; the next call may be sent in 30 min");
  EXPECT_EQ(world.ask(World::request({}, "/repos")), 0ms);
  world.budgets.hold(World::request({search}, "/search/x"), 1min, "shorter");
  EXPECT_EQ(world.ask(World::request({search}, "/search/y")), 30min);
  EXPECT_EQ(world.ask(World::request({search}, "/search/y")), 30min + 100ms);
  world.budgets.hold(World::request({}, "/repos"), 10'000h, "long");
  EXPECT_EQ(world.ask(World::request({}, "/repos"), 23h), std::nullopt);
  EXPECT_EQ(world.refusal.wait, 24h);
}

TEST(Budgets, TheApiNamesItsResources) {
  World world;
  world.budgets.observe(World::request({}, "/repos/a"), {},
                        {{.resource = "core", .limit = 60, .remaining = 0, .reset_in = 10min}});
  EXPECT_EQ(world.ask(World::request({}, "/repos/b")), 10min) << "the same first part of the path";
  EXPECT_EQ(world.ask(World::request({}, "/search/b")), 0ms);
  world.budgets.observe(World::request({}, "/users/a"), {}, {{.resource = "core"}});
  EXPECT_EQ(world.ask(World::request({}, "/users/b")), 10min + 100ms);
  // Our path rule has another name for what the API calls code_search.
  const Request code = World::request({{9, 1h, "", "/code/"}}, "/code/x");
  world.budgets.observe(code, {}, {{.resource = "code_search", .remaining = 0, .reset_in = 5min}});
  EXPECT_EQ(world.ask(code), 5min);
}

TEST(Budgets, AllThatAnAnswerSaysCountsAndHoldsAsLongAsTheRequestWouldWait) {
  World world;
  world.budgets.observe(World::request(), {},
                        {{.limit = 60, .remaining = 1, .reset_in = 30s},
                         {.limit = 5'000, .remaining = 4'000, .reset_in = 10h}});
  EXPECT_EQ(world.ask(World::request()), 0ms);
  EXPECT_EQ(world.ask(World::request()), 30s);
  Request hasty = World::request({}, "/x", "c2");
  hasty.max_retry_after = 5min;
  world.budgets.observe(hasty, {}, {{.remaining = 0, .reset_in = 72h}});
  EXPECT_EQ(world.ask(hasty, 1h), 5min);
  hasty.max_retry_after = 30 * 24h;
  world.budgets.observe(hasty, {}, {{.remaining = 0, .reset_in = 72h}});
  EXPECT_EQ(world.ask(hasty, 1h), std::nullopt);
  EXPECT_EQ(world.refusal.wait, 24h);
}

TEST(Budgets, WhatTheApiSaidIsToBeSeen) {
  World world;
  world.ask(World::request({five}));
  EXPECT_TRUE(world.budgets.states().empty());
  world.budgets.observe(World::request({}, "/x"), {}, {{.limit = 100, .remaining = 42, .reset_in = 1h}});
  world.budgets.hold(World::request({search}, "/search/x"), 1min, "429");
  const auto states = world.budgets.states();
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].remaining, 42);
  EXPECT_EQ(states[0].limit, 100);
  EXPECT_FALSE(states[0].not_before);
  EXPECT_EQ(states[1].host + states[1].credential + states[1].resource, "api.examplec1search");
  EXPECT_EQ(states[1].not_before, world.clock.wall() + 1min);
}

TEST(Budgets, WhatWasNotSentIsGivenBack) {
  World world;
  const Request query = World::request({search}, "/search/x");
  EXPECT_EQ(world.ask(query), 0ms);
  const auto answer = world.budgets.reserve(query, world.clock.steady(), {});
  EXPECT_EQ(world.ask(query, 1min), std::nullopt);
  world.budgets.give_back(query, std::get<Budgets::Grant>(answer));
  EXPECT_EQ(world.ask(query, 1min), 0ms);
  EXPECT_EQ(world.ask(query, 1min), std::nullopt);
}

TEST(Budgets, AJumpOfTheWallClockChangesNothing) {
  World world;
  world.budgets.hold(World::request(), 10min, "429");
  world.clock.jump_wall(5h);
  EXPECT_EQ(world.ask(World::request(), 1min), std::nullopt);
  EXPECT_EQ(world.refusal.wait, 10min);
  world.clock.jump_wall(-10h);
  world.clock.advance(10min);
  EXPECT_EQ(world.ask(World::request()), 0ms);
}

TEST(Budgets, MemoryIsBounded) {
  World world;
  world.budgets.hold(World::request(), 1h, "429");
  for (std::size_t i = 0; i < http::BudgetTable::max_entries; ++i) {
    const std::string host = "h" + std::to_string(i) + ".example";
    world.budgets.observe(World::request({}, "/x", "", host), {}, {{.resource = "r", .remaining = 5}});
    if (i % 1000 == 0) world.ask(World::request(), 1s);  // which keeps it
  }
  EXPECT_LE(world.budgets.states().size(), http::BudgetTable::max_entries);
  EXPECT_EQ(world.ask(World::request(), 1s), std::nullopt);
}

TEST(Budgets, ManyThreadsGetAnInstantEach) {
  World world;
  std::mutex mutex;
  std::vector<Duration> instants;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int call = 0; call < 25; ++call) {
          const auto answer = world.budgets.reserve(World::request({five}), world.clock.steady() + 1h, {});
          const std::lock_guard lock(mutex);
          instants.push_back(std::get<Budgets::Grant>(answer).send_at - world.clock.steady());
        }
      });
  }
  std::ranges::sort(instants);
  ASSERT_EQ(instants.size(), 200u);
  for (std::size_t i = 0; i < instants.size(); ++i) EXPECT_EQ(instants[i], i * 200ms);
}

}  // namespace
