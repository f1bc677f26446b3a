// The table http_budgets, on every engine.
#include "http/budget_store.hpp"

#include <atomic>
#include <thread>

#include "http/budgets.hpp"
#include "store/conformance_test.hpp"
#include "store/migrations.hpp"

namespace {

using namespace std::chrono_literals;
using http::BudgetKey;
using http::BudgetRow;
using http::Budgets;
using http::BudgetWindow;
using http::Request;
using Rows = std::vector<BudgetRow>;

class BudgetStoreTest : public testing::TestWithParam<store::testing::Engine> {
 protected:
  BudgetStoreTest() { EXPECT_TRUE(store::migrate(*database_, store::embedded_migrations(), {})); }
  std::int64_t count() {
    return store::testing::number(*session_, "SELECT count(*) FROM {pulse}http_budgets");
  }

  base::SystemClock clock_;
  store::testing::TempFolder folder_;
  std::unique_ptr<store::Database> database_ = GetParam().open(folder_);
  std::unique_ptr<store::Session> session_ = store::testing::session_of(*database_);
  http::DatabaseBudgetStore store_{*database_, clock_};
  const std::vector<BudgetKey> keys_{{"api.example", "", ""}, {"api.example", "c1", "search"}};
};

TEST_P(BudgetStoreTest, WhatWasChangedIsThereTheNextTime) {
  const std::vector<BudgetWindow> hourly{{2, 1h}};
  base::WallTime first{};
  ASSERT_OK(store_.change(keys_,
                          [&](Rows& rows, base::WallTime now) {
                            first = now;
                            ASSERT_EQ(rows.size(), 2u);
                            EXPECT_EQ(rows[1].key, keys_[1]);
                            rows[1].state.book(hourly, now, now);
                            rows[1].state.hold(now + 1h, now);
                            rows[1].changed = true;
                          },
                          {}));
  EXPECT_LT(std::chrono::abs(first - clock_.wall()), 1min);
  ASSERT_OK(store_.change(keys_,
                          [&](Rows& rows, base::WallTime now) {
                            EXPECT_GE(now, first);
                            EXPECT_EQ(rows[0].state.encode(), "1");
                            EXPECT_EQ(rows[1].state.not_before(now), first + 1h);
                          },
                          {}));
  base::WallTime now{};
  const auto held = store_.held(10, now, {});
  ASSERT_OK(held);
  ASSERT_EQ(held->size(), 1u);
  EXPECT_EQ(held->at(0).key, keys_[1]);
  EXPECT_EQ(held->at(0).state.not_before(now), first + 1h);
  EXPECT_GE(now, first);
}

TEST_P(BudgetStoreTest, IdleRowsGoADayAfterTheirLongestWindow) {
  const auto put = [&](const BudgetKey& key, std::vector<BudgetWindow> windows) {
    ASSERT_OK(store_.change({key},
                            [&](Rows& rows, base::WallTime now) {
                              rows[0].state.book(windows, now, now);
                              rows[0].changed = true;
                            },
                            {}));
  };
  put(keys_[0], {{5, 1s}});
  put(keys_[1], {{5, 72h}});
  const auto purge_after = [&](base::Duration later) {
    base::SimulatedClock clock(base::SimulatedClock::Mode::manual,
                               clock_.wall() + std::chrono::duration_cast<std::chrono::microseconds>(later));
    const auto gone = http::purge_budgets(*session_, clock, {});
    EXPECT_TRUE(gone) << store::testing::message_of(gone);
    return gone ? *gone : -1;
  };
  EXPECT_EQ(purge_after(23h), 0);
  EXPECT_EQ(purge_after(25h), 1);
  EXPECT_EQ(purge_after(95h), 0);
  EXPECT_EQ(purge_after(97h), 1);
  EXPECT_EQ(count(), 0);
}

TEST_P(BudgetStoreTest, ARowThatNobodyCanReadIsAnEmptyBudget) {
  ASSERT_OK(store::testing::execute(
      *session_,
      "INSERT INTO {pulse}http_budgets (host, credential, resource, state, updated_at, expires_at) "
      "VALUES ('api.example', '', '', 'of another version', {now}, {now})"));
  ASSERT_OK(store_.change({keys_[0]},
                          [&](Rows& rows, base::WallTime) { EXPECT_EQ(rows[0].state.encode(), "1"); }, {}));
}

// Each with a budget object of its own, as processes have; threads of each ask at the same time.
TEST_P(BudgetStoreTest, AllTogetherTakeWhatThereIsAndNoMore) {
  if (!store_.is_shared()) GTEST_SKIP() << "one process";
  const Request query{.url = "https://api.example/search/x",
                      .rate_limits = {{25, 24h, "search", "/search/"}, {100, 24h, "", ""}}};
  Budgets one(clock_), two(clock_);
  std::atomic<int> granted = 0, refused = 0;
  {
    std::vector<std::jthread> threads;
    for (Budgets* budgets : {&one, &two}) {
      budgets->share(&store_);
      for (int i = 0; i < 6; ++i)
        threads.emplace_back([&, budgets] {
          for (int call = 0; call < 5; ++call)
            ++(std::holds_alternative<Budgets::Grant>(budgets->reserve(query, clock_.steady() + 1h, {}))
                   ? granted
                   : refused);
        });
    }
  }
  if (one.store_failures() + two.store_failures() > 0) GTEST_SKIP() << "the server took longer than a second";
  EXPECT_LE(granted, 25);
  EXPECT_GE(granted, 23) << "but for what is left in stock";
  EXPECT_EQ(granted + refused, 60);
  EXPECT_EQ(count(), 2);
}

TEST_P(BudgetStoreTest, ProcessesKeepTheirDistance) {
  if (!store_.is_shared()) GTEST_SKIP() << "one process";
  const Request request{.url = "https://api.example/x", .rate_limits = {{1, 50s, "", ""}}};
  Budgets one(clock_), two(clock_);
  one.share(&store_);
  two.share(&store_);
  std::vector<base::SteadyTime> times;
  for (Budgets* budgets : {&one, &two, &two, &one, &two}) {
    const auto answer = budgets->reserve(request, clock_.steady() + 1h, {});
    ASSERT_TRUE(std::holds_alternative<Budgets::Grant>(answer));
    times.push_back(std::get<Budgets::Grant>(answer).send_at);
  }
  if (one.store_failures() + two.store_failures() > 0) GTEST_SKIP() << "the server took longer than a second";
  for (std::size_t i = 1; i < times.size(); ++i) {
    EXPECT_GT(times[i] - times[i - 1], 40s);
    EXPECT_LT(times[i] - times[i - 1], 60s);
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, BudgetStoreTest, testing::ValuesIn(store::testing::engines),
                         store::testing::name_of);

}  // namespace
