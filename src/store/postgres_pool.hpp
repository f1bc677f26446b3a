// A bounded number of connections to one PostgreSQL server, lent in the order of arrival. One that was idle
// for long is asked whether it still lives; one that does not is replaced. Thread-safe.
//
//   auto connection = TRY(pool.acquire(stop));
//   …
//   pool.release(std::move(connection));   // or nullptr, if it broke
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "base/clock.hpp"
#include "store/postgres_connection.hpp"

namespace store {

class PostgresPool {
 public:
  struct Limits {
    std::size_t size = 8;
    std::chrono::milliseconds acquire_timeout{30'000};
    std::chrono::milliseconds check_idle_after{30'000};
  };
  using Lent = std::unique_ptr<PostgresConnection>;

  PostgresPool(PostgresConnection::Settings settings, const Limits& limits, base::Clock& clock);
  ~PostgresPool();  // after all were given back

  // Error{unavailable} when none came free in time, or the server cannot be reached; cancelled on stop.
  base::Result<Lent> acquire(std::stop_token stop);
  // In place of one that broke.
  base::Result<Lent> replace(std::stop_token stop) { return PostgresConnection::open(settings_, stop); }
  void release(Lent connection);
  std::size_t waiting() const;
  std::size_t in_use() const;

 private:
  struct Waiter {
    std::condition_variable_any wake;
    bool called = false;
    bool expired = false;
  };
  struct Idle {
    Lent connection;
    base::SteadyTime since;
  };
  base::Result<void> take_turn(std::stop_token stop);
  void give_turn();

  const PostgresConnection::Settings settings_;
  const Limits limits_;
  base::Clock& clock_;

  mutable std::mutex mutex_;
  std::size_t in_use_ = 0;
  std::deque<Waiter*> line_;
  std::vector<Idle> idle_;  // the last one used last
};

}  // namespace store
