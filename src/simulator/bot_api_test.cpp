#include "simulator/bot_api.hpp"

#include "simulator/bot_testing.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

constexpr auto conflict =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";

TEST_F(BotTest, tokens_and_methods) {
  const auto status = [&](const std::string& path, const std::string& method = "GET") {
    const auto reply = bot_.call({.method = method, .path = path, .time = now_});
    const Json json = parse(reply.answer);
    EXPECT_EQ(json["ok"], reply.answer.status == 200);
    EXPECT_EQ(json.value("error_code", 200), reply.answer.status);
    return reply.answer.status;
  };
  EXPECT_EQ(status(path("getMe")), 200);
  EXPECT_EQ(status(path("GETme"), "POST"), 200) << "in any case, as the real server";
  EXPECT_EQ(status(path("getMe"), "DELETE"), 405);
  EXPECT_EQ(status(path("sendEverything")), 404);
  EXPECT_EQ(status(path("")), 404);
  EXPECT_EQ(status("/bot1234567890:simulated-telegram-token-000000001/getMe"), 401);
  for (const char* wrong : {"/bot", "/bot/getMe", "/", "/botabc:simulated-telegram-token-000000000/getMe",
                            "/bot1:short/getMe", "/bot1234567890/getMe"})
    EXPECT_EQ(status(wrong), 404) << wrong;
  EXPECT_EQ(call("getMe")["result"]["username"], "simulated_bot");
  EXPECT_EQ(call("getMe")["result"]["id"], 1234567890);
  EXPECT_EQ(masked_bot_path(path("getMe")), "/bot<token>/getMe");
  EXPECT_EQ(masked_bot_path("/bot123:abc"), "/bot<token>");
  EXPECT_EQ(bot_method("/bot1:a/getMe"), "getMe");
}

TEST_F(BotTest, parameters_come_in_every_form) {
  write(1, "/start");
  const auto sent = [&](const std::string& type, const std::string& body,
                        std::multimap<std::string, std::string> query = {}) {
    pass(10s);
    const auto reply = bot_.call({.method = "POST",
                                  .path = path("sendMessage"),
                                  .query = std::move(query),
                                  .headers = {{"content-type", type}},
                                  .body = body,
                                  .time = now_});
    const Json json = parse(reply.answer);
    return json["ok"] == true ? json["result"]["text"].get<std::string>()
                              : json["description"].get<std::string>();
  };
  EXPECT_EQ(sent("", "", {{"chat_id", "1"}, {"text", "query"}}), "query");
  EXPECT_EQ(sent("application/json", R"({"chat_id": 1, "text": "a number"})"), "a number");
  EXPECT_EQ(sent("application/json; charset=utf-8", R"({"chat_id": "1", "text": "olá", "x": null})"), "olá");
  EXPECT_EQ(sent("application/x-www-form-urlencoded", "chat_id=1&text=a+b%21%C3%A9%"), "a b!é%");
  const std::string multipart =
      "--xx\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n1\r\n"
      "--xx\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\ntwo\r\nlines\r\n"
      "--xx\r\nContent-Disposition: form-data; filename=\"f\"; name=\"text\"\r\n\r\nbytes\r\n--xx--\r\n";
  EXPECT_EQ(sent("multipart/form-data; boundary=xx", multipart), "two\r\nlines");
  EXPECT_EQ(sent("multipart/form-data; boundary=\"yy\"", multipart),
            "Bad Request: the multipart body does not have its boundary");
  EXPECT_EQ(sent("multipart/form-data; boundary=xx", multipart.substr(0, 40)),
            "Bad Request: the multipart body ends in the middle of a part");
  EXPECT_EQ(sent("application/json", "[1]"), "Bad Request: can't parse the body: it must be a JSON object");
  EXPECT_EQ(sent("application/x-www-form-urlencoded", "chat_id=1&text=%ff"),
            "Bad Request: strings must be encoded in UTF-8");
  std::string many;
  for (int i = 0; i < 200; ++i) many += fmt::format("k{}=1&", i);
  EXPECT_EQ(sent("application/x-www-form-urlencoded", many), "Bad Request: more than 100 parameters");
  const Json keyboard{{"inline_keyboard", {{{{"text", "A"}, {"callback_data", "a"}}}}}};
  pass(10s);
  EXPECT_EQ(fault("sendMessage", {{"chat_id", 1}, {"text", "x"}, {"reply_markup", keyboard.dump()}}), "ok");
  EXPECT_EQ(chat(1).back()["buttons"][0][0]["data"], "a");
}

