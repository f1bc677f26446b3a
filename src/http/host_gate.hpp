// What one host's own state lets through: its circuit (RT9), its retry budget (RT7) and, after an outage of
// its or ours, a pace that begins with a few requests a second and grows with every answer. Thread-safe; time
// is passed in.
//
//   if (const auto probe_at = gate.shut(now)) …        // nobody is to ask before then
//   wait until gate.pace(now);
//   const auto permit = gate.enter(now);               // nothing: it was shut meanwhile
//   gate.leave(*permit, CallResult::failure, elapsed, now, {&request, "connection refused"});
//
// While the circuit is open, one canary asks for all: the newest request that failed, or was not let through,
// and may be repeated, every `open_for`, as long as somebody still wants to know. So no broken corner of a
// host shuts the rest of it for good.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "http/message.hpp"
#include "resilience/circuit_breaker.hpp"
#include "resilience/retry_budget.hpp"

namespace http {

struct GateOptions {
  // Which calls are slow says leave(), by their own timeouts; to the circuit they are longer than slow_call.
  resilience::CircuitOptions circuit{.slow_call = std::chrono::seconds{1}, .slow_rate = 0.9};
  resilience::RetryBudget::Options retries{};
  base::Duration first_step = std::chrono::milliseconds{200};  // between requests, at the slowest pace
  base::Duration last_step = std::chrono::milliseconds{5};     // below it, they go as they come
  base::Duration wanted_for = std::chrono::minutes{10};        // the canary, after the last one who asked
};

// The request of a call, and what was wrong with it, without the host.
struct CallReport {
  const Request* request = nullptr;
  std::string cause{};
};

class HostGate {
 public:
  using Permit = resilience::CircuitBreaker::Permit;
  using CallResult = resilience::CircuitBreaker::CallResult;

  // `on_change`: the circuit has opened, or closed after an outage; on the thread of whoever leaves, without
  // a lock.
  explicit HostGate(GateOptions options, std::function<void(bool is_open)> on_change = {});

  resilience::RetryBudget& retries() { return retries_; }
  std::optional<base::SteadyTime> shut(base::SteadyTime now);
  void turned_away(const Request& request, base::SteadyTime now);  // somebody wants to ask
  base::SteadyTime pace(base::SteadyTime now);                     // each call takes a place of its own
  std::optional<Permit> enter(base::SteadyTime now);
  void leave(const Permit& permit, CallResult result, base::Duration elapsed, base::SteadyTime now,
             CallReport report = {});
  void begin_gently();  // at the slowest pace

  bool is_open(base::SteadyTime now) const;
  std::string last_cause() const;  // of the failures; "" if there were none
  // When the canary is due; nothing: nobody wants one, or there is nothing that it may ask.
  std::optional<base::SteadyTime> canary_at(base::SteadyTime now) const;
  std::optional<Request> canary() const;
  bool is_wanted(base::SteadyTime now) const;  // somebody was turned away not long ago
  bool is_idle(base::SteadyTime now) const;    // nothing is lost if it is forgotten

 private:
  std::optional<bool> note(CallResult result, base::SteadyTime now, bool was_slow, CallReport report);

  const GateOptions options_;
  const std::function<void(bool)> on_change_;
  resilience::CircuitBreaker circuit_;
  resilience::RetryBudget retries_;

  mutable std::mutex mutex_;
  base::Duration step_{};  // of the pace; zero: none
  base::SteadyTime next_{};
  base::SteadyTime used_{}, wanted_{};
  bool was_open_ = false;
  std::optional<Request> canary_;
  std::string last_cause_;
};

}  // namespace http
