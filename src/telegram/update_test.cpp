#include "telegram/update.hpp"

#include <gtest/gtest.h>

#include "decode/json.hpp"
#include "telegram/api.hpp"

namespace {

using base::Code;
using telegram::Chat;
using telegram::Message;
using telegram::Tap;
using telegram::Update;

Update parse(const std::string& body) {
  const auto update = telegram::parse_update(body);
  EXPECT_TRUE(update) << body;
  return update ? *update : Update{};
}

TEST(Update, AMessage) {
  const Update update = parse(R"({"update_id":10,"message":{"message_id":3,"date":1,
      "from":{"id":7,"is_bot":false,"first_name":"Ana","username":"ana"},
      "chat":{"id":-5,"type":"supergroup","title":"x"},"text":"/start"}})");
  EXPECT_EQ(update.id, 10);
  const auto& message = std::get<Message>(update.what);
  EXPECT_EQ(message.id, 3);
  EXPECT_EQ(message.from.id, 7);
  EXPECT_EQ(message.from.first_name, "Ana");
  EXPECT_EQ(message.from.username, "ana");
  EXPECT_EQ(message.chat.id, -5);
  EXPECT_EQ(message.chat.kind, Chat::Kind::supergroup);
  EXPECT_EQ(message.text, "/start");
}

TEST(Update, ATopicIsThatOfAForumAndNoThreadOfReplies) {
  const auto topic = [](const std::string& more) {
    return std::get<Message>(
               parse(R"({"update_id":10,"message":{"message_id":3,"from":{"id":7},"text":"/start",
        "chat":{"id":-5,"type":"supergroup"},"message_thread_id":12)" +
                     more + "}}")
                   .what)
        .chat.topic;
  };
  EXPECT_EQ(topic(R"(,"is_topic_message":true)"), 12);
  EXPECT_EQ(topic(""), 0);
  EXPECT_EQ(topic(R"(,"is_topic_message":false)"), 0);
  EXPECT_EQ(topic(R"(,"is_topic_message":1)"), 0);
  const Update tap =
      parse(R"({"update_id":11,"callback_query":{"id":"43","from":{"id":7},"data":"menu","message":
      {"message_id":9,"chat":{"id":-5,"type":"supergroup"},"message_thread_id":12,"is_topic_message":true}}})");
  EXPECT_EQ(std::get<Tap>(tap.what).chat.topic, 12);
}

TEST(Update, ATap) {
  const Update update = parse(R"({"update_id":11,"callback_query":{"id":"4382bfdwdsb","from":{"id":7},
      "chat_instance":"1","data":"menu:2","message":{"message_id":9,"chat":{"id":7,"type":"private"}}}})");
  const auto& tap = std::get<Tap>(update.what);
  EXPECT_EQ(tap.id, "4382bfdwdsb");
  EXPECT_EQ(tap.from.id, 7);
  EXPECT_EQ(tap.chat.id, 7);
  EXPECT_EQ(tap.chat.kind, Chat::Kind::person);
  EXPECT_EQ(tap.message_id, 9);
  EXPECT_EQ(tap.data, "menu:2");
}

TEST(Update, ATapOnAMessageThatIsGone) {
  for (const char* message : {"", R"(,"message":null)", R"(,"message":{"message_id":1})", R"(,"message":"x")",
                              R"(,"inline_message_id":"abc")"}) {
    const Update update =
        parse(fmt::format(R"({{"update_id":1,"callback_query":{{"id":"1","from":{{"id":7}}{}}}}})", message));
    const auto& tap = std::get<Tap>(update.what);
    EXPECT_EQ(tap.chat.id, 0) << message;
    EXPECT_EQ(tap.message_id, 0);
    EXPECT_EQ(tap.data, "");
  }
}

TEST(Update, WhatTheBotDoesNotUseKeepsItsId) {
  for (const char* what : {
           R"("edited_message":{"message_id":1,"from":{"id":7},"chat":{"id":7,"type":"private"},"text":"x"})",
           R"("channel_post":{"message_id":1,"chat":{"id":-7,"type":"channel"},"text":"x"})",
           R"("message":{"message_id":1,"chat":{"id":-7,"type":"channel"},"text":"x"})",  // nobody wrote it
           R"("message":{"message_id":1,"from":{"id":7},"text":"x"})",
           R"("message":{"from":{"id":7},"chat":{"id":7}})",
           R"("message":{"message_id":1,"from":{"id":"7"},"chat":{"id":7}})",
           R"("message":{"message_id":1,"from":{"id":1e30},"chat":{"id":7}})", R"("message":null)",
           R"("message":[])", R"("message":{"\ud800":1,"message_id":1})",
           R"("callback_query":{"from":{"id":7}})", R"("callback_query":{"id":5,"from":{"id":7}})",
           R"("callback_query":{"id":"","from":{"id":7}})", R"("callback_query":{"id":"1"})",
           R"("something_new":{"a":[1,2,{"b":null}]})", R"("x":NaN)",
           R"("\ud800":1)",  // then the whole object is damaged
       }) {
    const Update update = parse(fmt::format(R"({{"update_id":12,{}}})", what));
    EXPECT_EQ(update.id, 12) << what;
    EXPECT_TRUE(std::holds_alternative<std::monostate>(update.what)) << what;
  }
}

