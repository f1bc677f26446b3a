#include "http/policy.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/text.hpp"
#include "http/url.hpp"
#include "resilience/deadline.hpp"

namespace http {
namespace {

using base::Code;
using CallResult = HostGate::CallResult;
using std::chrono::milliseconds;

// "example.org answered 503" and "example.org: connection refused" → what follows the host.
std::string_view without_host(std::string_view message, std::string_view host) {
  if (!message.starts_with(host)) return message;
  const std::string_view rest = message.substr(host.size());
  if (rest.starts_with(": ")) return rest.substr(2);
  return rest.starts_with(" ") ? rest.substr(1) : message;
}

// RT9: what says something of the host. That it refuses this request does not; to a probe it is a sign of
// life.
CallResult result_for_host(const Outcome& outcome, const Judgement& judgement, bool is_probe) {
  switch (outcome.fate) {
    case Fate::cancelled: return CallResult::ignored;
    case Fate::not_sent:
    case Fate::sent_unknown: return CallResult::failure;
    case Fate::refused:
    case Fate::answered: break;
  }
  if (outcome.fate == Fate::refused || judgement.verdict == Verdict::success) return CallResult::success;
  const int status = outcome.response.status;
  const bool by_client = status / 100 == 4 && status != 408;
  const bool by_rule = judgement.ruling && status < 500 && status != 408;
  if (!by_client && !by_rule) return CallResult::failure;
  return is_probe ? CallResult::success : CallResult::ignored;
}

}  // namespace

Policy::Policy(const Request& request, RetryPolicy policy, base::SteadyTime deadline, HostGate& gate,
               Opening* opening, base::Rng& rng)
    : request_(request),
      policy_(policy),
      deadline_(deadline),
      gate_(gate),
      opening_(opening),
      rng_(rng),
      host_(host_label(request.url)),
      options_{.max_attempts = policy.max_attempts, .backoff = policy.backoff} {
  if (is_opening() && opening_->single_attempt) options_.max_attempts = 1;
}

std::string Policy::last_cause() const {
  return error_ ? std::string(without_host(error_->message, host_)) : std::string();
}

// One error for the whole request (R1). `why` says what ended the retries, if the last cause alone did not.
Action Policy::finish(std::string_view why, base::SteadyTime now) {
  const int attempts = this->attempts();
  if (attempts > 1 || !why.empty())
    error_->message = fmt::format("{}: gave up after {} {} in {}{}: {}", host_, attempts,
                                  attempts == 1 ? "attempt" : "attempts",
                                  base::format_duration(now - started_), why, last_cause());
  return Done{};
}

// ---- before an attempt ----

Action Policy::prepare(base::SteadyTime now) {
  if (now >= deadline_) {
    const bool first = !error_;
    if (first) error_ = base::error(Code::timeout, "{}: no time was left to send the request", host_);
    return first ? Action{Done{}} : finish(", because the deadline has passed", now);
  }
  if (gate_.shut(now)) return not_asked(now);
  if (grant_) return send(now);
  return Reserve{is_opening() ? std::min(deadline_, resilience::after(now, opening_->patience)) : deadline_};
}

// RT9: nobody but the canary.
Action Policy::not_asked(base::SteadyTime now) {
  gate_.turned_away(request_, now);
  if (error_) return finish(", because the host fails for everybody", now);
  const auto probe_at = gate_.shut(now);
  const std::string cause = gate_.last_cause();
  error_ = base::error(Code::unavailable,
                       "{}: not asked, because it keeps failing{}{}; the next sign of life is asked for {}",
                       host_, cause.empty() ? "" : ": ", cause,
                       probe_at && *probe_at > now ? "in " + base::format_duration(*probe_at - now) : "now");
  last_reason_ = "circuit_open";
  return Done{};
}

Action Policy::refused(const Budgets::Refusal& refusal, base::SteadyTime now) {
  if (!error_)
    error_ = base::Error{Code::rate_limited, refusal.why};
  else
    finish(", because " + refusal.why, now);
  error_->code = Code::rate_limited;
  error_->retry_after = std::chrono::ceil<milliseconds>(refusal.wait);
  last_reason_ = "rate_limit";
  return Done{};
}

Action Policy::send(base::SteadyTime now) {
  if (grant_->send_at >= deadline_) {
    if (error_) return finish(", because its turn comes after the deadline", now);
    error_ = base::error(Code::timeout, "{}: no time is left until its turn, in {}", host_,
                         base::format_duration(grant_->send_at - now));
    return Done{};
  }
  if (grant_->send_at > now) return WaitUntil{grant_->send_at, WaitUntil::Why::limit};
  permit_ = gate_.enter(now);
  if (!permit_) return not_asked(now);
  retry_->begin_attempt(now);
  grant_.reset();
  sent_ = now;
  return Send{};
}

// ---- after it ----

Action Policy::judge_attempt(Attempted attempted, base::SteadyTime now) {
  Judgement judgement = judge(request_, attempted.outcome, attempted.wall);
  const CallResult result = result_for_host(attempted.outcome, judgement, permit_->probe);
  gate_.leave(*permit_, result, now - sent_, now,
              {&request_, std::string(without_host(judgement.error.message, host_))});
  permit_.reset();
  last_reason_ = std::move(judgement.reason);
  asked_to_wait_ = judgement.wait;
  if (opening_ && attempted.outcome.fate == Fate::answered && judgement.verdict == Verdict::success)
    opening_->answered = true;
  if (judgement.verdict == Verdict::success) {
    response_ = std::move(attempted.outcome.response);
    response_->ruling = judgement.ruling;
    return Done{};
  }
  error_ = std::move(judgement.error);
  if (error_->code == Code::cancelled) return Done{};
  return judgement.verdict == Verdict::final ? finish("", now) : again(now);
}

// RT3, RT5, RT6, RT7.
Action Policy::again(base::SteadyTime now) {
  if (asked_to_wait_) {
    const base::Duration wait = *asked_to_wait_;
    const bool too_long = wait > policy_.max_retry_after;
    const bool hurried = is_opening() && wait > opening_->patience;
    if (too_long || hurried || wait >= deadline_ - now) {
      error_->code = Code::rate_limited;
      error_->retry_after = std::chrono::ceil<milliseconds>(wait);
      return finish(fmt::format(", because it asks to be left alone for {}{}", base::format_duration(wait),
                                too_long ? ", which is longer than max_retry_after" : ""),
                    now);
    }
  }
  const resilience::Decision next = retry_->after_failure(now, asked_to_wait_);
  using Kind = resilience::Decision::Kind;
  switch (next.kind) {
    case Kind::wait: return WaitUntil{next.at, WaitUntil::Why::backoff};
    case Kind::attempts_spent: return finish("", now);
    case Kind::budget_spent:
      return finish(", because too many requests to this host are repeated already", now);
    case Kind::deadline: break;
  }
  return finish(fmt::format(", because the deadline comes before the next one, due in {}",
                            base::format_duration(next.delay)),
                now);
}

Action Policy::step(Event event, base::SteadyTime now) {
  if (std::holds_alternative<Stopped>(event)) {
    if (permit_) gate_.leave(*permit_, CallResult::ignored, {}, now);
    permit_.reset();
    error_ = base::error(Code::cancelled, "{}: cancelled", host_);
    return Done{};
  }
  if (std::holds_alternative<Start>(event)) {
    started_ = now;
    retry_.emplace(options_, now, deadline_, &gate_.retries(), rng_);
  }
  if (auto* attempted = std::get_if<Attempted>(&event)) return judge_attempt(std::move(*attempted), now);
  if (auto* reserved = std::get_if<Reserved>(&event)) {
    if (const auto* refusal = std::get_if<Budgets::Refusal>(reserved)) return refused(*refusal, now);
    grant_ = std::get<Budgets::Grant>(*reserved);
    grant_->send_at = std::max(grant_->send_at, gate_.pace(now));
  }
  return prepare(now);
}

base::Result<Response> Policy::result() {
  CHECK(response_ || error_, "asked for the result before Done");
  if (response_) return std::move(*response_);
  return *error_;
}

}  // namespace http
