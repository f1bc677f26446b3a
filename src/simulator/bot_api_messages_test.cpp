// Messages, edits, taps and send limits, as the bot's client sees them.
#include "simulator/bot_testing.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

Json button(const std::string& text, const std::string& data) {
  return {{"text", text}, {"callback_data", data}};
}

TEST_F(BotTest, texts_are_checked) {
  write(1, "/start");
  const auto sent = [&](const std::string& text, const std::string& mode = "") {
    pass(5s);
    return fault("sendMessage", {{"chat_id", 1}, {"text", text}, {"parse_mode", mode}});
  };
  std::string longest;  // 4096 units of UTF-16: 2048 characters of four bytes
  for (int i = 0; i < 2048; ++i) longest += "🎯";
  EXPECT_EQ(sent(longest), "ok");
  EXPECT_EQ(sent(longest + "!"), "Bad Request: message is too long");
  EXPECT_EQ(sent("<b>" + longest + "</b>", "HTML"), "ok") << "tags do not count";
  EXPECT_EQ(sent("<b>" + longest + "</b>"), "Bad Request: message is too long");
  EXPECT_EQ(sent(""), "Bad Request: message text is empty");
  EXPECT_EQ(sent(" \n "), "Bad Request: message text is empty");
  EXPECT_EQ(sent("<b> </b>", "html"), "Bad Request: message text is empty");
  EXPECT_EQ(sent("<b>x", "HTML"),
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"");
  EXPECT_EQ(sent("*x*", "MarkdownV3"), "Bad Request: unsupported parse_mode");
  EXPECT_EQ(fault("sendMessage", {{"chat_id", 2}, {"text", "x"}}), "Bad Request: chat not found");
  EXPECT_EQ(fault("sendMessage", {{"chat_id", "@ana"}, {"text", "x"}}), "Bad Request: chat not found");
  EXPECT_EQ(fault("sendMessage", {{"text", "x"}}), "Bad Request: chat_id is empty");

  pass(5s);
  const Json result = call(
      "sendMessage", {{"chat_id", 1}, {"text", " <b>Gols</b> &lt; 2 "}, {"parse_mode", "HTML"}})["result"];
  EXPECT_EQ(result["text"], "Gols < 2");
  EXPECT_EQ(result["entities"], (Json{{{"offset", 0}, {"length", 4}, {"type", "bold"}}}));
  EXPECT_EQ(chat(1).back()["plain"], "Gols < 2");
  EXPECT_EQ(chat(1).back()["text"], " <b>Gols</b> &lt; 2 ");
}

TEST_F(BotTest, keyboards_are_checked) {
  write(1, "/start");
  const auto sent = [&](const Json& markup) {
    pass(5s);
    return fault("sendMessage", {{"chat_id", 1}, {"text", "x"}, {"reply_markup", markup}});
  };
  const auto with = [&](const Json& one) { return sent({{"inline_keyboard", {{one}}}}); };
  EXPECT_EQ(with(button("a", std::string(64, 'x'))), "ok");
  EXPECT_EQ(with(button("a", std::string(65, 'x'))), "Bad Request: BUTTON_DATA_INVALID");
  EXPECT_EQ(with(button("a", "")), "Bad Request: BUTTON_DATA_INVALID");
  EXPECT_EQ(with({{"text", "a"}, {"url", "https://example.org"}}), "ok");
  EXPECT_TRUE(with({{"text", "a"}}).starts_with("Bad Request: can't parse inline keyboard button"));
  EXPECT_TRUE(with({{"callback_data", "a"}}).starts_with("Bad Request: can't parse inline keyboard button"));
  EXPECT_EQ(sent("{"), "Bad Request: can't parse reply keyboard markup JSON object");
  EXPECT_EQ(sent("[]"), "Bad Request: object expected as reply markup");
  EXPECT_EQ(sent({{"remove_keyboard", true}}), "ok");
  Json rows = Json::array();
  for (int i = 0; i < 101; ++i) rows.push_back(Json::array({button("a", "b")}));
  EXPECT_EQ(sent({{"inline_keyboard", rows}}), "Bad Request: reply markup is too long");
}

