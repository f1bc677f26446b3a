#include "http/message.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Response, HeaderByLowerCaseNameFirstOneWins) {
  const http::Response response{.headers = {{"date", "1"}, {"link", "a"}, {"link", "b"}}};
  ASSERT_NE(response.header("link"), nullptr);
  EXPECT_EQ(*response.header("link"), "a");
  EXPECT_EQ(response.header("Link"), nullptr);
  EXPECT_EQ(response.header("age"), nullptr);
}

TEST(Request, GetAndHeadMayAlwaysBeRepeated) {
  EXPECT_TRUE(http::may_repeat({.method = "GET", .url = "", .idempotent = false}));
  EXPECT_TRUE(http::may_repeat({.method = "HEAD", .url = "", .idempotent = false}));
  EXPECT_TRUE(http::may_repeat({.method = "POST", .url = "", .idempotent = true}));
  EXPECT_FALSE(http::may_repeat({.method = "POST", .url = "", .idempotent = false}));
  EXPECT_FALSE(http::may_repeat({.method = "DELETE", .url = "", .idempotent = false}));
}

}  // namespace
