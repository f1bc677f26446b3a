#include "control/protocol.hpp"

#include <gtest/gtest.h>

namespace control {
namespace {

using base::Code;
using Kind = Answer::Kind;

TEST(Protocol, ARequestIsReadAsItWasWritten) {
  const auto line =
      request_line({.command = "collect", .arguments = "{\"names\": [\"kév\"]}", .program = "0.3.0"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->find('\n'), line->size() - 1);
  const auto request = parse_request(line->substr(0, line->size() - 1), "0.3.0");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->command, "collect");
  EXPECT_EQ(request->arguments, "{\"names\":[\"kév\"]}");
  EXPECT_EQ(request->program, "0.3.0");
}

TEST(Protocol, AbsentArgumentsAreAnEmptyObject) {
  EXPECT_EQ(parse_request(R"({"version": 1, "command": "x", "later": true})", "")->arguments, "{}");
}

TEST(Protocol, BadRequests) {
  const std::string deep(100'000, '[');
  for (const std::string& line :
       {std::string(), std::string("null"), std::string("{"), std::string("[]"), std::string("\0\0", 2),
        std::string("{\"version\":1,\"command\":\"\xff\"}"), std::string("{\"version\":1}"),
        std::string("{\"version\":1,\"command\":7}"), std::string("{\"version\":1,\"command\":\"\"}"),
        std::string("{\"command\":\"x\"}"), std::string("{\"version\":\"1\",\"command\":\"x\"}"),
        std::string("{\"version\":1e999,\"command\":\"x\"}"),
        std::string("{\"version\":1,\"command\":\"x\",\"arguments\":[]}"), deep,
        "{\"version\":1,\"command\":\"x\",\"arguments\":{\"a\":" + deep + std::string(100'000, ']') + "}}"}) {
    const auto request = parse_request(line, "0.3.0");
    ASSERT_FALSE(request) << line.substr(0, 80);
    EXPECT_EQ(request.error().code, Code::invalid_data);
  }
}

TEST(Protocol, AnotherVersionNamesBoth) {
  const auto request = parse_request(R"({"version":2,"program":"0.9.0","command":"x"})", "0.3.0");
  ASSERT_FALSE(request);
  for (const char* part : {"version 2", "pulse 0.9.0", "version 1", "the daemon is version 0.3.0"})
    EXPECT_NE(request.error().message.find(part), std::string::npos) << request.error().message;
}

TEST(Protocol, Cancel) {
  EXPECT_TRUE(is_cancel(R"({"cancel": true})"));
  EXPECT_TRUE(is_cancel(std::string_view(cancel_line()).substr(0, cancel_line().size() - 1)));
  for (const char* line : {R"({"cancel": false})", R"({"cancel": 1})", "{}", "true", "", "{"})
    EXPECT_FALSE(is_cancel(line)) << line;
}

Answer answer(std::string line) {
  EXPECT_TRUE(line.ends_with('\n'));
  line.pop_back();
  auto result = parse_answer(line);
  EXPECT_TRUE(result) << result.error().message;
  return result ? *std::move(result) : Answer{};
}

TEST(Protocol, AnswersAreReadAsTheyWereWritten) {
  EXPECT_EQ(answer(accepted_line()).kind, Kind::accepted);
  EXPECT_EQ(answer(progress_line(R"({"rows": 3})")).text, R"({"rows":3})");
  EXPECT_EQ(answer(output_lines("a\n\"b\"\0")).text, "a\n\"b\"");
  EXPECT_EQ(answer(message_lines("\x1b[1m")).kind, Kind::message);
  EXPECT_EQ(answer(end_line(75)).code, 75);
  EXPECT_EQ(answer(end_line(-1)).code, 0);
  for (int number = 0; number <= static_cast<int>(Code::internal); ++number) {
    const Answer error = answer(error_line({static_cast<Code>(number), "why"}));
    EXPECT_EQ(error.error.code, static_cast<Code>(number));
    EXPECT_EQ(error.error.message, "why");
  }
  EXPECT_NE(error_line({Code::rate_limited, ""}).find("\"busy\""), std::string::npos);
}

TEST(Protocol, BadAnswers) {
  for (const char* line :
       {"", "{}", "[]", "{\"end\":{}}", "{\"end\":{\"code\":256}}", "{\"end\":{\"code\":1.5}}",
        "{\"output\":1}", "{\"accepted\":false}", "{\"progress\":\"x\"}", "{\"news\":1}"})
    EXPECT_FALSE(parse_answer(line)) << line;
}

TEST(Protocol, BadProgressIsLeftOut) {
  for (const char* json : {"", "{", "3", "{\"a\":1}\n{\"b\":2}", "{\"a\":\"\xff\"}"})
    EXPECT_EQ(progress_line(json), "") << json;
  EXPECT_EQ(progress_line("{\"a\":\"" + std::string(64 * 1024, 'x') + "\"}"), "");
}

TEST(Protocol, LongTextsAreCutBetweenCharacters) {
  std::string text = "x";
  while (text.size() < 300'000) text += "€";
  const std::string lines = output_lines(text);
  std::string joined;
  std::size_t number = 0;
  for (std::size_t begin = 0, end; (end = lines.find('\n', begin)) != std::string::npos;
       begin = end + 1, ++number)
    joined += parse_answer(std::string_view(lines).substr(begin, end - begin))->text;
  EXPECT_EQ(joined, text);
  EXPECT_GT(number, 3U);
  EXPECT_EQ(output_lines(""), "");
}

TEST(Protocol, LinesStayWithinTheirMaximum) {
  const std::string lines = output_lines(std::string(200'000, '\x01'));  // the longest when escaped
  for (std::size_t begin = 0, end; (end = lines.find('\n', begin)) != std::string::npos; begin = end + 1)
    EXPECT_LE(end - begin, maximum_line);
  EXPECT_FALSE(
      request_line({.command = "x", .arguments = "{\"a\":\"" + std::string(maximum_line, 'x') + "\"}"}));
  EXPECT_FALSE(request_line({.command = "x", .arguments = "{\"a\""}));
}

TEST(Protocol, BytesThatAreNoTextAreReplaced) {
  EXPECT_EQ(answer(output_lines("a\xff")).text, "a\xEF\xBF\xBD");
  EXPECT_EQ(answer(error_line({Code::internal, "a\xff"})).error.message, "a\xEF\xBF\xBD");
}

}  // namespace
}  // namespace control
