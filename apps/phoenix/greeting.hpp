// What phoenix has to settle with Telegram at a start, and what no start waits for: the list of commands, a
// webhook that stands in the way of polling, what Telegram says of its deliveries. What fails is a warning,
// and is tried again beside the work. One thread for each function.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "phoenix/app.hpp"

namespace phoenix {

class Greeting {
 public:
  explicit Greeting(App& app);
  // Until all of it is done, or the stop.
  void run(const std::stop_token& stop);
  // Calls `poll` without a webhook, beside which Telegram gives no updates: one that is set goes first. If it
  // cannot be removed within seconds, `poll` begins all the same, and learns of it by a conflict, until it
  // can.
  void without_webhook(const std::stop_token& stop, const std::function<void()>& poll);

 private:
  base::Result<void> remove_webhook(base::SteadyTime deadline, const std::stop_token& stop);
  void look_at_webhook(const std::stop_token& stop);
  void warn(const std::string& text) const;

  App& app_;
  const telemetry::Logger log_;
  std::optional<bool> told_of_;  // whether it was known that a webhook is set, when that was said last
};

}  // namespace phoenix
