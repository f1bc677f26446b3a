// The retry decision for one request, as a pure state machine: step(event, now) → send | wait until | done.
// It owns no clock, no thread and no socket; the engine drives it in production, a table in tests (RT12).
//
// One layer, never nested (RT1); what may be repeated says judge() of judgement.hpp. The deadline bounds
// attempts and waits (RT6): a wait that would end after it is not begun, and the last cause is returned at
// once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "http/judgement.hpp"
#include "http/message.hpp"
#include "resilience/backoff.hpp"

namespace http {

struct RetryPolicy {
  int max_attempts = 6;
  resilience::Backoff backoff{};
};

struct Send {};
struct WaitUntil {
  base::SteadyTime time;
};
struct Done {};  // take policy.result()
using Action = std::variant<Send, WaitUntil, Done>;

struct Start {};
struct Attempted {
  Outcome outcome;
};
struct Waited {};   // the time of WaitUntil has come
struct Stopped {};  // stop was requested
using Event = std::variant<Start, Attempted, Waited, Stopped>;

class Policy {
 public:
  Policy(const Request& request, RetryPolicy policy, base::SteadyTime deadline, base::Rng& rng);
  Action step(Event event, base::SteadyTime now);
  // After Done: the response, or one error naming host, attempts and the last cause (R1).
  base::Result<Response> result();
  int attempts() const { return attempts_; }
  const std::string& last_reason() const { return last_reason_; }
  std::string last_cause() const;  // text of the last attempt's fault, without the host; "" if there is none

 private:
  Action finish(std::string_view why, base::SteadyTime now);
  Action send(base::SteadyTime now);

  const Request& request_;
  const RetryPolicy policy_;
  const base::SteadyTime deadline_;
  base::Rng& rng_;
  const std::string host_;
  base::SteadyTime started_{};
  int attempts_ = 0;
  base::Duration previous_delay_{};
  std::string last_reason_;
  std::optional<Response> response_;
  std::optional<base::Error> error_;
};

}  // namespace http
