// For tests of the courier: a channel that does what the test says, and couriers on threads of their own, in
// a time that the test moves.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "outbox/courier.hpp"
#include "outbox/fixture_test.hpp"

namespace outbox::testing {

// Waits for what other threads do.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
    std::this_thread::yield();
  }
  return false;
}

class ScriptedChannel final : public Channel {
 public:
  std::function<base::SteadyTime(const Claimed&, base::SteadyTime)> on_when{};
  std::function<Delivery(const Claimed&, std::stop_token)> on_deliver{};

  base::SteadyTime when(const Claimed& message, base::SteadyTime now) override {
    return on_when ? on_when(message, now) : now;
  }
  Delivery deliver(const Claimed& message, std::stop_token stop) override {
    {
      const std::lock_guard lock(mutex_);
      delivered_.push_back(message);
    }
    if (on_deliver) return on_deliver(message, std::move(stop));
    return {.receipt = "receipt of " + message.message.body};
  }
  std::vector<Claimed> delivered() const {
    const std::lock_guard lock(mutex_);
    return delivered_;
  }
  std::size_t count() const { return delivered().size(); }
  std::map<std::int64_t, int> times() const {
    std::map<std::int64_t, int> times;
    for (const Claimed& it : delivered()) ++times[it.id];
    return times;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Claimed> delivered_;  // in the order in which they were begun
};

class Running {
 public:
  Running(store::Database& database, base::Clock& clock, Channel& channel, CourierOptions options = {})
      : courier_(database, clock, base::Rng(1), channel, with_ends(std::move(options))),
        thread_([this](const std::stop_token& stop) { courier_.run(stop); }) {}
  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  Courier& courier() { return courier_; }
  std::vector<std::string> ends() const {
    const std::lock_guard lock(mutex_);
    return ends_;
  }
  int faults() const {
    const std::lock_guard lock(mutex_);
    return faults_;
  }
  bool ended(std::size_t count) {
    return eventually([&] { return ends().size() >= count; });
  }
  bool idles() {
    courier_.wake();
    return eventually([&] { return courier_.idle(); });
  }

 private:
  CourierOptions with_ends(CourierOptions options) {
    options.owner = "test";
    options.on_end = [this](const Claimed& message, const Delivery& delivery) {
      const std::lock_guard lock(mutex_);
      ends_.push_back(std::to_string(message.id) +
                      (delivery.how == Delivery::How::sent ? "" : ": " + delivery.reason));
    };
    options.on_fault = [this](const base::Error&) {
      const std::lock_guard lock(mutex_);
      ++faults_;
    };
    return options;
  }

  mutable std::mutex mutex_;
  std::vector<std::string> ends_;
  int faults_ = 0;
  Courier courier_;
  std::jthread thread_;
};

class CourierTest : public OutboxTest {
 protected:
  std::int64_t attempts(std::int64_t id) {
    return store::testing::number(*session_,
                                  fmt::format("SELECT attempt FROM {{ledger}}outbox WHERE id = {}", id));
  }
  bool becomes(std::int64_t id, const std::string& wanted) {
    return eventually([&] { return state(id) == wanted; });
  }

  base::SimulatedClock clock_{base::SimulatedClock::Mode::manual};
  ScriptedChannel channel_;
};

}  // namespace outbox::testing
