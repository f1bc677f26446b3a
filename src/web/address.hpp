// Where a server listens. Written "127.0.0.1:8787", "[::1]:8787", "localhost:8787" or "0.0.0.0:8787"; other
// names are refused, because what a name means may change after it was judged safe. Pure.
//
//   Address address = TRY(parse_address("127.0.0.1:8787"));   // invalid_config: says what to write
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace web {

struct Address {
  std::string host = "127.0.0.1";  // a numeric address of IPv4 or IPv6, without brackets
  std::uint16_t port = 0;          // 0: any free one
  bool operator==(const Address&) const = default;
};

base::Result<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);  // with brackets around IPv6
bool is_loopback(const Address& address);       // only this machine can reach it

}  // namespace web
