// The methods of the Bot API that the bot uses, over the HTTP engine. Thread-safe. Calls block until an
// answer, their deadline or the stop.
//
// Idempotent reads (getMe, getWebhookInfo) and settings are retried by the engine (R1); whatever a user sees
// (sendMessage, edits, callback answers) and getUpdates is one attempt, because those who call have a retry
// of their own that outlives the process (outbox, poller). The token is a part of every URL: neither an error
// nor a log line nor a metric shows it (TG6).
//
//   telegram::Api api(engine, clock, {.token = token});
//   const Reply sent = api.send_message({.chat = 7, .text = "<b>Olá</b>"}, deadline, stop);
//   if (sent.fault == Fault::flood) wait(sent.retry_after);
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "http/engine.hpp"
#include "telegram/types.hpp"

namespace telegram {

// What became of a call. Chosen by what the caller should do.
enum class Fault {
  none,
  not_modified,   // an edit that changes nothing: as good as done (RT13)
  flood,          // 429: wait for `retry_after`
  blocked,        // 403: the user blocked the bot, or it was removed from the group: do not write again
  chat_gone,      // 400: chat not found, user deactivated, upgraded to a supergroup (`moved_to`)
  message_gone,   // 400: message to edit or delete not found, or it can no longer be changed
  query_too_old,  // 400: the tap cannot be answered any more
  bad_message,    // 400: too long, empty, entities that cannot be parsed, wrong button: our own mistake
  conflict,       // 409: another poller, or a webhook is set
  unauthorized,   // 401: the token is wrong or was revoked
  not_found,      // 404: the token has not the form of one, or the base is no Bot API
  refused,        // any other answer that is final
  unavailable,    // not sent, or failed by the server's own word (5xx): it was not carried out, or may be
                  // repeated without harm
  unknown,        // sent, and no whole answer came back, or one of somebody in between (RT1): it may have
                  // been carried out
  cancelled,      // by the stop, before it was sent; or of what may be repeated
};
std::string_view to_string(Fault fault);

struct Reply {
  Fault fault = Fault::none;
  std::int64_t message_id = 0;               // of send_message that was carried out
  std::chrono::milliseconds retry_after{0};  // of `flood`
  std::int64_t moved_to = 0;                 // of `chat_gone`: the new chat, if there is one
  std::string description{};  // unless done: what the server or the network said, for logs; no secrets
  bool done() const { return fault == Fault::none || fault == Fault::not_modified; }
};

struct OutgoingMessage {
  std::int64_t chat = 0;
  std::int64_t topic = 0;  // of a new message in a forum; 0: none
  std::string text{};      // HTML (format.hpp); at most 4,096 UTF-16 units after entities
  Keyboard keyboard{};
  bool silent = false;
};

struct ApiOptions {
  base::Secret token{};
  std::string base = "https://api.telegram.org";
  std::chrono::milliseconds timeout{30'000};  // of one attempt; a long poll has its own on top
};

class Api {
 public:
  Api(http::Engine& engine, base::Clock& clock, ApiOptions options);  // both outlive it

  // permission: the token is refused (the message names TELEGRAM_BOT_TOKEN; a 404 also the base);
  // invalid_config: the base is no URL, or the server does not take what we set; rate_limited, conflict;
  // unavailable, timeout, cancelled.
  base::Result<Bot> get_me(base::SteadyTime deadline, std::stop_token stop);
  base::Result<WebhookInfo> get_webhook_info(base::SteadyTime deadline, std::stop_token stop);
  base::Result<void> delete_webhook(bool drop_pending, base::SteadyTime deadline, std::stop_token stop);
  base::Result<void> set_webhook(std::string_view url, const base::Secret& secret, base::SteadyTime deadline,
                                 std::stop_token stop);
  base::Result<void> set_commands(const std::vector<Command>& commands, base::SteadyTime deadline,
                                  std::stop_token stop);

  struct Updates {
    Reply reply{};
    std::vector<Update> list{};
  };
  // Confirms all below `offset`; 0: confirms nothing. Waits for the first update up to `timeout` (≤ 50 s);
  // not while the host fails, when a poll is what finds out that it is back.
  Updates get_updates(std::int64_t offset, int limit, std::chrono::seconds timeout, std::stop_token stop);

  Reply send_message(const OutgoingMessage& message, base::SteadyTime deadline, std::stop_token stop);
  Reply edit_message(std::int64_t message_id, const OutgoingMessage& message, base::SteadyTime deadline,
                     std::stop_token stop);
  Reply delete_message(std::int64_t chat, std::int64_t message_id, base::SteadyTime deadline,
                       std::stop_token stop);
  // text: cut to 200 characters; "": nothing is shown.
  Reply answer_tap(std::string_view tap_id, std::string_view text, bool as_alert, base::SteadyTime deadline,
                   std::stop_token stop);

 private:
  struct Call;
  struct Outcome;
  Outcome call(const Call& call, const std::stop_token& stop);
  base::Result<Outcome> read(Call call, const std::stop_token& stop);
  http::Request request_of(const Call& call) const;
  http::FetchOptions options_of(const Call& call) const;
  void describe(const Call& call, Outcome& outcome) const;
  std::string clean(std::string_view text) const;

  http::Engine& engine_;
  base::Clock& clock_;
  const ApiOptions options_;
  base::Redactor redactor_;
};

// For a webhook: one update as the server posts it. invalid_data: no update.
base::Result<Update> parse_update(std::string body);

}  // namespace telegram
