#include "bot/telegram_channel.hpp"

#include <gtest/gtest.h>

#include "bot/outgoing.hpp"
#include "bot/telegram_fixture_test.hpp"

namespace bot {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using base::Code;
using http::Fate;
using outbox::Delivery;
using outbox::Priority;
using How = Delivery::How;

const View view{.text = "<b>x</b>", .keyboard = {{{"Menu", "voltar_menu"}}}};

struct World : TelegramWorld {
  std::vector<std::string> faults, moves;
  TelegramChannel channel{api,
                          clock,
                          {.per_second = 30},
                          [this](telegram::Fault fault, const std::string& text) {
                            faults.push_back(std::string(to_string(fault)) + ": " + text);
                          },
                          [this](std::int64_t from, std::int64_t to, const std::stop_token&) {
                            moves.push_back(fmt::format("{} → {}", from, to));
                          }};

  Delivery deliver(outbox::Message message, std::string receipt = "") {
    return channel.deliver({.id = 1, .message = std::move(message), .receipt_of_after = std::move(receipt)},
                           {});
  }
  Delivery deliver(const http::Outcome& outcome, outbox::Message message) {
    transport.answer = [outcome](const auto&, const auto&, const auto&) { return outcome; };
    return deliver(std::move(message));
  }
  base::Duration wait(const outbox::Message& message) {
    const base::SteadyTime now = clock.steady();
    return channel.when({.id = 1, .message = message}, now) - now;
  }
};

TEST(TelegramChannel, WhatEachActionCalls) {
  World world;
  world.transport.answer = [](const std::string& method, const auto&, const auto&) {
    return good(method == "answerCallbackQuery" ? "true" : R"({"message_id":42})");
  };
  Delivery done = world.deliver(send(7, view, Priority::notice, true));
  EXPECT_EQ(done.how, How::sent);
  EXPECT_EQ(done.receipt, "42") << "for those that stand behind it";
  done = world.deliver(edit(7, 9, view, Priority::result));
  EXPECT_EQ(done.how, How::sent);
  done = world.deliver(edit_after(7, 1, view, Priority::result), "51");
  EXPECT_EQ(done.how, How::sent);
  EXPECT_EQ(world.deliver(answer(7, "tap9", "")).how, How::sent);
  EXPECT_EQ(world.deliver(answer(7, "tap9", "cheio")).how, How::sent);
  const auto calls = world.transport.calls();
  ASSERT_EQ(calls.size(), 5U);
  const auto has = [&](std::size_t call, const std::string& part) {
    EXPECT_NE(calls[call].find(part), std::string::npos) << calls[call];
  };
  has(0, "sendMessage");
  has(0, R"("disable_notification":true)");
  has(0, R"("callback_data":"voltar_menu")");
  has(1, "editMessageText");
  has(1, R"("message_id":9)");
  has(2, R"("message_id":51)");
  has(3, "answerCallbackQuery");
  EXPECT_EQ(calls[3].find("text"), std::string::npos) << "an empty answer shows nothing";
  has(4, R"("show_alert":true)");
  EXPECT_TRUE(world.faults.empty());
}

TEST(TelegramChannel, AnEditOfAMessageThatNobodyKnowsIsDropped) {
  World world;
  for (const char* receipt : {"", "0", "x"}) {
    const Delivery done = world.deliver(edit_after(7, 1, view, Priority::result), receipt);
    EXPECT_EQ(done.how, How::dropped);
    EXPECT_EQ(done.reason, "gone");
  }
  EXPECT_TRUE(world.transport.calls().empty());
}

TEST(TelegramChannel, WhatTheLedgerHoldsAndNobodyCanReadIsDroppedAndTold) {
  World world;
  outbox::Message message = send(7, view, Priority::notice);
  message.body = "{";
  EXPECT_EQ(world.deliver(message).how, How::dropped);
  EXPECT_EQ(world.deliver(message).reason, "unreadable");
  EXPECT_EQ(world.faults.size(), 2U);
  EXPECT_TRUE(world.transport.calls().empty());
}

TEST(TelegramChannel, EachFault) {
  struct Case {
    http::Outcome outcome;
    How how;
    std::string reason;
    base::Duration wait{};
    bool told = false;
  };
  const std::vector<Case> cases = {
      {refused(400, "Bad Request: message is not modified: x"), How::sent, ""},
      {refused(429, "Too Many Requests: retry after 7", R"(,"parameters":{"retry_after":7})"), How::again,
       "flood", 7s},
      {refused(403, "Forbidden: bot was blocked by the user"), How::dropped, "blocked"},
      {refused(400, "Bad Request: chat not found"), How::dropped, "gone"},
      {refused(400, "Bad Request: message to edit not found"), How::dropped, "gone"},
      {refused(400, "Bad Request: query is too old and response timeout expired"), How::dropped, "too_old"},
      {refused(400, "Bad Request: can't parse entities: x"), How::dropped, "refused", 0s, true},
      {refused(400, "Bad Request: something new"), How::dropped, "refused", 0s, true},
      {refused(409, "Conflict: terminated by other getUpdates request"), How::again, "refused", 5min, true},
      {refused(401, "Unauthorized"), How::again, "refused", 5min, true},
      {refused(404, "Not Found"), How::again, "refused", 5min, true},
      {refused(502, "Bad Gateway"), How::again, "unavailable"},
      {answered(403, "<html>this network does not allow it</html>"), How::again, "unavailable"},
      {broken(Fate::not_sent, Code::unavailable, "connection refused"), How::again, "unavailable"},
  };
  for (const Case& it : cases) {
    World world;
    const Delivery done = world.deliver(it.outcome, edit(7, 9, view, Priority::result));
    const std::string name = it.outcome.response.body + it.outcome.error.message;
    EXPECT_EQ(done.how, it.how) << name;
    EXPECT_EQ(done.reason, it.reason) << name;
    EXPECT_EQ(done.wait, it.wait) << name;
    EXPECT_EQ(world.faults.size(), it.told ? 1U : 0U) << name;
  }
}

// RT13: nobody knows whether the user has it.
TEST(TelegramChannel, WhatLeftAndWasNotAnsweredIsUnknown) {
  for (const http::Outcome& outcome :
       {broken(Fate::sent_unknown, Code::timeout, "no answer in 30 s"), answered(200, ""),
        answered(504, "<html>gateway</html>"), answered(200, R"({"ok":true,"result":{}})")}) {
    World world;
    EXPECT_EQ(world.deliver(outcome, send(7, view, Priority::notice)).how, How::unknown)
        << outcome.response.body << outcome.error.message;
  }
}

TEST(TelegramChannel, AChatIsWrittenToOnceASecond) {
  World world;
  const outbox::Message message = send(7, view, Priority::notice);
  EXPECT_EQ(world.wait(message), 0s);
  EXPECT_EQ(world.wait(message), 1s);
  EXPECT_EQ(world.wait(send(8, view, Priority::notice)), 0s) << "another chat";
  for (int i = 0; i < 200; ++i) EXPECT_EQ(world.wait(answer(7, "tap", "")), 0s) << "answers are no messages";
  world.clock.advance(1s);
  EXPECT_EQ(world.wait(message), 0s);
}

TEST(TelegramChannel, AFloodedChatIsHeldBack) {
  World world;
  const http::Outcome flood = refused(429, "Too Many Requests", R"(,"parameters":{"retry_after":20})");
  world.deliver(flood, send(7, view, Priority::notice));
  EXPECT_EQ(world.wait(send(7, view, Priority::notice)), 20s);
  EXPECT_EQ(world.wait(send(8, view, Priority::notice)), 0s);
  world.deliver(flood, answer(9, "tap", ""));
  EXPECT_EQ(world.wait(send(9, view, Priority::notice)), 0s) << "it was no message that was too much";
}

// A group became a supergroup: -5 is now -100.
struct MovedWorld : World {
  MovedWorld() {
    transport.answer = [this](const std::string& method, const std::string& body, const auto&) {
      const bool is_old = body.find(R"("chat_id":-5,)") != std::string::npos;
      if (!is_old && then.status != 0) return http::Outcome{http::Fate::answered, then};
      return is_old && method != "answerCallbackQuery"
                 ? refused(400, "Bad Request: group chat was upgraded to a supergroup chat",
                           R"(,"parameters":{"migrate_to_chat_id":-100})")
                 : good(R"({"message_id":42})");
    };
  }
  http::Response then{};  // what the new chat says instead of 42
  std::vector<std::string> methods() const {
    std::vector<std::string> names;
    for (const std::string& call : transport.calls()) names.push_back(call.substr(0, call.find(' ')));
    return names;
  }
};
using Names = std::vector<std::string>;

TEST(TelegramChannel, AMessageToAGroupThatMovedIsRepeatedThere) {
  MovedWorld world;
  const Delivery done = world.deliver(send(-5, view, Priority::notice));
  EXPECT_EQ(done.how, How::sent);
  EXPECT_EQ(done.receipt, "-100:42") << "for those that stand behind it";
  EXPECT_EQ(world.methods(), (Names{"sendMessage", "sendMessage"}));
  EXPECT_EQ(world.moves, (Names{"-5 → -100"}));
  EXPECT_TRUE(world.faults.empty());
  EXPECT_EQ(world.deliver(edit_after(-5, 1, view, Priority::result), done.receipt).how, How::sent);
  const std::string last = world.transport.calls().back();
  EXPECT_NE(last.find("editMessageText"), std::string::npos) << last;
  EXPECT_NE(last.find(R"("chat_id":-100)"), std::string::npos) << last;
  EXPECT_NE(last.find(R"("message_id":42)"), std::string::npos) << last;
  EXPECT_EQ(world.moves.size(), 1U) << "the receipt knew";
}

// The message that was to be replaced is not in the new chat: what has its number there is another one.
TEST(TelegramChannel, ATopicStaysBehindWithItsGroup) {
  MovedWorld world;
  EXPECT_EQ(world.deliver(in_topic(12, send(-5, view, Priority::notice))).how, How::sent);
  const auto calls = world.transport.calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_NE(calls[0].find(R"("message_thread_id":12)"), std::string::npos) << calls[0];
  EXPECT_EQ(calls[1].find("message_thread_id"), std::string::npos) << calls[1];
}

TEST(TelegramChannel, AResultForAGroupThatMovedIsANewMessageThere) {
  MovedWorld world;
  const Delivery done = world.deliver(edit_after(-5, 1, view, Priority::result), "17");
  EXPECT_EQ(done.how, How::sent);
  EXPECT_EQ(done.receipt, "-100:42");
  EXPECT_EQ(world.methods(), (Names{"editMessageText", "sendMessage"}));
  const Delivery progress = world.deliver(edit_after(-5, 1, view, Priority::notice), "17");
  EXPECT_EQ(progress.how, How::dropped) << "no message for each step";
  EXPECT_EQ(world.methods().size(), 3U);
}

TEST(TelegramChannel, AGroupThatMovedIsFollowedOnce) {
  MovedWorld world;
  world.then = refused(403, "Forbidden", R"(,"parameters":{"migrate_to_chat_id":-5})").response;
  const Delivery done = world.deliver(send(-5, view, Priority::notice));
  EXPECT_EQ(done.how, How::dropped);
  EXPECT_EQ(done.reason, "gone");
  EXPECT_EQ(world.methods().size(), 2U);
}

TEST(TelegramChannel, WhereTheGroupWentTheLimitsHoldToo) {
  MovedWorld world;
  world.then = refused(429, "Too Many Requests", R"(,"parameters":{"retry_after":20})").response;
  const Delivery done = world.deliver(send(-5, view, Priority::notice));
  EXPECT_EQ(done.how, How::again);
  EXPECT_EQ(done.wait, 20s);
  EXPECT_EQ(world.wait(send(-100, view, Priority::notice)), 20s);
  EXPECT_EQ(world.wait(send(-5, view, Priority::notice)), 0s);
}

TEST(TelegramChannel, TheTokenIsNeverToldToAnybody) {
  World world;
  world.deliver(refused(400, "Bad Request: bot123456:AAExampleOfASecretToken is wrong"),
                send(7, view, Priority::notice));
  ASSERT_EQ(world.faults.size(), 1U);
  EXPECT_EQ(world.faults[0].find("AAExample"), std::string::npos) << world.faults[0];
}

}  // namespace
}  // namespace bot
