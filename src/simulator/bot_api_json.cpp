#include <algorithm>
#include <nlohmann/json.hpp>

#include "simulator/api_tools.hpp"
#include "simulator/bot_api_types.hpp"

namespace simulator {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t maximum_buttons = 100;
constexpr std::size_t maximum_button_data = 64;  // bytes
constexpr std::size_t maximum_commands = 100;
constexpr std::size_t maximum_command = 32;
constexpr std::size_t maximum_command_text = 256;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

base::Error bad(std::string message) { return {base::Code::invalid_data, std::move(message)}; }

std::int64_t seconds(base::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Json bot_object(const BotIdentity& bot) {
  return {{"id", bot.id}, {"is_bot", true}, {"first_name", "Simulated bot"}, {"username", bot.username}};
}

Json user_object(const BotUser& user) {
  Json json{{"id", user.id}, {"is_bot", false}, {"first_name", user.name}};
  if (!user.username.empty()) json["username"] = user.username;
  json["language_code"] = "pt-br";
  return json;
}

Json chat_object(const BotChat& chat, const BotUser& user) {
  if (chat.is_group()) {
    Json json{{"id", chat.id}, {"title", fmt::format("Group {}", -chat.id)}, {"type", "supergroup"}};
    if (!chat.topics.empty()) json["is_forum"] = true;
    return json;
  }
  Json json{{"id", chat.id}, {"first_name", user.name}};
  if (!user.username.empty()) json["username"] = user.username;
  json["type"] = "private";
  return json;
}

Json entity_object(const Entity& entity) {
  Json json{{"offset", entity.offset}, {"length", entity.length}, {"type", entity.type}};
  if (entity.extra.empty()) return json;
  json[entity.type == "text_link" ? "url"
       : entity.type == "pre"     ? "language"
                                  : "custom_emoji_id"] = entity.extra;
  return json;
}

Json message_object(const BotIdentity& bot, const BotChat& chat, const BotMessage& message,
                    const BotUser& user) {
  Json json{{"message_id", message.id},
            {"from", message.from == 0 ? bot_object(bot) : user_object(user)},
            {"chat", chat_object(chat, user)},
            {"date", seconds(message.date)}};
  if (message.topic != 0) json.update({{"message_thread_id", message.topic}, {"is_topic_message", true}});
  if (message.edits > 0) json["edit_date"] = seconds(message.edited);
  json["text"] = message.text.text;
  for (const Entity& entity : message.text.entities) json["entities"].push_back(entity_object(entity));
  if (message.keyboard.empty()) return json;
  Json rows = Json::array();
  for (const auto& row : message.keyboard) {
    rows.push_back(Json::array());
    for (const BotButton& button : row) rows.back().push_back(Json::parse(button.json, nullptr, false));
  }
  json["reply_markup"]["inline_keyboard"] = std::move(rows);
  return json;
}

base::Result<BotButton> parse_button(const Json& json) {
  if (!json.is_object() || !json.contains("text") || !json["text"].is_string())
    return bad("can't parse inline keyboard button: Field \"text\" must be of type String");
  BotButton button{.text = json["text"].get<std::string>(), .json = dump(json)};
  if (button.text.empty())
    return bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
  if (json.contains("callback_data")) {
    if (!json["callback_data"].is_string())
      return bad("can't parse inline keyboard button: Field \"callback_data\" must be of type String");
    button.data = json["callback_data"].get<std::string>();
    if (button.data.empty() || button.data.size() > maximum_button_data) return bad("BUTTON_DATA_INVALID");
  } else if (json.size() < 2) {
    return bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
  }
  return button;
}

}  // namespace

BotMessage* BotChat::find(std::int64_t message) {
  const auto found = std::lower_bound(messages.begin(), messages.end(), message,
                                      [](const BotMessage& m, std::int64_t id) { return m.id < id; });
  return found == messages.end() || found->id != message || found->deleted ? nullptr : &*found;
}

std::string bot_json(const BotIdentity& bot, bool all) {
  Json json = bot_object(bot);
  if (!all) return dump(json);
  json["can_join_groups"] = true;
  for (const char* name : {"can_read_all_group_messages", "supports_inline_queries",
                           "can_connect_to_business", "has_main_web_app"})
    json[name] = false;
  return dump(json);
}

std::string message_json(const BotIdentity& bot, const BotChat& chat, const BotMessage& message,
                         const BotUser& user) {
  return dump(message_object(bot, chat, message, user));
}

std::string message_update(std::int64_t update, const BotIdentity& bot, const BotChat& chat,
                           const BotMessage& message, const BotUser& user) {
  return fmt::format("{{\"update_id\":{},\"message\":{}}}", update, message_json(bot, chat, message, user));
}

std::string tap_update(std::int64_t update, std::string_view query, const BotTap& tap, const BotUser& user,
                       std::string_view message) {
  return fmt::format(
      "{{\"update_id\":{},\"callback_query\":{{\"id\":\"{}\",\"from\":{},\"message\":{},"
      "\"chat_instance\":\"{}\",\"data\":{}}}}}",
      update, query, dump(user_object(user)), message,
      static_cast<std::uint64_t>(tap.chat) * 0x9E3779B97F4A7C15U >> 1, json_string(tap.data));
}

base::Result<BotKeyboard> parse_keyboard(std::string_view markup) {
  BotKeyboard keyboard;
  if (markup.empty()) return keyboard;
  const Json json = Json::parse(markup, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return bad("can't parse reply keyboard markup JSON object");
  if (!json.is_object()) return bad("object expected as reply markup");
  if (!json.contains("inline_keyboard")) return keyboard;  // a keyboard of another kind
  if (!json["inline_keyboard"].is_array())
    return bad("field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array");
  std::size_t buttons = 0;
  for (const Json& row : json["inline_keyboard"]) {
    if (!row.is_array()) return bad("field \"inline_keyboard\" must be an Array of Arrays");
    std::vector<BotButton> made;
    for (const Json& button : row) {
      if (++buttons > maximum_buttons) return bad("reply markup is too long");
      made.push_back(TRY(parse_button(button)));
    }
    if (!made.empty()) keyboard.push_back(std::move(made));
  }
  return keyboard;
}

base::Result<std::string> parse_commands(std::string_view commands) {
  const Json json = Json::parse(commands, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return bad("can't parse commands: expected an Array of BotCommand");
  if (json.size() > maximum_commands) return bad("BOT_COMMANDS_TOO_MUCH");
  Json stored = Json::array();
  for (const Json& each : json) {
    const auto text = [&](const char* key) {
      return each.is_object() && each.contains(key) && each[key].is_string() ? each[key].get<std::string>()
                                                                             : std::string();
    };
    const std::string command = text("command").substr(text("command").starts_with('/') ? 1 : 0);
    const std::string description = text("description");
    const bool letters = std::all_of(command.begin(), command.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (command.empty() || command.size() > maximum_command || !letters) return bad("BOT_COMMAND_INVALID");
    if (description.empty() || utf16_length(description) > maximum_command_text)
      return bad("BOT_COMMAND_DESCRIPTION_INVALID");
    stored.push_back({{"command", command}, {"description", description}});
  }
  return dump(stored);
}

base::Result<std::vector<std::string>> parse_names(std::string_view list) {
  constexpr std::size_t maximum_names = 100;
  const Json json = Json::parse(list, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array() || json.size() > maximum_names) return bad("can't parse a list of update names");
  std::vector<std::string> names;
  for (const Json& name : json) {
    if (!name.is_string()) return bad("can't parse a list of update names");
    names.push_back(name.get<std::string>());
  }
  return names;
}

}  // namespace simulator
