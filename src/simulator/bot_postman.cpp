#include "simulator/bot_postman.hpp"

#include <algorithm>

#include "simulator/loopback_client.hpp"

namespace simulator {
namespace {

base::Result<LoopbackAnswer> deliver(const BotDelivery& delivery, const std::stop_token& stop) {
  const LoopbackUrl url = TRY(parse_loopback_url(delivery.url));
  LoopbackPost what{.headers = {{"Content-Type", "application/json"}}, .body = delivery.update.json};
  if (!delivery.secret.empty()) what.headers.emplace_back("X-Telegram-Bot-Api-Secret-Token", delivery.secret);
  return post(url, what, BotPostman::patience, stop);
}

}  // namespace

BotPostman::BotPostman(BotApi& bot, const base::Clock& clock)
    : bot_(bot), clock_(clock), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void BotPostman::run(const std::stop_token& stop) {
  std::chrono::milliseconds delay = first_delay;
  while (const auto delivery = bot_.wait_for_delivery(stop)) {
    const auto answer = deliver(*delivery, stop);
    if (stop.stop_requested()) return;
    const int status = answer ? answer->status : 0;
    if (status >= 200 && status < 300) {
      bot_.delivered(*delivery, status);
      delay = first_delay;
      continue;
    }
    std::chrono::milliseconds wait = delay;
    delay = std::min(delay * 2, longest_delay);
    if (answer && answer->retry_after.count() > 0) wait = std::min(answer->retry_after, longest_retry_after);
    bot_.not_delivered(
        *delivery, status,
        answer ? fmt::format("Wrong response from the webhook: {}", status) : answer.error().message,
        clock_.wall());
    if (bot_.wait_for_webhook(delivery->webhook, wait, stop)) delay = first_delay;
  }
}

}  // namespace simulator
