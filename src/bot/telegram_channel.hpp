// Carries the outbox to Telegram: within the send limits, and with each answer of the Bot API turned into
// what becomes of the message. A group that became a supergroup is another chat, with none of the old one's
// messages: what was to be sent is sent there, and so is a result that was to replace a message. Its receipt
// then names the chat, too, as write_place() does. Thread-safe.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>

#include "base/clock.hpp"
#include "outbox/courier.hpp"
#include "telegram/api.hpp"
#include "telegram/send_limits.hpp"

namespace bot {

class TelegramChannel final : public outbox::Channel {
 public:
  // `on_fault` is told of what a person must know: a token that is refused, a message of ours that is wrong.
  // `on_moved`: what else waits for the first chat may go to the second (move_chat).
  using OnMoved = std::function<void(std::int64_t from, std::int64_t to, const std::stop_token&)>;
  TelegramChannel(telegram::Api& api, base::Clock& clock, telegram::SendRates rates,
                  std::function<void(telegram::Fault, const std::string&)> on_fault, OnMoved on_moved);
  base::SteadyTime when(const outbox::Claimed& message, base::SteadyTime now) override;
  outbox::Delivery deliver(const outbox::Claimed& message, std::stop_token stop) override;

 private:
  outbox::Delivery follow(telegram::OutgoingMessage text, const outbox::Claimed& message, std::int64_t to,
                          base::SteadyTime deadline, const std::stop_token& stop);
  outbox::Delivery judge(const telegram::Reply& reply, const outbox::Claimed& message, std::int64_t chat);

  telegram::Api& api_;
  base::Clock& clock_;
  const std::function<void(telegram::Fault, const std::string&)> on_fault_;
  const OnMoved on_moved_;
  std::mutex mutex_;  // of limits_
  telegram::SendLimits limits_;
};

}  // namespace bot
