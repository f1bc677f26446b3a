// Threads that wait for something another thread gives away, in the order of their coming. Each waits on the
// Clock, so until a deadline in its time, and a stop token wakes it at once. Not by itself thread-safe: every
// function is called with the owner's mutex locked.
//
//   WaitList::Result result = list.wait(lock, clock, deadline, stop);   // unlocks while it waits
//   if (list.call_first()) ...                                          // somebody waited, and has it now
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>

#include "base/clock.hpp"

namespace resilience {

class WaitList {
 public:
  // A thread that was called has got what was given, even if a stop or the deadline came at the same moment.
  enum class Result { called, deadline, stopped };
  Result wait(std::unique_lock<std::mutex>& lock, base::Clock& clock, base::SteadyTime deadline,
              const std::stop_token& stop);

  bool call_first();  // false: nobody waits
  void call_all();
  std::size_t size() const { return waiters_.size(); }

 private:
  struct Waiter {
    std::stop_source wake;
    bool called = false;
  };
  std::deque<Waiter*> waiters_;  // on the stacks of their threads
};

}  // namespace resilience
