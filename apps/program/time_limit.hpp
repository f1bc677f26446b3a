// A stop that comes by itself when the time for something is over, and earlier if its parent is stopped.
// The clock outlives it.
//
//   const TimeLimit limit(clock, 10s, signals.token());
//   check_database("pulse", "store", address, DatabaseUse::store, clock, limit.token());
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <utility>

#include "base/clock.hpp"

namespace program {

class TimeLimit {
 public:
  TimeLimit(base::Clock& clock, base::Duration limit, std::stop_token parent)
      : follow_(std::move(parent), [this] { source_.request_stop(); }),
        alarm_(clock.alarm(clock.steady() + limit, [this] { source_.request_stop(); })) {}
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> follow_;
  std::unique_ptr<base::Clock::Alarm> alarm_;
};

}  // namespace program
