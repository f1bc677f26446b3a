#include "simulator/fault_proxy.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "simulator/test_socket.hpp"

namespace simulator {
namespace {

using namespace std::chrono_literals;

// Sends back what it gets, `times` times, on a thread for each connection.
class EchoServer {
 public:
  EchoServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 64), 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this] { accept_all(); });
  }

  ~EchoServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int file : files_) ::shutdown(file, SHUT_RDWR);
    }
    threads_.clear();
    for (const int file : files_) ::close(file);
    ::close(listener_);
  }

  void set_times(int times) {
    const std::lock_guard lock(mutex_);
    times_ = times;
  }

  std::string target() const { return fmt::format("127.0.0.1:{}", port_); }

  // All that came, as soon as it is `bytes` long.
  std::string received(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 20s, [&] { return received_.size() >= bytes; });
    return received_;
  }
  // Answer bytes, as soon as there are so many.
  std::size_t sent(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 20s, [&] { return sent_ >= bytes; });
    return sent_;
  }
  std::size_t connections() {
    const std::lock_guard lock(mutex_);
    return files_.size();
  }

 private:
  void accept_all() {
    for (int file; (file = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      const std::lock_guard lock(mutex_);
      files_.push_back(file);
      threads_.emplace_back([this, file] { echo(file); });
    }
  }

  void echo(int file) {
    std::vector<char> buffer(1 << 16);
    for (ssize_t got; (got = ::recv(file, buffer.data(), buffer.size(), 0)) > 0;) {
      int times = 0;
      {
        const std::lock_guard lock(mutex_);
        received_.append(buffer.data(), static_cast<std::size_t>(got));
        times = times_;
      }
      changed_.notify_all();
      for (int i = 0; i < times; ++i) send_all(file, {buffer.data(), static_cast<std::size_t>(got)});
    }
    ::shutdown(file, SHUT_RDWR);
  }

  void send_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      const std::lock_guard lock(mutex_);
      sent_ += static_cast<std::size_t>(sent);
      changed_.notify_all();
    }
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string received_;
  std::size_t sent_ = 0;
  int times_ = 1;
  std::vector<int> files_;
  std::vector<std::jthread> threads_;
  std::jthread acceptor_;
};

class FaultProxyTest : public testing::Test {
 protected:
  FaultProxyTest() { EXPECT_FALSE(proxy_.failure().has_value()); }

  TestSocket connect() { return TestSocket(proxy_.port()); }
  void set(std::string_view rule) { ASSERT_TRUE(proxy_.set(rule).has_value()) << rule; }

  static std::string ask(TestSocket& socket, const std::string& text) {
    socket.send(text);
    return socket.read(text.size());
  }
  static bool is_silent(TestSocket& socket) {
    socket.set_read_timeout(100);
    const bool nothing = socket.read(1).empty() && socket.end() == EAGAIN;
    socket.set_read_timeout(20'000);
    return nothing;
  }
  static std::chrono::milliseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
  }

  EchoServer server_;
  FaultProxy proxy_{{.target = server_.target()}};
};

TEST_F(FaultProxyTest, without_faults_bytes_and_ends_pass) {
  TestSocket socket = connect();
  EXPECT_EQ(ask(socket, "hello"), "hello");
  EXPECT_EQ(ask(socket, "again"), "again");
  socket.finish();
  EXPECT_EQ(socket.read_all(), "");
  EXPECT_EQ(socket.end(), TestSocket::closed);
  const FaultProxyStats stats = proxy_.stats();
  EXPECT_EQ(stats.connections, 1U);
  EXPECT_EQ(stats.exchanges, 2U);
  EXPECT_EQ(stats.bytes_to_server, 10U);
  EXPECT_EQ(stats.bytes_to_client, 10U);
}

TEST_F(FaultProxyTest, much_data_passes_whole_while_nobody_reads_yet) {
  TestSocket socket = connect();
  std::string sent(16 << 20, '\0');  // more than the proxy and all socket buffers hold
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 2654435761U >> 24);
  std::jthread writer([&] { EXPECT_TRUE(socket.send(sent)); });
  server_.received(1 << 20);
  EXPECT_TRUE(socket.read(sent.size()) == sent);
}

