// The webhook: its settings, and the updates that go there.
#include <algorithm>

#include "simulator/api_tools.hpp"
#include "simulator/bot_machine.hpp"
#include "simulator/loopback_client.hpp"

namespace simulator {
namespace {

constexpr std::size_t maximum_url = 2'048;

constexpr auto webhook_set = "Conflict: terminated by setWebhook request";

}  // namespace

// Besides https, as the real server wants it, http to this machine: nothing else could be delivered to.
BotMachine::Outcome BotMachine::set_webhook(Call& call) {
  const std::string url(call.given.text("url"));
  if (url.empty()) return delete_webhook(call);
  if (!url.starts_with("https://") && !parse_loopback_url(url))
    return bad_request("bad webhook: An HTTPS URL must be provided for webhook");
  if (url.size() > maximum_url) return bad_request("bad webhook: the URL is too long");
  const std::string_view secret = call.given.text("secret_token");
  const bool letters = std::all_of(secret.begin(), secret.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (secret.size() > 256) return bad_request("secret token is too long");
  if (!letters) return bad_request("secret token contains unallowed characters");
  if (auto done = remember_allowed(call.given); !done) return bad_request(done.error().message);
  if (call.given.flag("drop_pending_updates")) forget_updates(next_update(), call.now);
  call.event.text = url;
  const bool same = webhook_.url == url;
  webhook_ = {.url = url,
              .secret = std::string(secret),
              .connections = call.given.integer("max_connections", 40, 1, 100),
              .number = webhook_.number + 1};
  end_waiting(webhook_set, call.now);
  return {.text = "true", .note = same ? "Webhook is already set" : "Webhook was set"};
}

BotMachine::Outcome BotMachine::delete_webhook(Call& call) {
  if (call.given.flag("drop_pending_updates")) forget_updates(next_update(), call.now);
  const bool was_set = !std::exchange(webhook_, {.number = webhook_.number + 1}).url.empty();
  return {.text = "true", .note = was_set ? "Webhook was deleted" : "Webhook is already deleted"};
}

BotMachine::Outcome BotMachine::get_webhook_info(Call&) {
  std::string info = fmt::format("{{\"url\":{},\"has_custom_certificate\":false,\"pending_update_count\":{}",
                                 json_string(webhook_.url), updates_.size());
  if (!webhook_.url.empty()) info += fmt::format(",\"max_connections\":{}", webhook_.connections);
  if (!webhook_.last_error.empty())
    info += fmt::format(
        ",\"last_error_date\":{},\"last_error_message\":{}",
        std::chrono::floor<std::chrono::seconds>(webhook_.last_error_at).time_since_epoch().count(),
        json_string(webhook_.last_error));
  if (!allowed_.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : allowed_) names.push_back(json_string(name));
    info += fmt::format(",\"allowed_updates\":[{}]", fmt::join(names, ","));
  }
  return {.text = info + "}"};
}

std::optional<BotDelivery> BotMachine::delivery() const {
  if (webhook_.url.empty()) return std::nullopt;
  BotDelivery due{.webhook = webhook_.number, .url = webhook_.url, .secret = webhook_.secret};
  if (repeats_)
    due.update = *last_delivered_;
  else if (!updates_.empty())
    due.update = updates_.front();
  else
    return std::nullopt;
  due.is_repetition = repeats_;
  return due;
}

void BotMachine::delivered(const BotDelivery& delivery, int status) {
  webhook_.last_status = status;
  last_delivered_ = delivery.update;
  if (delivery.is_repetition) {
    repeats_ = false;
    ++webhook_.repeated;
    return;
  }
  ++webhook_.delivered;
  // A poll may have confirmed it meanwhile, or it was dropped.
  if (!updates_.empty() && updates_.front().id == delivery.update.id) updates_.pop_front();
}

void BotMachine::not_delivered(const BotDelivery& delivery, int status, std::string error,
                               base::WallTime now) {
  if (delivery.webhook != webhook_.number) return;  // of another one
  ++webhook_.failed;
  webhook_.last_status = status;
  webhook_.last_error = std::move(error);
  webhook_.last_error_at = now;
  forget_updates(0, now);
}

base::Result<void> BotMachine::repeat_delivery() {
  if (!last_delivered_) return base::error(base::Code::invalid_data, "nothing was delivered yet");
  repeats_ = true;
  return {};
}

}  // namespace simulator
