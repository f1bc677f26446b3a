// For tests of the Bot API: a bot on simulated time, called as a client would, and users who play with it.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "simulator/bot_api.hpp"

namespace simulator {

class BotTest : public testing::Test {
 protected:
  using Json = nlohmann::json;

  static std::string path(const std::string& method) { return "/bot" + BotOptions{}.token + "/" + method; }
  static Json parse(const Answer& answer) { return Json::parse(*answer.body); }

  BotApi::Reply reply(const std::string& method, const Json& parameters = Json::object()) {
    return bot_.call({.method = "POST",
                      .path = path(method),
                      .headers = {{"content-type", "application/json"}},
                      .body = parameters.dump(),
                      .time = now_});
  }
  Json call(const std::string& method, const Json& parameters = Json::object()) {
    const BotApi::Reply answered = reply(method, parameters);
    EXPECT_EQ(answered.ticket, 0U) << method << " waits";
    if (answered.ticket != 0) return {};
    Json json = parse(answered.answer);
    EXPECT_EQ(answered.answer.status, json["ok"] == true ? 200 : json["error_code"].get<int>());
    return json;
  }
  // The description of the error, or "ok".
  std::string fault(const std::string& method, const Json& parameters = Json::object()) {
    const Json json = call(method, parameters);
    return json["ok"] == true ? "ok" : json["description"].get<std::string>();
  }
  std::int64_t send(std::int64_t chat, const std::string& text, const Json& buttons = {}) {
    Json parameters{{"chat_id", chat}, {"text", text}};
    if (!buttons.is_null()) parameters["reply_markup"]["inline_keyboard"] = buttons;
    const Json json = call("sendMessage", parameters);
    EXPECT_EQ(json["ok"], true) << json;
    return json["ok"] == true ? json["result"]["message_id"].get<std::int64_t>() : 0;
  }
  std::int64_t write(std::int64_t user, const std::string& text, std::int64_t chat = 0) {
    const auto acted = bot_.act({.user = user, .chat = chat, .text = text}, now_);
    EXPECT_TRUE(acted.has_value()) << acted.error().message;
    return acted ? acted->update : 0;
  }
  std::string tap(std::int64_t user, const std::string& data, bool force = false) {
    const auto acted = bot_.act({.tap = true, .user = user, .text = data, .force = force}, now_);
    EXPECT_TRUE(acted.has_value()) << acted.error().message;
    return acted ? acted->callback_query : "";
  }
  std::vector<std::int64_t> ids(const Json& updates) {
    std::vector<std::int64_t> result;
    for (const Json& update : updates["result"]) result.push_back(update["update_id"].get<std::int64_t>());
    return result;
  }
  Json state() { return Json::parse(bot_.state_view()); }
  Json chat(std::int64_t id) { return Json::parse(*bot_.chat_view(id))["messages"]; }
  void pass(std::chrono::milliseconds time) { now_ += time; }

  base::WallTime now_{std::chrono::seconds{1'760'000'000}};
  std::vector<std::uint64_t> woken_;
  BotApi bot_{{.seed = 7}, [this](std::uint64_t ticket) { woken_.push_back(ticket); }};
};

}  // namespace simulator
