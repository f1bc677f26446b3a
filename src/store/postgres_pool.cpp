#include "store/postgres_pool.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace store {

using base::Code;

PostgresPool::PostgresPool(PostgresConnection::Settings settings, const Limits& limits, base::Clock& clock)
    : settings_(std::move(settings)), limits_(limits), clock_(clock) {}

PostgresPool::~PostgresPool() { CHECK(in_use() == 0, "a session outlives its database"); }

base::Result<PostgresPool::Lent> PostgresPool::acquire(std::stop_token stop) {
  TRY(take_turn(stop));
  while (true) {
    Idle idle;
    {
      std::lock_guard lock(mutex_);
      if (idle_.empty()) break;
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
    const bool idled_long = clock_.steady() - idle.since >= limits_.check_idle_after;
    if (idled_long ? idle.connection->answers() : idle.connection->usable())
      return std::move(idle.connection);
  }
  auto opened = PostgresConnection::open(settings_, std::move(stop));
  if (!opened) give_turn();
  return opened;
}

void PostgresPool::release(Lent connection) {
  if (connection && connection->clean()) {
    std::lock_guard lock(mutex_);
    idle_.push_back({std::move(connection), clock_.steady()});
  }
  connection.reset();  // before another is opened in its place
  give_turn();
}

base::Result<void> PostgresPool::take_turn(std::stop_token stop) {
  if (stop.stop_requested()) return base::error(Code::cancelled, "stopped");
  Waiter self;
  {
    std::lock_guard lock(mutex_);
    if (in_use_ < limits_.size && line_.empty()) {
      ++in_use_;
      return {};
    }
    line_.push_back(&self);
  }
  auto alarm = clock_.alarm(clock_.steady() + limits_.acquire_timeout, [&] {
    std::lock_guard lock(mutex_);
    self.expired = true;
    self.wake.notify_one();
  });
  {
    std::unique_lock lock(mutex_);
    self.wake.wait(lock, std::move(stop), [&] { return self.called || self.expired; });
    std::erase(line_, &self);
  }
  alarm.reset();  // not under the lock, which a ringing one waits for
  if (self.called) return {};
  if (!self.expired) return base::error(Code::cancelled, "stopped while waiting for a connection");
  return base::error(Code::unavailable,
                     "all {} connections to {} were in use for {} ms: make the pool larger, or let fewer "
                     "things run at once",
                     limits_.size, settings_.link.parsed.description(), limits_.acquire_timeout.count());
}

// The turn passes from hand to hand: in_use_ stays as it is, so nobody slips in between.
void PostgresPool::give_turn() {
  std::lock_guard lock(mutex_);
  if (line_.empty()) {
    --in_use_;
    return;
  }
  Waiter* const next = line_.front();
  line_.pop_front();
  next->called = true;
  next->wake.notify_one();  // under the lock: the waiter lives on the other thread's stack
}

std::size_t PostgresPool::waiting() const {
  std::lock_guard lock(mutex_);
  return line_.size();
}

std::size_t PostgresPool::in_use() const {
  std::lock_guard lock(mutex_);
  return in_use_;
}

}  // namespace store
