#include "simulator/bot_control.hpp"

#include "simulator/bot_testing.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

class BotControlTest : public BotTest {
 protected:
  Answer control(const std::string& method, const std::string& what, const std::string& body = {},
                 std::map<std::string, std::string> query = {}) {
    return control_.handle(
        {.method = method, .path = "/_sim/telegram/" + what, .query = std::move(query), .body = body}, now_);
  }
  Json post(const std::string& what, const Json& body) {
    const Answer answer = control("POST", what, body.dump());
    EXPECT_EQ(answer.status, 200) << *answer.body;
    return parse(answer);
  }
  std::string mistake(const std::string& what, const std::string& body) {
    const Answer answer = control("POST", what, body);
    EXPECT_EQ(answer.status, 400) << *answer.body;
    return parse(answer).value("error", "");
  }

  BotControl control_{bot_};
};

TEST_F(BotControlTest, plays_a_user) {
  const auto update = post("message", {{"user", 1}, {"text", "/start"}, {"name", "Ana"}})["update_id"];
  const auto id = send(1, "menu", {{{{"text", "Menu"}, {"callback_data", "menu"}}}});
  const Json tapped = post("tap", {{"user", 1}, {"data", "menu"}, {"message_id", id}});
  EXPECT_EQ(tapped["update_id"], update.get<std::int64_t>() + 1);
  EXPECT_TRUE(tapped["callback_query_id"].is_string());

  const Json view = parse(control("GET", "chat", "", {{"user", "1"}}));
  EXPECT_EQ(view["blocked"], false);
  EXPECT_EQ(view["messages"][0]["from"], "user");
  EXPECT_EQ(view["messages"][1]["buttons"], (Json{{{{"text", "Menu"}, {"data", "menu"}}}}));
  const Json events = parse(control("GET", "events", "", {{"since", "0"}, {"limit", "1"}}));
  EXPECT_EQ(events["events"][0]["method"], "sendMessage");
  EXPECT_EQ(events["events"][0]["code"], 200);
  EXPECT_EQ(events["events"][0]["time_us"], now_.time_since_epoch().count());
  const Json seen = parse(control("GET", "state"));
  EXPECT_EQ(seen["pending_updates"], 2);
  EXPECT_EQ(seen["methods"], (Json{{"sendMessage", 1}}));
  EXPECT_EQ(seen["taps"]["unanswered"], 1);

  post("block", {{"user", 1}});
  EXPECT_EQ(fault("sendMessage", {{"chat_id", 1}, {"text", "x"}}), "Forbidden: bot was blocked by the user");
  post("unblock", {{"user", 1}});
  post("limits", {{"enforce", false}});
  for (int i = 0; i < 50; ++i) send(1, "x");
  post("callbacks", {{"lifetime_seconds", 1}});
  pass(2s);
  EXPECT_NE(fault("answerCallbackQuery", {{"callback_query_id", tapped["callback_query_id"]}}), "ok");
}

TEST_F(BotControlTest, takes_many_at_once) {
  Json list = Json::array();
  for (int i = 1; i <= 20'000; ++i) list.push_back({{"kind", "message"}, {"user", i}, {"text", "/start"}});
  const Json done = post("updates", list);
  EXPECT_EQ(done["done"], 20'000);
  EXPECT_EQ(done["results"][19'999]["update_id"].get<int>() - done["results"][0]["update_id"].get<int>(),
            19'999);
  EXPECT_EQ(state()["pending_updates"], 20'000);
  list.push_back(list[0]);
  EXPECT_EQ(mistake("updates", list.dump()), "the body must be an array of at most 20000 messages and taps");
  EXPECT_EQ(mistake("updates", R"([{"kind":"message","user":1,"text":"x"},{"kind":"wave"}])"),
            "item 1: 'kind' must be message or tap; nothing is done");
  EXPECT_EQ(mistake("updates", R"([{"kind":"tap","user":1}])"),
            "item 0 (nothing is done): 'data' must be a string");
  EXPECT_EQ(mistake("updates", "[1]"), "item 0: 'kind' must be message or tap; nothing is done");
  EXPECT_EQ(state()["pending_updates"], 20'000);
}

TEST_F(BotControlTest, mistakes_are_named) {
  EXPECT_EQ(mistake("message", "x"), "the body is not JSON");
  EXPECT_EQ(mistake("message", "[]"), "a JSON object is expected");
  EXPECT_EQ(mistake("message", R"({"user":"1","text":"x"})"), "'user' must be a whole number");
  EXPECT_EQ(mistake("message", R"({"user":1})"), "'text' must be a string");
  EXPECT_EQ(mistake("message", R"({"user":1,"txet":"x"})"),
            "unknown key 'txet'; known: kind, user, chat, topic, text, name, username");
  EXPECT_EQ(mistake("message", R"({"user":1,"text":"x","name":")" + std::string(65, 'x') + "\"}"),
            "'name' has more than 64 characters");
  EXPECT_EQ(mistake("limits", "{}"), "'enforce' must be true or false");
  EXPECT_EQ(mistake("callbacks", R"({"lifetime_seconds":-1})"), "'lifetime_seconds' must be from 0 to 86400");
  EXPECT_EQ(mistake("block", R"({"user":1})"), "user 1 has not written to the bot yet");
  EXPECT_EQ(control("GET", "chat").status, 400);
  EXPECT_EQ(control("GET", "chat", "", {{"user", "9"}}).status, 400);
  EXPECT_EQ(control("GET", "events", "", {{"since", "x"}}).status, 400);
  EXPECT_EQ(control("GET", "message").status, 405);
  EXPECT_EQ(control("POST", "state", "{}").status, 405);
  EXPECT_EQ(control("GET", "nothing").status, 404);
}

TEST_F(BotControlTest, repeats_the_last_delivery) {
  EXPECT_EQ(mistake("repeat", "{}"), "nothing was delivered yet");
  EXPECT_EQ(fault("setWebhook", {{"url", "http://127.0.0.1:1/"}}), "ok");
  const auto update = write(1, "a");
  bot_.delivered(*bot_.wait_for_delivery({}), 200);
  EXPECT_NE(mistake("repeat", R"({"user": 1})").find("unknown key 'user'"), std::string::npos);
  post("repeat", Json::object());
  EXPECT_EQ(bot_.wait_for_delivery({})->update.id, update);
  EXPECT_EQ(parse(control("GET", "state"))["delivery"]["delivered"], 1);
}

}  // namespace
}  // namespace simulator
