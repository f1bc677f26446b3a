#include "resilience/guarded_run.hpp"

#include <algorithm>
#include <utility>

#include "resilience/deadline.hpp"

namespace resilience {

using CallResult = CircuitBreaker::CallResult;

bool GuardedRun::end(End end, base::SteadyTime retry_at) {
  end_ = end;
  retry_at_ = retry_at;
  finish(CallResult::ignored);
  return false;
}

// The breaker is asked first, although it stands below: what it rejects needs no place and no token. And
// again after a wait, in which it may have opened.
bool GuardedRun::admit() {
  if (attempt_.stop.stop_requested()) return end(End::stopped);
  if (now_ >= deadline_) return end(End::deadline);
  bool waited = false;
  if (!acquire()) return false;
  if (policies_.bulkhead != nullptr && !enter(waited)) return false;
  if (policies_.limiter != nullptr && !take_place(waited)) return false;
  if (waited && permit_) {
    policies_.breaker->finish(*permit_, CallResult::ignored, {}, now_);
    if (!acquire()) return false;
  }
  if (!retry_.begin_attempt(now_)) return end(End::deadline);
  began_ = now_;
  attempt_.number = retry_.attempts();
  attempt_.deadline = std::min(deadline_, after(now_, policies_.timeout));
  return true;
}

bool GuardedRun::acquire() {
  if (policies_.breaker == nullptr) return true;
  permit_ = policies_.breaker->try_acquire(now_);
  return permit_.has_value() || end(End::circuit_open, policies_.breaker->next_probe_at());
}

bool GuardedRun::enter(bool& waited) {
  slot_ = policies_.bulkhead->try_enter();
  if (slot_) return true;
  slot_ = policies_.bulkhead->enter(*policies_.clock, deadline_, attempt_.stop);
  now_ = policies_.clock->steady();
  waited = true;
  return slot_.has_value() || end(attempt_.stop.stop_requested() ? End::stopped : End::bulkhead_full);
}

bool GuardedRun::take_place(bool& waited) {
  // At the deadline itself nothing could be done any more.
  const base::SteadyTime latest = deadline_ == no_deadline ? no_deadline : deadline_ - base::Duration{1};
  const auto at = policies_.limiter->reserve(now_, latest);
  if (!at) return end(End::limited);
  if (*at <= now_) return true;
  // A place that a stop makes useless is not given back: the ones behind it have their times already.
  if (!policies_.clock->sleep_until(*at, attempt_.stop)) return end(End::stopped);
  now_ = policies_.clock->steady();
  waited = true;
  return true;
}

void GuardedRun::finish(CallResult result) {
  if (permit_) policies_.breaker->finish(*permit_, result, now_ - began_, now_);
  permit_.reset();
  slot_.reset();
}

// The clock is read again only for a breaker that asks how long calls take.
void GuardedRun::finish_good() {
  if (policies_.breaker->measures_time()) now_ = policies_.clock->steady();
  finish(CallResult::success);
}

bool GuardedRun::failed(base::Error&& error) {
  now_ = policies_.clock->steady();
  const Verdict verdict = policies_.classify(error);
  finish(verdict.counts_as);
  std::optional<base::Duration> asked;
  // The largest number of milliseconds is not one of nanoseconds.
  if (error.retry_after)
    asked =
        std::min(*error.retry_after, std::chrono::floor<std::chrono::milliseconds>(base::Duration::max()));
  error_ = std::move(error);
  if (attempt_.stop.stop_requested()) return end(End::stopped);
  if (!verdict.retry) return end(End::failed);
  // A breaker that this failure opened would only refuse the retry: no token, no wait for that.
  if (policies_.breaker != nullptr && policies_.breaker->next_probe_at() > now_)
    return end(End::circuit_open, policies_.breaker->next_probe_at());
  const Decision next = retry_.after_failure(now_, asked);
  switch (next.kind) {
    case Decision::Kind::attempts_spent:
      return end(End::attempts_spent, asked ? after(now_, *asked) : retry_at_);
    case Decision::Kind::budget_spent: return end(End::budget_spent, next.at);
    case Decision::Kind::deadline: return end(End::deadline, next.at);
    case Decision::Kind::wait: break;
  }
  if (!policies_.clock->sleep_until(next.at, attempt_.stop)) return end(End::stopped, next.at);
  now_ = policies_.clock->steady();
  return true;
}

}  // namespace resilience