TEST_F(FaultProxyTest, latency_holds_back_each_direction) {
  set("latency 60 jitter 10");
  TestSocket socket = connect();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(socket, "hello"), "hello");
  EXPECT_GE(since(start), 100ms);
  set("clear");
  EXPECT_EQ(ask(socket, "fast"), "fast");
}

TEST_F(FaultProxyTest, jitter_does_not_reorder) {
  set("latency 10 jitter 10");
  TestSocket socket = connect();
  std::string text;
  for (int i = 0; i < 200; ++i) {
    text += std::to_string(i) + ",";
    socket.send(std::to_string(i) + ",");
  }
  EXPECT_EQ(socket.read(text.size()), text);
}

TEST_F(FaultProxyTest, bandwidth_is_a_ceiling) {
  set("bandwidth 20000");
  TestSocket socket = connect();
  const std::string text(8000, 'x');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(socket, text), text);
  EXPECT_GE(since(start), 300ms);  // 400 ms, less what may be caught up with
  EXPECT_EQ(proxy_.stats().bytes_to_client, 8000U);
}

TEST_F(FaultProxyTest, reset_comes_after_exactly_so_many_answer_bytes) {
  set("reset 7");
  for (int round = 0; round < 20; ++round) {
    TestSocket socket = connect();
    socket.send("0123456789");
    EXPECT_EQ(socket.read_all(), "0123456");
    EXPECT_EQ(socket.end(), ECONNRESET);
  }
}

TEST_F(FaultProxyTest, reset_counts_from_when_it_was_set) {
  TestSocket socket = connect();
  EXPECT_EQ(ask(socket, "0123456789"), "0123456789");
  set("reset 3");
  set("latency 1");  // another rule does not start the count anew
  socket.send("abcdef");
  EXPECT_EQ(socket.read_all(), "abc");
  EXPECT_EQ(socket.end(), ECONNRESET);
}

TEST_F(FaultProxyTest, reset_0_takes_the_request_and_answers_with_rst) {
  set("reset 0");
  TestSocket socket = connect();
  socket.send("hello");
  EXPECT_EQ(socket.read_all(), "");
  EXPECT_EQ(socket.end(), ECONNRESET);
  EXPECT_EQ(server_.received(5), "hello");
}

TEST_F(FaultProxyTest, truncate_ends_cleanly) {
  set("truncate 4");
  TestSocket socket = connect();
  socket.send("0123456789");
  EXPECT_EQ(socket.read_all(), "0123");
  EXPECT_EQ(socket.end(), TestSocket::closed);
  socket.send("more that nobody reads");
  EXPECT_EQ(socket.read_all(), "");
  EXPECT_EQ(socket.end(), TestSocket::closed) << "FIN, not RST";
}

TEST_F(FaultProxyTest, half_open_forwards_and_stays_silent) {
  set("half-open");
  TestSocket socket = connect();
  socket.send("hello");
  EXPECT_EQ(server_.received(5), "hello");
  EXPECT_TRUE(is_silent(socket));
  set("clear");
  EXPECT_EQ(socket.read(5), "hello") << "it was late, not lost";
}

TEST_F(FaultProxyTest, half_open_reaches_connections_that_exist) {
  TestSocket socket = connect();
  EXPECT_EQ(ask(socket, "before"), "before");
  set("half-open");
  socket.send("after");
  EXPECT_EQ(server_.received(11), "beforeafter");
  EXPECT_TRUE(is_silent(socket));
}

TEST_F(FaultProxyTest, black_hole_reads_nothing) {
  set("black-hole count 1");
  TestSocket socket = connect();
  TestSocket lucky = connect();
  EXPECT_TRUE(socket.send("hello"));
  EXPECT_EQ(ask(lucky, "me"), "me");
  EXPECT_TRUE(is_silent(socket));
  EXPECT_EQ(server_.received(2), "me");
  EXPECT_EQ(server_.connections(), 1U);
  set("clear");
  EXPECT_EQ(socket.read(5), "hello");
}

