#include "bot/outgoing.hpp"

#include <gtest/gtest.h>

#include "store/batch.hpp"

namespace bot {
namespace {

using namespace std::chrono_literals;
using outbox::Priority;
using Action = Outgoing::Action;

const View view{.text = "<b>Olá</b> ⚽\n\"x\" \\",
                .keyboard = {{{"◀️", "pg_1_0"}, {"▶️", "pg_1_2"}}, {{"Menu", "voltar_menu"}}}};

TEST(Outgoing, ASendIsRatherDoubledThanLost) {
  const outbox::Message message = send(-77, view, Priority::notice);
  EXPECT_EQ(message.channel, telegram_channel);
  EXPECT_EQ(message.address, "-77");
  EXPECT_TRUE(message.repeatable);
  EXPECT_FALSE(message.lifetime);
  const auto out = read_outgoing(message);
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ(out->action, Action::send);
  EXPECT_EQ(out->chat, -77);
  EXPECT_EQ(out->view, view);
  EXPECT_FALSE(out->silent);
  EXPECT_FALSE(out->message_id);
}

TEST(Outgoing, ANoticeIsNotRepeated) {
  const outbox::Message message = send_at_most_once(7, view, Priority::notice);
  EXPECT_FALSE(message.repeatable);
  EXPECT_FALSE(message.lifetime);
  EXPECT_FALSE(read_outgoing(message)->silent);
}

TEST(Outgoing, ARejectionIsSilentAndSoonForgotten) {
  const outbox::Message message = send_at_most_once(7, view, Priority::rejection);
  EXPECT_EQ(message.priority, Priority::rejection);
  EXPECT_FALSE(message.repeatable);
  EXPECT_EQ(message.lifetime, 60s);
  EXPECT_TRUE(read_outgoing(message)->silent);
}

TEST(Outgoing, EditsMayBeRepeated) {
  const outbox::Message known = edit(7, 42, view, Priority::result);
  EXPECT_TRUE(known.repeatable);
  EXPECT_FALSE(known.after);
  const auto out = read_outgoing(known);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->action, Action::edit);
  EXPECT_EQ(out->message_id, 42);
  EXPECT_EQ(out->view, view);

  const outbox::Message behind = edit_after(7, 9, view, Priority::result);
  EXPECT_EQ(behind.after, 9);
  EXPECT_TRUE(behind.repeatable);
  EXPECT_EQ(read_outgoing(behind)->action, Action::edit);
  EXPECT_FALSE(read_outgoing(behind)->message_id) << "it is the receipt of the one before";
}

TEST(Outgoing, AnAnswerGoesFirstAndDiesWithTheTap) {
  const outbox::Message message = answer(7, "tap\"1", "não");
  EXPECT_EQ(message.priority, Priority::answer);
  ASSERT_TRUE(message.lifetime);
  EXPECT_LT(*message.lifetime, 60s);
  EXPECT_TRUE(message.repeatable);
  const auto out = read_outgoing(message);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->action, Action::answer);
  EXPECT_EQ(out->tap, "tap\"1");
  EXPECT_EQ(out->text, "não");
}

TEST(Outgoing, EveryDatabaseKeepsWhatIsWritten) {
  const std::string hostile("a\0b\xff\xed\xa0\x80 \x01", 9);
  const outbox::Message message =
      send(7, {.text = hostile, .keyboard = {{{hostile, "x"}}}}, Priority::notice);
  EXPECT_TRUE(store::is_storable(message.body)) << message.body;
  EXPECT_TRUE(store::is_storable(answer(7, hostile, hostile).body));
  EXPECT_TRUE(store::is_storable(write_views({{.text = hostile}})));
  const auto out = read_outgoing(message);
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->view.text.starts_with(std::string("a\0b\uFFFD", 6)));
}

TEST(Outgoing, ViewsComeBackAsTheyWere) {
  const std::vector<View> views = {view, {.text = ""}, {.text = "ç", .keyboard = {{}}}};
  const auto back = read_views(write_views(views));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, views);
  EXPECT_TRUE(read_views("[]")->empty());
}

TEST(Outgoing, WhatCannotBeReadIsAnErrorAndNoMore) {
  for (const char* body :
       {"", "{", "null", "7", "[]", "{}", R"({"text":7,"keyboard":[]})", R"({"text":"a"})",
        R"({"text":"a","keyboard":7})", R"({"text":"a","keyboard":[7]})",
        R"({"text":"a","keyboard":[[["x"]]]})", R"({"text":"a","keyboard":[[[1,2]]]})",
        R"({"text":"a","keyboard":[],"silent":"no"})", R"({"text":"a","keyboard":[],"message":"x"})"})
    for (const char* action : {"send", "edit", "answer"}) {
      const auto out = read_outgoing({.channel = "telegram", .address = "7", .action = action, .body = body});
      EXPECT_FALSE(out) << action << body;
      if (!out) {
        EXPECT_EQ(out.error().code, base::Code::invalid_data);
      }
    }
  for (const char* address : {"", "x", "7 ", "7.5", "99999999999999999999"})
    EXPECT_FALSE(read_outgoing(
        {.channel = "telegram", .address = address, .action = "answer", .body = R"({"tap":"1","text":""})"}))
        << address;
  const std::string whole = send(7, view, Priority::notice).body;
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(read_outgoing(
        {.channel = "telegram", .address = "7", .action = "send", .body = whole.substr(0, length)}));
  const std::string views = write_views({view});
  for (std::size_t length = 0; length < views.size(); ++length)
    EXPECT_FALSE(read_views(views.substr(0, length)));
  EXPECT_FALSE(read_views("{\"a\":1}"));
}

}  // namespace
}  // namespace bot
