#include "resilience/circuit_breaker.hpp"

#include <algorithm>
#include <utility>

#include "resilience/deadline.hpp"

namespace resilience {
namespace {

using State = CircuitBreaker::State;

constexpr std::uint64_t states = 8;  // more than there are
State state_of(std::uint64_t word) { return static_cast<State>(word % states); }
std::uint64_t generation_of(std::uint64_t word) { return word / states; }

double rate(double value) { return value >= 0 ? std::min(value, 1.0) : 0.0; }  // NaN: 0

CircuitOptions sane(CircuitOptions options) {
  options.calls = std::clamp(options.calls, 1, 1'000'000);
  options.minimum_calls = std::max(options.minimum_calls, 1);
  // A window that never holds enough calls would never open.
  if (options.window == CircuitOptions::Window::count)
    options.minimum_calls = std::min(options.minimum_calls, options.calls);
  options.failure_rate = rate(options.failure_rate);
  options.slow_rate = rate(options.slow_rate);
  options.probes = std::clamp(options.probes, 1, 1000);
  options.successes_to_close = std::max(options.successes_to_close, 1);
  return options;
}

}  // namespace

CircuitBreaker::CircuitBreaker(CircuitOptions options)
    : options_(sane(options)),
      probe_at_(base::SteadyTime::min()),
      window_(options_.window == CircuitOptions::Window::count ? OutcomeWindow::of_calls(options_.calls)
                                                               : OutcomeWindow::of_time(options_.period)),
      leases_(static_cast<std::size_t>(options_.probes)) {}

std::optional<CircuitBreaker::Permit> CircuitBreaker::try_acquire_unclosed(std::uint64_t word,
                                                                           base::SteadyTime now) {
  const State state = state_of(word);
  if (state == State::forced_open) return {};
  if (state == State::forced_closed) return Permit{.generation = generation_of(word)};
  if (state == State::open && now < probe_at_.load(std::memory_order_relaxed)) return {};
  return probe(now);
}

std::optional<CircuitBreaker::Permit> CircuitBreaker::probe(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const State state = state_of(word_.load(std::memory_order_relaxed));
  if (state == State::open && now >= probe_at_.load(std::memory_order_relaxed)) {
    change(State::half_open);
  } else if (state != State::half_open) {  // another thread was first
    if (state == State::closed || state == State::forced_closed)
      return Permit{generation_of(word_.load(std::memory_order_relaxed))};
    return {};
  }
  const auto lease = next_lease();
  if (lease->until() > now) return {};
  if (++last_lease_ == 0) ++last_lease_;  // 0 means free
  leases_[static_cast<std::size_t>(lease - leases_.begin())] = {last_lease_,
                                                                after(now, options_.probe_lease)};
  return Permit{generation_of(word_.load(std::memory_order_relaxed)), true, last_lease_};
}

void CircuitBreaker::record(Permit permit, CallResult result, base::Duration elapsed, base::SteadyTime now) {
  const std::uint64_t word = word_.load(std::memory_order_acquire);
  if (generation_of(word) != permit.generation) return;
  const bool slow = elapsed > options_.slow_call;
  if (state_of(word) == State::half_open) {
    finish_probe(permit, result, slow, now);
  } else if (state_of(word) == State::closed && result != CallResult::ignored) {
    finish_call(permit, {result == CallResult::failure, slow}, now);
  }
}

void CircuitBreaker::finish_call(Permit permit, OutcomeWindow::Outcome outcome, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (generation_of(word_.load(std::memory_order_relaxed)) != permit.generation) return;
  window_.add(outcome, now);
  healthy_.store(window_.unchanged_by_success(), std::memory_order_relaxed);
  if (trips()) open(now);
}

void CircuitBreaker::finish_probe(Permit permit, CallResult result, bool slow, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (generation_of(word_.load(std::memory_order_relaxed)) != permit.generation) return;
  const auto lease = std::find_if(leases_.begin(), leases_.end(),
                                  [permit](const Lease& it) { return it.number == permit.lease; });
  if (permit.lease == 0 || lease == leases_.end()) return;
  *lease = {};
  if (result == CallResult::ignored) return;
  if (result == CallResult::failure || slow) {
    open(now);
  } else if (++successes_ >= options_.successes_to_close) {
    change(State::closed);
  }
}

bool CircuitBreaker::trips() const {
  const OutcomeWindow::Counts counts = window_.counts();
  const auto reached = [calls = static_cast<double>(counts.calls)](std::int64_t number, double rate) {
    return number > 0 && static_cast<double>(number) >= rate * calls;
  };
  return counts.calls >= options_.minimum_calls &&
         (reached(counts.failed, options_.failure_rate) || reached(counts.slow, options_.slow_rate));
}

// Every state begins with nothing of the one before; what is still under way has another generation.
void CircuitBreaker::change(State state) {
  window_.clear();
  healthy_.store(false, std::memory_order_relaxed);
  std::fill(leases_.begin(), leases_.end(), Lease{});
  successes_ = 0;
  const std::uint64_t generation = generation_of(word_.load(std::memory_order_relaxed)) + 1;
  word_.store(generation * states + static_cast<std::uint64_t>(state), std::memory_order_release);
}

void CircuitBreaker::open(base::SteadyTime now) {
  probe_at_.store(after(now, options_.open_for), std::memory_order_relaxed);
  change(State::open);
}

State CircuitBreaker::state(base::SteadyTime now) const {
  const State state = state_of(word_.load(std::memory_order_acquire));
  const bool due = state == State::open && now >= probe_at_.load(std::memory_order_relaxed);
  return due ? State::half_open : state;
}

base::SteadyTime CircuitBreaker::next_probe_at() const {
  const State state = state_of(word_.load(std::memory_order_acquire));
  if (state == State::open) return probe_at_.load(std::memory_order_relaxed);
  if (state == State::forced_open) return base::SteadyTime::max();
  if (state != State::half_open) return base::SteadyTime::min();
  const std::lock_guard lock(mutex_);
  return next_lease()->until();
}

// The free one, or the one that ends first; then the place of the probe that was lost for the longest is
// given on.
std::vector<CircuitBreaker::Lease>::const_iterator CircuitBreaker::next_lease() const {
  return std::min_element(leases_.begin(), leases_.end(), [](const Lease& a, const Lease& b) {
    return std::pair(a.until(), a.number) < std::pair(b.until(), b.number);
  });
}

void CircuitBreaker::force(State state) {
  const std::lock_guard lock(mutex_);
  change(state == State::open ? State::forced_open : state);
}

void CircuitBreaker::reset() { force(State::closed); }

}  // namespace resilience
