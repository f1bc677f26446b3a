#include "simulator/loopback_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace simulator {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto glance = 50ms;  // how long a stop may go unnoticed

class Socket {
 public:
  explicit Socket(int family) : file_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  ~Socket() {
    if (file_ >= 0) ::close(file_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int file() const { return file_; }

 private:
  const int file_;
};

struct Patience {
  Clock::time_point until;
  const std::stop_token& stop;

  Result<void> wait(int file, short events) const {
    while (Clock::now() < until) {
      if (stop.stop_requested()) return base::error(Code::cancelled, "stopped");
      pollfd one{file, events, 0};
      if (::poll(&one, 1, static_cast<int>(glance.count())) > 0) return {};
    }
    return base::error(Code::timeout, "Connection timed out");
  }
};

base::Error broken(int error) { return base::error(Code::unavailable, "{}", std::strerror(error)); }

Result<void> connect(const Socket& socket, const LoopbackUrl& url, const Patience& patience) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(url.port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(url.port);
  v6.sin6_addr = in6addr_loopback;
  const bool is_v6 = url.host.starts_with('[');
  const auto* name = is_v6 ? reinterpret_cast<const sockaddr*>(&v6) : reinterpret_cast<const sockaddr*>(&v4);
  if (socket.file() < 0) return broken(errno);
  if (::connect(socket.file(), name, is_v6 ? sizeof v6 : sizeof v4) == 0) return {};
  if (errno != EINPROGRESS) return broken(errno);
  TRY(patience.wait(socket.file(), POLLOUT));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.file(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? Result<void>() : broken(error);
}

Result<void> send_all(const Socket& socket, std::string_view bytes, const Patience& patience) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.file(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno == EAGAIN || errno == EINTR)
      TRY(patience.wait(socket.file(), POLLOUT));
    else if (errno == EPIPE || errno == ECONNRESET)
      return {};  // perhaps it has answered already
    else
      return broken(errno);
  }
  return {};
}

Result<std::string> read_head(const Socket& socket, const Patience& patience) {
  std::string bytes;
  char buffer[4096];
  while (bytes.find("\r\n\r\n") == bytes.npos && bytes.size() < maximum_loopback_answer) {
    const ssize_t got = ::recv(socket.file(), buffer, sizeof buffer, 0);
    if (got > 0)
      bytes.append(buffer, static_cast<std::size_t>(got));
    else if (got == 0)
      return base::error(Code::unavailable, "Connection closed before an answer");
    else if (errno == EAGAIN || errno == EINTR)
      TRY(patience.wait(socket.file(), POLLIN));
    else
      return broken(errno);
  }
  return bytes.substr(0, bytes.find("\r\n\r\n"));
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Result<LoopbackAnswer> parse_head(std::string_view head) {
  LoopbackAnswer answer;
  if (!head.starts_with("HTTP/1.") || head.size() < 12 || !read_number(head.substr(9, 3), answer.status) ||
      answer.status < 100)
    return base::error(Code::invalid_data, "this is no HTTP");
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    const std::size_t colon = line.find(": ");
    static constexpr std::string_view wanted = "retry-after";
    if (colon != wanted.size()) continue;
    const bool same = std::equal(wanted.begin(), wanted.end(), line.begin(),
                                 [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
    std::int32_t seconds = 0;
    if (same && read_number(line.substr(colon + 2), seconds) && seconds > 0)
      answer.retry_after = std::chrono::seconds(seconds);
  }
  return answer;
}

}  // namespace

Result<LoopbackUrl> parse_loopback_url(std::string_view text) {
  static constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) return base::error(Code::invalid_data, "only http:// is spoken here");
  text.remove_prefix(scheme.size());
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return base::error(Code::invalid_data, "the URL has characters that must be escaped");
  const std::string_view authority = text.substr(0, std::min(text.find_first_of("/?#"), text.size()));
  std::string_view target = text.substr(authority.size());
  target = target.substr(0, target.find('#'));
  const std::size_t colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  LoopbackUrl url{.host = std::string(authority.substr(0, colon)), .target = std::string(target)};
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (url.host != "127.0.0.1" && url.host != "localhost" && url.host != "[::1]")
    return base::error(Code::invalid_data, "http:// is only for 127.0.0.1, localhost and [::1]");
  if (colon != authority.npos && (!read_number(authority.substr(colon + 1), url.port) || url.port == 0))
    return base::error(Code::invalid_data, "the port is not a number from 1 to 65535");
  return url;
}

Result<LoopbackAnswer> post(const LoopbackUrl& url, const LoopbackPost& what,
                            std::chrono::milliseconds within, const std::stop_token& stop) {
  const Patience patience{Clock::now() + within, stop};
  const Socket socket(url.host.starts_with('[') ? AF_INET6 : AF_INET);
  TRY(connect(socket, url, patience));
  std::string head =
      fmt::format("POST {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Length: {}\r\nConnection: close\r\n",
                  url.target, url.host, url.port, what.body.size());
  for (const auto& [name, value] : what.headers) head += fmt::format("{}: {}\r\n", name, value);
  TRY(send_all(socket, head + "\r\n" + what.body, patience));
  return parse_head(TRY(read_head(socket, patience)));
}

}  // namespace simulator