TEST_F(BotTest, edits_change_what_the_user_sees) {
  write(1, "/start");
  const auto id = send(1, "wait", {{button("A", "a")}});
  const auto edit = [&](const Json& more) {
    pass(5s);
    Json parameters{{"chat_id", 1}, {"message_id", id}};
    parameters.update(more);
    return fault("editMessageText", parameters);
  };
  const std::string same =
      "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
      "same as a current content and reply markup of the message";
  EXPECT_EQ(edit({{"text", "wait"}, {"reply_markup", {{"inline_keyboard", {{button("A", "a")}}}}}}), same);
  EXPECT_EQ(edit({{"text", "wait"}}), "ok") << "without its keyboard";
  EXPECT_EQ(edit({{"text", "wait "}}), same);
  EXPECT_EQ(edit({{"text", "<b>done</b>"}, {"parse_mode", "HTML"}}), "ok");
  EXPECT_EQ(edit({{"text", "done"}}), "ok") << "other entities are a change";
  EXPECT_EQ(chat(1).back()["edits"], 3);
  EXPECT_EQ(chat(1).back()["buttons"], Json::array());
  EXPECT_EQ(edit({{"text", ""}}), "Bad Request: message text is empty");
  EXPECT_EQ(edit({{"text", std::string(4097, 'x')}}), "Bad Request: MESSAGE_TOO_LONG");
  EXPECT_EQ(edit({{"text", "x"}, {"message_id", 99}}), "Bad Request: message to edit not found");
  EXPECT_EQ(edit({{"text", "x"}, {"message_id", 1}}), "Bad Request: message can't be edited") << "the user's";
  EXPECT_EQ(fault("editMessageText", {{"text", "x"}}), "Bad Request: message identifier is not specified");

  EXPECT_EQ(fault("deleteMessage", {{"chat_id", 1}, {"message_id", id}}), "ok");
  EXPECT_EQ(fault("deleteMessage", {{"chat_id", 1}, {"message_id", id}}),
            "Bad Request: message to delete not found");
  EXPECT_EQ(edit({{"text", "x"}}), "Bad Request: message to edit not found");
  EXPECT_EQ(chat(1).back()["deleted"], true);
  EXPECT_EQ(fault("deleteMessage", {{"chat_id", 1}}), "Bad Request: message identifier is not specified");
  pass(49h);
  EXPECT_EQ(fault("deleteMessage", {{"chat_id", 1}, {"message_id", 1}}),
            "Bad Request: message can't be deleted for everyone");
}

TEST_F(BotTest, a_tap_is_answered_once_and_in_time) {
  const std::string too_old =
      "Bad Request: query is too old and response timeout expired or query ID is invalid";
  write(1, "/start");
  send(1, "old", {{button("A", "a"), button("B", "b")}});
  const auto id = send(1, "new", {{button("A", "a")}});
  const std::string query = tap(1, "a");
  const auto answer = [&](const std::string& which, const std::string& text = "") {
    return fault("answerCallbackQuery", {{"callback_query_id", which}, {"text", text}, {"show_alert", true}});
  };
  EXPECT_EQ(answer(query, std::string(201, 'x')), "Bad Request: MESSAGE_TOO_LONG");
  EXPECT_EQ(answer(query, std::string(200, 'x')), "ok");
  EXPECT_EQ(answer(query), too_old);
  EXPECT_EQ(answer("17"), too_old);
  EXPECT_EQ(answer("x"), too_old);
  EXPECT_EQ(answer(""), too_old);

  const std::string late = tap(1, "b");
  pass(60s);
  const std::string forced = tap(1, "gone", true);
  pass(1s);
  EXPECT_EQ(answer(late), too_old);
  EXPECT_EQ(answer(forced), "ok");
  EXPECT_EQ(state()["taps"], (Json{{"total", 3}, {"answered", 2}, {"unanswered", 1}, {"late", 1}}));
  bot_.set_callback_lifetime(10s);
  const std::string short_lived = tap(1, "a");
  pass(11s);
  EXPECT_EQ(answer(short_lived), too_old);

  const Json events = Json::parse(bot_.events_view(0, 1000))["events"];
  const Json& answered = events[3];
  EXPECT_EQ(answered["method"], "answerCallbackQuery");
  EXPECT_EQ(answered["data"], "a");
  EXPECT_EQ(answered["show_alert"], true);
  EXPECT_EQ(answered["text"], std::string(200, 'x'));
  EXPECT_EQ(answered["chat"], 1);
  EXPECT_EQ(answered["message_id"], id) << "the newest with that button";
}

