// What the bot tells Telegram, as it stands in the outbox: channel "telegram", the chat as the address. Pure,
// but for move_chat().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "outbox/outbox.hpp"
#include "telegram/types.hpp"

namespace bot {

inline constexpr std::string_view telegram_channel = "telegram";

// A text with its buttons.
struct View {
  std::string text{};  // HTML
  telegram::Keyboard keyboard{};
  bool operator==(const View& other) const;
};

// A new message. Of what a user waits for (a placeholder, a menu), rather two than none, should nobody know
// whether it arrived; of notices and rejections rather none (RT13). Results are edits, and never come twice.
outbox::Message send(std::int64_t chat, const View& view, outbox::Priority priority, bool silent = false);
outbox::Message send_at_most_once(std::int64_t chat, const View& view, outbox::Priority priority);
// A new message, but in this topic of a forum; 0: as it was.
outbox::Message in_topic(std::int64_t topic, outbox::Message message);
// Of a message that is known.
outbox::Message edit(std::int64_t chat, std::int64_t message_id, const View& view, outbox::Priority priority);
// Of the message that an outbox row will have sent.
outbox::Message edit_after(std::int64_t chat, std::int64_t row, const View& view, outbox::Priority priority);
// Stops the waiting sign on the button; text "" shows nothing. Taps live for about a minute.
outbox::Message answer(std::int64_t chat, std::string_view tap, std::string_view text);

// The other way round.
struct Outgoing {
  enum class Action { send, edit, answer } action = Action::send;
  std::int64_t chat = 0;
  std::int64_t topic = 0;                    // of send
  std::optional<std::int64_t> message_id{};  // of edit; nothing: the receipt of the row it stands behind
  View view{};
  bool silent = false;
  std::string tap{}, text{};  // of answer
};
base::Result<Outgoing> read_outgoing(const outbox::Message& message);

// A group became a supergroup: new messages that wait for the one go to the other. What edits a message of
// the old chat stays, for that message is not in the new one: TelegramChannel sends it anew. Nothing else in
// the ledger is a chat's: settings and limits are users'. Errors: those of the database.
base::Result<void> move_chat(store::Connection& connection, std::int64_t from, std::int64_t to);

// Views as JSON, for results of jobs.
std::string write_views(const std::vector<View>& views);
base::Result<std::vector<View>> read_views(const std::string& json);

}  // namespace bot
