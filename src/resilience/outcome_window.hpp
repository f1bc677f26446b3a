// The latest results of calls, counted: the last N, or those of the last period. What a circuit breaker
// judges by. Not thread-safe. Allocates in its constructor only, for a window of calls.
//
//   OutcomeWindow window = OutcomeWindow::of_time(60s);
//   window.add({.failed = true}, now);
//   if (window.counts().failed * 2 >= window.counts().calls) ...
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.hpp"

namespace resilience {

class OutcomeWindow {
 public:
  struct Outcome {
    bool failed = false;
    bool slow = false;
  };
  struct Counts {
    std::int64_t calls = 0;
    std::int64_t failed = 0;
    std::int64_t slow = 0;
  };
  static constexpr int buckets = 30;  // of a time window: its end is as exact as a thirtieth of the period

  static OutcomeWindow of_calls(int calls);             // 1 to 1,000,000
  static OutcomeWindow of_time(base::Duration period);  // at least 30 ns

  // A time before that of the latest bucket (threads do not finish in order) counts into that bucket.
  void add(Outcome outcome, base::SteadyTime now);
  void clear();
  Counts counts() const { return total_; }  // as of the latest add()
  // Full of good calls, so that one more of them would change nothing. Never for a window of time.
  bool unchanged_by_success() const {
    return total_.calls == static_cast<std::int64_t>(ring_.size()) && total_.calls > 0 &&
           total_.failed == 0 && total_.slow == 0;
  }

 private:
  OutcomeWindow() = default;
  void advance(base::SteadyTime now);

  Counts total_;
  std::vector<Outcome> ring_;  // empty: a window of time
  std::size_t next_ = 0;       // where the next one of the ring goes

  base::Duration width_{};  // of a bucket
  std::int64_t latest_ = 0;
  base::SteadyTime latest_end_ = base::SteadyTime::min();
  std::array<Counts, buckets> buckets_{};
};

}  // namespace resilience