TEST_F(BotTest, offsets_confirm) {
  EXPECT_EQ(ids(call("getUpdates")), (std::vector<std::int64_t>{}));
  std::vector<std::int64_t> made;
  for (int i = 0; i < 5; ++i) made.push_back(write(1, fmt::format("text {}", i)));
  EXPECT_GE(made[0], 100'000'000);
  for (int i = 1; i < 5; ++i) EXPECT_EQ(made[i], made[0] + i);
  pass(5s);
  EXPECT_EQ(ids(call("getUpdates")), made);
  pass(5s);
  EXPECT_EQ(ids(call("getUpdates", {{"limit", 2}})), (std::vector{made[0], made[1]}));
  pass(5s);
  EXPECT_EQ(ids(call("getUpdates", {{"limit", "0"}, {"offset", std::to_string(made[1])}})),
            (std::vector{made[1]}))
      << "a limit of 0 is 1";
  pass(5s);
  EXPECT_EQ(ids(call("getUpdates")), (std::vector{made[1], made[2], made[3], made[4]}));
  EXPECT_EQ(state()["confirmed_offset"], made[1]);
  EXPECT_EQ(ids(call("getUpdates", {{"offset", -2}})), (std::vector{made[3], made[4]}));
  pass(5s);
  EXPECT_EQ(state()["pending_updates"], 2) << "what stands before a negative offset is forgotten";
  EXPECT_EQ(ids(call("getUpdates", {{"offset", made[4] + 1}})), (std::vector<std::int64_t>{}));
  EXPECT_EQ(state()["confirmed_offset"], made[4] + 1);
  EXPECT_EQ(write(1, "next"), made[4] + 1);
  EXPECT_EQ(ids(call("getUpdates", {{"offset", 2'000'000'000}})), (std::vector<std::int64_t>{}))
      << "beyond all: all are confirmed";
  EXPECT_EQ(state()["pending_updates"], 0);
  write(1, "old");
  pass(25h);
  EXPECT_EQ(ids(call("getUpdates")), (std::vector<std::int64_t>{})) << "an update lives for 24 hours";
}

TEST_F(BotTest, busy_loops_are_slowed) {
  const auto first = write(1, "a");
  write(1, "b");
  EXPECT_EQ(ids(call("getUpdates", {{"offset", first}})).size(), 2U);
  pass(100ms);
  EXPECT_EQ(ids(call("getUpdates", {{"offset", first}})).size(), 1U) << "the same within half a second";
  call("getUpdates", {{"offset", first + 2}});
  pass(1s);
  const auto poll = reply("getUpdates", {{"offset", first + 2}});
  EXPECT_NE(poll.ticket, 0U) << "the same within three seconds waits, without a timeout too";
  EXPECT_EQ(poll.deadline, now_ + 3s);
}

TEST_F(BotTest, a_long_poll_waits) {
  const auto poll = reply("getUpdates", {{"timeout", 3600}, {"offset", 0}});
  ASSERT_NE(poll.ticket, 0U);
  EXPECT_EQ(poll.deadline, now_ + 50s) << "the longest";
  EXPECT_FALSE(bot_.is_woken(poll.ticket));
  EXPECT_EQ(bot_.resume(poll.ticket, now_ + 49s).ticket, poll.ticket) << "too early";
  EXPECT_EQ(parse(bot_.resume(poll.ticket, now_ + 50s).answer)["result"], Json::array());
  EXPECT_TRUE(woken_.empty());

  pass(10s);
  const auto next = reply("getUpdates", {{"timeout", 30}});
  const auto update = write(1, "a");
  write(2, "b");
  EXPECT_EQ(woken_, (std::vector{next.ticket}));
  EXPECT_TRUE(bot_.is_woken(next.ticket));
  EXPECT_EQ(ids(parse(bot_.resume(next.ticket, now_).answer)), (std::vector{update, update + 1}));
  EXPECT_EQ(state()["poll_waiting"], false);
  EXPECT_EQ(bot_.resume(next.ticket, now_).answer.status, 500) << "answered already";
}

TEST_F(BotTest, the_older_of_two_polls_is_ended) {
  const auto older = reply("getUpdates", {{"timeout", 30}});
  const auto newer = reply("getUpdates", {{"timeout", 30}, {"offset", 5}});
  EXPECT_EQ(woken_, (std::vector{older.ticket}));
  const auto ended = bot_.resume(older.ticket, now_);
  EXPECT_EQ(ended.answer.status, 409);
  EXPECT_EQ(parse(ended.answer)["description"], conflict);
  EXPECT_EQ(state()["conflicts"], 1);
  pass(1s);
  const auto third = reply("getUpdates", {{"timeout", 30}, {"offset", 6}});
  const auto later = bot_.resume(newer.ticket, now_);
  EXPECT_EQ(later.ticket, newer.ticket) << "the second 409 within three seconds is late";
  EXPECT_EQ(later.deadline, now_ + 3s);
  EXPECT_FALSE(bot_.is_woken(newer.ticket));
  EXPECT_EQ(bot_.resume(newer.ticket, now_ + 3s).answer.status, 409);
  EXPECT_EQ(state()["conflicts"], 2);
  bot_.drop(third.ticket);
  EXPECT_EQ(state()["poll_waiting"], false);
}

TEST_F(BotTest, a_webhook_and_polling_exclude_each_other) {
  EXPECT_EQ(fault("setWebhook", {{"url", "http://example.org/hook"}}),
            "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
  EXPECT_EQ(fault("setWebhook", {{"url", "https://example.org/"}, {"secret_token", "a b"}}),
            "Bad Request: secret token contains unallowed characters");
  const auto waiting = reply("getUpdates", {{"timeout", 30}});
  const Json set = call("setWebhook", {{"url", "https://example.org/hook"}, {"max_connections", 5}});
  EXPECT_EQ(set["description"], "Webhook was set");
  EXPECT_EQ(parse(bot_.resume(waiting.ticket, now_).answer)["description"],
            "Conflict: terminated by setWebhook request");
  write(1, "a");
  const Json info = call("getWebhookInfo")["result"];
  EXPECT_EQ(info["url"], "https://example.org/hook");
  EXPECT_EQ(info["pending_update_count"], 1);
  EXPECT_EQ(info["max_connections"], 5);
  const auto refused = reply("getUpdates");
  EXPECT_EQ(refused.deadline, now_ + 3s) << "a 409 was given just now";
  pass(3s);
  EXPECT_EQ(parse(bot_.resume(refused.ticket, now_).answer)["error_code"], 409);
  EXPECT_EQ(fault("getUpdates"),
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
            "webhook first");
  EXPECT_EQ(call("deleteWebhook", {{"drop_pending_updates", true}})["description"], "Webhook was deleted");
  EXPECT_EQ(call("deleteWebhook")["description"], "Webhook is already deleted");
  EXPECT_EQ(call("getWebhookInfo")["result"]["pending_update_count"], 0);
}

TEST_F(BotTest, allowed_updates_are_remembered) {
  call("getUpdates", {{"allowed_updates", R"(["callback_query"])"}});
  write(1, "a");
  EXPECT_EQ(state()["pending_updates"], 0);
  EXPECT_EQ(state()["skipped_updates"], 1);
  pass(4s);
  call("getUpdates", {{"offset", 1}});
  write(1, "b");
  EXPECT_EQ(state()["pending_updates"], 0) << "still";
  call("getUpdates", {{"offset", 2}, {"allowed_updates", Json::array()}});
  write(1, "c");
  EXPECT_EQ(state()["pending_updates"], 1) << "an empty list is all";
  EXPECT_EQ(fault("getUpdates", {{"allowed_updates", "message"}}),
            "Bad Request: can't parse a list of update names");
}

TEST_F(BotTest, updates_have_real_shapes) {
  const auto acted =
      bot_.act({.user = 5, .text = "/ajuda@simulated_bot agora", .name = "Ana", .username = "ana"}, now_);
  ASSERT_TRUE(acted.has_value());
  const Json message = call("getUpdates")["result"][0]["message"];
  EXPECT_EQ(message["from"]["first_name"], "Ana");
  EXPECT_EQ(message["from"]["username"], "ana");
  EXPECT_EQ(message["from"]["is_bot"], false);
  EXPECT_EQ(message["chat"],
            (Json{{"id", 5}, {"first_name", "Ana"}, {"username", "ana"}, {"type", "private"}}));
  EXPECT_EQ(message["date"], 1'760'000'000);
  EXPECT_EQ(message["entities"], (Json{{{"type", "bot_command"}, {"offset", 0}, {"length", 20}}}));

  const auto sent = send(5, "menu", {{{{"text", "Gols"}, {"callback_data", "gols"}}}});
  const std::string query = tap(5, "gols");
  pass(5s);
  const Json callback = call("getUpdates", {{"offset", -1}})["result"][0]["callback_query"];
  EXPECT_EQ(callback["id"], query);
  EXPECT_EQ(callback["from"]["id"], 5);
  EXPECT_EQ(callback["data"], "gols");
  EXPECT_TRUE(callback["chat_instance"].is_string());
  EXPECT_EQ(callback["message"]["message_id"], sent);
  EXPECT_EQ(callback["message"]["from"]["is_bot"], true);
  EXPECT_EQ(callback["message"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"], "gols");

  write(5, "no grupo", -100);
  pass(5s);
  const Json group = call("getUpdates", {{"offset", -1}})["result"][0]["message"];
  EXPECT_EQ(group["chat"], (Json{{"id", -100}, {"title", "Group 100"}, {"type", "supergroup"}}));
  EXPECT_EQ(group["from"]["id"], 5);
}

TEST_F(BotTest, commands) {
  const Json commands{{{"command", "start"}, {"description", "Menu"}}};
  EXPECT_EQ(fault("setMyCommands", {{"commands", commands}}), "ok");
  EXPECT_EQ(fault("setMyCommands", {{"commands", commands.dump()}, {"language_code", "pt"}}), "ok");
  EXPECT_EQ(call("getMyCommands")["result"], commands);
  EXPECT_EQ(call("getMyCommands", {{"language_code", "en"}})["result"], Json::array());
  EXPECT_EQ(fault("setMyCommands", {{"commands", {{{"command", "Start"}, {"description", "x"}}}}}),
            "Bad Request: BOT_COMMAND_INVALID");
  EXPECT_EQ(fault("setMyCommands", {{"commands", {{{"command", "start"}}}}}),
            "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID");
  EXPECT_EQ(fault("setMyCommands"), "Bad Request: can't parse commands: expected an Array of BotCommand");
}

}  // namespace
}  // namespace simulator
