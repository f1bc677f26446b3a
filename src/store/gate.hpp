// One at a time, in the order of arrival: the way to SQLite's one writing connection (SQ2). A plain mutex may
// hand itself to the same thread again and again; this cannot. A waiter whose stop fires leaves the line.
//
//   const Gate::Pass pass = TRY(gate.enter(stop));   // until the pass is destroyed
//
// Thread-safe. Entering twice in one thread is a bug (CHECK). Error{cancelled} on stop.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/result.hpp"

namespace store {

class Gate {
 public:
  class Pass {
   public:
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    friend class Gate;
    explicit Pass(Gate& gate) : gate_(&gate) {}
    Gate* gate_;
  };

  base::Result<Pass> enter(std::stop_token stop);
  std::size_t waiting() const;

 private:
  struct Waiter {
    std::condition_variable_any wake;
    bool called = false;
  };
  void leave();

  mutable std::mutex mutex_;
  std::deque<Waiter*> line_;
  bool taken_ = false;
  std::thread::id holder_;
};

}  // namespace store
