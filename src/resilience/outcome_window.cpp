#include "resilience/outcome_window.hpp"

#include <algorithm>

#include "resilience/deadline.hpp"

namespace resilience {
namespace {

void count(OutcomeWindow::Counts& counts, OutcomeWindow::Outcome outcome, int sign) {
  counts.calls += sign;
  counts.failed += outcome.failed ? sign : 0;
  counts.slow += outcome.slow ? sign : 0;
}

std::size_t place(std::int64_t number) {
  constexpr std::int64_t size = OutcomeWindow::buckets;
  return static_cast<std::size_t>((number % size + size) % size);
}

}  // namespace

OutcomeWindow OutcomeWindow::of_calls(int calls) {
  OutcomeWindow window;
  window.ring_.resize(static_cast<std::size_t>(std::clamp(calls, 1, 1'000'000)));
  return window;
}

OutcomeWindow OutcomeWindow::of_time(base::Duration period) {
  OutcomeWindow window;
  window.width_ = std::max(base::Duration{1}, period / buckets);
  return window;
}

void OutcomeWindow::add(Outcome outcome, base::SteadyTime now) {
  if (ring_.empty()) {
    if (now >= latest_end_) advance(now);
    count(buckets_[place(latest_)], outcome, 1);
  } else {
    if (total_.calls == static_cast<std::int64_t>(ring_.size())) count(total_, ring_[next_], -1);
    ring_[next_] = outcome;
    next_ = next_ + 1 == ring_.size() ? 0 : next_ + 1;
  }
  count(total_, outcome, 1);
}

// The division is here and not in add(), where it would cost more than the rest together.
void OutcomeWindow::advance(base::SteadyTime now) {
  const std::int64_t width = width_.count();
  const std::int64_t time = now.time_since_epoch().count();
  const std::int64_t bucket = time / width - (time % width < 0 ? 1 : 0);
  if (latest_end_ == base::SteadyTime::min() || bucket - latest_ >= buckets) {
    buckets_.fill({});
    total_ = {};
  } else {
    for (std::int64_t old = latest_ + 1; old <= bucket; ++old) {
      Counts& counts = buckets_[place(old)];
      total_.calls -= counts.calls;
      total_.failed -= counts.failed;
      total_.slow -= counts.slow;
      counts = {};
    }
  }
  latest_ = bucket;
  latest_end_ = after(base::SteadyTime(base::Duration(bucket * width)), width_);
}

void OutcomeWindow::clear() {
  total_ = {};
  next_ = 0;
  buckets_.fill({});
  latest_end_ = base::SteadyTime::min();
}

}  // namespace resilience
