// Stops calls to a dependency that fails, and finds out carefully when it is back (semantics RT9). Closed:
// calls go, their results are counted. Open: they are rejected for `open_for`. Half open: a few probes go;
// the first that fails opens it again, enough that succeed close it.
//
// Thread-safe; nothing allocates after the constructor. A rejection is an empty optional, never an exception.
//
//   CircuitBreaker breaker(CircuitOptions{.minimum_calls = 10, .open_for = 30s});
//   const auto permit = breaker.try_acquire(clock.steady());
//   if (!permit) return rejected_until(breaker.next_probe_at());
//   ...
//   breaker.finish(*permit, CircuitBreaker::CallResult::success, elapsed, clock.steady());
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "resilience/outcome_window.hpp"

namespace resilience {

// Numbers under 1 count as 1, rates are brought into 0 to 1. A rate of 0 is reached by the first such call.
struct CircuitOptions {
  enum class Window { count, time };
  Window window = Window::time;
  int calls = 100;                                        // in a window of calls
  base::Duration period = std::chrono::seconds{60};       // of a window of time
  int minimum_calls = 10;                                 // in the window, before anything is judged
  double failure_rate = 0.5;                              // opens at this share of failed calls …
  base::Duration slow_call = base::Duration::max();       // a call that takes longer is slow; max: none is
  double slow_rate = 1.0;                                 // … or at this share of slow ones
  base::Duration open_for = std::chrono::seconds{30};     // until the first probe
  int probes = 1;                                         // at the same time
  base::Duration probe_lease = std::chrono::seconds{60};  // a probe unfinished for so long gives up its place
  int successes_to_close = 1;
};

class CircuitBreaker {
 public:
  enum class State { closed, open, half_open, forced_open, forced_closed };
  struct Permit {
    std::uint64_t generation = 0;  // of the state it was given in
    bool probe = false;
    std::uint32_t lease = 0;
  };
  enum class CallResult {
    success,
    failure,  // a slow probe is a failed one, too
    ignored,  // says nothing about the dependency (4xx, our own rejection, cancellation): only ends the
              // permit
  };

  explicit CircuitBreaker(CircuitOptions options);

  // Every permit should be finished. A lost one costs nothing but the time of its lease.
  std::optional<Permit> try_acquire(base::SteadyTime now) {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    if (word % states == static_cast<std::uint64_t>(State::closed))
      return Permit{.generation = word / states};
    return try_acquire_unclosed(word, now);
  }
  // Without effect when the state has changed since the permit, or another probe has taken over its lease.
  void finish(Permit permit, CallResult result, base::Duration elapsed, base::SteadyTime now) {
    // The usual case, which no thread pays for: a good call among good calls, whose count it leaves as it is.
    const bool good = result == CallResult::success && elapsed <= options_.slow_call && !permit.probe;
    if (!good || !healthy_.load(std::memory_order_relaxed)) record(permit, result, elapsed, now);
  }

  State state(base::SteadyTime now) const;  // an open one whose time is over is half open
  // When a call may go: any time (min) unless open; while probes are out, the end of the first lease; never
  // (max) when forced open.
  base::SteadyTime next_probe_at() const;
  bool measures_time() const { return options_.slow_call != base::Duration::max(); }  // does `elapsed` matter

  // forced_open (and open) and forced_closed hold until reset(); half_open makes the next call a probe.
  void force(State state);
  void reset();  // closed, with an empty window

 private:
  struct Lease {
    std::uint32_t number = 0;  // 0: free
    base::SteadyTime deadline{};
    base::SteadyTime until() const { return number == 0 ? base::SteadyTime::min() : deadline; }
  };

  static constexpr std::uint64_t states = 8;

  std::optional<Permit> try_acquire_unclosed(std::uint64_t word, base::SteadyTime now);
  std::optional<Permit> probe(base::SteadyTime now);
  void record(Permit permit, CallResult result, base::Duration elapsed, base::SteadyTime now);
  void finish_call(Permit permit, OutcomeWindow::Outcome outcome, base::SteadyTime now);
  void finish_probe(Permit permit, CallResult result, bool slow, base::SteadyTime now);
  bool trips() const;
  std::vector<Lease>::const_iterator next_lease() const;
  void change(State state);
  void open(base::SteadyTime now);

  const CircuitOptions options_;
  std::atomic<std::uint64_t> word_{0};      // generation · states + state, so that both are read at once
  std::atomic<base::SteadyTime> probe_at_;  // while open
  std::atomic<bool> healthy_{false};        // see OutcomeWindow::unchanged_by_success

  mutable std::mutex mutex_;  // the rest, and every change of the above
  OutcomeWindow window_;
  std::vector<Lease> leases_;
  std::uint32_t last_lease_ = 0;
  int successes_ = 0;  // of probes
};

}  // namespace resilience
