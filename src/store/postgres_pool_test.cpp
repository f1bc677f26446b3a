#include "store/postgres_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/clock.hpp"
#include "store/postgres_server_test.hpp"

namespace store::testing {
namespace {

using base::Code;
using namespace std::chrono_literals;

class Pool : public ::testing::Test {
 protected:
  PostgresConnection::Settings settings() {
    const base::Secret url(url_);
    return {.link = {.url = url,
                     .parsed = parse_postgres_url(url).value(),
                     .connect_timeout = 30s,
                     .answer_timeout = 0s,
                     .clock = &clock_},
            .statement_timeout = 0s,
            .schema = ""};
  }
  void wait_for_waiters(std::size_t number) const {
    while (pool_.waiting() < number) std::this_thread::yield();
  }
  static std::string process_of(PostgresConnection& connection) {
    std::string process;
    EXPECT_TRUE(connection.begin(Access::read, {}).has_value());
    EXPECT_TRUE(connection
                    .finish([&](Connection& c) -> base::Result<void> {
                      process = TRY(c.query("SELECT pg_backend_pid()")).front().text(0);
                      return {};
                    })
                    .has_value());
    return process;
  }

  const std::string url_ = PostgresServer::instance().fresh_database();
  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  PostgresPool pool_{settings(), {.size = 1, .acquire_timeout = 30s, .check_idle_after = 30s}, clock_};
};

TEST_F(Pool, LendsTheSameAgain) {
  auto first = pool_.acquire({});
  ASSERT_OK(first);
  const std::string process = process_of(**first);
  pool_.release(*std::move(first));
  auto second = pool_.acquire({});
  ASSERT_OK(second);
  EXPECT_EQ(process_of(**second), process);
  EXPECT_EQ(pool_.in_use(), 1U);
  pool_.release(*std::move(second));
  EXPECT_EQ(pool_.in_use(), 0U);
}

TEST_F(Pool, WaitingEnds) {
  auto taken = pool_.acquire({});
  ASSERT_OK(taken);
  {
    std::jthread waiter([&] {
      const auto late = pool_.acquire({});
      EXPECT_FAILS(Code::unavailable, late);
      EXPECT_TRUE(mentions(late, "all 1 connections")) << message_of(late);
    });
    wait_for_waiters(1);
    // The waiter sets its alarm after it joins the line.
    while (pool_.waiting() > 0) clock_.advance(30s);
  }
  std::stop_source source;
  {
    std::jthread waiter([&] { EXPECT_FAILS(Code::cancelled, pool_.acquire(source.get_token())); });
    wait_for_waiters(1);
    source.request_stop();
  }
  EXPECT_FAILS(Code::cancelled, pool_.acquire(source.get_token()));
  EXPECT_EQ(pool_.waiting(), 0U);
  pool_.release(*std::move(taken));
  EXPECT_EQ(pool_.in_use(), 0U);
}

TEST_F(Pool, ServesInTheOrderOfArrival) {
  auto taken = pool_.acquire({});
  ASSERT_OK(taken);
  std::atomic<int> served = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        auto mine = pool_.acquire({});
        ASSERT_OK(mine);
        EXPECT_EQ(served++, i);
        pool_.release(*std::move(mine));
      });
      wait_for_waiters(static_cast<std::size_t>(i) + 1);
    }
    pool_.release(*std::move(taken));
  }
  EXPECT_EQ(served, 4);
}

TEST_F(Pool, AsksAfterALongIdleTime) {
  for (const auto idle : {0s, 31s}) {
    auto first = pool_.acquire({});
    ASSERT_OK(first);
    const std::string process = process_of(**first);
    pool_.release(*std::move(first));
    clock_.advance(idle);
    if (idle > 30s) {
      auto& server = PostgresServer::instance();
      ASSERT_EQ(server.admin("SELECT pg_terminate_backend(" + process + ", 10000)"), "t");
    }
    auto second = pool_.acquire({});
    ASSERT_OK(second);
    EXPECT_EQ(process_of(**second) == process, idle == 0s);
    pool_.release(*std::move(second));
  }
}

TEST_F(Pool, AFailedConnectionTakesNoPlace) {
  auto broken = settings();
  broken.link.url = base::Secret("postgresql:///x?host=/no/such/folder");
  broken.link.parsed = parse_postgres_url(broken.link.url).value();
  PostgresPool pool(std::move(broken), {.size = 1}, clock_);
  for (int i = 0; i < 3; ++i) EXPECT_FAILS(Code::unavailable, pool.acquire({}));
  EXPECT_EQ(pool.in_use(), 0U);
}

}  // namespace
}  // namespace store::testing
