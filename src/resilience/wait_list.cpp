#include "resilience/wait_list.hpp"

#include <algorithm>

namespace resilience {

// The stop token of the sleep is what wakes it, for both reasons; Clock needs to know nothing of us.
WaitList::Result WaitList::wait(std::unique_lock<std::mutex>& lock, base::Clock& clock,
                                base::SteadyTime deadline, const std::stop_token& stop) {
  Waiter waiter;
  waiters_.push_back(&waiter);
  lock.unlock();
  {
    const std::stop_callback forward(stop, [&waiter] { waiter.wake.request_stop(); });
    clock.sleep_until(deadline, waiter.wake.get_token());
  }
  lock.lock();
  if (waiter.called) return Result::called;
  waiters_.erase(std::find(waiters_.begin(), waiters_.end(), &waiter));
  return stop.stop_requested() ? Result::stopped : Result::deadline;
}

// The waiter is alive: it takes itself from the list under the mutex that is locked now.
bool WaitList::call_first() {
  if (waiters_.empty()) return false;
  Waiter& first = *waiters_.front();
  waiters_.pop_front();
  first.called = true;
  first.wake.request_stop();
  return true;
}

void WaitList::call_all() {
  while (call_first()) {
  }
}

}  // namespace resilience
