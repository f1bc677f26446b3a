#include "telegram/api.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "telemetry/metrics.hpp"

namespace {

using namespace std::chrono_literals;
using base::Code;
using base::SimulatedClock;
using http::Fate;
using nlohmann::json;
using telegram::Fault;
using telegram::Reply;

const std::string token = "123456:AAExampleOfASecretToken_with-signs";

http::Outcome answered(int status, std::string body, std::vector<http::Header> headers = {}) {
  return {Fate::answered, {.status = status, .headers = std::move(headers), .body = std::move(body)}};
}
http::Outcome good(const std::string& result = "true") {
  return answered(200, R"({"ok":true,"result":)" + result + "}");
}
http::Outcome refusal(int code, const std::string& description, const std::string& more = "",
                      std::vector<http::Header> headers = {}) {
  return answered(
      code, fmt::format(R"({{"ok":false,"error_code":{},"description":"{}"{}}})", code, description, more),
      std::move(headers));
}
http::Outcome broken(Fate fate, Code code, const std::string& text) {
  return {.fate = fate, .error = base::error(code, "api.telegram.org: {}", text), .reason = "x"};
}

// Gives the outcomes in turn, the last one for ever, and keeps what it was asked.
class FakeTransport final : public http::Transport {
 public:
  explicit FakeTransport(base::Clock& clock) : clock_(clock) {}
  http::Outcome attempt(const http::Request& request, base::SteadyTime deadline, std::stop_token stop,
                        const http::Progress&) override {
    requests.push_back(request);
    deadlines.push_back(deadline - clock_.steady());
    times.push_back(clock_.steady());
    if (takes > base::Duration{0}) clock_.sleep_for(takes, stop);
    http::Outcome outcome = outcomes.front();
    if (outcomes.size() > 1) outcomes.pop_front();
    return outcome;
  }
  std::deque<http::Outcome> outcomes;
  std::vector<http::Request> requests;
  std::vector<base::Duration> deadlines;
  std::vector<base::SteadyTime> times;
  base::Duration takes{};

 private:
  base::Clock& clock_;
};

struct World {
  explicit World(std::deque<http::Outcome> outcomes = {good()}, telegram::ApiOptions options = {}) {
    transport.outcomes = std::move(outcomes);
    options.token = base::Secret(token);
    api.emplace(engine, clock, std::move(options));
  }
  base::SteadyTime soon() { return clock.steady() + 1min; }
  Reply send() { return api->send_message({.chat = 7, .text = "x"}, soon(), {}); }
  Reply edit() { return api->edit_message(9, {.chat = 7, .text = "x"}, soon(), {}); }
  json sent() const { return json::parse(transport.requests.back().body); }

