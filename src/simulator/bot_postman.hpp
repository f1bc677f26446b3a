// Delivers the bot's updates to its webhook, as the real server does: in order, one connection at a time; an
// update stays pending until an answer of 2xx, and is delivered again after a while that grows (200 ms to
// 5 s), or that the bot has named in Retry-After (up to a minute). A new webhook is tried at once. Only
// http:// on this machine is delivered to; for https:// the updates wait, and the state says so.
#pragma once

#include <chrono>
#include <thread>

#include "base/clock.hpp"
#include "simulator/bot_api.hpp"

namespace simulator {

class BotPostman {
 public:
  static constexpr std::chrono::milliseconds first_delay{200}, longest_delay{5'000}, patience{30'000};
  static constexpr std::chrono::seconds longest_retry_after{60};

  BotPostman(BotApi& bot, const base::Clock& clock);  // both outlive it; begins at once
  ~BotPostman() = default;                            // ends a delivery under way

 private:
  void run(const std::stop_token& stop);

  BotApi& bot_;
  const base::Clock& clock_;
  std::jthread thread_;
};

}  // namespace simulator
