#include "bot/errand.hpp"

#include <algorithm>
#include <utility>

#include "resilience/backoff.hpp"
#include "resilience/deadline.hpp"

namespace bot {
namespace {

using namespace std::chrono_literals;

constexpr resilience::Backoff patience{.base = 2s, .cap = 10min, .jitter = resilience::Jitter::equal};
constexpr base::Duration attempt_time = 20s;
constexpr unsigned failures_that_count = 30;

}  // namespace

Errand::Errand(std::string failure, Act act, base::Clock& clock, base::Rng rng,
               std::function<void(const std::string&)> on_trouble)
    : failure_(std::move(failure)),
      act_(std::move(act)),
      clock_(clock),
      rng_(rng),
      on_trouble_(std::move(on_trouble)) {}

bool Errand::attempt(base::Duration within, const std::stop_token& stop) {
  if (is_done_) return true;
  const auto done = act_(resilience::after(clock_.steady(), within), stop);
  is_done_ = done.has_value();
  if (is_done_ || stop.stop_requested()) return is_done_;
  failures_ = std::min(failures_ + 1, failures_that_count);
  // Messages tell times and numbers of attempts, and so are never the same.
  if (said_ != done.error().code) on_trouble_(failure_ + ": " + done.error().message + "; it is tried again");
  said_ = done.error().code;
  return false;
}

void Errand::run(const std::stop_token& stop) {
  while (!is_done_ && !stop.stop_requested()) {
    if (failures_ > 0 && !clock_.sleep_for(patience.delay(failures_ - 1, {}, rng_), stop)) return;
    attempt(attempt_time, stop);
  }
}

}  // namespace bot
