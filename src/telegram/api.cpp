#include "telegram/api.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.hpp"
#include "http/url.hpp"
#include "telegram/answer.hpp"
#include "telegram/format.hpp"
#include "telegram/update.hpp"

namespace telegram {
namespace {

using base::Code;
using http::Fate;
using http::Ruling;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr int max_updates = 100;  // the Bot API's own bounds (TG1)
constexpr std::chrono::seconds longest_poll{50};
constexpr std::uint64_t max_answer = 1u << 20;              // bytes
constexpr std::uint64_t max_answer_of_updates = 16u << 20;  // 100 of 160 KiB
constexpr std::size_t max_shown = 300;                      // bytes of a description
constexpr std::size_t long_secret = 16;                     // no word that a text has anyway

// R1; attempts are spaced 1, 2, 4 and 8 s, less up to a half.
constexpr int read_attempts = 5, optional_attempts = 2;
const resilience::Backoff read_backoff{.base = 1s, .cap = 8s};

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// Only what is in a real token goes into the URL as it is.
std::string url_form(const std::string& token) {
  const std::size_t colon = token.find(':');
  if (colon == std::string::npos) return base::percent_encode(token);
  return base::percent_encode(token.substr(0, colon)) + ":" + base::percent_encode(token.substr(colon + 1));
}

json message_of(const OutgoingMessage& message) {
  json body{{"chat_id", message.chat},
            {"text", message.text},
            {"parse_mode", "HTML"},
            {"link_preview_options", {{"is_disabled", true}}}};
  json rows = json::array();
  for (const std::vector<Button>& row : message.keyboard) {
    json buttons = json::array();
    for (const Button& button : row)
      buttons.push_back({{"text", button.text}, {"callback_data", button.data}});
    if (!buttons.empty()) rows.push_back(std::move(buttons));
  }
  if (message.topic != 0) body["message_thread_id"] = message.topic;
  if (!rows.empty()) body["reply_markup"] = {{"inline_keyboard", std::move(rows)}};
  return body;
}

// What a person can do about it.
std::string_view advice(Fault fault) {
  switch (fault) {
    case Fault::unauthorized: return "; check TELEGRAM_BOT_TOKEN";
    case Fault::not_found: return "; check TELEGRAM_BOT_TOKEN, and that TELEGRAM_API_BASE is a Bot API";
    case Fault::conflict:
      return "; let only one program ask for the updates of a token, and without a webhook";
    default: return "";
  }
}

ApiOptions tidy(ApiOptions options) {
  while (options.base.ends_with('/')) options.base.pop_back();
  return options;
}

}  // namespace

struct Api::Call {
  std::string_view method{};
  json body = json::object();
  base::SteadyTime deadline{};
  bool retried = false;      // by the engine: reads and settings
  bool repeatable = true;    // twice is as good as once
  bool is_optional = false;  // the bot works without it: it may neither delay a start nor look like an outage
  bool may_be_canary = false;         // asks, and changes nothing
  std::chrono::milliseconds poll{0};  // how long the server may keep it waiting
  std::uint64_t max_answer = telegram::max_answer;
  bool is_secret = false;  // the body
};

struct Api::Outcome {
  Reply reply{};
  Answer answer{};                     // the newest
  std::optional<Fate> fate{};          // of the last attempt; nothing: none was made
  std::optional<base::Error> error{};  // the engine's, cleaned
};

Api::Api(http::Engine& engine, base::Clock& clock, ApiOptions options)
    : engine_(engine), clock_(clock), options_(tidy(std::move(options))) {
  const std::string& token = options_.token.reveal();
  redactor_.add(options_.token);
  redactor_.add(base::Secret(url_form(token)));
  const std::string secret = token.substr(std::min(token.find(':'), token.size() - 1) + 1);
  if (secret.size() >= long_secret) redactor_.add(base::Secret(secret));
}

// TG6. First the secrets: a text that was cut may hold a part of one.
std::string Api::clean(std::string_view text) const {
  return base::shorten(base::escape_control(redactor_.redact(text)), max_shown);
}

// ---- one call

namespace {

// Whose word counts: what the server refuses says nothing of the host, so it neither opens the circuit nor is
// tried again, and it holds no budget (TG2: whom a 429 stops is for SendLimits to say). Without a ruling a
// read is tried again (R1).
std::optional<Ruling> ruling_of(const Answer& answer, bool retried, bool names_a_wait, std::string text) {
  const int status = answer.status;
  const bool broken = status >= 500 || status == 408 || status == 425;
  if (text.empty()) text = "without a description";
  if (status / 100 == 3)
    return Ruling{Ruling::Action::fail, Code::endpoint_gone, "redirects are not followed"};
  if (broken && retried) return std::nullopt;
  if (!broken && !answer.is_envelope && status / 100 == 2) return std::nullopt;
  if (broken || answer.fault == Fault::unavailable)
    return Ruling{retried ? Ruling::Action::retry : Ruling::Action::fail, Code::unavailable, std::move(text)};
  if (answer.fault == Fault::flood && retried)
    return Ruling{names_a_wait ? Ruling::Action::rate_limited : Ruling::Action::fail, Code::rate_limited,
                  std::move(text)};
  return Ruling{Ruling::Action::success};
}

}  // namespace

http::Request Api::request_of(const Call& call) const {
  http::Request request{
      .method = "POST",
      .url = fmt::format("{}/bot{}/{}", options_.base, url_form(options_.token.reveal()), call.method),
      .body = dump(call.body),
      .content_type = "application/json",
      .body_is_secret = call.is_secret};
  // A budget of its own for each method, and nothing of sends is held.
  request.rate_limits = {{.resource = std::string(call.method)}};
  if (!call.retried) request.max_retry_after = base::Duration{0};
  request.expect = http::Request::Expect::json;
  request.idempotent = call.repeatable;
  request.may_be_canary = call.may_be_canary;
  // A long poll is no slow call: what counts as one is longer than four fifths of this.
  request.timeout = options_.timeout + call.poll * 5 / 4;
  request.max_response_size = call.max_answer;
  request.max_redirects = 0;
  return request;
}

http::FetchOptions Api::options_of(const Call& call) const {
  http::FetchOptions options{.deadline = call.deadline};
  if (call.retried)
    options.retry = {.max_attempts = call.is_optional ? optional_attempts : read_attempts,
                     .backoff = read_backoff};
  else
    options.retry = {.max_attempts = 1, .max_retry_after = base::Duration{0}};
  return options;
}

Api::Outcome Api::call(const Call& call, const std::stop_token& stop) {
  Outcome outcome;
  if (!http::parse_url(options_.base)) {  // else the engine's complaint would show the whole URL
    outcome.error = base::error(Code::invalid_config,
                                "the Bot API's base is no http or https URL; check TELEGRAM_API_BASE");
    outcome.reply = {.fault = Fault::not_found, .description = outcome.error->message};
    return outcome;
  }
  http::Request request = request_of(call);
  request.judge_answer = [&](const http::Response& response) {
    outcome.answer = read_answer(response, clock_.wall());
    return ruling_of(outcome.answer, call.retried, response.header("retry-after") != nullptr,
                     clean(outcome.answer.description));
  };
  http::FetchOptions options = options_of(call);
  options.on_outcome = [&](const http::Outcome& it) { outcome.fate = it.fate; };
  if (auto response = engine_.fetch(request, options, stop); !response) {
    outcome.error = std::move(response).error();
    outcome.error->message = clean(outcome.error->message);
  }
  describe(call, outcome);
  return outcome;
}

// RT1.
void Api::describe(const Call& call, Outcome& outcome) const {
  Reply& reply = outcome.reply;
  const Answer& answer = outcome.answer;
  const auto& error = outcome.error;
  if (error && error->code == Code::cancelled) {
    const bool in_flight = outcome.fate == Fate::cancelled;
    reply.fault = in_flight && !call.repeatable ? Fault::unknown : Fault::cancelled;
  } else if (!outcome.fate || outcome.fate == Fate::not_sent) {
    reply.fault = Fault::unavailable;
  } else if (outcome.fate != Fate::answered) {
    reply.fault = outcome.fate == Fate::refused ? Fault::refused : Fault::unknown;
  } else {
    reply.fault = answer.fault;
    reply.retry_after = answer.retry_after;
    reply.moved_to = answer.moved_to;
    if (answer.fault == Fault::unknown && call.repeatable && answer.status / 100 != 2)
      reply.fault = Fault::unavailable;
  }
  const bool redirected = error && error->code == Code::endpoint_gone;
  // Somebody between us and the server refuses, whatever the message is: it may go when the way is free.
  const bool came_through = !redirected && (outcome.fate != Fate::answered || answer.is_envelope);
  if (reply.fault == Fault::refused && !came_through && !call.retried) reply.fault = Fault::unavailable;
  if (reply.done()) return;
  reply.description =
      error ? error->message
            : fmt::format("{} answered {}: {}", http::host_label(options_.base), answer.status,
                          answer.description.empty() ? "without a description" : clean(answer.description));
  reply.description += redirected ? "; check TELEGRAM_API_BASE" : advice(reply.fault);
}

namespace {

Code code_of(Fault fault) {
  switch (fault) {
    case Fault::unauthorized:
    case Fault::not_found:
    case Fault::blocked: return Code::permission;
    case Fault::flood: return Code::rate_limited;
    case Fault::conflict: return Code::conflict;
    case Fault::cancelled: return Code::cancelled;
    case Fault::unavailable:
    case Fault::unknown: return Code::unavailable;
    default: return Code::invalid_config;
  }
}

base::Error unreadable(std::string_view method, std::string_view what) {
  return base::error(Code::unavailable,
                     "the answer to {} has no {}; check that TELEGRAM_API_BASE is a Bot API", method, what);
}

}  // namespace

// ---- reads and settings

base::Result<Api::Outcome> Api::read(Call call, const std::stop_token& stop) {
  call.retried = true;
  Outcome outcome = this->call(call, stop);
  if (outcome.reply.done()) return outcome;
  const Fault fault = outcome.reply.fault;
  base::Error error{code_of(fault), outcome.reply.description};
  const bool is_ours = outcome.fate != Fate::answered || fault == Fault::unavailable ||
                       fault == Fault::unknown || fault == Fault::refused;
  if (outcome.error && is_ours) {
    error.code = outcome.error->code;
    error.retry_after = outcome.error->retry_after;
  }
  if (fault == Fault::flood) error.retry_after = outcome.reply.retry_after;
  return std::move(error).with(call.method);
}

base::Result<Bot> Api::get_me(base::SteadyTime deadline, std::stop_token stop) {
  const Outcome outcome = TRY(read({.method = "getMe", .deadline = deadline, .may_be_canary = true}, stop));
  const decode::Value* result = outcome.answer.result();
  const auto id = result ? integer_field(*result, "id") : std::nullopt;
  if (!id) return unreadable("getMe", "id");
  return Bot{*id, text_field(*result, "username", max_name)};
}

base::Result<WebhookInfo> Api::get_webhook_info(base::SteadyTime deadline, std::stop_token stop) {
  const Outcome outcome = TRY(read(
      {.method = "getWebhookInfo", .deadline = deadline, .is_optional = true, .may_be_canary = true}, stop));
  const decode::Value* result = outcome.answer.result();
  if (!result || result->kind() != decode::Kind::object) return unreadable("getWebhookInfo", "result");
  // People put the token into the path.
  return WebhookInfo{clean(text_field(*result, "url", max_description)),
                     integer_field(*result, "pending_update_count").value_or(0),
                     clean(text_field(*result, "last_error_message", max_description))};
}

base::Result<void> Api::delete_webhook(bool drop_pending, base::SteadyTime deadline, std::stop_token stop) {
  TRY(read(
      {.method = "deleteWebhook", .body = {{"drop_pending_updates", drop_pending}}, .deadline = deadline},
      stop));
  return {};
}

base::Result<void> Api::set_webhook(std::string_view url, const base::Secret& secret,
                                    base::SteadyTime deadline, std::stop_token stop) {
  redactor_.add(secret);
  json body{{"url", url}, {"allowed_updates", {"message", "callback_query"}}};
  if (!secret.empty()) body["secret_token"] = secret.reveal();
  TRY(read({.method = "setWebhook", .body = std::move(body), .deadline = deadline, .is_secret = true}, stop));
  return {};
}

base::Result<void> Api::set_commands(const std::vector<Command>& commands, base::SteadyTime deadline,
                                     std::stop_token stop) {
  json list = json::array();
  for (const Command& it : commands) list.push_back({{"command", it.name}, {"description", it.description}});
  TRY(read({.method = "setMyCommands",
            .body = {{"commands", std::move(list)}},
            .deadline = deadline,
            .is_optional = true},
           stop));
  return {};
}

// ---- what the callers try again themselves

Api::Updates Api::get_updates(std::int64_t offset, int limit, std::chrono::seconds timeout,
                              std::stop_token stop) {
  const base::SteadyTime now = clock_.steady();
  limit = std::clamp(limit, 1, max_updates);
  timeout = std::clamp(timeout, 0s, longest_poll);
  // A failing host lets one request through to see; that one must not take a minute over it.
  if (engine_.hosts().gate(http::host_label(options_.base), now)->is_open(now)) timeout = 0s;
  json body{
      {"limit", limit}, {"timeout", timeout.count()}, {"allowed_updates", {"message", "callback_query"}}};
  if (offset > 0) body["offset"] = offset;
  Outcome outcome = call({.method = "getUpdates",
                          .body = std::move(body),
                          .deadline = now + timeout + options_.timeout,
                          .poll = timeout,
                          .max_answer = max_answer_of_updates},
                         stop);
  Updates updates{.reply = std::move(outcome.reply)};
  const decode::Value* result = outcome.answer.result();
  if (!updates.reply.done()) return updates;
  if (result && result->kind() == decode::Kind::array)
    updates.list = read_updates(outcome.answer.document, *result, static_cast<std::size_t>(limit));
  else
    updates.reply = {.fault = Fault::unknown, .description = unreadable("getUpdates", "list").message};
  return updates;
}

Reply Api::send_message(const OutgoingMessage& message, base::SteadyTime deadline, std::stop_token stop) {
  json body = message_of(message);
  if (message.silent) body["disable_notification"] = true;
  Outcome outcome = call(
      {.method = "sendMessage", .body = std::move(body), .deadline = deadline, .repeatable = false}, stop);
  if (!outcome.reply.done()) return std::move(outcome.reply);
  const decode::Value* result = outcome.answer.result();
  const auto id = result ? integer_field(*result, "message_id") : std::nullopt;
  if (!id) return {.fault = Fault::unknown, .description = unreadable("sendMessage", "message_id").message};
  outcome.reply.message_id = *id;
  return std::move(outcome.reply);
}

Reply Api::edit_message(std::int64_t message_id, const OutgoingMessage& message, base::SteadyTime deadline,
                        std::stop_token stop) {
  json body = message_of(message);
  body["message_id"] = message_id;
  return call({.method = "editMessageText", .body = std::move(body), .deadline = deadline}, stop).reply;
}

Reply Api::delete_message(std::int64_t chat, std::int64_t message_id, base::SteadyTime deadline,
                          std::stop_token stop) {
  return call({.method = "deleteMessage",
               .body = {{"chat_id", chat}, {"message_id", message_id}},
               .deadline = deadline},
              stop)
      .reply;
}

Reply Api::answer_tap(std::string_view tap_id, std::string_view text, bool as_alert,
                      base::SteadyTime deadline, std::stop_token stop) {
  json body{{"callback_query_id", tap_id}};
  if (!text.empty()) body.update({{"text", shorten(text, max_answer_text)}, {"show_alert", as_alert}});
  return call({.method = "answerCallbackQuery", .body = std::move(body), .deadline = deadline}, stop).reply;
}

}  // namespace telegram
