// Unix sockets for tests: one that only listens, and a client that may say anything. Reads and writes end
// after a minute, so that no test hangs.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "control/descriptor.hpp"

namespace control {

inline sockaddr_un address_at(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

// A socket that listens there, without anything else.
inline Descriptor listen_socket(const std::filesystem::path& path) {
  std::filesystem::remove(path);
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_at(path);
  EXPECT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(::listen(listener.get(), 5), 0);
  return listener;
}

class Wire {
 public:
  explicit Wire(const std::filesystem::path& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = address_at(path);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    limit_time();
  }
  explicit Wire(Descriptor socket) : socket_(std::move(socket)) { limit_time(); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish() { ::shutdown(socket_.get(), SHUT_WR); }
  void close() { socket_.reset(); }

  // Without its line break; "" at the end.
  std::string read_line() {
    std::size_t end = 0;
    while ((end = input_.find('\n')) == std::string::npos)
      if (!read_some()) return std::exchange(input_, {});
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    return line;
  }
  std::string read_all() {
    while (read_some()) {
    }
    return std::exchange(input_, {});
  }

 private:
  void limit_time() {
    const timeval limit{60, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  }
  bool read_some() {
    char bytes[65536];
    const ssize_t got = ::recv(socket_.get(), bytes, sizeof(bytes), 0);
    EXPECT_FALSE(got < 0 && errno == EAGAIN) << "nothing came";
    if (got > 0) input_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }

  Descriptor socket_;
  std::string input_;
};

}  // namespace control
