#include "resilience/bulkhead.hpp"

#include <algorithm>

namespace resilience {
namespace {

constexpr std::uint64_t one_inside = 1;
constexpr std::uint64_t one_waiting = std::uint64_t{1} << 32;
std::uint64_t inside(std::uint64_t state) { return state & 0xffff'ffff; }
std::uint64_t waiters(std::uint64_t state) { return state >> 32; }

}  // namespace

Bulkhead::Bulkhead(Options options)
    : concurrent_(static_cast<std::uint32_t>(std::max(options.concurrent, 1))),
      most_waiting_(static_cast<std::uint32_t>(std::max(options.waiting, 0))) {}

bool Bulkhead::take_free() {
  std::uint64_t state = state_.load(std::memory_order_relaxed);
  while (inside(state) < concurrent_ && waiters(state) == 0) {
    if (state_.compare_exchange_weak(state, state + one_inside, std::memory_order_acquire)) return true;
  }
  return false;
}

std::optional<Bulkhead::Slot> Bulkhead::try_enter() {
  if (!take_free()) return {};
  return Slot(this);
}

std::optional<Bulkhead::Slot> Bulkhead::enter(base::Clock& clock, base::SteadyTime deadline,
                                              const std::stop_token& stop) {
  if (take_free()) return Slot(this);
  if (most_waiting_ == 0) return {};
  std::unique_lock lock(mutex_);
  // From "full" to "one more waits" in one step: who leaves in between is seen here, or sees us.
  std::uint64_t state = state_.load(std::memory_order_relaxed);
  for (;;) {
    const bool free = inside(state) < concurrent_ && waiters(state) == 0;
    if (!free && waiters(state) >= most_waiting_) return {};
    if (!state_.compare_exchange_weak(state, state + (free ? one_inside : one_waiting),
                                      std::memory_order_acquire))
      continue;
    if (free) return Slot(this);
    break;
  }
  // Who calls has made us one of those inside already.
  if (list_.wait(lock, clock, deadline, stop) == WaitList::Result::called) return Slot(this);
  state_.fetch_sub(one_waiting, std::memory_order_relaxed);
  return {};
}

void Bulkhead::leave() {
  std::uint64_t state = state_.load(std::memory_order_relaxed);
  while (waiters(state) == 0) {
    if (state_.compare_exchange_weak(state, state - one_inside, std::memory_order_release)) return;
  }
  const std::lock_guard lock(mutex_);
  state_.fetch_sub(list_.call_first() ? one_waiting : one_inside, std::memory_order_acq_rel);
}

int Bulkhead::in_flight() const { return static_cast<int>(inside(state_.load(std::memory_order_relaxed))); }
int Bulkhead::waiting() const { return static_cast<int>(waiters(state_.load(std::memory_order_relaxed))); }

}  // namespace resilience
