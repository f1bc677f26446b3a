// What the simulated Bot API knows: chats with their messages, updates, taps, and a log of what the bot did.
// Plain data of BotApi, which guards it; the functions print it as the real server's JSON.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "simulator/bot_api_html.hpp"
#include "simulator/bot_api_limits.hpp"

namespace simulator {

struct BotUser {
  std::int64_t id = 0;
  std::string name{};
  std::string username{};  // may be empty
};

struct BotButton {
  std::string text{};
  std::string data{};  // empty: a button of another kind
  std::string json{};  // as the bot gave it
  bool operator==(const BotButton&) const = default;
};
using BotKeyboard = std::vector<std::vector<BotButton>>;  // rows

struct BotMessage {
  std::int64_t id = 0;
  std::int64_t from = 0;  // the user; 0: the bot
  std::int64_t topic = 0;
  base::WallTime date{};
  base::WallTime edited{};  // 1970: never
  std::string source{};     // as it was sent, with its tags
  FormattedText text{};
  BotKeyboard keyboard{};
  int edits = 0;
  bool deleted = false;
};

struct BotChat {
  std::int64_t id = 0;  // a user's, or negative: a group
  bool blocked = false;
  std::int64_t last_message = 0;
  std::deque<BotMessage> messages{};  // the oldest first
  SendLimits::PerChat limits{};
  std::set<std::int64_t> topics{};  // of a forum: those in which somebody has written

  bool is_group() const { return id < 0; }
  BotMessage* find(std::int64_t message);
};

struct BotUpdate {
  std::int64_t id = 0;
  base::WallTime time{};
  std::string json{};
};

// Where updates are delivered, and what became of that.
struct BotWebhook {
  std::string url{};  // empty: none
  std::string secret{};
  std::int64_t connections = 40;
  std::uint64_t number = 0;  // grows with each that is set or deleted
  std::uint64_t delivered = 0, failed = 0, repeated = 0;
  int last_status = 0;  // of the last attempt; 0: no answer
  std::string last_error{};
  base::WallTime last_error_at{};
};
struct BotDelivery {
  std::uint64_t webhook = 0;  // its number
  std::string url{}, secret{};
  BotUpdate update{};
  bool is_repetition = false;  // it was answered already, and a test wants it once more
};

struct BotTap {
  std::int64_t user = 0;
  std::int64_t chat = 0;
  std::int64_t message = 0;
  std::string data{};
  base::WallTime time{};
  bool answered = false;
};

// One call of the bot.
struct BotEvent {
  std::uint64_t number = 0;  // from 1
  base::WallTime time{};
  std::string method{};
  int code = 200;             // what it was answered
  std::string description{};  // of an error
  std::int64_t chat = 0;      // 0: none
  std::int64_t message = 0;
  std::int64_t topic = 0;
  std::string text{};  // of the message, as sent, or of a callback's answer
  std::string data{};  // of the button whose tap was answered
  std::string callback_query{};
  bool show_alert = false;

  std::size_t bytes() const { return sizeof(BotEvent) + text.size() + data.size() + description.size(); }
};

// What a user does. A tap is on the newest message that has a button with these data, or on `message`;
// `force` allows data that no button has.
struct BotAction {
  bool tap = false;
  std::int64_t user = 0;
  std::int64_t chat = 0;   // 0: the private one
  std::int64_t topic = 0;  // of a message in a group; it makes the group a forum
  std::string text{};      // the message, or the data of the button
  std::optional<std::string> name{};
  std::optional<std::string> username{};
  std::int64_t message = 0;
  bool force = false;
};
struct BotActed {
  std::int64_t update = 0;
  std::string callback_query{};  // of a tap
};

struct BotIdentity {
  std::int64_t id = 0;
  std::string username{};
};

// As Telegram prints them.
std::string bot_json(const BotIdentity& bot, bool all);
std::string message_json(const BotIdentity& bot, const BotChat& chat, const BotMessage& message,
                         const BotUser& user);
std::string message_update(std::int64_t update, const BotIdentity& bot, const BotChat& chat,
                           const BotMessage& message, const BotUser& user);
std::string tap_update(std::int64_t update, std::string_view query, const BotTap& tap, const BotUser& user,
                       std::string_view message);

// reply_markup; only inline keyboards have buttons to tap.
base::Result<BotKeyboard> parse_keyboard(std::string_view markup);

// setMyCommands: the list as it is stored.
base::Result<std::string> parse_commands(std::string_view commands);

// allowed_updates: the names; what is no list of strings is invalid_data.
base::Result<std::vector<std::string>> parse_names(std::string_view list);

}  // namespace simulator
