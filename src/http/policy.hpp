// The course of one request, as a pure state machine: step(event, now) → reserve | send | wait until | done.
// It owns no clock, no thread and no socket; the engine drives it in production, a table in tests (RT12).
//
//   limit → circuit → retry budget → retry → timeout
//
// One layer, never nested (RT1); what may be repeated says judge() of judgement.hpp. The deadline bounds
// attempts and waits (RT6): a wait that would end after it is not begun, and the last cause is returned at
// once.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/rng.hpp"
#include "http/budgets.hpp"
#include "http/host_gate.hpp"
#include "http/judgement.hpp"
#include "http/message.hpp"
#include "resilience/backoff.hpp"
#include "resilience/retry.hpp"

namespace http {

struct RetryPolicy {
  int max_attempts = 6;
  resilience::Backoff backoff{};
  base::Duration max_retry_after = std::chrono::hours{24};  // nothing longer is promised to be waited for
};

// What holds for the requests of a run until the first of them was answered: with nothing to lose yet, there
// is no need to hold out. Shared by them; thread-safe.
struct Opening {
  bool single_attempt = false;                      // RT10: a try begins with one probe
  base::Duration patience = base::Duration::max();  // for a limit; longer: the run is rather begun anew
  std::atomic<bool> answered = false;
};

struct Reserve {  // a call of the API's budgets
  base::SteadyTime latest;
};
struct Send {};
struct WaitUntil {
  enum class Why { backoff, limit };
  base::SteadyTime time;
  Why why = Why::backoff;
};
struct Done {};  // take policy.result()
using Action = std::variant<Reserve, Send, WaitUntil, Done>;

struct Start {};
using Reserved = std::variant<Budgets::Grant, Budgets::Refusal>;
struct Attempted {
  Outcome outcome;
  base::WallTime wall;  // when it ended
};
struct Waited {};   // the time of WaitUntil has come
struct Stopped {};  // stop was requested
using Event = std::variant<Start, Reserved, Attempted, Waited, Stopped>;

class Policy {
 public:
  // `opening` may be null. All must outlive the policy.
  Policy(const Request& request, RetryPolicy policy, base::SteadyTime deadline, HostGate& gate,
         Opening* opening, base::Rng& rng);
  Action step(Event event, base::SteadyTime now);
  // After Done: the response, or one error naming host, attempts and the last cause (R1).
  base::Result<Response> result();
  int attempts() const { return retry_ ? retry_->attempts() : 0; }
  int max_attempts() const { return options_.max_attempts; }
  const std::string& last_reason() const { return last_reason_; }
  std::string last_cause() const;  // text of the last attempt's fault, without the host; "" if there is none
  // Of the last attempt: how long the other side wants to be left alone.
  std::optional<base::Duration> asked_to_wait() const { return asked_to_wait_; }
  bool holds_grant() const { return grant_.has_value(); }  // after Done: a call that was never sent

 private:
  Action prepare(base::SteadyTime now);
  Action send(base::SteadyTime now);
  Action not_asked(base::SteadyTime now);
  Action refused(const Budgets::Refusal& refusal, base::SteadyTime now);
  Action judge_attempt(Attempted attempted, base::SteadyTime now);
  Action again(base::SteadyTime now);
  Action finish(std::string_view why, base::SteadyTime now);
  bool is_opening() const { return opening_ && !opening_->answered; }

  const Request& request_;
  const RetryPolicy policy_;
  const base::SteadyTime deadline_;
  HostGate& gate_;
  Opening* const opening_;
  base::Rng& rng_;
  const std::string host_;
  resilience::RetryOptions options_;
  std::optional<resilience::Retry> retry_;  // from Start on
  base::SteadyTime started_{}, sent_{};
  std::optional<Budgets::Grant> grant_;
  std::optional<HostGate::Permit> permit_;
  std::optional<base::Duration> asked_to_wait_;
  std::string last_reason_;
  std::optional<Response> response_;
  std::optional<base::Error> error_;
};

}  // namespace http
