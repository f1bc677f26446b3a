// At most `concurrent` calls at a time, and at most `waiting` that wait for a place; the rest is refused at
// once. Places are given in the order of coming. So one slow dependency cannot take all threads with it.
//
// Thread-safe. Without waiters neither locks nor allocates. Must outlive its slots.
//
//   Bulkhead bulkhead({.concurrent = 8, .waiting = 16});
//   const auto slot = bulkhead.enter(clock, deadline, stop);
//   if (!slot) return refused;                       // full, or the deadline or the stop came first
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.hpp"
#include "resilience/wait_list.hpp"

namespace resilience {

class Bulkhead {
 public:
  struct Options {
    int concurrent = 10;  // at least 1
    int waiting = 0;
  };

  // A place, given back when it ends.
  class Slot {
   public:
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      if (this != &other) {
        release();
        owner_ = std::exchange(other.owner_, nullptr);
      }
      return *this;
    }
    ~Slot() { release(); }
    void release() {
      if (owner_ != nullptr) std::exchange(owner_, nullptr)->leave();
    }

   private:
    friend class Bulkhead;
    explicit Slot(Bulkhead* owner) : owner_(owner) {}
    Bulkhead* owner_;
  };

  explicit Bulkhead(Options options);

  std::optional<Slot> try_enter();  // never waits, and never overtakes those who do
  std::optional<Slot> enter(base::Clock& clock, base::SteadyTime deadline, const std::stop_token& stop);

  int in_flight() const;
  int waiting() const;

 private:
  bool take_free();
  void leave();

  const std::uint32_t concurrent_, most_waiting_;
  // Those inside in the lower half, those who wait in the upper, so that both are seen at once: whoever
  // leaves needs the mutex only if somebody waits.
  std::atomic<std::uint64_t> state_{0};
  std::mutex mutex_;
  WaitList list_;
};

}  // namespace resilience