TEST_F(BotTest, users_make_mistakes_that_are_named) {
  const auto act = [&](const BotAction& action) { return bot_.act(action, now_).error().message; };
  EXPECT_EQ(act({.tap = true, .user = 1, .text = "a"}),
            "user 1 has not written in chat 1 yet: there is nothing to tap");
  write(1, "/start");
  send(1, "menu", {{button("A", "a")}});
  EXPECT_EQ(act({.tap = true, .user = 1, .text = "b"}),
            "no message in chat 1 has a button 'b' now (\"force\": true taps it anyway)");
  EXPECT_EQ(act({.tap = true, .user = 1, .text = "b", .message = 9, .force = true}),
            "the bot has no such message in chat 1");
  EXPECT_EQ(act({.user = 1, .text = " "}), "'text' must have 1 to 4096 characters");
  EXPECT_EQ(act({.user = 0, .text = "x"}), "'user' must be a number from 1 to 4503599627370495");
  EXPECT_EQ(act({.user = 1, .chat = 2, .text = "x"}), "'chat' must be negative: a group");
  EXPECT_EQ(bot_.block(2, true).error().message, "user 2 has not written to the bot yet");

  EXPECT_TRUE(bot_.block(1, true).has_value());
  EXPECT_EQ(fault("sendMessage", {{"chat_id", 1}, {"text", "x"}}), "Forbidden: bot was blocked by the user");
  EXPECT_EQ(fault("sendChatAction", {{"chat_id", 1}, {"action", "typing"}}),
            "Forbidden: bot was blocked by the user");
  EXPECT_EQ(act({.user = 1, .text = "x"}), "user 1 has blocked the bot: unblock it first");
  EXPECT_TRUE(bot_.block(1, false).has_value());
  EXPECT_EQ(fault("sendChatAction", {{"chat_id", 1}, {"action", "typing"}}), "ok");
  EXPECT_EQ(fault("sendChatAction", {{"chat_id", 1}, {"action", "sleeping"}}),
            "Bad Request: wrong parameter action in request");
  const auto bulk = bot_.act({{.user = 3, .text = "a"}, {.user = 0}}, now_);
  EXPECT_TRUE(bulk.error().message.starts_with("item 1 (those before it are done): 'user'"));
  EXPECT_EQ(chat(3).size(), 1U);
}

TEST_F(BotTest, sending_too_fast_is_refused) {
  for (int user = 1; user <= 40; ++user) write(user, "/start");
  write(1, "/start", -100);
  for (int i = 0; i < 3; ++i) send(1, "burst");
  const auto refused = reply("sendMessage", {{"chat_id", 1}, {"text", "x"}}).answer;
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers, (decltype(refused.headers){{"Retry-After", "1"}}));
  EXPECT_EQ(parse(refused), (Json{{"ok", false},
                                  {"error_code", 429},
                                  {"description", "Too Many Requests: retry after 1"},
                                  {"parameters", {{"retry_after", 1}}}}));
  EXPECT_EQ(state()["violations"], (Json{{"chat", 1}, {"group", 0}, {"bot", 0}}));
  for (int user = 2; user <= 28; ++user) send(user, "x");
  EXPECT_EQ(fault("sendMessage", {{"chat_id", 29}, {"text", "x"}}), "Too Many Requests: retry after 1")
      << "30 over all chats";
  EXPECT_EQ(state()["violations"]["bot"], 1);

  pass(10s);
  const auto edited = send(1, "x");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(fault("editMessageText", {{"chat_id", 1}, {"message_id", edited}, {"text", std::to_string(i)}}),
              "ok");
  EXPECT_EQ(fault("editMessageText", {{"chat_id", 1}, {"message_id", edited}, {"text", "y"}}),
            "Too Many Requests: retry after 1");
  for (int i = 0; i < 20; ++i) send(-100, "x");
  EXPECT_EQ(fault("sendMessage", {{"chat_id", -100}, {"text", "x"}}), "Too Many Requests: retry after 60");
  EXPECT_EQ(state()["violations"], (Json{{"chat", 2}, {"group", 1}, {"bot", 1}}));

  bot_.enforce_limits(false);
  EXPECT_EQ(fault("sendMessage", {{"chat_id", -100}, {"text", "x"}}), "ok");
  EXPECT_EQ(state()["violations"]["group"], 2) << "counted all the same";
  EXPECT_EQ(state()["codes"]["429"], 4);
}

