// What other threads want done on the daemon's own: calls that wait for their turn, in order. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/clock.hpp"

namespace pulse {

class Mailbox {
 public:
  using Call = std::function<void()>;

  void post(Call call) {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
    changed_.notify_one();
  }

  // Makes the calls that are there; if none is, waits for one, until the time or a stop.
  void work(base::SteadyTime until, const std::stop_token& stop) {
    std::deque<Call> calls;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, stop, until, [&] { return !calls_.empty(); });
      calls = std::exchange(calls_, {});
    }
    for (const Call& call : calls) call();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Call> calls_;
};

}  // namespace pulse