TEST_F(FaultProxyTest, refuse_resets_at_once) {
  TestSocket existing = connect();
  EXPECT_EQ(ask(existing, "ok"), "ok");
  set("refuse count 2");
  EXPECT_EQ(existing.read(1), "");
  EXPECT_EQ(existing.end(), ECONNRESET);
  TestSocket fresh = connect();
  EXPECT_EQ(fresh.read(1), "");
  EXPECT_EQ(fresh.end(), ECONNRESET);
  TestSocket third = connect();
  EXPECT_EQ(ask(third, "ok"), "ok");
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(FaultProxyTest, drop_answer_swallows_one_answer_and_closes) {
  set("drop-answer 3");
  TestSocket first = connect();
  TestSocket second = connect();
  EXPECT_EQ(ask(first, "one"), "one");
  EXPECT_EQ(ask(second, "two"), "two");
  first.send("three");
  EXPECT_EQ(first.read_all(), "");
  EXPECT_EQ(first.end(), TestSocket::closed);
  EXPECT_EQ(server_.received(11), "onetwothree");
  EXPECT_EQ(ask(second, "four"), "four");
}

TEST_F(FaultProxyTest, drop_answer_swallows_a_long_answer_whole) {
  set("drop-answer 1");
  server_.set_times(8'000);
  TestSocket socket = connect();
  socket.send(std::string(1000, 'x'));
  EXPECT_EQ(socket.read_all(), "");
  EXPECT_EQ(socket.end(), TestSocket::closed);
  EXPECT_EQ(server_.sent(8'000'000), 8'000'000U) << "the server meets no error";
}

TEST_F(FaultProxyTest, the_control_port_takes_commands_while_running) {
  TestSocket control(proxy_.control_port());
  TestSocket socket = connect();
  EXPECT_EQ(ask(socket, "hello"), "hello");
  control.send("stats\nhalf-open\nnonsense 3\n");
  EXPECT_EQ(control.read_line(), "connections=1 open=1 exchanges=1 bytes_to_server=5 bytes_to_client=5");
  EXPECT_EQ(control.read_line(), "ok");
  EXPECT_TRUE(control.read_line().starts_with("error unknown fault 'nonsense'"));
  socket.send("x");
  EXPECT_TRUE(is_silent(socket));
  control.send("clear\r\n");
  EXPECT_EQ(control.read_line(), "ok");
  EXPECT_EQ(socket.read(1), "x");
  control.send(std::string(10'000, 'y'));  // a line without an end
  EXPECT_EQ(control.read_line(), "");
  EXPECT_NE(control.end(), 0);
}

TEST_F(FaultProxyTest, a_server_that_is_down_looks_like_a_reset) {
  std::string target;
  {
    EchoServer gone;
    target = gone.target();
  }
  FaultProxy proxy({.target = target});
  ASSERT_FALSE(proxy.failure().has_value());
  TestSocket socket(proxy.port());
  EXPECT_EQ(socket.read(1), "");
  EXPECT_EQ(socket.end(), ECONNRESET);
}

TEST_F(FaultProxyTest, wrong_options_are_reported) {
  for (const char* target : {"", "host", ":80", "host:", "127.0.0.1:http-of-nobody"}) {
    const FaultProxy proxy({.target = target});
    ASSERT_TRUE(proxy.failure().has_value()) << target;
    EXPECT_EQ(proxy.failure()->code, base::Code::invalid_config);
    EXPECT_EQ(proxy.port(), 0);
  }
  const FaultProxy taken({.target = server_.target(), .listen = proxy_.port()});
  ASSERT_TRUE(taken.failure().has_value());
  EXPECT_EQ(taken.failure()->code, base::Code::unavailable);
  EXPECT_FALSE(proxy_.set("nonsense").has_value());
}

TEST_F(FaultProxyTest, many_connections_while_faults_change) {
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 6; ++t)
      threads.emplace_back([this] {
        for (int i = 0; i < 20; ++i) {
          TestSocket socket = connect();
          socket.send("hello");
          socket.finish();
          const std::string answer = socket.read_all();
          EXPECT_TRUE(std::string_view("hello").starts_with(answer)) << answer;
        }
      });
    for (int i = 0; i < 50; ++i)
      for (const char* rule : {"latency 1 jitter 1", "reset 2", "truncate 3", "refuse count 1", "clear"})
        set(rule);
  }
  set("clear");
  TestSocket socket = connect();
  EXPECT_EQ(ask(socket, "hello"), "hello");
  EXPECT_EQ(proxy_.stats().connections, 121U);
}

}  // namespace
}  // namespace simulator