TEST(Update, WhatIsTooLongIsCut) {
  const std::string text(100'000, 'x');
  const Update update =
      parse(fmt::format(R"({{"update_id":1,"message":{{"message_id":1,"from":{{"id":7,"first_name":"{0}",
            "username":"{0}"}},"chat":{{"id":7,"type":"{0}"}},"text":"{0}"}}}})",
                        text));
  const auto& message = std::get<Message>(update.what);
  EXPECT_LE(message.text.size(), telegram::max_incoming_text);
  EXPECT_LE(message.from.first_name.size(), telegram::max_name);
  EXPECT_LE(message.from.username.size(), telegram::max_name);
  EXPECT_EQ(message.chat.kind, Chat::Kind::person);
  const Update tap = parse(
      fmt::format(R"({{"update_id":1,"callback_query":{{"id":"1","from":{{"id":7}},"data":"{}"}}}})", text));
  EXPECT_EQ(std::get<Tap>(tap.what).data, "");
  const Update endless =
      parse(fmt::format(R"({{"update_id":2,"callback_query":{{"id":"{}","from":{{"id":7}}}}}})", text));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(endless.what));
}

TEST(Update, TextsThatCannotBeRead) {
  for (const char* text : {R"("\ud83d")", "\"\xff\"", "7", "null", "{}"}) {
    const Update update = parse(fmt::format(
        R"({{"update_id":1,"message":{{"message_id":1,"from":{{"id":7}},"chat":{{"id":7}},"text":{}}}}})",
        text));
    EXPECT_EQ(std::get<Message>(update.what).text, "") << text;
  }
}

TEST(Update, AGroupThatBecomesASupergroupIsToldTwice) {
  const Update there =
      parse(R"({"update_id":1,"message":{"message_id":9,"from":{"id":7},"chat":{"id":-5,"type":"group"},)"
            R"("migrate_to_chat_id":-1001234567890}})");
  ASSERT_TRUE(std::holds_alternative<telegram::Moved>(there.what));
  EXPECT_EQ(std::get<telegram::Moved>(there.what).from, -5);
  EXPECT_EQ(std::get<telegram::Moved>(there.what).to, -1001234567890);
  const Update here = parse(  // nobody is named
      R"({"update_id":2,"message":{"message_id":1,"chat":{"id":-1001234567890,"type":"supergroup"},)"
      R"("migrate_from_chat_id":-5}})");
  ASSERT_TRUE(std::holds_alternative<telegram::Moved>(here.what));
  EXPECT_EQ(std::get<telegram::Moved>(here.what).from, -5);
  EXPECT_EQ(std::get<telegram::Moved>(here.what).to, -1001234567890);
}

TEST(Update, WhatIsNoMoveOfAGroup) {
  for (const char* more :
       {R"("migrate_to_chat_id":5)", R"("migrate_to_chat_id":-5)", R"("migrate_to_chat_id":"-9")",
        R"("migrate_from_chat_id":0)", R"("migrate_to_chat_id":-99999999999999999999)"}) {
    const Update update = parse(fmt::format(
        R"({{"update_id":1,"message":{{"message_id":1,"from":{{"id":7}},"chat":{{"id":-5}},{}}}}})", more));
    EXPECT_TRUE(std::holds_alternative<Message>(update.what)) << more;
  }
}

TEST(Update, NoUpdate) {
  for (const char* body :
       {"", "{}", "[]", "7", "<html>", R"({"update_id":"1"})", R"({"update_id":0})", R"({"update_id":-4})",
        R"({"update_id":1.5})", R"({"update_id":1)", R"({"update_id":9223372036854775807})"}) {
    const auto update = telegram::parse_update(body);
    ASSERT_FALSE(update) << body;
    EXPECT_EQ(update.error().code, Code::invalid_data);
    EXPECT_TRUE(update.error().message.starts_with("not an update of the Bot API: "));
  }
}

TEST(Update, AListSkipsWhatHasNoIdAndIsBounded) {
  const auto document = decode::decode_json(R"([{"update_id":1},{},7,{"update_id":2},null,{"update_id":3}])");
  ASSERT_TRUE(document);
  const auto ids = [&](std::size_t most) {
    std::vector<std::int64_t> result;
    for (const Update& it : telegram::read_updates(*document, document->root, most)) result.push_back(it.id);
    return result;
  };
  EXPECT_EQ(ids(100), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(ids(2), (std::vector<std::int64_t>{1, 2}));
}

}  // namespace