  SimulatedClock clock{SimulatedClock::Mode::automatic};
  FakeTransport transport{clock};
  telemetry::Metrics metrics;
  http::Engine engine{transport, clock, base::Rng(3), &metrics};
  std::optional<telegram::Api> api;
};

// ---- what goes out

TEST(Api, RequestsAreJsonPostsToTheTokensUrl) {
  World world({good(R"({"message_id":42})")}, {.base = "http://localhost:8081//"});
  const Reply reply = world.api->send_message({.chat = -5,
                                               .text = "<b>a</b>",
                                               .keyboard = {{{"One", "1"}, {"Two", "2"}}, {{"Three", "3"}}},
                                               .silent = true},
                                              world.soon(), {});
  EXPECT_EQ(reply.fault, Fault::none) << reply.description;
  EXPECT_EQ(reply.message_id, 42);
  const http::Request& request = world.transport.requests.back();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://localhost:8081/bot" + token + "/sendMessage");
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_FALSE(request.idempotent);
  EXPECT_EQ(request.max_redirects, 0);
  EXPECT_EQ(world.sent(), json::parse(R"({"chat_id":-5,"text":"<b>a</b>","parse_mode":"HTML",
      "link_preview_options":{"is_disabled":true},"disable_notification":true,
      "reply_markup":{"inline_keyboard":[[{"text":"One","callback_data":"1"},{"text":"Two","callback_data":"2"}],
                                         [{"text":"Three","callback_data":"3"}]]}})"));
}

TEST(Api, BodiesOfTheOtherMethods) {
  World world;
  const auto check = [&](const char* method, const char* body) {
    EXPECT_TRUE(world.transport.requests.back().url.ends_with(fmt::format("/{}", method)));
    EXPECT_TRUE(world.transport.requests.back().idempotent) << method;
    EXPECT_EQ(world.sent(), json::parse(body)) << method;
  };
  EXPECT_TRUE(world.edit().done());
  check("editMessageText", R"({"chat_id":7,"message_id":9,"text":"x","parse_mode":"HTML",
                               "link_preview_options":{"is_disabled":true}})");
  EXPECT_TRUE(world.api->delete_message(7, 9, world.soon(), {}).done());
  check("deleteMessage", R"({"chat_id":7,"message_id":9})");
  EXPECT_TRUE(world.api->answer_tap("55", "", true, world.soon(), {}).done());
  check("answerCallbackQuery", R"({"callback_query_id":"55"})");
  EXPECT_TRUE(world.api->answer_tap("55", "busy", true, world.soon(), {}).done());
  check("answerCallbackQuery", R"({"callback_query_id":"55","text":"busy","show_alert":true})");
  EXPECT_TRUE(world.api->delete_webhook(false, world.soon(), {}));
  check("deleteWebhook", R"({"drop_pending_updates":false})");
  EXPECT_TRUE(world.api->set_commands({{"start", "Menu"}}, world.soon(), {}));
  check("setMyCommands", R"({"commands":[{"command":"start","description":"Menu"}]})");
  EXPECT_TRUE(world.api->set_webhook("https://x.example/hook", base::Secret("geheim"), world.soon(), {}));
  check("setWebhook", R"({"url":"https://x.example/hook","secret_token":"geheim",
                          "allowed_updates":["message","callback_query"]})");
}

TEST(Api, BadBytesInATextAreSentAsReplacements) {
  World world;
  EXPECT_NO_THROW(world.api->edit_message(1, {.chat = 7, .text = "a\xff"}, world.soon(), {}));
  EXPECT_EQ(world.sent()["text"], "a\uFFFD");
  world.api->answer_tap("1", std::string(500, 'x'), false, world.soon(), {});
  EXPECT_EQ(world.sent()["text"].get<std::string>(), std::string(199, 'x') + "…");
}

// ---- what comes back

TEST(Api, ReadsWhoItIs) {
  World world({good(R"({"id":123456,"is_bot":true,"username":"phoenix_bot"})")});
  const auto bot = world.api->get_me(world.soon(), {});
  ASSERT_TRUE(bot);
  EXPECT_EQ(bot->id, 123456);
  EXPECT_EQ(bot->username, "phoenix_bot");
  world.transport.outcomes = {good(R"({"id":"x"})")};
  EXPECT_EQ(world.api->get_me(world.soon(), {}).error().code, Code::unavailable);
}

