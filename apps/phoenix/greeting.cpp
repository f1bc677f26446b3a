#include "phoenix/greeting.hpp"

#include <thread>
#include <utility>

#include "bot/errand.hpp"
#include "phoenix/startup.hpp"

namespace phoenix {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration before_polling = 6s;  // users wait for it

}  // namespace

Greeting::Greeting(App& app) : app_(app), log_(app.log.collector("phoenix")) {}

void Greeting::warn(const std::string& text) const { log_.warning(text, {}); }

void Greeting::run(const std::stop_token& stop) {
  std::jthread webhook;
  if (app_.settings.telegram.mode == config::TelegramSettings::Mode::webhook)
    webhook = std::jthread([this](const std::stop_token& end) { look_at_webhook(end); });
  bot::Errand commands(
      "the list of commands could not be set",
      [this](base::SteadyTime deadline, std::stop_token end) {
        return app_.telegram.set_commands({{"start", "Menu principal"},
                                           {"buscar", "Procurar o jogo de um time"},
                                           {"jogos", "Jogos do dia"},
                                           {"ajuda", "Como funciona"}},
                                          deadline, std::move(end));
      },
      app_.clock, base::Rng::from_entropy(), [this](const std::string& text) { warn(text); });
  const std::stop_callback both(stop, [&] { webhook.request_stop(); });
  commands.run(stop);
  if (webhook.joinable()) webhook.join();
}

void Greeting::look_at_webhook(const std::stop_token& stop) {
  bot::Errand look(
      "what Telegram says of its deliveries is not known",
      [this](base::SteadyTime deadline, std::stop_token end) -> base::Result<void> {
        const auto webhook = TRY(app_.telegram.get_webhook_info(deadline, std::move(end)));
        for (const program::Finding& finding : judge_webhook(app_, webhook)) say(log_, finding);
        return {};
      },
      app_.clock, base::Rng::from_entropy(), [this](const std::string& text) { warn(text); });
  look.run(stop);
}

// Where nobody says whether there is one, it is removed all the same.
base::Result<void> Greeting::remove_webhook(base::SteadyTime deadline, const std::stop_token& stop) {
  const base::SteadyTime now = app_.clock.steady();
  const auto webhook = app_.telegram.get_webhook_info(now + (deadline - now) / 2, stop);
  if (webhook && webhook->url.empty()) return {};
  if (stop.stop_requested()) return base::error(base::Code::cancelled, "stopped");
  const std::string found =
      webhook ? "a webhook is set, which is removed; set telegram.mode: webhook if it is ours"
              : webhook.error().message + "; if a webhook is set, it is removed";
  if (told_of_ != webhook.has_value()) warn(found);
  told_of_ = webhook.has_value();
  return app_.telegram.delete_webhook(false, deadline, stop);
}

void Greeting::without_webhook(const std::stop_token& stop, const std::function<void()>& poll) {
  bot::Errand removal(
      "the webhook could not be removed, and Telegram gives no updates beside one",
      [this](base::SteadyTime deadline, const std::stop_token& end) { return remove_webhook(deadline, end); },
      app_.clock, base::Rng::from_entropy(), [this](const std::string& text) { warn(text); });
  std::jthread later;
  if (!removal.attempt(before_polling, stop))
    later = std::jthread([&](const std::stop_token& end) { removal.run(end); });
  poll();
}

}  // namespace phoenix
