// The control endpoints of the Bot API's users, below /_sim/telegram/. Answers are JSON; a mistake is a 400
// (404, 405) that names it. Thread-safe as BotApi is.
//
//   POST message    {"user": 1, "text": "/start", "name": "Ana", "username": "ana", "chat": -100, "topic": 5}
//                   → {"update_id": …}; "name", "username", "chat" (a group) and "topic" (which makes it
//                   a forum) may be left out
//   POST tap        {"user": 1, "data": "menu"} → {"update_id": …, "callback_query_id": "…"}: on the newest
//                   message with this button; "message_id": that one; "force": true: no button needs to have
//                   it; "chat" as above
//   POST updates    [{"kind": "message" | "tap", …as above}, …]: up to 20,000 → {"done": n, "results": […]}
//   POST block      {"user": 1}; POST unblock
//   POST limits     {"enforce": false}
//   POST callbacks  {"lifetime_seconds": 60}: for how long a tap can be answered
//   POST repeat     {}: the webhook's last update that was taken is delivered once more
//   GET  chat?user=1 (or chat=-100)  {"chat", "blocked", "messages": [{"message_id", "from": "bot" | "user",
//                   "text" as sent, "plain", "buttons": [[{"text", "data"}]], "date", "edits", "edited",
//                   "deleted"}]}, the oldest first
//   GET  events?since=N&limit=K  what the bot did after event N: {"total", "dropped", "events": [{"number",
//                   "time_us", "method", "code", "description", "chat", "message_id", "topic", "text",
//                   "data", "callback_query_id", "show_alert"}]}; getUpdates is only counted
//   GET  state      pending_updates, confirmed_offset, webhook, delivery (to it: delivered, failed, repeated,
//                   last_status, last_error), commands, polls, conflicts (409s), violations
//                   of limits by scope, limits_free_at_us (then nothing sent so far counts against them any
//                   more), methods and codes (counted), taps (total, answered, unanswered, late)
#pragma once

#include "simulator/bot_api.hpp"
#include "simulator/control.hpp"

namespace simulator {

class BotControl {
 public:
  static constexpr std::string_view prefix = "/_sim/telegram/";
  static constexpr std::size_t maximum_actions = 20'000;

  explicit BotControl(BotApi& bot) : bot_(bot) {}
  Answer handle(const ControlRequest& request, base::WallTime now);

 private:
  base::Result<std::string> post(std::string_view what, const std::string& body, base::WallTime now);
  base::Result<std::string> get(std::string_view what, const ControlRequest& request) const;

  BotApi& bot_;
};

}  // namespace simulator
