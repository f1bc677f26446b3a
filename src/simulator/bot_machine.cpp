#include "simulator/bot_machine.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/rng.hpp"

namespace simulator {
namespace {

constexpr std::int64_t least_update = 100'000'000;
constexpr std::int64_t largest_first_update = 900'000'000;
constexpr std::uint64_t query_step = 7'919;  // ids of taps grow, but nobody should count on steps of 1

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::int64_t id_of(std::string_view token) {
  std::int64_t id = 0;
  std::from_chars(token.data(), token.data() + token.size(), id);
  return id;
}

}  // namespace

BotMachine::BotMachine(BotOptions options)
    : options_(std::move(options)),
      bot_{.id = id_of(options_.token), .username = options_.username},
      first_update_(base::Rng(options_.seed).between(least_update, largest_first_update)),
      last_query_((1U + base::Rng(options_.seed + 1).below(1'000'000'000)) << 32) {}

// By name in lower case, as the real server compares; with the name as it is written.
const std::map<std::string, std::pair<std::string, BotMachine::Handler>, std::less<>>& BotMachine::methods() {
  static const auto all = [] {
    std::map<std::string, std::pair<std::string, Handler>, std::less<>> result;
    const auto add = [&](std::string_view name, Handler handler) {
      result[lower(name)] = {std::string(name), handler};
    };
    add("getMe", &BotMachine::get_me);
    add("getUpdates", &BotMachine::get_updates);
    add("sendMessage", &BotMachine::send_message);
    add("editMessageText", &BotMachine::edit_message_text);
    add("deleteMessage", &BotMachine::delete_message);
    add("answerCallbackQuery", &BotMachine::answer_callback_query);
    add("setMyCommands", &BotMachine::set_my_commands);
    add("getMyCommands", &BotMachine::get_my_commands);
    add("setWebhook", &BotMachine::set_webhook);
    add("deleteWebhook", &BotMachine::delete_webhook);
    add("getWebhookInfo", &BotMachine::get_webhook_info);
    add("sendChatAction", &BotMachine::send_chat_action);
    return result;
  }();
  return all;
}

BotMachine::Outcome BotMachine::bad_request(std::string_view description) {
  return failure(400, fmt::format("Bad Request: {}", description));
}

BotMachine::Outcome BotMachine::too_fast(const SendLimits::Refusal& refusal) {
  return {.code = 429,
          .text = fmt::format("Too Many Requests: retry after {}", refusal.retry_after),
          .retry_after = refusal.retry_after};
}

BotMachine::Outcome BotMachine::call(std::string_view method, const BotParameters& given,
                                     base::WallTime now) {
  const auto found = methods().find(lower(method));
  if (found == methods().end()) {
    ++codes_[404];
    return failure(404, "Not Found");
  }
  const auto& [name, handler] = found->second;
  ++calls_[name];
  Call call{.given = given, .now = now};
  const Outcome outcome = (this->*handler)(call);
  if (outcome.ticket == 0) ++codes_[outcome.code];
  if (handler == &BotMachine::get_updates) return outcome;  // too many to be worth a line each
  call.event.method = name;
  call.event.time = now;
  call.event.code = outcome.code;
  if (outcome.code != 200) call.event.description = outcome.text;
  record(std::move(call.event));
  return outcome;
}

void BotMachine::record(BotEvent event) {
  event.number = ++last_event_;
  event_bytes_ += event.bytes();
  events_.push_back(std::move(event));
  while (events_.size() > maximum_events || event_bytes_ > maximum_event_bytes) {
    event_bytes_ -= events_.front().bytes();
    events_.pop_front();
  }
}

BotMachine::Outcome BotMachine::get_me(Call&) { return {.text = bot_json(bot_, true)}; }

BotMachine::Outcome BotMachine::set_my_commands(Call& call) {
  constexpr std::size_t maximum_scopes = 1'000;
  auto stored = parse_commands(call.given.text("commands"));
  if (!stored) return bad_request(stored.error().message);
  if (commands_.size() >= maximum_scopes) return bad_request("too many scopes of commands");
  call.event.text = *stored;
  commands_[fmt::format("{}|{}", call.given.text("scope"), call.given.text("language_code"))] =
      std::move(*stored);
  return {.text = "true"};
}

BotMachine::Outcome BotMachine::get_my_commands(Call& call) {
  const auto found =
      commands_.find(fmt::format("{}|{}", call.given.text("scope"), call.given.text("language_code")));
  return {.text = found == commands_.end() ? "[]" : found->second};
}

BotMachine::Outcome BotMachine::send_chat_action(Call& call) {
  static constexpr std::array<std::string_view, 11> known{
      "typing",        "upload_photo",      "record_video",     "upload_video",
      "record_voice",  "upload_voice",      "upload_document",  "choose_sticker",
      "find_location", "record_video_note", "upload_video_note"};
  const std::string_view action = call.given.text("action");
  if (std::find(known.begin(), known.end(), action) == known.end())
    return bad_request("wrong parameter action in request");
  call.event.text = action;
  const auto chat = chat_in(call);
  if (!chat) return bad_request(chat.error().message);
  if ((*chat)->blocked) return failure(403, "Forbidden: bot was blocked by the user");
  return {.text = "true"};
}

// What users do.

BotMessage& BotMachine::add_message(BotChat& chat, BotMessage message) {
  message.id = ++chat.last_message;
  chat.messages.push_back(std::move(message));
  if (chat.messages.size() > maximum_messages) chat.messages.pop_front();
  return chat.messages.back();
}

const BotUser& BotMachine::user_of(const BotChat& chat, const BotMessage& message) const {
  static const BotUser nobody;
  const auto found = users_.find(chat.is_group() ? message.from : chat.id);
  return found == users_.end() ? nobody : found->second;
}

base::Result<BotActed> BotMachine::act(const BotAction& action, base::WallTime now) {
  constexpr std::int64_t largest_user = (std::int64_t{1} << 52) - 1;  // Telegram's promise
  if (action.user <= 0 || action.user > largest_user)
    return base::error(base::Code::invalid_data, "'user' must be a number from 1 to {}", largest_user);
  if (action.chat > 0 && action.chat != action.user)
    return base::error(base::Code::invalid_data, "'chat' must be negative: a group");
  if (updates_.size() >= maximum_updates)
    return base::error(base::Code::invalid_data, "{} updates are pending: let the bot take some first",
                       maximum_updates);
  return action.tap ? tap(action, now) : write(action, now);
}

base::Result<BotActed> BotMachine::write(const BotAction& action, base::WallTime now) {
  FormattedText text = trimmed({.text = action.text});
  if (text.text.empty() || utf16_length(text.text) > maximum_text)
    return base::error(base::Code::invalid_data, "'text' must have 1 to {} characters", maximum_text);
  text.entities = command_entities(text.text);
  const std::int64_t id = action.chat == 0 ? action.user : action.chat;
  if (action.topic < 0 || (action.topic != 0 && id > 0))
    return base::error(base::Code::invalid_data, "'topic' must be a positive number, in a group");
  const auto known = chats_.find(id);
  if (known != chats_.end() && known->second.blocked)
    return base::error(base::Code::invalid_data, "user {} has blocked the bot: unblock it first",
                       action.user);
  if ((known == chats_.end() && chats_.size() >= maximum_chats) ||
      (!users_.contains(action.user) && users_.size() >= maximum_chats))
    return base::error(base::Code::invalid_data, "more than {} chats or users", maximum_chats);

  BotUser& user = users_[action.user];
  if (user.id == 0) user = {.id = action.user, .name = fmt::format("User {}", action.user)};
  if (action.name) user.name = *action.name;
  if (action.username) user.username = *action.username;
  BotChat& chat = chats_[id];
  chat.id = id;
  if (action.topic != 0) chat.topics.insert(action.topic);
  const BotMessage& message = add_message(
      chat,
      {.from = user.id, .topic = action.topic, .date = now, .source = action.text, .text = std::move(text)});
  const std::int64_t update = next_update();
  push_update("message",
              {.id = update, .time = now, .json = message_update(update, bot_, chat, message, user)});
  return BotActed{.update = update};
}

base::Result<BotActed> BotMachine::tap(const BotAction& action, base::WallTime now) {
  const auto bad = [](std::string message) {
    return base::Error{base::Code::invalid_data, std::move(message)};
  };
  const std::int64_t id = action.chat == 0 ? action.user : action.chat;
  const auto chat = chats_.find(id);
  const auto user = users_.find(action.user);
  if (user == users_.end() || chat == chats_.end())
    return bad(
        fmt::format("user {} has not written in chat {} yet: there is nothing to tap", action.user, id));
  if (action.text.empty() || action.text.size() > 64) return bad("'data' must have 1 to 64 bytes");
  const auto fits = [&](const BotMessage& message) {
    if (message.deleted || message.from != 0 || (action.message != 0 && message.id != action.message))
      return false;
    if (action.force) return true;
    for (const auto& row : message.keyboard)
      for (const BotButton& button : row)
        if (button.data == action.text) return true;
    return false;
  };
  auto& messages = chat->second.messages;
  const auto found = std::find_if(messages.rbegin(), messages.rend(), fits);
  if (found == messages.rend())
    return bad(
        action.force
            ? fmt::format("the bot has no such message in chat {}", id)
            : fmt::format("no message in chat {} has a button '{}' now (\"force\": true taps it anyway)", id,
                          action.text));

  last_query_ += query_step;
  BotTap tap{.user = action.user, .chat = id, .message = found->id, .data = action.text, .time = now};
  const std::int64_t update = next_update();
  const std::string query = std::to_string(last_query_);
  const std::string message = message_json(bot_, chat->second, *found, user_of(chat->second, *found));
  push_update("callback_query",
              {.id = update, .time = now, .json = tap_update(update, query, tap, user->second, message)});
  taps_.emplace(last_query_, std::move(tap));
  if (taps_.size() > maximum_taps) taps_.erase(taps_.begin());
  ++taps_made_;
  return BotActed{.update = update, .callback_query = query};
}

base::Result<void> BotMachine::block(std::int64_t user, bool blocked) {
  const auto chat = chats_.find(user);
  if (user <= 0 || chat == chats_.end())
    return base::error(base::Code::invalid_data, "user {} has not written to the bot yet", user);
  chat->second.blocked = blocked;
  return {};
}

}  // namespace simulator
