#include "store/gate.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace store {

base::Result<Gate::Pass> Gate::enter(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  CHECK(!taken_ || holder_ != std::this_thread::get_id(),
        "a transaction inside a transaction waits for itself");
  if (stop.stop_requested()) return base::error(base::Code::cancelled, "stopped");
  if (taken_) {
    Waiter self;
    line_.push_back(&self);
    if (!self.wake.wait(lock, stop, [&] { return self.called; })) {
      std::erase(line_, &self);
      return base::error(base::Code::cancelled, "stopped while waiting for other writers");
    }
  }
  taken_ = true;
  holder_ = std::this_thread::get_id();
  return Pass(*this);
}

// The gate passes from hand to hand: taken_ stays true, so nobody slips in between.
void Gate::leave() {
  std::lock_guard lock(mutex_);
  taken_ = !line_.empty();
  holder_ = {};
  if (line_.empty()) return;
  Waiter* const next = line_.front();
  line_.pop_front();
  next->called = true;
  next->wake.notify_one();  // under the lock: the waiter lives on the other thread's stack
}

std::size_t Gate::waiting() const {
  std::lock_guard lock(mutex_);
  return line_.size();
}

}  // namespace store
