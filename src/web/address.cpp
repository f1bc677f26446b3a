#include "web/address.hpp"

#include <arpa/inet.h>

#include <charconv>

#include "base/text.hpp"

namespace web {
namespace {

base::Error fault(std::string_view text, std::string_view what) {
  return base::error(base::Code::invalid_config,
                     "listen.address \"{}\": {}; write a numeric address and a port, like 127.0.0.1:8787 or "
                     "[::1]:8787",
                     base::shorten(base::escape_control(text), 100), what);
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

base::Result<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) return fault(text, "the port is missing");

  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);

  Address address{.host = std::string(host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size())
    return fault(text, "the port is not a number from 0 to 65535");

  // A NUL would end the text for inet_pton() and hide what follows.
  if (host.find('\0') != std::string_view::npos) return fault(text, "it contains a zero byte");
  if (!bracketed && host == "localhost") address.host = "127.0.0.1";
  if (!bracketed && is_ipv6(address.host)) return fault(text, "an IPv6 address needs brackets");
  if (bracketed ? !is_ipv6(address.host) : !is_ipv4(address.host))
    return fault(text, "this is not a numeric address");
  return address;
}

std::string to_string(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port)
            : fmt::format("{}:{}", address.host, address.port);
}

bool is_loopback(const Address& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.host.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

}  // namespace web
