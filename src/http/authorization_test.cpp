#include "http/authorization.hpp"

#include <gtest/gtest.h>

namespace {

using base::Secret;

TEST(Authorization, Basic) {  // the examples of RFC 7617
  const auto basic = [](const char* user, const char* password) {
    return http::basic_credentials(Secret(user), Secret(password)).reveal();
  };
  EXPECT_EQ(basic("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(basic("test", "123\xc2\xa3"), "Basic dGVzdDoxMjPCow==");
  EXPECT_EQ(basic("", ""), "Basic Og==");
  EXPECT_EQ(basic("a", "b:c"), "Basic YTpiOmM=");
}

TEST(Authorization, Bearer) {
  EXPECT_EQ(http::bearer_credentials(Secret("mF_9.B5f-4.1JqM")).reveal(), "Bearer mF_9.B5f-4.1JqM");
}

}  // namespace
