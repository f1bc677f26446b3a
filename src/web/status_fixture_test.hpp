// A status as a program would fill it, at a fixed time, and a source that shows it.
#pragma once

#include <string>
#include <utility>

#include "web/status.hpp"

namespace web {

inline const base::WallTime test_now{std::chrono::seconds{1'763'721'002}};  // 2025-11-21T10:30:02Z

inline Collector collector(std::string name, schedule::Condition condition) {
  using namespace std::chrono_literals;
  return {.name = std::move(name),
          .condition = condition,
          .since = test_now - 5min,
          .last_run = LastRun{.outcome = "success", .ended = test_now - 5min, .rows = 1404},
          .next_start = test_now + 10min};
}

inline Status test_status() {
  using namespace std::chrono_literals;
  return {.version = "0.3.0",
          .started_at = test_now - 3h - 20min,
          .totals = {.runs = 96, .failed_runs = 2, .rows = 1234567}};
}

class FixedSource final : public StatusSource {
 public:
  explicit FixedSource(Status status, std::string why_not_ready = {})
      : status_(std::move(status)), why_not_ready_(std::move(why_not_ready)) {}
  Status status() override { return status_; }
  bool ready() override { return why_not_ready_.empty(); }
  std::string why_not_ready() override { return why_not_ready_; }
  std::string metrics() override { return "# TYPE pulse_up gauge\npulse_up 1\n"; }

 private:
  const Status status_;
  const std::string why_not_ready_;
};

}  // namespace web
