#include "web/guard.hpp"

#include <gtest/gtest.h>

namespace web {
namespace {

const Address everywhere{"0.0.0.0", 8787};
const std::string token = "0123456789abcdef";

Guard local(std::string name = {}) { return *Guard::make({"127.0.0.1", 8787}, std::move(name), {}, false); }
Guard guarded() { return *Guard::make(everywhere, {}, base::Secret(token), false); }

int status(const std::optional<Response>& refusal) { return refusal ? refusal->status : 200; }

TEST(Guard, BeyondLoopbackNeedsATokenOrIsPublic) {
  const auto refused = Guard::make(everywhere, {}, {}, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::invalid_config);
  for (const char* way_out : {"listen.token", "listen.public: true", "127.0.0.1"})
    EXPECT_NE(refused.error().message.find(way_out), std::string::npos) << refused.error().message;
  EXPECT_TRUE(Guard::make(everywhere, {}, base::Secret(token), false));
  EXPECT_TRUE(Guard::make(everywhere, {}, {}, true));
  EXPECT_TRUE(Guard::make({"::1", 0}, {}, {}, false));
}

TEST(Guard, WeakTokensAreRefusedAndNotShown) {
  for (const char* weak : {"short-one", "with a space in it", "with\ttab-0123456789", "ümlaut-0123456789"}) {
    const auto refused = Guard::make(everywhere, {}, base::Secret(weak), false);
    ASSERT_FALSE(refused) << weak;
    EXPECT_EQ(refused.error().code, base::Code::invalid_config);
    EXPECT_EQ(refused.error().message.find(weak), std::string::npos);
    EXPECT_NE(refused.error().message.find("openssl rand"), std::string::npos);
  }
}

TEST(Guard, OwnNamesAreAnsweredOnLoopback) {
  for (const char* host : {"localhost", "localhost:8787", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8787",
                           "[::1]", "[::1]:8787", "pulse.example", "Pulse.Example:443"})
    EXPECT_EQ(status(local("pulse.example").check_host({host})), 200) << host;
  EXPECT_EQ(status(Guard::make({"127.0.0.2", 1}, {}, {}, false)->check_host({"127.0.0.2:1"})), 200);
}

TEST(Guard, OtherNamesAreNot) {
  for (const char* host : {"evil.example", "evil.example:8787", "localhost.evil.example",
                           "localhost:", "localhost:8x", "localhost:123456", "::1", "[::1", "[::1]x", "",
                           "127.0.0.1.", "localhost@evil", "[]", ":80", "pulse.example"})
    EXPECT_EQ(status(local().check_host({host})), 421) << host;
  EXPECT_EQ(status(local().check_host({std::string("localhost\0", 10)})), 421);
}

TEST(Guard, OneHostHeaderIsNeeded) {
  EXPECT_EQ(status(local().check_host({})), 400);
  EXPECT_EQ(status(local().check_host({"localhost", "localhost"})), 400);
  EXPECT_EQ(status(guarded().check_host({})), 400);
  EXPECT_EQ(status(guarded().check_host({"any.example"})), 200) << "its names are not known to us";
}

TEST(Guard, TheTokenOpens) {
  EXPECT_EQ(status(guarded().check_token({"Bearer " + token})), 200);
  EXPECT_EQ(status(guarded().check_token({"bearer " + token})), 200);
  for (const std::string& wrong :
       {std::string("Bearer "), "Bearer " + token + "0", std::string("Bearer 0123456789abcdeg"),
        "Basic " + token, token, std::string(), "Bearer  " + token, "Bearer " + token + token,
        std::string("Bearer\0", 7) + token}) {
    const auto refusal = guarded().check_token({wrong});
    EXPECT_EQ(status(refusal), 401) << wrong;
    EXPECT_EQ(refusal->challenge, "Bearer");
  }
  EXPECT_EQ(status(guarded().check_token({})), 401);
  EXPECT_EQ(status(guarded().check_token({"Bearer " + token, "Bearer " + token})), 401);
}

TEST(Guard, NoTokenIsNeededOnLoopbackOrInPublic) {
  EXPECT_EQ(status(local().check_token({})), 200);
  EXPECT_EQ(status(Guard::make({"127.0.0.1", 1}, {}, base::Secret(token), false)->check_token({})), 200);
  EXPECT_EQ(status(Guard::make(everywhere, {}, base::Secret(token), true)->check_token({})), 200);
}

TEST(Guard, Comparison) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  for (const auto& [left, right] : {std::pair{"abc", "abd"},
                                    {"abc", "xbc"},
                                    {"abc", "ab"},
                                    {"ab", "abc"},
                                    {"", "a"},
                                    {"a", ""},
                                    {"aa", "a"}})
    EXPECT_FALSE(equal_in_constant_time(left, right)) << left << " " << right;
  EXPECT_FALSE(equal_in_constant_time(std::string(1, '\0'), ""));
}

}  // namespace
}  // namespace web
