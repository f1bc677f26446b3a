// A real TCP server on a free port of 127.0.0.1 that does exactly what a test says: one thread a connection,
// one script for all. Everything ends with the object.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.hpp"

namespace http {

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}

  // Head and body (by Content-Length) of the next request; "" when the client has closed.
  std::string request() {
    std::size_t head = std::string::npos;
    while ((head = buffer_.find("\r\n\r\n")) == std::string::npos)
      if (!receive()) return {};
    std::size_t size = head + 4;
    if (const std::size_t at = buffer_.find("Content-Length: "); at < head)
      size += std::stoul(buffer_.substr(at + 16));
    while (buffer_.size() < size)
      if (!receive()) return {};
    std::string result = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return result;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void reset_on_close() {  // RST instead of FIN
    const linger option{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &option, sizeof option);
  }

  void hold() {  // until the client goes away, or the server ends
    while (receive()) {
    }
  }

 private:
  bool receive() {
    char block[16384];
    const ssize_t got = recv(socket_, block, sizeof block, 0);
    if (got > 0) buffer_.append(block, static_cast<std::size_t>(got));
    return got > 0;
  }

  const int socket_;
  std::string buffer_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Connection&)>;
  using Answer = std::function<std::string(const std::string& request)>;

  explicit ScriptedServer(Script script)
      : script_(std::move(script)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    CHECK(bind(listener_, generic, size) == 0 && listen(listener_, 128) == 0, "no loopback socket");
    CHECK(getsockname(listener_, generic, &size) == 0, "no port");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  // Answers every request of every connection.
  static Script answering(const Answer& answer) {
    return [answer](Connection& connection) {
      for (std::string request; !(request = connection.request()).empty();) connection.send(answer(request));
    };
  }

  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : open_) shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    close(listener_);
  }

  int port() const { return port_; }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  int connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }

 private:
  void accept_all() {
    for (int socket; (socket = accept(listener_, nullptr, nullptr)) >= 0;) {
      const std::lock_guard lock(mutex_);
      ++connections_;
      open_.push_back(socket);
      threads_.emplace_back([this, socket] {
        Connection connection(socket);
        script_(connection);
        const std::lock_guard closing(mutex_);
        std::erase(open_, socket);
        close(socket);
      });
    }
  }

  const Script script_;
  const int listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  int connections_ = 0;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// What servers were told, from any thread.
class Journal {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    entries_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::vector<std::string> entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
  }
  std::string at(std::size_t index) const {
    const std::lock_guard lock(mutex_);
    return index < entries_.size() ? entries_[index] : "(no such entry)";
  }
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entries_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> entries_;
};

}  // namespace http
