// A blocking HTTP client for tests: it sends bytes as they are and reads until the server closes. Reads end
// after 20 s, so that no test hangs.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace web {

class Client {
 public:
  explicit Client(std::uint16_t port) : file_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{20, 0};
    ::setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    EXPECT_EQ(::connect(file_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  Client(Client&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Client& operator=(Client&&) = delete;
  ~Client() {
    if (file_ >= 0) ::close(file_);
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(file_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // What came until the end, which `closed()` judges.
  std::string read_all() {
    std::string all;
    char buffer[1 << 14];
    ssize_t got = 0;
    while ((got = ::recv(file_, buffer, sizeof buffer, 0)) > 0)
      all.append(buffer, static_cast<std::size_t>(got));
    closed_ = got == 0 || errno == ECONNRESET;
    return all;
  }

  bool closed() const { return closed_; }  // by the server, not by our own limit of time

 private:
  int file_;
  bool closed_ = false;
};

struct Reply {
  int status = 0;
  std::string head;
  std::string body;

  bool has(std::string_view line) const {
    return head.find("\r\n" + std::string(line) + "\r\n") != head.npos;
  }
};

inline Reply parse_reply(const std::string& bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == bytes.npos || !bytes.starts_with("HTTP/1.1 ")) return {.status = 0, .head = bytes, .body = {}};
  return {.status = std::stoi(bytes.substr(9, 3)),
          .head = bytes.substr(0, end + 2),
          .body = bytes.substr(end + 4)};
}

inline Reply ask(std::uint16_t port, std::string_view request) {
  Client client(port);
  EXPECT_TRUE(client.send(request));
  const Reply reply = parse_reply(client.read_all());
  EXPECT_TRUE(client.closed()) << "the connection was left open";
  return reply;
}

// headers: whole lines, each with its "\r\n".
inline Reply get(std::uint16_t port, std::string_view target,
                 std::string_view headers = "Host: localhost\r\n") {
  return ask(port, "GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(headers) + "\r\n");
}

}  // namespace web
