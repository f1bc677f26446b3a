#include "http/response_head.hpp"

#include <gtest/gtest.h>

namespace {

using http::Response;
using http::ResponseHead;
using State = ResponseHead::State;

TEST(ResponseHead, ReadsStatusAndHeaders) {
  ResponseHead head;
  Response response;
  EXPECT_EQ(head.add("HTTP/1.1 404 Not Found\r\n", response), State::reading);
  EXPECT_EQ(head.add("Content-TYPE:  text/plain \r\n", response), State::reading);
  EXPECT_EQ(head.add("X-Empty:\r\n", response), State::reading);
  EXPECT_EQ(head.add("not a header\r\n", response), State::reading);
  EXPECT_EQ(head.add("\r\n", response), State::complete);
  EXPECT_EQ(response.status, 404);
  ASSERT_EQ(response.headers.size(), 2U);
  EXPECT_EQ(*response.header("content-type"), "text/plain");
  EXPECT_EQ(*response.header("x-empty"), "");
}

TEST(ResponseHead, InterimAnswersAreDroppedAndTrailersIgnored) {
  ResponseHead head;
  Response response;
  for (const char* line :
       {"HTTP/1.1 103 Early Hints\r\n", "Link: </a>\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "A: 1\r\n"})
    EXPECT_EQ(head.add(line, response), State::reading) << line;
  EXPECT_EQ(head.add("\r\n", response), State::complete);
  EXPECT_EQ(head.add("A: 2\r\n", response), State::trailers);
  EXPECT_EQ(head.add("\r\n", response), State::trailers);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("link"), nullptr);
  EXPECT_EQ(*response.header("a"), "1");
}

TEST(ResponseHead, FoldedLinesAreJoined) {
  ResponseHead head;
  Response response;
  for (const char* line : {"HTTP/1.1 200 OK\r\n", " lonely\r\n", "A: 1\r\n", "\t 2\r\n"})
    head.add(line, response);
  EXPECT_EQ(*response.header("a"), "1 2");
}

TEST(ResponseHead, OddStatusLines) {
  for (const auto& [line, status] :
       {std::pair{"HTTP/1.1\r\n", 0}, {"HTTP/1.1 abc\r\n", 0}, {"HTTP/1.0 599 \r\n", 599}}) {
    ResponseHead head;
    Response response;
    head.add(line, response);
    EXPECT_EQ(response.status, status) << line;
  }
}

TEST(ResponseHead, BoundedInAllInterimAnswersAndTrailersIncluded) {
  ResponseHead head;
  Response response;
  const std::string line = "X: " + std::string(1021, 'x');
  for (std::size_t i = 0; i < ResponseHead::max_bytes / 1024; ++i)
    ASSERT_EQ(head.add(line, response), State::reading);
  EXPECT_EQ(head.add("\r\n", response), State::too_large);
}

}  // namespace