TEST(Api, ReadsTheWebhookWithoutTheTokenInIt) {
  World world({good(R"({"url":"https://x.example/)" + token +
                    R"(","pending_update_count":3,"last_error_message":"Wrong response"})")});
  const auto info = world.api->get_webhook_info(world.soon(), {});
  ASSERT_TRUE(info);
  EXPECT_EQ(info->url, "https://x.example/***");
  EXPECT_EQ(info->pending_updates, 3);
  EXPECT_EQ(info->last_error, "Wrong response");
}

TEST(Api, UpdatesComeInOrderAndTheirPollIsBounded) {  // TG1
  World world({good(R"([{"update_id":5},{"update_id":6,"message":{"message_id":1,"from":{"id":7},
                        "chat":{"id":7,"type":"private"},"text":"hi"}}])")});
  const auto updates = world.api->get_updates(5, 1'000, 1h, {});
  ASSERT_EQ(updates.list.size(), 2U);
  EXPECT_EQ(updates.list[0].id, 5);
  EXPECT_EQ(std::get<telegram::Message>(updates.list[1].what).text, "hi");
  EXPECT_EQ(world.sent(), json::parse(R"({"offset":5,"limit":100,"timeout":50,
                                          "allowed_updates":["message","callback_query"]})"));
  EXPECT_EQ(world.transport.deadlines.back(), 80s);
  world.api->get_updates(0, -3, -5s, {});
  EXPECT_EQ(world.sent(),
            json::parse(R"({"limit":1,"timeout":0,"allowed_updates":["message","callback_query"]})"));
  world.transport.outcomes = {good("7")};
  EXPECT_EQ(world.api->get_updates(0, 100, 1s, {}).reply.fault, Fault::unknown);
}

TEST(Api, RefusalsAreTheCallersToActOn) {
  World world({refusal(403, "Forbidden: bot was blocked by the user")});
  const Reply blocked = world.send();
  EXPECT_EQ(blocked.fault, Fault::blocked);
  EXPECT_EQ(blocked.description, "api.telegram.org answered 403: Forbidden: bot was blocked by the user");
  world.transport.outcomes = {refusal(400, "Bad Request: message is not modified")};
  EXPECT_EQ(world.edit().fault, Fault::not_modified);
  EXPECT_TRUE(world.edit().done());  // RT13
  world.transport.outcomes = {refusal(400, "Bad Request: group chat was upgraded to a supergroup chat",
                                      R"(,"parameters":{"migrate_to_chat_id":-100123})")};
  EXPECT_EQ(world.send().moved_to, -100123);
  world.transport.outcomes = {refusal(409, "Conflict: terminated by other getUpdates request")};
  const auto updates = world.api->get_updates(1, 100, 50s, {});
  EXPECT_EQ(updates.reply.fault, Fault::conflict);
  EXPECT_NE(updates.reply.description.find("only one program"), std::string::npos);
  EXPECT_EQ(world.transport.requests.size(), 5U);  // each asked once
}

TEST(Api, AWrongTokenIsNamed) {  // TG1
  World world({refusal(401, "Unauthorized")});
  const auto wrong = world.api->get_me(world.soon(), {});
  EXPECT_EQ(wrong.error().code, Code::permission);
  EXPECT_EQ(wrong.error().message,
            "getMe: api.telegram.org answered 401: Unauthorized; check TELEGRAM_BOT_TOKEN");
  world.transport.outcomes = {refusal(404, "Not Found")};
  const auto missing = world.api->get_me(world.soon(), {});
  EXPECT_EQ(missing.error().code, Code::permission);
  EXPECT_NE(missing.error().message.find("TELEGRAM_API_BASE"), std::string::npos);
  EXPECT_EQ(world.transport.requests.size(), 2U);
}

TEST(Api, SettingsThatAreNotTaken) {
  World world({refusal(400, "Bad Request: bad webhook: HTTPS url must be provided for webhook")});
  const auto result = world.api->set_webhook("http://x", {}, world.soon(), {});
  EXPECT_EQ(result.error().code, Code::invalid_config);
  EXPECT_EQ(world.transport.requests.size(), 1U);
}

// ---- what may have been carried out (RT1, RT13)

TEST(Api, FatesOfASend) {
  struct Row {
    http::Outcome outcome;
    Fault send, edit;
  };
  const std::string page = "<html>bad gateway</html>";
  for (const Row& row : {
           Row{broken(Fate::not_sent, Code::unavailable, "could not connect"), Fault::unavailable,
               Fault::unavailable},
           Row{broken(Fate::not_sent, Code::timeout, "no connection within 30 s"), Fault::unavailable,
               Fault::unavailable},
           Row{broken(Fate::sent_unknown, Code::timeout, "no complete answer"), Fault::unknown,
               Fault::unknown},
           Row{broken(Fate::refused, Code::invalid_data, "too large"), Fault::refused, Fault::refused},
           Row{broken(Fate::cancelled, Code::cancelled, "cancelled"), Fault::unknown, Fault::cancelled},
           Row{refusal(500, "Internal Server Error: restart"), Fault::unavailable, Fault::unavailable},
           Row{answered(502, page), Fault::unknown, Fault::unavailable},
           Row{answered(503, page), Fault::unavailable, Fault::unavailable},
           Row{answered(504, ""), Fault::unknown, Fault::unavailable},
           Row{answered(408, ""), Fault::unknown, Fault::unavailable},
           Row{answered(200, page), Fault::unknown, Fault::unknown},
           Row{answered(200, ""), Fault::unknown, Fault::unknown},
           Row{answered(200, R"({"ok":true,"resu)"), Fault::unknown, Fault::unknown},
           Row{answered(200, "{}"), Fault::unknown, Fault::unknown},
           Row{answered(403, page), Fault::unavailable, Fault::unavailable},
           Row{answered(302, "", {{"location", "https://evil.example/"}}), Fault::unavailable,
               Fault::unavailable},
       }) {
    World world({row.outcome});
    const Reply sent = world.send(), edited = world.edit();
    EXPECT_EQ(sent.fault, row.send) << sent.description;
    EXPECT_EQ(edited.fault, row.edit) << edited.description;
    EXPECT_FALSE(sent.description.empty());
    EXPECT_EQ(sent.description.find("response_filters"), std::string::npos) << sent.description;
    EXPECT_EQ(world.transport.requests.size(), 2U) << "one attempt each: " << sent.description;
  }
}

TEST(Api, NothingIsSentAfterTheStopOrTheDeadline) {
  World world;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(world.api->send_message({.chat = 7, .text = "x"}, world.soon(), stop.get_token()).fault,
            Fault::cancelled);
  EXPECT_EQ(world.api->get_updates(1, 100, 50s, stop.get_token()).reply.fault, Fault::cancelled);
  EXPECT_EQ(world.api->get_me(world.soon(), stop.get_token()).error().code, Code::cancelled);
  EXPECT_EQ(world.api->send_message({.chat = 7, .text = "x"}, world.clock.steady(), {}).fault,
            Fault::unavailable);
  EXPECT_TRUE(world.transport.requests.empty());
}

// ---- retries, budgets, the circuit

TEST(Api, ReadsAreTriedFiveTimes) {  // R1
  World world({answered(502, "<html>"), broken(Fate::sent_unknown, Code::timeout, "no complete answer"),
               answered(200, "<html>"), refusal(500, "Internal Server Error: restart"),
               good(R"({"id":1,"username":"b"})")});
  const base::SteadyTime start = world.clock.steady();
  EXPECT_TRUE(world.api->get_me(world.soon(), {}));
  EXPECT_EQ(world.transport.requests.size(), 5U);
  const base::Duration took = world.clock.steady() - start;
  EXPECT_GE(took, 7500ms);  // 1, 2, 4, 8 s, less up to a half
  EXPECT_LE(took, 15s);
  world.transport.outcomes = {answered(502, "<html>")};
  const auto result = world.api->get_me(world.soon(), {});
  EXPECT_EQ(result.error().code, Code::unavailable);
  EXPECT_NE(result.error().message.find("gave up after 5 attempts"), std::string::npos)
      << result.error().message;
}

// A server that lacks these methods, and answers 500, neither holds the start up nor opens the circuit.
TEST(Api, WhatTheBotCanDoWithoutIsTriedTwice) {
  World world({refusal(500, "Internal Server Error: no such method")});
  const base::SteadyTime start = world.clock.steady();
  EXPECT_FALSE(world.api->get_webhook_info(world.soon(), {}));
  EXPECT_FALSE(world.api->set_commands({{"start", "Menu"}}, world.soon(), {}));
  EXPECT_EQ(world.transport.requests.size(), 4U);
  EXPECT_LE(world.clock.steady() - start, 2s);
  world.transport.outcomes = {good(R"({"id":1,"username":"b"})")};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(world.api->get_me(world.soon(), {})) << i;
}

TEST(Api, AReadWaitsAsLongAsTheServerAsks) {  // RT3
  World world({refusal(429, "Too Many Requests: retry after 20", R"(,"parameters":{"retry_after":20})",
                       {{"retry-after", "20"}}),
               good(R"({"id":1})")});
  const base::SteadyTime start = world.clock.steady();
  EXPECT_TRUE(world.api->get_me(world.soon(), {}));
  EXPECT_GE(world.clock.steady() - start, 20s);
  // Said in the body alone, it is for the caller to wait.
  world.transport.outcomes = {refusal(429, "Too Many Requests", R"(,"parameters":{"retry_after":20})")};
  const auto result = world.api->get_webhook_info(world.soon(), {});
  EXPECT_EQ(result.error().code, Code::rate_limited);
  EXPECT_EQ(result.error().retry_after, 20s);
  EXPECT_EQ(world.transport.requests.size(), 3U);
}

TEST(Api, AFloodHoldsNobodyElse) {  // TG2
  World world(
      {refusal(429, "Too Many Requests: retry after 3600", R"(,"parameters":{"retry_after":3600})",
               {{"retry-after", "3600"}, {"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "3600"}})});
  const base::SteadyTime start = world.clock.steady();
  const Reply flood = world.send();
  EXPECT_EQ(flood.fault, Fault::flood);
  EXPECT_EQ(flood.retry_after, 1h);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(world.send().fault, Fault::flood);
  world.transport.outcomes = {good(R"({"message_id":1})")};
  EXPECT_TRUE(world.send().done());
  world.transport.outcomes = {good("[]")};
  EXPECT_TRUE(world.api->get_updates(1, 100, 50s, {}).reply.done());
  EXPECT_EQ(world.clock.steady(), start) << "nobody waited";
  EXPECT_EQ(world.transport.requests.size(), 53U);
}

TEST(Api, ARestartingServerHoldsNobodyEither) {
  World world({answered(503, "", {{"retry-after", "3600"}}), good(R"({"message_id":1})")});
  const base::SteadyTime start = world.clock.steady();
  EXPECT_EQ(world.send().fault, Fault::unavailable);
  EXPECT_TRUE(world.send().done());
  EXPECT_EQ(world.clock.steady(), start);
}

TEST(Api, AReadsFloodHoldsNoSend) {
  World world(
      {refusal(429, "Too Many Requests", "", {{"retry-after", "3600"}}), good(R"({"message_id":1})")});
  EXPECT_EQ(world.api->get_me(world.soon(), {}).error().code, Code::rate_limited);
  const base::SteadyTime start = world.clock.steady();
  EXPECT_TRUE(world.send().done());
  EXPECT_EQ(world.clock.steady(), start);
}

TEST(Api, RefusalsNeverOpenTheCircuitAndFailuresDo) {  // RT9
  for (const http::Outcome& outcome :
       {refusal(400, "Bad Request: chat not found"), refusal(403, "Forbidden: bot was blocked by the user"),
        refusal(409, "Conflict: terminated by other getUpdates request"), refusal(429, "Too Many Requests"),
        refusal(401, "Unauthorized")}) {
    World world({outcome});
    for (int i = 0; i < 40; ++i) world.send();
    EXPECT_EQ(world.transport.requests.size(), 40U);
  }
  for (const http::Outcome& outcome :
       {answered(502, "<html>"), refusal(500, "Internal Server Error: restart"), answered(408, ""),
        answered(200, "<html>"), broken(Fate::not_sent, Code::unavailable, "could not connect")}) {
    World world({outcome});
    for (int i = 0; i < 40; ++i) world.send();
    EXPECT_EQ(world.transport.requests.size(), 10U);
    const Reply reply = world.send();
    EXPECT_EQ(reply.fault, Fault::unavailable);
    EXPECT_NE(reply.description.find("it keeps failing"), std::string::npos) << reply.description;
  }
}

TEST(Api, AfterAnOutageAShortPollFindsOut) {
  World world({answered(502, "<html>")});
  for (int i = 0; i < 10; ++i) world.edit();
  EXPECT_EQ(world.api->get_updates(1, 100, 50s, {}).reply.fault, Fault::unavailable);
  const std::size_t before = world.transport.requests.size();
  world.clock.sleep_for(31s, {});
  world.engine.send_canaries({});  // no old edit, and no poll that would be a second one
  EXPECT_EQ(world.transport.requests.size(), before);
  world.transport.outcomes = {good("[]")};
  EXPECT_TRUE(world.api->get_updates(1, 100, 50s, {}).reply.done());
  EXPECT_EQ(world.sent()["timeout"], 0);
  EXPECT_TRUE(world.api->get_updates(1, 100, 50s, {}).reply.done());
  EXPECT_EQ(world.sent()["timeout"], 50);
}

TEST(Api, LongPollsAreNoSlowCalls) {
  for (const auto timeout : {30'000ms, 2'000ms}) {
    World world({good("[]")}, {.timeout = timeout});
    world.transport.takes = 50s + timeout / 2;
    for (int i = 0; i < 30; ++i) EXPECT_TRUE(world.api->get_updates(1, 100, 50s, {}).reply.done());
    EXPECT_EQ(world.transport.requests.size(), 30U);
  }
}

}  // namespace
