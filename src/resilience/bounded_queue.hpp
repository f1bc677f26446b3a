// A queue between threads that cannot grow without end. When it is full, push() waits, refuses, or drops the
// oldest. What has waited longer than `max_age` is not handed to a worker, whose answer would come too late,
// but to `shed`, like what was dropped.
//
// Thread-safe. Waits end at a deadline or a stop, in the Clock's time. `shed` is called by the thread that
// finds the item, with nothing locked; it must not throw. Only waiting allocates.
//
//   BoundedQueue<Job> queue(clock, {.capacity = 100, .when_full = WhenFull::reject, .max_age = 30s},
//                           [&](Job&& job, Shed) { tell_too_late(job); });
//   if (queue.push(std::move(job), stop) != Push::queued) ...     // the job is still ours
//   while (auto job = queue.pop(stop)) work(*job);                // until close() or the stop
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "resilience/deadline.hpp"
#include "resilience/wait_list.hpp"

namespace resilience {

enum class WhenFull { block, reject, drop_oldest };
enum class Push { queued, full, closed, deadline, stopped };
enum class Shed { too_old, dropped };

struct QueueOptions {
  std::size_t capacity = 100;  // 1 to 10,000,000, all of it allocated at once
  WhenFull when_full = WhenFull::block;
  base::Duration max_age = base::Duration::max();
};

template <class T>
class BoundedQueue {
 public:
  using OnShed = std::function<void(T&&, Shed)>;

  // An empty `shed` just forgets.
  BoundedQueue(base::Clock& clock, QueueOptions options, OnShed shed)
      : clock_(clock),
        options_(options),
        shed_(shed ? std::move(shed) : OnShed([](T&&, Shed) {})),
        items_(std::clamp<std::size_t>(options.capacity, 1, 10'000'000)) {}

  // Moves from `value` only when it is queued.
  Push push(T&& value, const std::stop_token& stop = {}, base::SteadyTime deadline = no_deadline) {
    std::optional<T> dropped;
    {
      std::unique_lock lock(mutex_);
      // A place may be gone again before a waiter that was called has it.
      while (!closed_ && size_ == items_.size() && options_.when_full != WhenFull::drop_oldest) {
        if (options_.when_full == WhenFull::reject) return Push::full;
        const WaitList::Result result = producers_.wait(lock, clock_, deadline, stop);
        if (result == WaitList::Result::deadline) return Push::deadline;
        if (result == WaitList::Result::stopped) return Push::stopped;
      }
      if (closed_) return Push::closed;
      if (size_ == items_.size()) dropped = take();
      Item& item = items_[(first_ + size_++) % items_.size()];
      item.value = std::move(value);
      item.since = clock_.steady();
      consumers_.call_first();
    }
    if (dropped) shed_(*std::move(dropped), Shed::dropped);
    return Push::queued;
  }

  // Empty: closed and nothing left, or the deadline came first, or a stop is requested (whatever is left).
  std::optional<T> pop(const std::stop_token& stop = {}, base::SteadyTime deadline = no_deadline) {
    for (;;) {
      std::unique_lock lock(mutex_);
      while (size_ == 0) {
        if (closed_ || consumers_.wait(lock, clock_, deadline, stop) != WaitList::Result::called) return {};
      }
      if (stop.stop_requested()) {
        consumers_.call_first();  // perhaps we were called for an item that we now leave
        return {};
      }
      if (auto value = take_young(lock)) return value;
    }
  }

  // Without waiting.
  std::optional<T> try_pop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      if (size_ == 0) return {};
      if (auto value = take_young(lock)) return value;
    }
  }

  // Nothing more comes in; what is inside can still be popped. Wakes everybody.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    producers_.call_all();
    consumers_.call_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }

 private:
  struct Item {
    std::optional<T> value;
    base::SteadyTime since{};
  };

  std::optional<T> take() {
    std::optional<T> value = std::exchange(items_[first_].value, std::nullopt);
    first_ = (first_ + 1) % items_.size();
    --size_;
    producers_.call_first();
    return value;
  }

  // The oldest; or nothing, and it is shed. Unlocks.
  std::optional<T> take_young(std::unique_lock<std::mutex>& lock) {
    const bool old = clock_.steady() - items_[first_].since > options_.max_age;
    std::optional<T> value = take();
    lock.unlock();
    if (!old) return value;
    shed_(*std::move(value), Shed::too_old);
    return {};
  }

  base::Clock& clock_;
  const QueueOptions options_;
  const OnShed shed_;
  mutable std::mutex mutex_;
  std::vector<Item> items_;  // a ring
  std::size_t first_ = 0, size_ = 0;
  bool closed_ = false;
  WaitList producers_, consumers_;
};

}  // namespace resilience
