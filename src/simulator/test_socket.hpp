// A TCP connection for tests: blocking, closed by its destructor; reads end after 20 s, so that no test
// hangs.
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

namespace simulator {

class TestSocket {
 public:
  explicit TestSocket(std::uint16_t port) : file_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(file_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    set_read_timeout(20'000);
  }
  TestSocket(TestSocket&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  ~TestSocket() {
    if (file_ >= 0) ::close(file_);
  }

  void set_read_timeout(int milliseconds) {
    const timeval limit{milliseconds / 1000, milliseconds % 1000 * 1000};
    ::setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(file_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void finish() { ::shutdown(file_, SHUT_WR); }

  // Up to `wanted` bytes; fewer: end() says why.
  std::string read(std::size_t wanted) {
    std::string bytes(wanted, '\0');
    std::size_t done = 0;
    while (done < wanted) {
      const ssize_t got = ::recv(file_, bytes.data() + done, wanted - done, 0);
      end_ = got > 0 ? 0 : got == 0 ? closed : errno;
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
  }

  std::string read_line() {
    std::string line;
    for (std::string c; (c = read(1)).size() == 1 && c != "\n";) line += c;
    return line;
  }

  std::string read_all() {
    std::string all;
    do all += read(1 << 16);
    while (end_ == 0);
    return all;
  }

  static constexpr int closed = -1;
  int end() const { return end_; }  // of the last read: 0, closed (FIN), ECONNRESET, EAGAIN (nothing came)

 private:
  int file_;
  int end_ = 0;
};

}  // namespace simulator
