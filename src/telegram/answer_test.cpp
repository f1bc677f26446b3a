#include "telegram/answer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace std::chrono_literals;
using telegram::Answer;
using telegram::Fault;

const base::WallTime now{std::chrono::seconds{1'700'000'000}};

Answer read(int status, std::string body, std::vector<http::Header> headers = {}) {
  return telegram::read_answer({.status = status, .headers = std::move(headers), .body = std::move(body)},
                               now);
}

std::string envelope(int code, const std::string& description, const std::string& more = "") {
  return fmt::format(R"({{"ok":false,"error_code":{},"description":"{}"{}}})", code, description, more);
}

std::string in_case(std::string text, int (*change)(int)) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [&](unsigned char c) { return static_cast<char>(change(c)); });
  return text;
}

TEST(Answer, EveryKindOfRefusal) {
  struct Row {
    int code;
    const char* description;
    Fault fault;
  };
  for (const Row& row : {
           Row{400,
               "Bad Request: message is not modified: specified new message content and reply markup are "
               "exactly the same as a current content and reply markup of the message",
               Fault::not_modified},
           Row{400, "Bad Request: message thread not found", Fault::message_gone},
           Row{403, "Forbidden: bot was blocked by the user", Fault::blocked},
           Row{403, "Forbidden: user is deactivated", Fault::blocked},
           Row{403, "Forbidden: bot was kicked from the group chat", Fault::blocked},
           Row{403, "Forbidden: bot was kicked from the supergroup chat", Fault::blocked},
           Row{403, "Forbidden: bot can't initiate conversation with a user", Fault::blocked},
           Row{403, "Forbidden: bot is not a member of the channel chat", Fault::blocked},
           Row{400, "Bad Request: not enough rights to send text messages to the chat", Fault::blocked},
           Row{400, "Bad Request: have no rights to send a message", Fault::blocked},
           Row{400, "Bad Request: CHAT_WRITE_FORBIDDEN", Fault::blocked},
           Row{400, "Bad Request: chat not found", Fault::chat_gone},
           Row{400, "Bad Request: user is deactivated", Fault::chat_gone},
           Row{400, "Bad Request: PEER_ID_INVALID", Fault::chat_gone},
           Row{400, "Bad Request: group chat was upgraded to a supergroup chat", Fault::chat_gone},
           Row{400, "Bad Request: message to edit not found", Fault::message_gone},
           Row{400, "Bad Request: message to delete not found", Fault::message_gone},
           Row{400, "Bad Request: message can't be edited", Fault::message_gone},
           Row{400, "Bad Request: message can't be deleted for everyone", Fault::message_gone},
           Row{400, "Bad Request: MESSAGE_ID_INVALID", Fault::message_gone},
           Row{400, "Bad Request: query is too old and response timeout expired or query ID is invalid",
               Fault::query_too_old},
           Row{400, "Bad Request: QUERY_ID_INVALID", Fault::query_too_old},
           Row{400, "Bad Request: can't parse entities: Unsupported start tag \\\"x\\\" at byte offset 3",
               Fault::bad_message},
           Row{400, "Bad Request: message is too long", Fault::bad_message},
           Row{400, "Bad Request: message text is empty", Fault::bad_message},
           Row{400, "Bad Request: BUTTON_DATA_INVALID", Fault::bad_message},
           Row{400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed",
               Fault::bad_message},
           Row{413, "Request Entity Too Large", Fault::bad_message},
           Row{409,
               "Conflict: terminated by other getUpdates request; make sure that only one bot instance is "
               "running",
               Fault::conflict},
           Row{409,
               "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete "
               "the webhook first",
               Fault::conflict},
           Row{401, "Unauthorized", Fault::unauthorized},
           Row{401, "Unauthorized: invalid token specified", Fault::unauthorized},
           Row{404, "Not Found", Fault::not_found},
           Row{429, "Too Many Requests: retry after 5", Fault::flood},
           Row{400, "Bad Request: Logged out", Fault::refused},
           Row{400, "Bad Request: something new", Fault::refused},
           Row{418, "I'm a teapot", Fault::refused},
           Row{500, "Internal Server Error: restart", Fault::unavailable},
           Row{502, "Bad Gateway", Fault::unavailable},
       })
    for (const std::string& text : {std::string(row.description), in_case(row.description, std::tolower),
                                    in_case(row.description, std::toupper)}) {
      const Answer answer = read(row.code, envelope(row.code, text));
      EXPECT_EQ(answer.fault, row.fault) << text;
      EXPECT_TRUE(answer.is_envelope);
    }
}

TEST(Answer, MovedToASupergroup) {
  const Answer answer = read(400, envelope(400, "Bad Request: group chat was upgraded to a supergroup chat",
                                           R"(,"parameters":{"migrate_to_chat_id":-1001234567890})"));
  EXPECT_EQ(answer.fault, Fault::chat_gone);
  EXPECT_EQ(answer.moved_to, -1001234567890);
}

