#include "http/host_gate.hpp"

#include <algorithm>
#include <utility>

namespace http {
namespace {

using State = resilience::CircuitBreaker::State;
using namespace std::chrono_literals;

// A canary asks for a sign of life, not for the data.
constexpr std::uint64_t canary_bytes = 64u << 10;
constexpr std::chrono::milliseconds canary_timeout = 10s;
constexpr base::Duration idle_after = 1h;

bool may_be_canary(const Request& request) { return may_repeat(request) && request.may_be_canary; }

// By the rules of whoever asks it might be a failure that is none of the host's.
Request canary_of(Request request) {
  request.judge_answer = {};
  request.expect = Request::Expect::anything;
  request.max_response_size = canary_bytes;
  request.timeout = std::min(request.timeout, canary_timeout);
  return request;
}

}  // namespace

HostGate::HostGate(GateOptions options, std::function<void(bool)> on_change)
    : options_(options),
      on_change_(std::move(on_change)),
      circuit_(options.circuit),
      retries_(options.retries) {}

std::optional<base::SteadyTime> HostGate::shut(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  used_ = now;
  if (circuit_.state(now) != State::open) return std::nullopt;
  return circuit_.next_probe_at();
}

void HostGate::turned_away(const Request& request, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  wanted_ = now;
  if (may_be_canary(request)) canary_ = canary_of(request);
}

base::SteadyTime HostGate::pace(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (step_ == base::Duration{}) return now;
  const base::SteadyTime at = std::max(now, next_);
  next_ = at + step_;
  return at;
}

std::optional<HostGate::Permit> HostGate::enter(base::SteadyTime now) { return circuit_.try_acquire(now); }

void HostGate::leave(const Permit& permit, CallResult result, base::Duration elapsed, base::SteadyTime now,
                     CallReport report) {
  const bool is_slow = report.request && elapsed > report.request->timeout / 5 * 4;
  // What is slow may be good: a probe that gets its answer has found what it looked for.
  circuit_.finish(permit, result, is_slow && !permit.probe ? base::Duration::max() : base::Duration{}, now);
  if (is_slow && result == CallResult::success) report.cause = "its answers take too long";
  const auto change = note(result, now, is_slow, std::move(report));
  if (change && on_change_) on_change_(*change);
}

// Whether it has opened or closed.
std::optional<bool> HostGate::note(CallResult result, base::SteadyTime now, bool was_slow,
                                   CallReport report) {
  const std::lock_guard lock(mutex_);
  if (result == CallResult::failure || (was_slow && result == CallResult::success)) {
    last_cause_ = std::move(report.cause);
    if (report.request && may_be_canary(*report.request)) canary_ = canary_of(*report.request);
  }
  if (result == CallResult::success && step_ != base::Duration{}) {
    step_ /= 2;
    if (step_ < options_.last_step) step_ = {};
  }
  const State state = circuit_.state(now);
  if (state == State::open && !was_open_) {
    wanted_ = now;
    return was_open_ = true;
  }
  if (state != State::closed || !was_open_) return std::nullopt;
  canary_.reset();
  step_ = options_.first_step;
  next_ = now;
  return was_open_ = false;
}

void HostGate::begin_gently() {
  const std::lock_guard lock(mutex_);
  step_ = options_.first_step;
}

bool HostGate::is_open(base::SteadyTime now) const { return circuit_.state(now) != State::closed; }

std::string HostGate::last_cause() const {
  const std::lock_guard lock(mutex_);
  return last_cause_;
}

std::optional<base::SteadyTime> HostGate::canary_at(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (!canary_ || circuit_.state(now) == State::closed || now - wanted_ > options_.wanted_for)
    return std::nullopt;
  return circuit_.next_probe_at();
}

bool HostGate::is_wanted(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return now - wanted_ <= options_.wanted_for;
}

std::optional<Request> HostGate::canary() const {
  const std::lock_guard lock(mutex_);
  return canary_;
}

bool HostGate::is_idle(base::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return circuit_.state(now) == State::closed && now - used_ > idle_after;
}

}  // namespace http
