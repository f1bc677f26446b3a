// What the Bot API gives and takes, as far as the bot uses it. Plain data. Source:
// core.telegram.org/bots/api.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace telegram {

struct User {
  std::int64_t id = 0;  // up to 52 bits
  std::string first_name{};
  std::string username{};  // without '@'; "" for many
};

struct Chat {
  enum class Kind { person, group, supergroup, channel };
  std::int64_t id = 0;  // of a person: the user's id; of others: negative
  Kind kind = Kind::person;
  std::int64_t topic = 0;  // of a forum: the message thread; 0: none, or the general one
};

// A text that somebody wrote. Other messages (photos, joins …) have text "".
struct Message {
  std::int64_t id = 0;
  User from{};
  Chat chat{};
  std::string text{};
};

// A tap on a button below one of our messages.
struct Tap {
  std::string id{};  // of the callback query, to be answered once
  User from{};
  Chat chat{};                  // id 0: the message is too old to be named
  std::int64_t message_id = 0;  // 0 likewise
  std::string data{};           // of the button, at most 64 bytes
};

// A group became a supergroup, which is another chat; its members go on in the new one.
struct Moved {
  std::int64_t from = 0, to = 0;
};

struct Update {
  std::int64_t id = 0;
  std::variant<std::monostate, Message, Tap, Moved> what{};  // monostate: of a kind that the bot does not use
};

struct Button {
  std::string text;
  std::string data;  // 1 to 64 bytes
};
using Keyboard = std::vector<std::vector<Button>>;  // rows

struct Bot {
  std::int64_t id = 0;
  std::string username{};
};

struct WebhookInfo {
  std::string url{};  // "": none, getUpdates is allowed
  std::int64_t pending_updates = 0;
  std::string last_error{};
};

struct Command {
  std::string name;         // without '/'
  std::string description;  // 1 to 256 characters
};

}  // namespace telegram
