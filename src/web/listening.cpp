#include "web/listening.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace web {
namespace {

base::Error listen_fault(const Address& address, std::string_view key, int error) {
  const std::string where = to_string(address);
  const char* reason = std::strerror(error);
  switch (error) {
    case EADDRINUSE:
      return base::error(base::Code::conflict,
                         "cannot listen on {}: another program uses this port; stop it (ss -ltnp shows which "
                         "it is), or set {} to a free port",
                         where, key);
    case EACCES:
      return base::error(
          base::Code::permission,
          "cannot listen on {}: ports below 1024 are reserved for root; set {} to a higher one", where, key);
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return base::error(base::Code::invalid_config,
                         "cannot listen on {}: this machine does not have that address; set {} to one that "
                         "\"ip address\" shows, or to 127.0.0.1:{}",
                         where, key, address.port);
    default:
      return base::error(base::Code::unavailable, "cannot listen on {}: {}; try again, or change {}", where,
                         reason, key);
  }
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress socket_address(const Address& address) {
  SocketAddress result;
  if (auto& v4 = reinterpret_cast<sockaddr_in&>(result.storage);
      inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    result.size = sizeof v4;
    return result;
  }
  result.storage = {};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(result.storage);
  if (inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) != 1) return {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  result.size = sizeof v6;
  return result;
}

}  // namespace

base::Result<int> listen_on(Address& address, std::string_view key) {
  SocketAddress name = socket_address(address);
  if (name.storage.ss_family == AF_UNSPEC)
    return base::error(base::Code::invalid_config,
                       "{} {}: not a numeric address; write one like 127.0.0.1:8787", key,
                       to_string(address));
  const int file = ::socket(name.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file < 0) return listen_fault(address, key, errno);
  const int on = 1;
  // A restart need not wait until the kernel has forgotten the old connections.
  ::setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (name.storage.ss_family == AF_INET6) ::setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(file, name.get(), name.size) != 0 || ::listen(file, SOMAXCONN) != 0 ||
      ::getsockname(file, name.get(), &name.size) != 0) {
    const int error = errno;
    ::close(file);
    return listen_fault(address, key, error);
  }
  address.port =
      ntohs(name.storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(name.storage).sin6_port
                                               : reinterpret_cast<sockaddr_in&>(name.storage).sin_port);
  return file;
}

}  // namespace web