// Also by whoever may send more than the limits allow.
TEST_F(BotTest, what_was_sent_is_forgotten_in_time) {
  const auto free_after = [this] {
    const base::WallTime free{std::chrono::microseconds(state()["limits_free_at_us"].get<std::int64_t>())};
    return std::chrono::round<std::chrono::milliseconds>(free - now_);
  };
  for (int user = 1; user <= 31; ++user) write(user, "/start");
  write(1, "/start", -100);
  EXPECT_LE(free_after(), 0ms);
  send(1, "x");
  EXPECT_EQ(free_after(), 1000ms) << "of a chat";
  bot_.enforce_limits(false);
  for (int user = 2; user <= 31; ++user) send(user, "x");
  EXPECT_EQ(free_after(), 1000ms) << "of all";
  pass(1s);
  for (int i = 0; i < 5; ++i) send(1, "x");
  EXPECT_EQ(free_after(), 3000ms) << "what would have been too much does not count";
  bot_.enforce_limits(true);
  pass(free_after());
  for (int user = 1; user <= 30; ++user) send(user, "x");
  EXPECT_EQ(fault("sendMessage", {{"chat_id", 31}, {"text", "x"}}), "Too Many Requests: retry after 1");
  pass(free_after());
  for (int i = 0; i < 3; ++i) send(1, "x");
  const auto message = send(2, "x");
  pass(free_after());
  for (int i = 0; i < 3; ++i)
    call("editMessageText", {{"chat_id", 2}, {"message_id", message}, {"text", std::to_string(i)}});
  EXPECT_EQ(free_after(), 3000ms) << "edits";
  send(-100, "x");
  EXPECT_EQ(free_after(), 59'500ms) << "of a group";
}

TEST_F(BotTest, a_steady_second_is_not_too_fast) {
  write(1, "/start");
  for (int i = 0; i < 3; ++i) send(1, "burst");
  for (int i = 0; i < 100; ++i) {
    pass(i % 2 == 0 ? 900ms : 1100ms);  // as the network makes them of even distances
    send(1, "x");
  }
  EXPECT_EQ(state()["violations"]["chat"], 0);
}

TEST_F(BotTest, old_things_make_room) {
  bot_.enforce_limits(false);
  write(1, "/start");
  for (int i = 0; i < 1'005; ++i) send(1, "x");
  EXPECT_EQ(chat(1).size(), 1'000U);
  EXPECT_EQ(chat(1).back()["message_id"], 1'006);
  EXPECT_EQ(fault("editMessageText", {{"chat_id", 1}, {"message_id", 3}, {"text", "y"}}),
            "Bad Request: message to edit not found");
  EXPECT_EQ(fault("editMessageText", {{"chat_id", 1}, {"message_id", 500}, {"text", "y"}}), "ok");
  for (int i = 0; i < 199'010; ++i) call("getMe");
  const Json view = Json::parse(bot_.events_view(0, 2));
  EXPECT_EQ(view["total"], 200'017);
  EXPECT_EQ(view["dropped"], 17);
  EXPECT_EQ(view["events"][0]["number"], 18);
  EXPECT_EQ(view["events"].size(), 2U);
  EXPECT_EQ(Json::parse(bot_.events_view(200'016, 10))["events"].size(), 1U);
  EXPECT_EQ(Json::parse(bot_.events_view(300'000, 10))["events"].size(), 0U);
}

}  // namespace
}  // namespace simulator
