#include "telegram/update.hpp"

#include <charconv>
#include <string>
#include <utility>

#include "decode/json.hpp"
#include "telegram/answer.hpp"
#include "telegram/format.hpp"

namespace telegram {
namespace {

using decode::Kind;
using decode::Value;

std::optional<User> read_user(const Value* user) {
  const auto id = user ? integer_field(*user, "id") : std::nullopt;
  if (!id || *id <= 0) return std::nullopt;
  return User{*id, text_field(*user, "first_name", max_name), text_field(*user, "username", max_name)};
}

std::optional<Chat> read_chat(const Value& message) {
  const Value* chat = message.find("chat");
  const auto id = chat ? integer_field(*chat, "id") : std::nullopt;
  if (!id || *id == 0) return std::nullopt;
  const std::string type = text_field(*chat, "type", max_name);
  Chat::Kind kind = *id > 0 ? Chat::Kind::person : Chat::Kind::group;
  if (type == "supergroup") kind = Chat::Kind::supergroup;
  if (type == "channel") kind = Chat::Kind::channel;
  // A reply in another group has the number of a thread, too, but nothing can be sent there.
  const Value* in_topic = message.find("is_topic_message");
  const bool is_topic = in_topic && in_topic->kind() == Kind::boolean && in_topic->as_boolean();
  return Chat{*id, kind, is_topic ? integer_field(message, "message_thread_id").value_or(0) : 0};
}

// Nothing can be answered to nobody, so a message without a sender or a chat is of no use.
std::optional<Message> read_message(const Value& message) {
  auto from = read_user(message.find("from"));
  const auto chat = read_chat(message);
  const auto id = integer_field(message, "message_id");
  if (!from || !chat || !id) return std::nullopt;
  return Message{*id, *std::move(from), *chat, text_field(message, "text", max_incoming_text)};
}

std::optional<Tap> read_tap(const Value& query) {
  auto from = read_user(query.find("from"));
  const Value* id = query.find("id");
  if (!from || !id || id->kind() != Kind::string || id->text().empty() || id->text().size() > max_tap_id)
    return std::nullopt;
  Tap tap{.id = std::string(id->text()), .from = *std::move(from)};
  if (const Value* message = query.find("message")) {
    const auto chat = read_chat(*message);
    const auto number = integer_field(*message, "message_id");
    if (chat && number) {
      tap.chat = *chat;
      tap.message_id = *number;
    }
  }
  // More is no data of a button of ours, and a part of it might be that of another one.
  const Value* data = query.find("data");
  if (data && data->kind() == Kind::string && data->text().size() <= max_button_data)
    tap.data = std::string(data->text());
  return tap;
}

// Telegram says it twice: in the group, and in the supergroup. Whoever did it need not be named.
std::optional<Moved> read_move(const Value& message) {
  const auto chat = read_chat(message);
  if (!chat) return std::nullopt;
  const auto to = integer_field(message, "migrate_to_chat_id");
  const auto from = integer_field(message, "migrate_from_chat_id");
  const Moved moved{from.value_or(chat->id), to.value_or(chat->id)};
  const bool are_groups = moved.from < 0 && moved.to < 0;
  return are_groups && moved.from != moved.to ? std::optional(moved) : std::nullopt;
}

bool is_id(std::int64_t id) { return id > 0 && id <= max_id; }

// An object with one damaged key cannot be read at all; its number still stands in its text.
std::optional<std::int64_t> find_id(std::string_view text) {
  constexpr std::string_view key = "\"update_id\":";
  std::size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  at += key.size();
  while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
    ++at;
  std::int64_t id = 0;
  const auto read = std::from_chars(text.data() + at, text.data() + text.size(), id);
  return read.ec == std::errc{} ? std::optional(id) : std::nullopt;
}

}  // namespace

std::optional<Update> read_update(const decode::Document& document, const Value& update) {
  const bool damaged = update.kind() == Kind::spoiled && update.offset() != Value::no_offset;
  const auto id = damaged ? find_id(document.raw(update)) : integer_field(update, "update_id");
  if (!id || !is_id(*id)) return std::nullopt;
  Update result{.id = *id};
  if (const Value* message = update.find("message")) {
    if (const auto moved = read_move(*message))
      result.what = *moved;
    else if (auto read = read_message(*message))
      result.what = *std::move(read);
  } else if (const Value* query = update.find("callback_query")) {
    if (auto read = read_tap(*query)) result.what = *std::move(read);
  }
  return result;
}

std::vector<Update> read_updates(const decode::Document& document, const Value& list, std::size_t most) {
  std::vector<Update> updates;
  for (const Value& item : list.items()) {
    if (updates.size() == most) break;
    if (auto update = read_update(document, item)) updates.push_back(*std::move(update));
  }
  return updates;
}

base::Result<Update> parse_update(std::string body) {
  const auto document = decode::decode_json(std::move(body));
  if (!document)
    return base::error(base::Code::invalid_data, "not an update of the Bot API: {}",
                       document.error().message);
  auto update = read_update(*document, document->root);
  if (!update)
    return base::error(base::Code::invalid_data,
                       "not an update of the Bot API: it has no update_id that can be read");
  return *std::move(update);
}

}  // namespace telegram
