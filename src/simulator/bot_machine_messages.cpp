// What the bot sends: messages, edits, deletions and answers to taps.
#include <algorithm>
#include <charconv>

#include "simulator/bot_machine.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr auto deletable = 48h;
constexpr std::int64_t largest_id = std::numeric_limits<std::int32_t>::max();

base::Error bad(std::string description) { return {base::Code::invalid_data, std::move(description)}; }

bool is_html(std::string_view mode) {
  return mode.size() == 4 && (mode[0] == 'h' || mode[0] == 'H') && (mode[1] == 't' || mode[1] == 'T') &&
         (mode[2] == 'm' || mode[2] == 'M') && (mode[3] == 'l' || mode[3] == 'L');
}

}  // namespace

base::Result<BotMessage> BotMachine::read_message(const BotParameters& given, bool edit) const {
  const std::string_view mode = given.text("parse_mode");
  BotMessage message{.source = std::string(given.text("text"))};
  if (given.has("entities")) return bad("entities are not simulated: send parse_mode HTML");
  message.text.text = message.source;
  if (is_html(mode))
    message.text = TRY_WITH(parse_html(message.source), "can't parse entities");
  else if (!mode.empty())
    return bad("unsupported parse_mode");
  message.text = trimmed(std::move(message.text));
  if (message.text.text.empty()) return bad("message text is empty");
  if (utf16_length(message.text.text) > maximum_text)
    return bad(edit ? "MESSAGE_TOO_LONG" : "message is too long");
  message.keyboard = TRY(parse_keyboard(given.text("reply_markup")));
  return message;
}

base::Result<BotChat*> BotMachine::chat_in(Call& call) {
  const std::string_view text = call.given.text("chat_id");
  if (text.empty()) return bad("chat_id is empty");
  std::int64_t id = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (fault != std::errc{} || end != text.data() + text.size()) return bad("chat not found");
  call.event.chat = id;
  const auto found = chats_.find(id);
  if (found == chats_.end()) return bad("chat not found");
  return &found->second;
}

BotMachine::Outcome BotMachine::send_message(Call& call) {
  call.event.text = call.given.text("text").substr(0, 4 * maximum_text);
  auto message = read_message(call.given, false);
  const auto chat = chat_in(call);
  if (!message) return bad_request(message.error().message);
  if (!chat) return bad_request(chat.error().message);
  if ((*chat)->blocked) return failure(403, "Forbidden: bot was blocked by the user");
  message->topic = call.event.topic = call.given.integer("message_thread_id", 0, 0, largest_id);
  if (message->topic != 0 && !(*chat)->topics.contains(message->topic))
    return bad_request("message thread not found");
  if (const auto refusal = limits_.send((*chat)->limits, (*chat)->is_group(), call.now))
    return too_fast(*refusal);
  message->date = call.now;
  const BotMessage& sent = add_message(**chat, std::move(*message));
  call.event.message = sent.id;
  return {.text = message_json(bot_, **chat, sent, user_of(**chat, sent))};
}

BotMachine::Outcome BotMachine::edit_message_text(Call& call) {
  call.event.text = call.given.text("text").substr(0, 4 * maximum_text);
  call.event.message = call.given.integer("message_id", 0, 0, largest_id);
  auto fresh = read_message(call.given, true);
  if (call.event.message == 0 && !call.given.has("chat_id"))
    return bad_request("message identifier is not specified");
  const auto chat = chat_in(call);
  if (!fresh) return bad_request(fresh.error().message);
  if (!chat) return bad_request(chat.error().message);
  BotMessage* message = (*chat)->find(call.event.message);
  if (message == nullptr) return bad_request("message to edit not found");
  if (message->from != 0) return bad_request("message can't be edited");
  if (message->text == fresh->text && message->keyboard == fresh->keyboard)
    return bad_request(
        "message is not modified: specified new message content and reply markup are exactly the same as a "
        "current content and reply markup of the message");
  if (const auto refusal = limits_.edit((*chat)->limits, (*chat)->is_group(), call.now))
    return too_fast(*refusal);
  message->text = std::move(fresh->text);
  message->source = std::move(fresh->source);
  message->keyboard = std::move(fresh->keyboard);
  message->edited = call.now;
  ++message->edits;
  return {.text = message_json(bot_, **chat, *message, user_of(**chat, *message))};
}

BotMachine::Outcome BotMachine::delete_message(Call& call) {
  call.event.message = call.given.integer("message_id", 0, 0, largest_id);
  const auto chat = chat_in(call);
  if (!chat) return bad_request(chat.error().message);
  if (call.event.message == 0) return bad_request("message identifier is not specified");
  BotMessage* message = (*chat)->find(call.event.message);
  if (message == nullptr) return bad_request("message to delete not found");
  if ((*chat)->is_group() && message->from != 0) return bad_request("message can't be deleted");
  if (message->date + deletable < call.now) return bad_request("message can't be deleted for everyone");
  message->deleted = true;
  return {.text = "true"};
}

BotMachine::Outcome BotMachine::answer_callback_query(Call& call) {
  const std::string_view id = call.given.text("callback_query_id");
  call.event.callback_query = id.substr(0, 32);
  call.event.text = call.given.text("text").substr(0, 4 * maximum_callback_text);
  call.event.show_alert = call.given.flag("show_alert");
  std::uint64_t number = 0;
  const bool valid = std::from_chars(id.data(), id.data() + id.size(), number).ptr == id.data() + id.size();
  const auto tap = valid ? taps_.find(number) : taps_.end();
  if (tap != taps_.end()) {
    call.event.chat = tap->second.chat;
    call.event.message = tap->second.message;
    call.event.data = tap->second.data;
  }
  if (utf16_length(call.given.text("text")) > maximum_callback_text) return bad_request("MESSAGE_TOO_LONG");
  const bool late = tap != taps_.end() && tap->second.time + callback_lifetime_ < call.now;
  if (late && !tap->second.answered) ++late_answers_;
  if (tap == taps_.end() || tap->second.answered || late)
    return bad_request("query is too old and response timeout expired or query ID is invalid");
  tap->second.answered = true;
  ++taps_answered_;
  return {.text = "true"};
}

}  // namespace simulator