TEST(Answer, HowLongAFloodLasts) {  // TG2
  const auto wait = [](const std::string& more, std::vector<http::Header> headers = {}) {
    const Answer answer = read(429, envelope(429, "Too Many Requests", more), std::move(headers));
    EXPECT_EQ(answer.fault, Fault::flood);
    return answer.retry_after;
  };
  EXPECT_EQ(wait(R"(,"parameters":{"retry_after":5})"), 5s);
  EXPECT_EQ(wait("", {{"retry-after", "7"}}), 7s);
  EXPECT_EQ(wait(R"(,"parameters":{"retry_after":5})", {{"retry-after", "7"}}), 7s);
  EXPECT_EQ(wait(R"(,"parameters":{"retry_after":8})", {{"retry-after", "7"}}), 8s);
  for (const char* odd :
       {"", R"(,"parameters":{"retry_after":0})", R"(,"parameters":{"retry_after":-3})",
        R"(,"parameters":{"retry_after":"x"})", R"(,"parameters":7)", R"(,"parameters":null)"})
    EXPECT_EQ(wait(odd), 1s) << odd;
  EXPECT_EQ(wait(R"(,"parameters":{"retry_after":9000000000000})"), 24h);
  const Answer gateway = read(429, "<html>slow down</html>", {{"retry-after", "3"}});
  EXPECT_EQ(gateway.fault, Fault::flood);
  EXPECT_EQ(gateway.retry_after, 3s);
}

TEST(Answer, WhatIsNoEnvelope) {  // RT1
  struct Row {
    int status;
    const char* body;
    Fault fault;
    const char* description;
  };
  constexpr const char* page = "<!DOCTYPE html><html><body>bad gateway</body></html>";
  for (const Row& row :
       {Row{502, page, Fault::unknown, "a web page"}, Row{503, page, Fault::unavailable, "a web page"},
        Row{504, "", Fault::unknown, "an empty body"}, Row{200, page, Fault::unknown, "a web page"},
        Row{200, " \n", Fault::unknown, "an empty body"},
        Row{200, R"({"ok":true,"result":{"mess)", Fault::unknown, "a body that is no answer of the Bot API"},
        Row{200, "{}", Fault::unknown, "a body that is no answer of the Bot API"},
        Row{200, R"({"ok":"true"})", Fault::unknown, "a body that is no answer of the Bot API"},
        Row{200, "[1]", Fault::unknown, "a body that is no answer of the Bot API"},
        Row{403, page, Fault::refused, "a web page"}, Row{400, page, Fault::refused, "a web page"},
        Row{404, page, Fault::not_found, "a web page"}, Row{401, "", Fault::unauthorized, "an empty body"},
        Row{302, "", Fault::refused, "an empty body"}}) {
    const Answer answer = read(row.status, row.body);
    EXPECT_FALSE(answer.is_envelope);
    EXPECT_EQ(answer.fault, row.fault) << row.status << row.body;
    EXPECT_EQ(answer.description, row.description);
  }
}

TEST(Answer, HalfAnEnvelope) {
  EXPECT_EQ(read(400, R"({"ok":false,"description":"Bad Request: chat not found"})").fault, Fault::chat_gone);
  EXPECT_EQ(read(200, R"({"ok":false,"description":"Bad Request: chat not found"})").fault, Fault::chat_gone);
  EXPECT_EQ(read(403, R"({"ok":false})").fault, Fault::blocked);
  EXPECT_EQ(read(400, R"({"ok":false})").fault, Fault::refused);
  EXPECT_EQ(read(200, R"({"ok":false})").fault, Fault::refused);
  EXPECT_EQ(read(200, R"({"ok":false,"error_code":"x","description":7})").fault, Fault::refused);
  EXPECT_EQ(read(200, R"({"ok":false,"error_code":99999999999999999999})").fault, Fault::refused);
  EXPECT_EQ(read(200, R"({"ok":false,"error_code":500})").fault, Fault::unavailable);
  EXPECT_EQ(read(500, R"({"ok":true,"result":true})").fault, Fault::unavailable);
  EXPECT_EQ(read(400, envelope(400, std::string(100'000, 'x'))).description.size(),
            telegram::max_description);
  const Answer good = read(200, R"({"ok":true,"result":{"message_id":9}})");
  EXPECT_EQ(good.fault, Fault::none);
  EXPECT_EQ(telegram::integer_field(*good.result(), "message_id"), 9);
}

TEST(Answer, EveryFaultHasAName) {
  for (int i = 0; i <= static_cast<int>(Fault::cancelled); ++i)
    EXPECT_NE(telegram::to_string(static_cast<Fault>(i)), "?");
}

}  // namespace
