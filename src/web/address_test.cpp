#include "web/address.hpp"

#include <gtest/gtest.h>

namespace web {
namespace {

TEST(Address, IsParsed) {
  EXPECT_EQ(*parse_address("127.0.0.1:8787"), (Address{"127.0.0.1", 8787}));
  EXPECT_EQ(*parse_address("localhost:0"), (Address{"127.0.0.1", 0}));
  EXPECT_EQ(*parse_address("[::1]:65535"), (Address{"::1", 65535}));
  EXPECT_EQ(*parse_address("0.0.0.0:80"), (Address{"0.0.0.0", 80}));
}

TEST(Address, IsWrittenAsItWasRead) {
  for (const char* text : {"127.0.0.1:8787", "[::1]:1", "[::]:8787"})
    EXPECT_EQ(to_string(*parse_address(text)), text);
}

TEST(Address, FaultsSayWhatToWrite) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "port is missing"},
      {"127.0.0.1", "port is missing"},
      {"[::1]", "port is missing"},
      {"127.0.0.1:", "not a number"},
      {"127.0.0.1:65536", "not a number"},
      {"127.0.0.1:-1", "not a number"},
      {"127.0.0.1:80x", "not a number"},
      {"::1:8787", "brackets"},
      {"[127.0.0.1]:80", "not a numeric address"},
      {"example.org:80", "not a numeric address"},
      {":8787", "not a numeric address"},
      {std::string("127.0.0.1\0evil:80", 17), "zero byte"},
  };
  for (const auto& [text, what] : cases) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, base::Code::invalid_config);
    EXPECT_NE(address.error().message.find(what), std::string::npos) << address.error().message;
    EXPECT_NE(address.error().message.find("write a numeric address and a port"), std::string::npos);
  }
}

TEST(Address, Loopback) {
  for (const char* host : {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(is_loopback({host, 0})) << host;
  for (const char* host : {"0.0.0.0", "192.168.1.1", "::", "::ffff:10.0.0.1", "fe80::1", "nonsense"})
    EXPECT_FALSE(is_loopback({host, 0})) << host;
}

}  // namespace
}  // namespace web
